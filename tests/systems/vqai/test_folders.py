"""Folders of users: pictures of any shape, bad files by name, and pipelines of diffusers by their own code."""

import shutil

import numpy as np
import pytest
import torch
from PIL import Image
from tests.systems.vqai.owned import pix2pix

import aitia
from aitia.data.table import Table
from aitia.errors import AitiaError, DataError, FormatError, OptionError
from aitia.nn.text_to_image import PainterConfig, small_text_to_image
from aitia.systems.vqai import Vqai
from aitia.systems.vqai.pipelines import PipelineEditor, in_words
from aitia.systems.vqai.reading import FRAME, framed
from aitia.worlds import WhatIfWorld

diffusers = pytest.importorskip("diffusers")
pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")
SMALL = {"steps": 4, "reasoner_steps": 4, "batch": 8, "width": 6, "pixels": 8, "device": "cpu"}
QUESTIONS = ["what if it were noon?", "what if the light stood at 3 of 12?"]


@pytest.fixture(scope="module")
def editor(tmp_path_factory):
    return pix2pix(tmp_path_factory.mktemp("editor") / "tiny")


@pytest.fixture
def fitted(tmp_path):
    world = WhatIfWorld()
    return Vqai(**SMALL).fit(world.rows(world.sample(20, seed=0), 8))


def pictures(n=2, side=16, seed=0):
    return np.random.default_rng(seed).integers(0, 255, (n, side, side, 3), dtype=np.uint8)


def table(**columns):
    shown = {"image": pictures(), "question": QUESTIONS, **columns}
    return Table.of(shown, kinds={"image": "picture", **dict.fromkeys(set(shown) - {"image"}, "text")})


def folder_of(tmp_path, files):
    lines = ["image,question", *(f"{name},what if the light stood at 3 of 12?" for name in files)]
    (tmp_path / "rows.csv").write_text("\n".join([*lines, ""]), encoding="utf-8")
    return tmp_path / "rows.csv"


# -- pictures ----------------------------------------------------------------------------------------------------------


def test_pictures_of_any_size_and_mode_are_read_whole_and_said(fitted, tmp_path):
    base = Image.fromarray(pictures(1, 40)[0])
    made = {
        "wide.png": base.resize((60, 20)), "tall.jpg": base.resize((20, 60)), "grey.png": base.convert("L"),
        "clear.png": base.convert("RGBA"), "palette.png": base.convert("P"), "ink.jpg": base.convert("CMYK"),
    }  # fmt: skip
    for name, picture in made.items():
        picture.save(tmp_path / name)
    asked = fitted.items(folder_of(tmp_path, made))
    assert asked.pictures.shape == (6, 8, 8, 3)
    assert any("2 pictures are not square" in note for note in asked.notes)
    assert (asked.pictures[0, 0] == FRAME).all(), "a wide picture stands between two bars"
    assert fitted.predict(folder_of(tmp_path, made)).pictures("after").shape == (6, 8, 8, 3)


def test_a_frame_keeps_the_whole_picture():
    found = framed(np.full((4, 8, 3), 200, dtype=np.uint8), 8)
    assert (found[2:6] == 200).all()
    assert (found[:2] == FRAME).all()
    assert (found[6:] == FRAME).all()


def bad(tmp_path, name):
    place = tmp_path / name
    picture = Image.fromarray(pictures(1, 32)[0])
    if name == "cut.png":
        picture.save(place)
        place.write_bytes(place.read_bytes()[:200])
    elif name == "moves.gif":
        picture.save(place, save_all=True, append_images=[picture.rotate(90)])
    elif name == "bomb.png":
        Image.new("1", (20_000, 20_000)).save(place)
    elif name == "large.png":
        Image.new("1", (9_000, 20)).save(place)
    elif name == "deep.png":
        Image.fromarray(np.full((8, 8), 40_000, dtype=np.uint16)).save(place)
    else:
        place.write_bytes(b"" if name == "empty.png" else b"no picture at all")
    return folder_of(tmp_path, [name])


@pytest.mark.parametrize(
    ("name", "match"),
    [
        ("cut.png", "is no picture that can be read"),
        ("moves.gif", "moves"),
        ("bomb.png", "decompression bomb"),
        ("large.png", "9,000 x 20 pixels"),
        ("deep.png", "more than 8 bits"),
        ("empty.png", "row 0 of 'image': .*empty.png"),
        ("prose.png", "is no picture that can be read"),
    ],
)
def test_a_bad_picture_is_refused_by_row_and_file(fitted, tmp_path, name, match):
    with pytest.raises(FormatError, match=match) as caught:
        fitted.predict(bad(tmp_path, name))
    assert name in str(caught.value)
    assert "row 0 of 'image'" in str(caught.value)


def test_a_row_without_a_picture_and_a_missing_file_are_refused(fitted, tmp_path):
    Image.fromarray(pictures(1)[0]).save(tmp_path / "there.png")
    with pytest.raises(DataError, match="row 1 shows no picture"):
        fitted.predict(folder_of(tmp_path, ["there.png", ""]))
    with pytest.raises(DataError, match="names a file that is not there"):
        fitted.predict(folder_of(tmp_path, ["there.png", "gone.png"]))


def test_a_folder_of_triples_is_fitted_and_judged(tmp_path):
    world = WhatIfWorld("town")
    rows = world.rows(world.sample(12, seed=0), 16).known
    lines = ["image,question,answer,after"]
    for row in range(12):
        for name in ("image", "after"):
            Image.fromarray(rows.pictures(name)[row]).save(tmp_path / f"{row}-{name}.png")
        said = rows.texts("answer")[row]
        lines.append(f'{row}-image.png,{rows.texts("question")[row]},"{said}",{row}-after.png')
    (tmp_path / "rows.csv").write_text("\n".join([*lines, ""]), encoding="utf-8")
    model = Vqai(**SMALL).fit(tmp_path / "rows.csv")
    own = model.items(tmp_path / "rows.csv")
    assert own.known.all()
    assert own.answers == tuple(rows.texts("answer"))
    assert model.judge(model.given(tmp_path / "rows.csv"), model.given(tmp_path / "rows.csv"))["changed"].value > 0


# -- pipelines ---------------------------------------------------------------------------------------------------------


def test_what_a_pipeline_draws_is_what_diffusers_draws(editor):
    model = Vqai(guide="question", draw_steps=3).fit(table(), editor=editor)
    drawn = model.predict(table(), seed=4).pictures("after")
    theirs = diffusers.StableDiffusionInstructPix2PixPipeline.from_pretrained(editor)
    theirs.set_progress_bar_config(disable=True)
    for row, question in enumerate(QUESTIONS):
        expected = theirs(
            question, image=Image.fromarray(pictures()[row]), num_inference_steps=3, guidance_scale=7.5,
            image_guidance_scale=1.8, generator=torch.Generator().manual_seed(4 * 100_003 + row), output_type="np",
        ).images[0]  # fmt: skip
        assert np.abs(drawn[row] / 255 - expected).max() <= 0.5 / 255 + 1e-6
    twice = model.predict(table(), draws=2, seed=4)
    assert np.array_equal(twice.pictures("after")[::2], drawn)
    assert not np.array_equal(twice.pictures("after")[1], drawn[0]), "another draw has other noise"


def test_words_guide_a_pipeline_and_what_is_set_guides_it(editor, tmp_path):
    given = table(answer=["light 3, angle 2", "light 9, angle 1"])
    model = Vqai(**{**SMALL, "draw_steps": 2}).fit(given, editor=editor)
    assert model.reasoner is not None
    assert model.editor is None
    drawn = model.predict(given).pictures("after")
    by_words = Vqai(guide="question", draw_steps=2).fit(table(), editor=editor)
    words = table(question=["light 3, angle 2", "light 9, angle 1"])
    assert np.array_equal(drawn, by_words.predict(words).pictures("after"))
    noon = model.do(answer="noon").predict(given)
    assert noon.texts("answer") == ["noon", "noon"]
    assert not np.array_equal(noon.pictures("after"), drawn)
    model.save_pretrained(tmp_path / "model")
    again = aitia.load(tmp_path / "model").bind(editor=editor)
    assert np.array_equal(again.predict(given).pictures("after"), drawn)
    with pytest.raises(OptionError, match=r"learns from pictures after: name their column .--after COLUMN., or take a"):
        Vqai(guide="latent").fit(given, editor=editor)
    with pytest.raises(OptionError, match="a pipeline learns nothing"):
        model.with_guide("question", given)


def test_a_picture_to_picture_pipeline_is_driven_too(editor):
    whole = diffusers.StableDiffusionInstructPix2PixPipeline.from_pretrained(editor)
    unet = diffusers.UNet2DConditionModel.from_config({**whole.unet.config, "in_channels": 4})
    parts = {name: part for name, part in whole.components.items() if name not in ("unet", "image_encoder")}
    made = diffusers.StableDiffusionImg2ImgPipeline(unet=unet, requires_safety_checker=False, **parts)
    drawer = PipelineEditor(made, "tiny")
    assert "image_guidance_scale" not in drawer.takes
    assert drawer.side == 16
    found = drawer.drawn(pictures(), in_words(QUESTIONS), Vqai(draw_steps=4).config, seed=0)
    assert found.shape == (2, 16, 16, 3)
    assert not np.array_equal(found, pictures())


def test_a_pipeline_without_picture_input_is_refused(tmp_path):
    place = tmp_path / "painter"
    small_text_to_image(("a", "red", "circle"), PainterConfig(size=8, channels=(8, 16), width=16, layers=1)
                        ).save_pretrained(place)  # fmt: skip
    with pytest.raises(OptionError, match="whose call does not take a picture: give a pipeline that edits"):
        Vqai(guide="question").fit(table(), editor=place)
    unconditional = diffusers.DDPMPipeline(
        diffusers.UNet2DModel(sample_size=8, block_out_channels=(8, 8), norm_num_groups=8, down_block_types=(
            "DownBlock2D",) * 2, up_block_types=("UpBlock2D",) * 2), diffusers.DDPMScheduler())  # fmt: skip
    with pytest.raises(OptionError, match="does not take a picture"):
        PipelineEditor(unconditional, "tiny")


def test_a_folder_that_is_no_pipeline_or_holds_pickles_is_refused(editor, tmp_path):
    (tmp_path / "nothing").mkdir()
    (tmp_path / "nothing" / "config.json").write_text("{}")
    with pytest.raises(AitiaError, match=r"model_index\.json"):
        Vqai(guide="question").fit(table(), editor=tmp_path / "nothing")
    shutil.copytree(editor, tmp_path / "pickled")
    weights = next((tmp_path / "pickled" / "unet").glob("*.safetensors"))
    weights.rename(weights.with_name("diffusion_pytorch_model.bin"))
    with pytest.raises(FormatError, match="is a pickle"):
        Vqai(guide="question").fit(table(), editor=tmp_path / "pickled")

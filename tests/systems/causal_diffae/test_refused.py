"""What causal-diffae refuses, each in one sentence with the mend: causes, labels, graphs, pictures, pipelines."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image
from tests.systems.causal_diffae.trained import GRAPH, image_set, small

from aitia.data.table import Table
from aitia.errors import DataError, FormatError, GraphError, OptionError, UnknownVariableError
from aitia.systems.causal_diffae import CausalDiffae, CausalDiffaeConfig


def with_labels(rows, **columns):
    return rows.with_columns(columns, kinds=dict.fromkeys(columns, "number"))


def test_causes_without_two_values_are_refused():
    rows = image_set(20, 0)
    few = [0.3, 0.3, *[None] * 18]
    for labels, said in (
        (np.ones(20), "'height' is 1 in every row: a cause that never varies is none"),
        (few, "'height' is 0.3 in the 2 rows that have it"),
        ([None] * 20, "'height' has no value in any row"),
    ):
        with pytest.raises(DataError, match=said):
            small().fit(with_labels(rows, height=labels))
    words = rows.with_columns({"height": ["low", "high"] * 10})
    with pytest.raises(DataError, match="'height' holds labels, not numbers"):
        small().fit(words)
    bare = Table.of({"image": rows.pictures("image"), "name": ["a", "b"] * 10})
    with pytest.raises(DataError, match="without labels no cause has a name"):
        small(graph="").fit(bare)


def test_graphs_that_fit_no_labels_are_refused():
    rows = image_set(20, 0)
    with pytest.raises(UnknownVariableError, match="'width'"):
        small(graph="width -> height").fit(rows)
    with pytest.raises(UnknownVariableError, match="'light'"):
        small(graph="light -> height").fit(rows, cause=["height"])
    with pytest.raises(GraphError):
        small(graph="height -- length").fit(rows)
    with pytest.raises(GraphError):
        small(graph="height -> length; length -> height").fit(rows)
    with pytest.raises(DataError, match="searched for in rows with all labels, and 2 have them"):
        small(graph="learn").fit(image_set(20, 0, labelled=0.1), cause=["height", "length"])


def test_too_few_pictures_and_rows_without_one_are_refused():
    rows = image_set(20, 0)
    with pytest.raises(DataError, match="at least 2 pictures"):
        small().fit(rows.take([0]))
    shown = list(rows.pictures("image"))
    for gone, said in (([3], "row 3 has no picture"), ([3, 5], "2 rows, first 3 has no picture")):
        holed = rows.with_columns(
            {"image": [None if k in gone else one for k, one in enumerate(shown)]}, kinds={"image": "picture"}
        )
        with pytest.raises(DataError, match=said):
            small().fit(holed)


def test_pictures_of_other_sizes_are_refused():
    rows = image_set(20, 0)
    odd = rows.with_columns({"image": rows.pictures("image")[:, :, :7]}, kinds={"image": "picture"})
    with pytest.raises(DataError, match="7x8: a UNet of 2 levels takes sides that are multiples of 2"):
        small().fit(odd)
    tiny = rows.with_columns({"image": rows.pictures("image")[:, :4, :4]}, kinds={"image": "picture"})
    with pytest.raises(DataError, match="8 or more; scale them"):
        small().fit(tiny)
    model = small(steps=1).fit(rows)
    with pytest.raises(DataError, match="4x4, this model was trained on 8x8"):
        model.counterfactual(tiny, "do()")
    with pytest.raises(DataError, match="row 1 has no picture and some causes"):
        model.predict(Table.of({"height": [0.5, 0.4], "length": [0.5, np.nan]}))


def bomb(path):
    """A file of a few bytes that announces 60,000 by 60,000 pixels."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b""))


def folder(place, spoil):
    """Twelve pictures with their causes, the sixth of them spoilt."""
    place.mkdir()
    rows = image_set(12, 0)
    lines = ["file_name,height,length"]
    for k, picture in enumerate(rows.pictures("image")):
        Image.fromarray(picture).save(place / f"{k}.png")
        lines.append(f"{k}.png,{rows.column('height')[k]:.3f},{rows.column('length')[k]:.3f}")
    (place / "metadata.csv").write_text("\n".join([*lines, ""]), encoding="utf-8")
    spoil(place / "5.png")
    return place


def truncated(path):
    path.write_bytes(path.read_bytes()[:60])


def moving(path):
    frames = [Image.new("RGB", (8, 8), (k * 50, 0, 0)) for k in range(4)]
    frames[0].save(path, "GIF", save_all=True, append_images=frames[1:])


SPOILT = {
    "another size": (lambda path: Image.new("RGB", (9, 8)).save(path), DataError, "differ in size"),
    "truncated": (truncated, FormatError, "5.png"),
    "a bomb": (bomb, FormatError, "5.png"),
    "no picture": (lambda path: path.write_text("hello", encoding="utf-8"), FormatError, "5.png"),
    "nothing": (lambda path: path.write_bytes(b""), FormatError, "5.png"),
    "16 bit": (
        lambda path: Image.fromarray(np.full((8, 8), 40_000, np.uint16)).save(path), FormatError,
        "5.png has grey values of more than 8 bits",
    ),
    "moving": (moving, DataError, "5.png moves, in 4 frames: save the one that is meant"),
}  # fmt: skip


@pytest.mark.parametrize("what", SPOILT)
def test_a_spoilt_picture_is_named(tmp_path, what):
    spoil, error, said = SPOILT[what]
    with pytest.raises(error, match=said):
        small().fit(folder(tmp_path / "pictures", spoil))


MODES = {
    "CMYK": (lambda path: Image.new("CMYK", (8, 8), (10, 20, 30, 40)).save(path, "TIFF"), (207, 198, 190)),
    "grey": (lambda path: Image.new("L", (8, 8), 90).save(path), (90, 90, 90)),
    "transparent": (lambda path: Image.new("RGBA", (8, 8), (10, 20, 30, 40)).save(path), (10, 20, 30)),
}


@pytest.mark.parametrize("mode", MODES)
def test_pictures_of_other_modes_are_read_as_colours(tmp_path, mode):
    spoil, colour = MODES[mode]
    place = folder(tmp_path / "pictures", spoil)
    model = small(steps=1).fit(place)
    assert tuple(model.given(place).pictures("image")[5, 0, 0]) == colour
    assert model.counterfactual(place, "do(height=0.5)").known.pictures("image").shape == (12, 8, 8, 3)


def test_options_out_of_range_are_refused():
    for wrong in (
        {"channels": ()}, {"channels": (12,)},
        {"channels": (16, 8)}, {"width": 6}, {"noise_steps": 1}, {"draw_steps": 201}, {"empty": 1.0},
        {"mean": 1.0}, {"held_out": 0.0}, {"label_weight": 0.0}, {"refine": -1}, {"strength": -0.5}, {"alpha": 1.0},
        {"strength": 2.0, "empty": 0.0}, {"batch": 0}, {"rows_at_once": 0}, {"learning_rate": 0.0},
    ):  # fmt: skip
        with pytest.raises(OptionError):
            CausalDiffaeConfig(**wrong)
    with pytest.raises(OptionError, match="call fit first"):
        CausalDiffae().encode(image_set(2, 0))
    with pytest.raises(OptionError, match="causal-diffae has no option"):
        CausalDiffae(latents=3)


def ddpm(place, channels=3):
    from diffusers import DDPMPipeline, DDPMScheduler, UNet2DModel

    unet = UNet2DModel(
        sample_size=8, in_channels=channels, out_channels=channels, block_out_channels=(8, 16), layers_per_block=1,
        down_block_types=("DownBlock2D", "DownBlock2D"), up_block_types=("UpBlock2D", "UpBlock2D"), norm_num_groups=8,
    )  # fmt: skip
    DDPMPipeline(unet, DDPMScheduler(num_train_timesteps=60)).save_pretrained(place)
    return unet


def test_the_unet_of_a_pipeline_is_trained_on_with_its_schedule(tmp_path):
    from aitia.system import load

    ddpm(tmp_path / "ddpm")
    rows = image_set(20, 0)
    model = small(steps=2).fit(rows, unet=tmp_path / "ddpm")
    assert len(model._schedule) == 60
    assert model._schedule.prediction == "epsilon"
    model.save_pretrained(tmp_path / "saved")
    again = load(tmp_path / "saved")
    assert again.predict(rows.take([0])) == model.predict(rows.take([0]))
    few = rows.take([0, 1])
    assert again.solve(again.abduct(few)) == model.solve(model.abduct(few))
    with pytest.raises(OptionError, match="60 noise steps: draw_steps is no more"):
        small(draw_steps=61).fit(rows, unet=tmp_path / "ddpm")


def test_pipelines_that_are_none_of_pictures_in_pixels_are_refused(tmp_path):
    rows = image_set(20, 0)
    ddpm(tmp_path / "grey", channels=1)
    with pytest.raises(OptionError, match="UNet2DModel of a pipeline that draws pictures in pixels"):
        small().fit(rows, unet=tmp_path / "grey")
    ddpm(tmp_path / "pickled")
    weights = next((tmp_path / "pickled" / "unet").glob("*.safetensors"))
    weights.rename(weights.with_suffix(".bin"))
    with pytest.raises(FormatError, match="is a pickle"):
        small().fit(rows, unet=tmp_path / "pickled")
    with pytest.raises(FormatError):
        small().fit(rows, unet=tmp_path / "nowhere")
    assert GRAPH in small().config.graph

"""`aitia edit` on a pipeline folder: what it writes, what the edited folder draws, and what is refused."""

import json
import shutil
from functools import partial

import pytest
import torch
from tests import trained
from typer.testing import CliRunner

from aitia.cli.main import app
from aitia.errors import AitiaError, DataError, FormatError, InterventionError, OptionError
from aitia.nn.edits import Edit
from aitia.nn.pipelines import load_pipeline
from aitia.nn.pixels import to_bytes
from aitia.nn.text_to_image import PainterConfig, small_text_to_image
from aitia.systems.diff_quickfix import single
from aitia.systems.diff_quickfix.saving import apply_edit
from aitia.systems.diff_quickfix.single import edit_concept

WORDS = ["a", "red", "blue", "green", "disc", "square"]
ASKED = ("a red disc", "--subject", "red", "--answer", "blue", "--layer", 0)
MATRIX = "text_encoder.encoder.layers.0.self_attn.out_proj"


def aitia(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)


def refused(kind, told, *arguments):
    with pytest.raises(kind, match=told) as found:
        aitia(*arguments)
    assert "\n" not in str(found.value)


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    place = tmp_path_factory.mktemp("pipelines") / "painter"
    config = PainterConfig(size=8, channels=(8, 8), width=8, layers=1, longest=8)
    small_text_to_image(WORDS, config).save_pretrained(place)
    return place


@pytest.fixture
def folder(original, tmp_path):
    shutil.copytree(original, tmp_path / "painter")
    return tmp_path / "painter"


@pytest.fixture(scope="module")
def edited(original, tmp_path_factory):
    """The folder of an edit, and what was printed."""
    place = tmp_path_factory.mktemp("edits")
    (place / "stay.txt").write_text("a green disc\n", encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(single, "edit_concept", partial(edit_concept, steps=2, noises=1))
        done = aitia("edit", original, *ASKED, "--neighbours", place / "stay.txt", "--out", place / "edit", "--json")
    return place / "edit", done


def changed(folder, **values):
    index = json.loads((folder / "model_index.json").read_text(encoding="utf-8"))
    (folder / "model_index.json").write_text(json.dumps(index | values), encoding="utf-8")


def test_an_edit_of_a_folder_is_a_change_its_effects_and_a_report(edited):
    place, done = edited
    told = json.loads((place / "edit.json").read_text(encoding="utf-8"))
    assert json.loads(done.stdout) == told
    assert (told["concept"], told["words"], told["module"]) == ("red", "blue", MATRIX)
    assert [effect["outcome"] for effect in told["effects"]] == ["like other", "others moved"]
    first = told["effects"][0]
    assert told["took"] == (first["low"] > max(first["control"], 0))
    assert done.exit_code == (0 if told["took"] else 3)
    page = (place / "report.html").read_text(encoding="utf-8")
    assert all(word in page for word in ("red, drawn as blue", "like other", "others moved", "no proof of absence"))


def test_a_saved_edit_is_written_into_a_new_folder_that_differs_in_one_matrix(original, edited, tmp_path):
    place, _ = edited
    done = aitia("edit", original, "--apply", place, "--save", tmp_path / "new")
    assert MATRIX in done.stdout
    before, after = (load_pipeline(one).state_dict() for one in (original, tmp_path / "new"))
    assert before.keys() == after.keys()
    assert [name for name in before if not torch.equal(before[name], after[name])] == [f"{MATRIX}.weight"]
    delta = Edit.load(place / "edit.safetensors").delta
    assert torch.allclose(after[f"{MATRIX}.weight"] - before[f"{MATRIX}.weight"], delta, atol=1e-6)
    told = json.loads(aitia("edit", original, "--apply", place, "--save", tmp_path / "again", "--json").stdout)
    assert told == {"module": MATRIX, "folder": str((tmp_path / "again").resolve())}
    refused(
        InterventionError, "is edited already", "edit", tmp_path / "new", "--apply", place, "--save", tmp_path / "x"
    )
    refused(FormatError, "not empty", "edit", original, "--apply", place, "--save", tmp_path / "new")
    refused(FormatError, "no file", "edit", original, "--apply", tmp_path / "none", "--save", tmp_path / "x")
    assert not (tmp_path / "x").exists()


def test_the_edited_painter_draws_the_other_colour_once_it_is_loaded_again(tmp_path):
    """The small model of worlds, read by a reader that no part of this system trained."""
    trained.read("painter").save_pretrained(tmp_path / "painter")
    more = ["a large red square", "a small red triangle", "a medium red ring"]
    stay = [f"a {size} {colour} square" for size in ("small", "large") for colour in ("blue", "pink", "amber")]
    found = edit_concept(tmp_path / "painter", "a small red circle", "green", subject="red", paraphrases=more,
                         neighbours=stay, steps=6, noises=1, traced=2, save=tmp_path / "edited")  # fmt: skip
    assert found.took
    assert found.edit.name == MATRIX
    said = []
    for place in ("painter", "edited"):
        model = load_pipeline(tmp_path / place)
        with torch.no_grad():
            prompts = ["a huge red bar", "a large red diamond", "a large pink square"]
            x = model.draw(model.embed(prompts), model.noise(3, 0), steps=6, guidance=3.0)
        said.append(trained.read("reader").read(to_bytes(x)).words("colour"))
    assert said == [["red", "red", "pink"], ["green", "green", "pink"]]


def test_a_safety_checker_stays_with_the_edited_folder(folder, edited, tmp_path):
    (folder / "safety_checker").mkdir()
    (folder / "safety_checker" / "config.json").write_text("{}", encoding="utf-8")
    part = ["stable_diffusion", "StableDiffusionSafetyChecker"]
    changed(folder, safety_checker=part, requires_safety_checker=True)
    with pytest.warns(UserWarning, match="safety checker .* is left out"):
        apply_edit(folder, edited[0] / "edit.safetensors", tmp_path / "new")
    index = json.loads((tmp_path / "new" / "model_index.json").read_text(encoding="utf-8"))
    assert (index["safety_checker"], index["requires_safety_checker"]) == (part, True)
    assert (tmp_path / "new" / "safety_checker" / "config.json").read_text(encoding="utf-8") == "{}"


@pytest.mark.parametrize(
    ("told", "asked"),
    [
        ("does not hold the concept 'crimson'", ("a red disc", "--subject", "crimson", "--answer", "blue")),
        ("does not hold the concept 'red'", ("a hundred discs", "--subject", "red", "--answer", "blue")),
        ("replaced by other words", ("a red disc", "--subject", "red", "--answer", "Red")),
        ("replaced by other words", ("a red disc", "--subject", "red", "--answer", " ")),
        ("say which words", ("a red disc", "--subject", " ", "--answer", "blue")),
        ("needs a prompt, --subject", ("a red disc", "--answer", "blue")),
        ("takes --save FOLDER", ("--apply", "edit")),
        ("--steps is of language models", ("a red disc", "--subject", "red", "--answer", "blue", "--steps", 3)),
        ("has 1 layers", ("a red disc", "--subject", "red", "--answer", "blue", "--layer", 4)),
    ],
)
def test_what_says_no_edit_is_refused(original, tmp_path, told, asked):
    refused(AitiaError, told, "edit", original, *asked, *(() if "--apply" in asked else ("--out", tmp_path / "x")))
    assert not (tmp_path / "x").exists()


def test_a_paraphrase_without_the_subject_is_refused(original, tmp_path):
    (tmp_path / "more.txt").write_text("a red square\na blue square\n", encoding="utf-8")
    refused(DataError, "'a blue square' does not hold", "edit", original, *ASKED, "--paraphrases",
            tmp_path / "more.txt", "--out", tmp_path / "x")  # fmt: skip


def test_folders_that_are_no_whole_pipeline_are_refused(folder, tmp_path):
    out = ("--out", tmp_path / "x")
    weights = folder / "text_encoder" / "model.safetensors"
    kept = weights.read_bytes()
    weights.rename(weights.with_name("pytorch_model.bin"))
    refused(FormatError, "is a pickle", "edit", folder, *ASKED, *out)
    weights.with_name("pytorch_model.bin").unlink()
    refused(FormatError, "holds no weights", "edit", folder, *ASKED, *out)
    weights.write_bytes(kept[:1000])
    refused(FormatError, "text_encoder", "edit", folder, *ASKED, *out)
    weights.write_bytes(kept)
    changed(folder, unet=["diffusers", "UNetOfMine"])
    refused(FormatError, "UNetOfMine", "edit", folder, *ASKED, *out)
    changed(folder, _class_name="PipelineOfMine")
    refused(FormatError, "PipelineOfMine", "edit", folder, *ASKED, *out)
    changed(folder, _class_name="StableDiffusionPipeline", unet=["diffusers", "UNet2DConditionModel"])
    shutil.rmtree(folder / "scheduler")
    refused(FormatError, "lacks the folder scheduler/", "edit", folder, *ASKED, *out)
    assert not (tmp_path / "x").exists()


def test_a_pipeline_that_reads_no_prompts_is_refused(tmp_path):
    import diffusers

    unet = diffusers.UNet2DModel(sample_size=8, block_out_channels=(8, 8), norm_num_groups=4, layers_per_block=1,
                                 down_block_types=("DownBlock2D",) * 2, up_block_types=("UpBlock2D",) * 2)  # fmt: skip
    diffusers.DDPMPipeline(unet, diffusers.DDPMScheduler(10)).save_pretrained(tmp_path / "free")
    refused(OptionError, "reads no prompts", "edit", tmp_path / "free", *ASKED, "--out", tmp_path / "x")

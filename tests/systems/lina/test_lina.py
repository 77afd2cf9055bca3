"""The whole system on a painter that was trained for a moment: what it chooses, tells, keeps, and refuses."""

import json
import shutil
from typing import ClassVar

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file
from torch import nn

from aitia.data.subjects import Network
from aitia.errors import DataError, FormatError, OptionError, RunError, UnknownVariableError
from aitia.nn.language import word_tokenizer
from aitia.nn.pipelines import load_pipeline
from aitia.nn.readers import AttributeReader
from aitia.nn.text_to_image import PainterConfig, small_text_to_image
from aitia.system import load
from aitia.systems.lina import Lina
from aitia.systems.lina.drawing import Strengths
from aitia.systems.lina.evaluators import open_evaluator
from aitia.systems.lina.example import write

pytest.importorskip("diffusers")


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    return write(tmp_path_factory.mktemp("lina"), 0)


@pytest.fixture(scope="module")
def system(example):
    return Lina(**example.options, graph="colour").fit(example.files, **example.subjects)


def rows(example, **columns):
    table = {"prompt": ["red square", "cyan square", "red ring", "cyan ring"], "colour": ["red", "cyan"] * 2}
    return {**table, **columns}


def test_settings_are_tried_guidance_first_and_then_beside_the_best(system):
    found = system.found
    best = max(found.settings[:2], key=lambda one: float(found.marks[found.settings.index(one)]))
    assert found.settings == (Strengths(1), Strengths(3), Strengths(best.guidance, 0.5),
                              Strengths(best.guidance, spacing=2.0))  # fmt: skip
    assert found.told == {"colour": 1.0}
    assert found.fingerprints[0] != found.fingerprints[1]
    assert not any("one evaluator" in text for text in system.training.warnings)


def test_a_budget_bounds_what_is_tried(example):
    few = Lina(guidance=(1.0, 3.0), steps=4, samples=1, budget=3).fit(example.files, **example.subjects)
    assert len(few.found.settings) == 3
    with pytest.raises(OptionError, match="budget=1 is fewer than the 2 strengths"):
        Lina(guidance=(1.0, 3.0), budget=1)


def test_what_is_predicted_is_drawn_with_what_is_chosen_and_a_given_picture_stays(system, example):
    told = system.predict(example.files, seed=3)
    codes = system.encode(example.files)
    assert np.array_equal(told.column("guidance"), codes.column("guidance"))
    given = system.given(example.files)
    for row in (0, 5):
        one = given.take([row])
        chosen = system.strengths(one)[0]
        assert chosen.guidance == codes.column("guidance")[row]
    mine = np.full((4, 8, 8, 3), 7, np.uint8)
    assert (system.predict(rows(example, image=mine)).pictures("image") == 7).all()
    twice = system.predict(example.rows, draws=2, seed=1)
    assert len(twice) == 6
    assert not np.array_equal(twice.pictures("image")[0], twice.pictures("image")[1])


def test_a_prompt_of_the_fit_has_its_own_setting_and_another_wording_the_policy(system):
    prompt, number = next(iter(system.found.seen.items()))
    assert system.strengths(system.given({"prompt": [prompt]}))[0] == system.found.settings[number]
    base = system.found.policy
    other = system.strengths(system.given({"prompt": ["square"]}))[0]
    assert other in system.found.settings
    assert base.single == int(system.found.base.argmax())


def test_effects_are_told_of_what_was_tried_beside_the_best_for_all(system, example):
    table = system.effects(example.files, outcome="colour")
    assert len(table) == len(system.found.settings) - 1
    low, effect, high = (table.column(name) for name in ("low", "effect", "high"))
    assert (low <= high).all()
    assert np.isfinite(effect).all()
    first = str(table.labels("target")[0])
    alone = system.effects(example.files, target=first)
    assert alone.column("effect")[0] == pytest.approx(effect[0])
    with pytest.raises(OptionError, match="effects are of the settings that were tried"):
        system.effects(example.files, target="guidance 99")
    with pytest.raises(OptionError, match="is no wanted column"):
        system.effects(example.files, outcome="shape")


def test_scores_stand_beside_one_setting_for_all_and_the_best_of_several(system, example):
    scores = system.judge(system.given(example.files), system.given(example.files))
    first = scores["shown"]
    assert set(first.trivial) < set(first.baselines)
    assert "best of 2 by the evaluator" in first.baselines
    assert all(0 <= value <= 1 for value in (first.value, *first.baselines.values()))
    assert system.judge(system.given({"prompt": ["red square"]}), system.given(example.files)) == {}


def test_the_map_of_switches_goes_from_the_second_prompt_to_the_first(system):
    one = {"prompt": ["red square"] * 6, "colour": ["red"] * 6}
    other = {"prompt": ["cyan square"] * 6, "colour": ["cyan"] * 6}
    found = system.decided(one, other)
    assert found.first["colour"][-1] >= 0.9
    assert found.second["colour"][0] >= 0.9
    assert found.first["colour"][0] <= 0.1
    with pytest.raises(DataError, match="exchanged row by row"):
        system.decided(one, {"prompt": ["red square"], "colour": ["red"]})


def test_saved_and_exported(system, example, tmp_path):
    system.save_pretrained(tmp_path / "saved")
    again = load(tmp_path / "saved", **example.subjects)
    assert again.found.settings == system.found.settings
    drawn = [one.predict(example.rows, seed=2).pictures("image") for one in (system, again)]
    assert np.array_equal(*drawn)
    system.export(tmp_path / "policy")
    kept = load_file(tmp_path / "policy" / "model.safetensors")
    assert kept["weights"].shape == (kept["basis"].shape[1], len(system.found.settings))


def test_a_pipeline_with_other_embeddings_is_refused(system, example):
    wider = small_text_to_image(["red", "cyan"], PainterConfig(size=8, channels=(8, 16), width=16, layers=1, longest=5))
    with pytest.raises(RunError, match="16 numbers in this pipeline, and 32 in that of the fit"):
        system.found.chosen(np.zeros((1, 16)), ["red"])
    other = Lina(steps=4, samples=1, guidance=(1.0,), push=(0.0,), spacing=(1.0,))
    with pytest.raises(DataError, match="hardly more"):
        other.fit(example.files, model=wider, evaluator=example.subjects["evaluator"])


def test_one_evaluator_for_both_is_told(example):
    subjects = {name: place for name, place in example.subjects.items() if name != "referee"}
    told = Lina(**example.options).fit(example.files, **subjects).training.warnings
    assert any("give another one as referee" in text for text in told)


# -- evaluators --------------------------------------------------------------------------------------------------------


class Mean(nn.Module):
    """Red where the first channel is brighter than the last."""

    labels: ClassVar = {"colour": ("red", "cyan")}

    def forward(self, x):
        red = (x[:, 0] - x[:, 2]).mean((1, 2))
        return {"colour": torch.stack([red, -red], dim=1) * 20}


def mean():
    return Mean()


class Silent(Mean):
    def forward(self, x):
        return {"colour": torch.zeros(len(x), 2)}


class Wrong(Mean):
    def forward(self, x):
        return x


def test_code_of_a_user_evaluates(example):
    found = Lina(**example.options).fit(
        example.files, model=example.subjects["model"], evaluator=Mean(), referee=f"{__name__}:mean"
    )
    assert found.found.right.max() > 0.9


def test_an_evaluator_that_says_the_same_of_everything_is_refused(example):
    with pytest.raises(DataError, match=r"hardly more .* \(area under the curve 0.50, 0.6 is asked for\)"):
        Lina(**example.options).fit(example.files, model=example.subjects["model"], evaluator=Silent())


def test_evaluators_that_are_none_are_named(example, tmp_path):
    with pytest.raises(FormatError, match="gives no logits"):
        open_evaluator(Network.of(Wrong())).probabilities(np.zeros((1, 8, 8, 3), np.uint8), "colour", ("red", "cyan"))
    with pytest.raises(FormatError, match="give it `labels`"):
        open_evaluator(Network.of(nn.Linear(2, 2)))
    with pytest.raises(UnknownVariableError, match="Did you mean 'colour'"):
        Lina(**example.options).fit(
            {"prompt": ["red ring"] * 4, "color": ["red"] * 4}, wanted=["color"], **example.subjects
        )
    with pytest.raises(UnknownVariableError, match="knows no colour 'violet'"):
        Lina(**example.options).fit({"prompt": ["red ring"] * 4, "colour": ["violet"] * 4}, **example.subjects)
    reader = AttributeReader.from_pretrained(example.subjects["evaluator"])
    assert open_evaluator(Network("r", "", reader.fingerprint, reader)).fingerprint == reader.fingerprint


def test_a_model_of_the_clip_kind_evaluates_by_its_cosines(tmp_path):
    from transformers import CLIPConfig, CLIPModel

    words = word_tokenizer(["a", "picture", "of", "red", "cyan"])
    words.eos_token = "[SEP]"
    tower = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    text = {**tower, "vocab_size": len(words), "max_position_embeddings": 12, "eos_token_id": words.eos_token_id,
            "bos_token_id": None, "pad_token_id": words.pad_token_id}  # fmt: skip
    torch.manual_seed(0)
    model = CLIPModel(CLIPConfig(text_config=text, vision_config={**tower, "image_size": 8, "patch_size": 4},
                                 projection_dim=16))  # fmt: skip
    model.save_pretrained(tmp_path)
    words.save_pretrained(tmp_path)
    settings = {
        "do_normalize": True,
        "image_mean": [0.5] * 3,
        "image_std": [0.5] * 3,
        "size": {"height": 8, "width": 8},
    }
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(settings), encoding="utf-8")
    images = np.random.default_rng(0).integers(0, 256, (5, 8, 8, 3)).astype(np.uint8)
    found = open_evaluator(Network.of(tmp_path))
    said = found.probabilities(images, "colour", ("red", "cyan"))
    held = words(["a picture of red", "a picture of cyan"], padding=True, return_tensors="pt")
    x = torch.from_numpy(images.transpose(0, 3, 1, 2).copy()).float() / 127.5 - 1
    with torch.no_grad():
        theirs = model.eval()(pixel_values=x, input_ids=held["input_ids"], attention_mask=held["attention_mask"])
    assert np.allclose(said, theirs.logits_per_image.softmax(1).numpy(), atol=1e-5)
    assert found.labels is None


# -- what is refused ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({"element": ["square", "square", "blue", "ring"]}, r"row 2 does not hold its element 'blue': 'red ring'"),
        ({"prompt": ["red square", " ", "red ring", "cyan ring"]}, r"the prompt of row 1 is empty"),
        ({"colour": ["red", "green", "red", "cyan"]}, r"knows no colour 'green'"),
    ],
)
def test_rows_that_cannot_be_drawn_are_named(example, columns, told):
    with pytest.raises((DataError, UnknownVariableError), match=told):
        Lina(**example.options).fit(rows(example, **columns), **example.subjects)


def test_rows_that_want_nothing_and_too_few_rows_are_refused(example):
    with pytest.raises(DataError, match="no row says what its picture must show"):
        Lina(**example.options).fit({"prompt": ["red ring"] * 4}, **example.subjects)
    with pytest.raises(DataError, match="from 4 prompts or more, got 2"):
        Lina(**example.options).fit({"prompt": ["red ring", "cyan bar"], "colour": ["red", "cyan"]}, **example.subjects)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"steps": 3}, "steps is 4 or more"),
        ({"guidance": ()}, "guidance is one or more different numbers"),
        ({"spacing": (1.0, 0.0)}, "spacing is above 0"),
        ({"early": 1.5}, "early is a share"),
        ({"samples": 0}, "samples is 1 or more"),
    ],
)
def test_options_out_of_range_are_refused(options, told):
    with pytest.raises(OptionError, match=told):
        Lina(**options)


def broken(folder, kind):
    index = folder / "model_index.json"
    if kind == "unknown":
        index.write_text(index.read_text().replace("UNet2DConditionModel", "UNet2DConditionModle"))
    elif kind == "missing":
        shutil.rmtree(folder / "text_encoder")
    else:
        weights = next((folder / "unet").glob("*.safetensors"))
        weights.rename(weights.with_suffix(".bin"))


@pytest.mark.parametrize(
    ("kind", "told"),
    [("unknown", "which diffusers has not"), ("missing", "lacks the folder text_encoder/"), ("pickled", "is a pickle")],
)
def test_a_pipeline_that_is_not_whole_is_one_sentence(example, tmp_path, kind, told):
    shutil.copytree(example.subjects["model"], tmp_path / "pipe")
    broken(tmp_path / "pipe", kind)
    subjects = {**example.subjects, "model": tmp_path / "pipe"}
    with pytest.raises(FormatError, match=told):
        Lina(**example.options).fit(example.files, **subjects)


def test_a_safety_checker_is_left_out_and_told(example, tmp_path):
    shutil.copytree(example.subjects["model"], tmp_path / "pipe")
    index = tmp_path / "pipe" / "model_index.json"
    told = {**json.loads(index.read_text()), "safety_checker": ["stable_diffusion", "StableDiffusionSafetyChecker"]}
    index.write_text(json.dumps(told))
    with pytest.warns(UserWarning, match="the safety checker of .* is left out"):
        Lina(**example.options).fit(example.files, **{**example.subjects, "model": tmp_path / "pipe"})


def test_a_pipeline_without_prompts_is_refused(example, tmp_path):
    diffusers = pytest.importorskip("diffusers")
    torch.manual_seed(0)
    unet = diffusers.UNet2DModel(sample_size=8, block_out_channels=(8,), layers_per_block=1, norm_num_groups=4,
                                 down_block_types=("DownBlock2D",), up_block_types=("UpBlock2D",))  # fmt: skip
    diffusers.DDIMPipeline(unet, diffusers.DDIMScheduler(num_train_timesteps=20)).save_pretrained(tmp_path / "none")
    with pytest.raises(OptionError, match="draws of no prompts: it is unconditional"):
        Lina(**example.options).fit(example.files, **{**example.subjects, "model": load_pipeline(tmp_path / "none")})


def test_the_report_has_the_settings_the_scene_and_strips(system, example):
    html = "".join(block.html() for block in system.report(system.given(example.files)))
    assert str(system.found.single) in html
    assert "arrows away" in html
    assert "data:image/png" in html

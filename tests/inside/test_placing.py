"""Models in parts and in half precision: the numbers of the whole model, and sentences for maps that are none."""

import json

import numpy as np
import pytest
import torch
from tests.inside.test_cli import PROMPT, aitia

from aitia.errors import FormatError, InterventionError, OptionError
from aitia.inside import edit_fact, logit_lens, trace_prompt
from aitia.nn.causal_language import load_causal_language_model
from aitia.nn.sites import LogitDifference
from aitia.nn.sites.sweep import Sweep

HELD = {"against": "the capital of Italy is", "answer": "Paris", "other": "Rome", "draws": 2, "strongest": 3}
PARTS = {
    "transformer.wte": "cpu", "transformer.wpe": "cpu", "transformer.drop": "cpu", "transformer.h.0": "cpu",
    "transformer.h.1": "disk", "transformer.h.2": "disk", "transformer.ln_f": "cpu", "lm_head": "cpu",
}  # fmt: skip


def test_parts_on_disk_say_what_the_whole_model_says(folder, language):
    parted = load_causal_language_model(folder, device_map=PARTS)
    absent = [name for name, weight in parted.model.named_parameters() if weight.is_meta]
    assert absent
    assert all(name.startswith(("transformer.h.1", "transformer.h.2")) for name in absent)
    assert parted.device == torch.device("cpu")
    assert parted.fingerprint == language.fingerprint
    whole, ours = (trace_prompt(model, PROMPT, **HELD) for model in (language, parted))
    assert np.allclose(ours.effects, whole.effects, atol=1e-5)
    assert np.allclose(logit_lens(parted, PROMPT).answer, logit_lens(language, PROMPT).answer, atol=1e-6)
    sweep = Sweep(
        parted.model, {"input_ids": parted.encode(PROMPT)}, ["transformer.h.*[position=*]"], LogitDifference(3, 7), True
    )
    assert sweep.ragged is not None
    fast, slow = (trace_prompt(model, PROMPT, fast=True, **HELD) for model in (parted, language))
    assert np.allclose(fast.effects, slow.effects, atol=1e-5)
    with pytest.raises(InterventionError, match="not in memory, where an edit is written"):
        edit_fact(parted, PROMPT, "Rome", subject="France", layer=1, steps=1)


def test_the_command_takes_a_map_and_half_precision(folder, tmp_path):
    (tmp_path / "map.json").write_text(json.dumps(PARTS))
    asked = (
        "trace",
        folder,
        PROMPT,
        "--against",
        HELD["against"],
        "--answer",
        "Paris",
        "--other",
        "Rome",
        "--draws",
        2,
    )
    whole = json.loads(aitia(*asked, "--json"))
    for given in (tmp_path / "map.json", "auto"):
        found = json.loads(aitia(*asked, "--device-map", given, "--json"))
        assert found["sites"] == pytest.approx(whole["sites"], abs=1e-5)
    half = json.loads(aitia(*asked, "--dtype", "bf16", "--json"))
    assert half["clean"] == pytest.approx(whole["clean"], abs=0.1)
    assert half["clean"] != whole["clean"]


def test_half_precision_is_that_of_the_weights(folder, language):
    half = load_causal_language_model(folder, dtype="bf16")
    assert next(half.model.parameters()).dtype == torch.bfloat16
    sweep = Sweep(
        half.model, {"input_ids": half.encode(PROMPT)}, ["transformer.h.*[position=*]"], LogitDifference(3, 7), True
    )
    assert sweep.ragged is not None
    found, whole = (trace_prompt(model, PROMPT, **HELD) for model in (half, language))
    assert np.corrcoef(found.effects, whole.effects)[0, 1] > 0.99


@pytest.mark.filterwarnings("ignore:The following device_map keys")  # accelerate says it too
@pytest.mark.parametrize(
    ("given", "error", "sentence"),
    [
        ("everywhere", OptionError, "device_map is auto, balanced, sequential, or a JSON file"),
        ("none.json", FormatError, "none.json cannot be read: No such file"),
        ({"lm_head": 1.5}, OptionError, "got 'lm_head': 1.5"),
        ({}, OptionError, "the device map is empty"),
        ({"": "cpu", "transformer.h.9": "disk"}, OptionError, "names 'transformer.h.9', which is no module"),
    ],
)
def test_a_map_that_is_none_is_refused(folder, given, error, sentence):
    with pytest.raises(error, match=sentence):
        load_causal_language_model(folder, device_map=given)


def test_a_map_and_a_device_are_one_too_many(folder):
    with pytest.raises(OptionError, match="leave one out"):
        load_causal_language_model(folder, device_map="auto", device="cpu")

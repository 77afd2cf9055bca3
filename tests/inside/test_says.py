"""What a model says before and after one patch: the same share as a trace, the same runs as by hand."""

import json

import numpy as np
import pytest
from tests.inside.test_cli import aitia

from aitia.errors import FormatError, InterventionError, OptionError
from aitia.inside import patched_answers, trace_prompt
from aitia.nn.sites import Patch, intervene, record

PROMPT, AGAINST = "the capital of France is", "the capital of Italy is"
SITE = "transformer.h.1[position=3]"


@pytest.mark.parametrize("how", [{"against": AGAINST}, {"subject": "France", "draws": 3, "noise": 2.0, "seed": 4}, {}])
def test_the_share_restored_is_that_of_the_trace(language, how):
    traced = trace_prompt(language, PROMPT, sites=[SITE], **how)
    found = patched_answers(language, PROMPT, [SITE], **how)
    way = abs(traced.clean - traced.broken)
    assert found.effect == pytest.approx(float(traced.effects[0]), abs=4e-6 / way)  # float32 logits, over the way
    assert found.metric[0] == pytest.approx(traced.clean, abs=1e-5)
    assert found.metric[1] == pytest.approx(traced.broken, abs=1e-5)
    assert found.corrupted == traced.corrupted


def test_probabilities_are_those_of_the_three_runs(language):
    found = patched_answers(language, PROMPT, [SITE], against=AGAINST, answer="Paris", other="Rome", shown=2)
    assert found.tokens == ("Paris", "Rome")
    clean, broken = language.encode(PROMPT), language.encode(AGAINST)
    there = record(language.model, {"input_ids": clean}, [SITE])[SITE]
    runs = [language.model(input_ids=clean), language.model(input_ids=broken)]
    with intervene(language.model, {SITE: Patch(there)}):
        runs.append(language.model(input_ids=broken))
    ids = [language.continuation(word)[0] for word in found.tokens]
    expected = [run.logits[0, -1].double().softmax(-1)[ids].tolist() for run in runs]
    np.testing.assert_allclose(found.probabilities, expected, atol=1e-6)
    assert found.probabilities[0].tolist() != found.probabilities[2].tolist()


def test_all_places_together_give_the_clean_run(language):
    everything = [f"transformer.h.2[position={k}]" for k in range(5)]
    found = patched_answers(language, PROMPT, everything, against=AGAINST)
    assert found.effect == pytest.approx(1.0, abs=1e-5)
    np.testing.assert_allclose(found.probabilities[2], found.probabilities[0], atol=1e-6)


def test_the_likeliest_of_every_run_are_told_and_no_more_than_asked(language):
    found = patched_answers(language, PROMPT, [SITE], against=AGAINST, shown=6)
    assert len(found.tokens) == len(set(found.tokens)) == 6
    for run, text in ((0, PROMPT), (1, AGAINST)):
        best = int(language.log_probabilities([text])[0].argmax())
        assert language.words([best])[0] in found.tokens, run


@pytest.mark.parametrize(
    ("sites", "how", "error", "said"),
    [
        ([], {}, OptionError, "say which places are patched"),
        (["transformer.h.*[position=3]"], {}, OptionError, "no \\*"),
        ([SITE], {"against": AGAINST, "subject": "France"}, OptionError, "another one"),
        ([SITE], {"draws": 1}, OptionError, "draws at least 2"),
        ([SITE], {"noise": 0.0}, OptionError, "noise is above 0"),
        (["transformer.h.1[position=9]"], {"against": AGAINST}, InterventionError, "position"),
        ([SITE], {"against": "the city"}, InterventionError, "same token length"),
    ],
)
def test_what_cannot_be_is_one_sentence(language, sites, how, error, said):
    with pytest.raises(error, match=said):
        patched_answers(language, PROMPT, sites, **how)


def test_the_command_tells_the_same(folder, language):
    asked = ("trace", folder, PROMPT, "--against", AGAINST, "--site", SITE, "--says")
    told = json.loads(aitia(*asked, "--json"))
    assert told == json.loads(json.dumps(patched_answers(language, PROMPT, [SITE], against=AGAINST).to_json()))
    text = aitia(*asked)
    assert "after the prompt" in text
    assert f"{told['answers'][0]['patched']:.4f}" in text
    assert f"restores {told['effect']:+.3f} of the way" in text
    with pytest.raises(OptionError, match="--lens is not of --says"):
        aitia(*asked, "--lens")
    with pytest.raises(OptionError, match="--out is not of --says"):
        aitia(*asked, "--out", "somewhere")


def test_numbers_that_are_none_are_told(language):
    language.model.transformer.h[2].mlp.c_proj.bias.data[:] = np.nan
    with pytest.raises(InterventionError, match="not finite"):
        patched_answers(language, PROMPT, [SITE], against=AGAINST)


def test_runs_that_measure_the_same_are_told(language):
    language.model.lm_head.weight.data[:] = 0.0
    with pytest.raises(OptionError, match="nothing to restore"):
        patched_answers(language, PROMPT, [SITE], against=AGAINST, answer="big", other="a")


def test_a_model_that_is_none_is_told(tmp_path):
    with pytest.raises(FormatError):
        aitia("trace", tmp_path, PROMPT, "--site", SITE, "--says")

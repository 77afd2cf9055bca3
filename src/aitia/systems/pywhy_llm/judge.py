"""How often the direction is right, beside answers that know nothing of the variables."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from aitia.errors import DataError
from aitia.system import Given, Score, Scores
from aitia.systems.pywhy_llm.wording import ANSWERS, Pair

if TYPE_CHECKING:
    from aitia.systems.pywhy_llm.model import PywhyLlm

__all__ = ["TRIVIAL", "judged", "known_answers"]

TRIVIAL: Mapping[str, Callable[[Pair], str]] = {
    "the first causes the second": lambda pair: "->",
    "the shorter name is the cause": lambda pair: "->" if len(pair.x) <= len(pair.y) else "<-",
    "in the order of the alphabet": lambda pair: "->" if pair.x.lower() < pair.y.lower() else "<-",
}


def judged(model: "PywhyLlm", fresh: Given) -> Scores:
    """Accuracy over rows with an answer, where undecided counts as wrong; and what is undecided."""
    known = known_answers(fresh)
    if not known:
        return {}
    pairs = [pair for k, pair in enumerate(model.pairs(fresh)) if k in known]
    true = list(known.values())
    verdicts = model.ask(pairs)
    right = [float(v.answer == t) for v, t in zip(verdicts, true, strict=True)]
    trivial = {
        name: float(np.mean([rule(p) == t for p, t in zip(pairs, true, strict=True)])) for name, rule in TRIVIAL.items()
    }
    firsts = sum(v.firsts for v in verdicts) / max(1, sum(len(v.said) for v in verdicts))
    consistent = [v.consistent for v in verdicts]
    return {
        "accuracy": Score(float(np.mean(right)), "higher", "Of directions; undecided counts as wrong.", trivial),
        "consistency": Score(
            float(np.mean(consistent)), "higher", "Share of pairs of which the same was said each time."
        ),
        "first option": Score(firsts, "lower", "Share of all times that the first option was chosen."),
    }


def known_answers(given: Given) -> dict[int, str]:
    """The answers that the rows say, by row.

    Raises:
        DataError: If one is none of `->`, `<-` and `neither`.
    """
    column = given.column("answer")
    if column is None or column not in given.table:
        return {}
    missing = given.table.absent(column)
    found = {}
    for row, value in enumerate(given.table.labels(column)):
        if missing[row]:
            continue
        if str(value) not in ANSWERS:
            raise DataError(f"row {row}, column {column!r}: an answer is ->, <- or neither, got {str(value)[:40]!r}")
        found[row] = str(value)
    return found

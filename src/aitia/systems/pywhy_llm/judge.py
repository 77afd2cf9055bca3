"""How often the direction is right, beside answers that know nothing of the variables."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from aitia.errors import DataError
from aitia.system import Given, Score, Scores
from aitia.systems.pywhy_llm.verdicts import Verdict
from aitia.systems.pywhy_llm.wording import ANSWERS, Pair

if TYPE_CHECKING:
    from aitia.systems.pywhy_llm.model import PywhyLlm

__all__ = ["TRIVIAL", "judged", "known_answers", "scored"]

TRIVIAL: Mapping[str, Callable[[Pair], str]] = {
    "the first causes the second": lambda pair: "->",
    "the shorter name is the cause": lambda pair: "->" if len(pair.x) <= len(pair.y) else "<-",
    "in the order of the alphabet": lambda pair: "->" if pair.x.lower() < pair.y.lower() else "<-",
}


COINED = "the model itself, under coined names"


def judged(model: "PywhyLlm", fresh: Given) -> Scores:
    """Accuracy over rows with an answer, where undecided counts as wrong; and what is undecided.

    Beside stand answers that know nothing, and the model itself under coined names: what it has right there it does not
    know.
    """
    known = known_answers(fresh)
    if not known:
        return {}
    pairs = [pair for k, pair in enumerate(model.pairs(fresh)) if k in known]
    true = list(known.values())
    found = scored(pairs, true, model.ask(pairs))
    meaningless = [v.answer == t for v, t in zip(model.do({"names": "coined"}).ask(pairs), true, strict=True)]
    beside = {**found["accuracy"].baselines, COINED: float(np.mean(meaningless))}
    return {**found, "accuracy": replace(found["accuracy"], baselines=beside)}


def scored(
    pairs: Sequence[Pair], true: Sequence[str], verdicts: Sequence[Verdict], weights: Sequence[float] | None = None
) -> Scores:
    """Accuracy of answers beside trivial ones, consistency, and how often the first option was chosen.

    Args:
        pairs: That were asked about.
        true: The right answer of each.
        verdicts: What was said of each.
        weights: How much each pair counts for the accuracy; all alike where None.
    """

    def share(right: Sequence[bool]) -> float:
        return float(np.average([float(each) for each in right], weights=weights))

    trivial = {name: share([rule(p) == t for p, t in zip(pairs, true, strict=True)]) for name, rule in TRIVIAL.items()}
    right = [v.answer == t for v, t in zip(verdicts, true, strict=True)]
    firsts = sum(v.firsts for v in verdicts) / max(1, sum(len(v.said) for v in verdicts))
    return {
        "accuracy": Score(share(right), "higher", "Of directions; undecided counts as wrong.", trivial),
        "consistency": Score(
            float(np.mean([v.consistent for v in verdicts])),
            "higher",
            "Share of pairs of which the same was said each time.",
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

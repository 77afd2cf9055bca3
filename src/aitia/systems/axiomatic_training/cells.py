"""Questions in cells: by nodes, by distance, by the kind of no, by the order in which a premise is told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aitia.stats.shares import wilson_interval
from aitia.systems.axiomatic_training.rules import rule_answers
from aitia.worlds.axiom_items import Item

__all__ = ["FAR", "Cell", "balanced", "cells_of", "edges_apart", "far_both", "told_forward"]

FAR = 3
"""Edges between two names from which on a question is a far one."""

Mask = NDArray[np.bool_]
KINDS = ("1", "2", "3+", "reversed", "connected", "apart", "adjacent", "nothing given", "given")
NAMES = {
    "1": "yes, 1 edge away", "2": "yes, 2 edges away", "3+": "yes, 3 or more away", "reversed": "no, the reverse",
    "connected": "no, connected", "apart": "no, another component",
}  # fmt: skip


@dataclass(frozen=True)
class Cell:
    """Some of the questions.

    Args:
        name: Of the cell.
        questions: How many.
        yes: Share whose answer is yes.
        accuracy: Of the model.
        low: Of its Wilson interval of 95 %.
        high: Of the same.
        rules: Accuracy of each rule.
    """

    name: str
    questions: int
    yes: float
    accuracy: float
    low: float
    high: float
    rules: Mapping[str, float]

    @property
    def best(self) -> str:
        """The rule that is right most often here."""
        return max(self.rules, key=lambda name: self.rules[name])


def cells_of(items: Sequence[Item], answers: Mask, said: Mask) -> list[Cell]:
    """All questions, then those of each number of nodes, of each kind, and of each order of telling.

    Args:
        items: The questions.
        answers: (items,) the true answers.
        said: (items,) those of the model.
    """
    rules = {name: found == answers for name, found in rule_answers(items).items()}
    right = said == answers
    nodes = np.array([len(item.nodes) for item in items])
    kinds = np.array([item.kind for item in items])
    told = np.array([told_forward(item) for item in items])
    parts: list[tuple[str, Mask]] = [("all", np.ones(len(items), dtype=bool))]
    parts += [(f"{n} nodes", nodes == n) for n in np.unique(nodes).tolist()]
    parts += [(NAMES.get(kind, kind), kinds == kind) for kind in KINDS]
    if not any(item.given is not None for item in items):
        parts += [("told forward", told > 0.5), ("told backward", told < 0.5)]
    return [_cell(name, mask, answers, right, rules) for name, mask in parts if mask.any()]


def balanced(items: Sequence[Item], answers: Mask, said: Mask) -> Cell | None:
    """As many questions of premises told forward as backward: there the order of names says nothing.

    Of the larger side the first ones count. None where one side is missing.
    """
    told = np.array([told_forward(item) for item in items])
    return _even("told forward and backward alike", told > 0.5, told < 0.5, items, answers, said)


def far_both(items: Sequence[Item], answers: Mask, said: Mask) -> Cell | None:
    """As many far yes as far no, of names with `FAR` or more edges between them: one answer to all has half of it.

    Of the larger side the first ones count. None where one side is missing.
    """
    far = np.array([edges_apart(item) >= FAR for item in items])
    return _even("3 or more edges apart, yes and no alike", far & answers, far & ~answers, items, answers, said)


def edges_apart(item: Item) -> int:
    """Edges of the path between the two names, whichever of them it starts from; 0 where there is none.

    Of d-separation, which is of no direction, 0.
    """
    if item.given is not None:
        return 0
    return item.distance or Item(item.edges, item.y, item.x).distance or 0


def told_forward(item: Item) -> float:
    """Share of the edges whose cause comes up in an earlier edge than their effect, of those where one comes earlier.

    Half where there is none, as for a single edge. Of a chain told first to last it is 1, last to first 0.
    """
    first: dict[str, int] = {}
    for number, (a, b) in enumerate(item.edges):
        first.setdefault(a, number)
        first.setdefault(b, number)
    later = [first[a] - first[b] for a, b in item.edges]
    forward, backward = sum(gap < 0 for gap in later), sum(gap > 0 for gap in later)
    return forward / (forward + backward) if forward + backward else 0.5


def _even(name: str, one: Mask, other: Mask, items: Sequence[Item], answers: Mask, said: Mask) -> Cell | None:
    sides = [np.flatnonzero(one), np.flatnonzero(other)]
    count = min(map(len, sides))
    if not count:
        return None
    mask = np.zeros(len(items), dtype=bool)
    mask[np.concatenate([side[:count] for side in sides])] = True
    rules = {rule: found == answers for rule, found in rule_answers(items).items()}
    return _cell(name, mask, answers, said == answers, rules)


def _cell(name: str, mask: Mask, answers: Mask, right: Mask, rules: Mapping[str, Mask]) -> Cell:
    count = int(mask.sum())
    low, high = wilson_interval(float(right[mask].sum()), count)
    of_rules = {rule: float(found[mask].mean()) for rule, found in rules.items()}
    return Cell(name, count, float(answers[mask].mean()), float(right[mask].mean()), low, high, of_rules)

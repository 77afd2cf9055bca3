"""Every closed system of a few variables: its independences, and what holds in all or in none of its causal graphs."""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from aitia.errors import OptionError
from aitia.graph.pair_relations import RELATIONS, Reading, class_relations
from aitia.graph.separation import Independence
from aitia.graph.unlabelled import MOST_NODES, UnlabelledClasses, class_independences, unlabelled_classes
from aitia.worlds.correlation_text import Hypothesis, Premise

__all__ = ["ENTAILED", "HYPOTHESES", "Systems", "check_size", "systems"]

HYPOTHESES = RELATIONS
"""What is asked of a pair, the first of the two named first."""
ENTAILED = ("contradiction", "neutral", "entailment")
"""Holds in no graph, in some, in all."""
LARGEST = 6
"""Variables of the largest systems that are made without being asked twice."""
SEVEN = "there are 76,907 classes of 7 variables, so 9,690,282 questions; to list them took 2 CPU minutes and 0.3 GB"


@dataclass(frozen=True, eq=False)
class Systems:
    """The closed systems of so many variables, one of each kind.

    Args:
        classes: Their Markov equivalence classes.
        independent: (classes, pairs, 2^variables), as `class_independences`.
        reading: Of common causes and effects.
    """

    classes: UnlabelledClasses
    independent: NDArray[np.bool_]
    reading: Reading

    @property
    def variables(self) -> int:
        """How many each has."""
        return self.classes.nodes

    def __len__(self) -> int:
        return len(self.classes)

    @cached_property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        """The pairs of variables in their order."""
        return tuple(combinations(range(self.variables), 2))

    @cached_property
    def relations(self) -> NDArray[np.int8]:
        """(classes, pairs, hypotheses) numbers of `ENTAILED`."""
        every, some = class_relations(self.classes, self.reading)
        return every.astype(np.int8) + some

    def premise(self, number: int, names: tuple[str, ...], places: tuple[int, ...]) -> Premise:
        """What is stated of a system.

        Args:
            number: Of the system.
            names: In the order in which they are written.
            places: For each variable the place of its name.
        """
        n, held = self.variables, self.independent[number]
        back = np.argsort(places)
        dependent, independent = [], []
        given_names, moved, orders = _conditions(n, names, tuple(back.tolist()))
        for k, (a, b) in enumerate(self.pairs):
            i, j = sorted((int(back[a]), int(back[b])))
            row = held[_number(n, i, j)]
            if not row[0]:
                dependent.append((names[a], names[b]))
            independent += [Independence(names[a], names[b], given_names[m]) for m in orders[k] if row[moved[m]]]
        return Premise(names, tuple(dependent), tuple(independent))

    def hypothesis(
        self, pair: int, kind: int, names: tuple[str, ...], places: tuple[int, ...], turned: bool = False
    ) -> Hypothesis:
        """What is asked of a pair; `turned` names the two of a common effect or cause the other way round."""
        x, y = (names[places[node]] for node in self.pairs[pair])
        asked = HYPOTHESES[kind]
        if asked in ("child", "descendant"):
            return Hypothesis({"child": "parent", "descendant": "ancestor"}[asked], y, x)
        return Hypothesis(asked, y, x) if turned and asked in ("collider", "confounder") else Hypothesis(asked, x, y)


@lru_cache(maxsize=3 * MOST_NODES)
def systems(variables: int, reading: Reading = "path") -> Systems:
    """The closed systems of so many variables."""
    classes, independent = _found(variables)
    return Systems(classes, independent, reading)


@lru_cache(maxsize=MOST_NODES)
def _found(variables: int) -> tuple[UnlabelledClasses, NDArray[np.bool_]]:
    classes = unlabelled_classes(variables)
    return classes, class_independences(classes)


def check_size(least: int, most: int, large: bool) -> None:
    """Refuses sizes that there are no systems of, or that nobody can have meant.

    Raises:
        OptionError: If they are out of range, or there are 7 variables and nobody said that so many are meant.
    """
    if not 2 <= least <= most:
        raise OptionError(f"systems have 2 variables or more, and least is at most most; got {least} to {most}")
    if most > MOST_NODES:
        raise OptionError(
            f"systems of {most} variables cannot be listed: there are over 10 million classes of 8. Ask for {LARGEST} "
            "or fewer"
        )
    if most > LARGEST and not large:
        raise OptionError(f"{SEVEN}. Ask for {LARGEST} variables or fewer, or say large=true (--yes of `aitia world`)")


def _number(n: int, i: int, j: int) -> int:
    """The place of a pair in its order."""
    return i * n - i * (i + 1) // 2 + j - i - 1


@lru_cache(maxsize=4096)
def _conditions(
    n: int, names: tuple[str, ...], back: tuple[int, ...]
) -> tuple[list[tuple[str, ...]], list[int], list[list[int]]]:
    """For each set of places its names and its set of variables; for each pair the sets without it, in their order."""
    named = [tuple(names[p] for p in range(n) if m >> p & 1) for m in range(1 << n)]
    moved = [sum(1 << back[p] for p in range(n) if m >> p & 1) for m in range(1 << n)]
    return named, moved, _orders(n)


@lru_cache(maxsize=MOST_NODES)
def _orders(n: int) -> list[list[int]]:
    lexicographic = sorted(range(1 << n), key=lambda m: [p for p in range(n) if m >> p & 1])
    return [[m for m in lexicographic if not m & (1 << a | 1 << b)] for a, b in combinations(range(n), 2)]

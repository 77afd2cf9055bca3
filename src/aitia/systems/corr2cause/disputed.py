"""The published test items whose labels were found to be wrong, each with both answers.

Of the 1,162 items of the published test file an audit names 18 whose label is not what holds in every graph of their
class. Given here are the place of the item, one graph of its class, the hypothesis and the published label; premise,
class and our answer follow. The second label is the published one.

Source:
    ShaktiOSindia/corr2cause-label-audit (MIT), of the test file of causalnlp/corr2cause at revision 42ba12c.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from aitia.errors import FormatError
from aitia.graph.graph import Graph
from aitia.graph.separation import Independence, is_separated
from aitia.guard import guarded, read_json
from aitia.worlds.correlation_text import Premise, read_hypothesis

__all__ = ["Disputed", "disputed", "premise_of", "read_audit"]


@dataclass(frozen=True)
class Disputed:
    """An item with two answers.

    Args:
        index: Its row in the file, from 0.
        premise: What it states.
        hypothesis: What it asks, in words.
        published: Its label, 1 for entailed.
        audited: What the audit found; None where it is not said.
        members: Graphs of its class that the audit found; None where that is not said.
    """

    index: int
    premise: Premise
    hypothesis: str
    published: int
    audited: int | None = None
    members: int | None = None


def premise_of(graph: Graph) -> Premise:
    """All that the d-separations of a DAG state, in the order of its names; 2^nodes sets a pair."""
    names, n = graph.nodes, len(graph)
    sets = sorted(range(1 << n), key=lambda m: [p for p in range(n) if m >> p & 1])
    dependent, independent = [], []
    for (i, x), (j, y) in combinations(enumerate(names), 2):
        for given in sets:
            if not given & (1 << i | 1 << j):
                those = tuple(name for k, name in enumerate(names) if given >> k & 1)
                if is_separated(graph, x, y, those):
                    independent.append(Independence(x, y, those))
                elif not given:
                    dependent.append((x, y))
    return Premise(names, tuple(dependent), tuple(independent))


_COLLIDER = "There exists at least one collider (i.e., common effect) of {} and {}."
_CONFOUNDER = "There exists at least one confounder (i.e., common cause) of {} and {}."
_FOUR = "AB AC AD BC BD"
_FIVE = "AC AE BE CD DE"
_W = "AC AD AE AF BD BE CD DE DF EF"
_X = "AB AD AE AF BC CE CF DE"
_Y = "AD AE AF BC BD BF CD CF DF EF"
_ITEMS = (
    (115, _FOUR, _COLLIDER.format("A", "B"), 0),
    (321, _FIVE, "A directly causes E.", 0),
    (458, _FIVE, "C is a cause for E, but not a direct one.", 0),
    (553, "AB AC AD AE BC BD BE CD", _COLLIDER.format("A", "B"), 0),
    (631, "AB AC AD AE BC BD", _COLLIDER.format("A", "B"), 0),
    (705, "AD AE AF BE BF CE CF DE EF", "B directly causes F.", 0),
    (731, _X, "D directly causes E.", 0),
    (779, _Y, "C directly causes D.", 0),
    (788, _Y, "C causes something else which causes F.", 0),
    (794, _Y, "A directly causes D.", 0),
    (810, _Y, "B directly causes D.", 0),
    (869, _X, "A is a cause for E, but not a direct one.", 0),
    (920, _W, _CONFOUNDER.format("C", "D"), 1),
    (950, _X, _COLLIDER.format("A", "D"), 0),
    (983, _X, _CONFOUNDER.format("D", "E"), 1),
    (984, _X, _CONFOUNDER.format("D", "F"), 1),
    (1056, _W, "B directly causes E.", 0),
    (1134, _W, "A directly causes F.", 0),
)


@lru_cache(maxsize=1)
def disputed() -> tuple[Disputed, ...]:
    """The 18 items, in the order of the file."""
    found = []
    for index, edges, hypothesis, published in _ITEMS:
        names = sorted(set(edges) - {" "})
        graph = Graph("; ".join(f"{pair[0]} --> {pair[1]}" for pair in edges.split()), names)
        found.append(Disputed(index, premise_of(graph), hypothesis, published))
    return tuple(found)


def read_audit(path: str | Path) -> tuple[Disputed, ...]:
    """The items of a file in the form of the audit (`derivations_18_disputed.json`).

    Raises:
        FormatError: If it is of another form; names the item.
    """
    held = read_json(Path(path), dict)
    items = held.get("items")
    if not isinstance(items, list) or not items:
        raise FormatError(f"{path} has no list `items`, as a file of the audit has")
    found = []
    for number, item in enumerate(items):
        with guarded(path, f"item {number} is not of the audit's form"):
            found.append(_item(item))
    return tuple(found)


def _item(item: Mapping[str, Any]) -> Disputed:
    names = tuple(map(str, item["premise_variables"]))
    dependent = tuple((x, y) for x, y in (pair.split("~") for pair in item["stated_correlations"]))
    independent = tuple(
        Independence(str(one["x"]), str(one["y"]), tuple(map(str, one["given"])))
        for one in item["stated_independencies"]
    )
    read_hypothesis(item["hypothesis"], names)  # refused here where it is of no known wording
    published, audited, members = (int(item[k]) for k in ("gold_label", "derived_label", "equivalence_class_size"))
    if not np.isin([published, audited], [0, 1]).all():
        raise ValueError(f"labels are 0 and 1, got {published} and {audited}")
    return Disputed(
        int(item["index"]), Premise(names, dependent, independent), str(item["hypothesis"]), published, audited, members
    )

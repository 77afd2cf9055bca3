"""Rules that answer without following a path: what every score stands beside.

On the published test files one of the first four is right in up to all of a file's questions (chains told first to
last: the order; branching graphs: the edges that are told).
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from aitia.worlds.axiom_items import Item

__all__ = ["SEPARATION_RULES", "TRANSITIVITY_RULES", "rule_answers"]

Rule = Callable[[Item], bool]


def _order(item: Item) -> bool:
    return item.nodes.index(item.x) < item.nodes.index(item.y)


def _listed(item: Item) -> bool:
    return (item.x, item.y) in item.edges


def _ends(item: Item) -> bool:
    return any(a == item.x for a, _ in item.edges) and any(b == item.y for _, b in item.edges)


def _degree(item: Item) -> bool:
    return _out_less_in(item, item.x) > _out_less_in(item, item.y)


def _out_less_in(item: Item, name: str) -> int:
    return sum((a == name) - (b == name) for a, b in item.edges)


def _not_adjacent(item: Item) -> bool:
    return not {(item.x, item.y), (item.y, item.x)} & {*item.edges}


def _nothing_given(item: Item) -> bool:
    return not item.given


def _neighbour_given(item: Item) -> bool:
    near = {b for a, b in item.edges if a in (item.x, item.y)} | {a for a, b in item.edges if b in (item.x, item.y)}
    return bool(near & {*(item.given or ())})


def _yes(item: Item) -> bool:
    return True


TRANSITIVITY_RULES: Mapping[str, Rule] = {
    "X stands before Y": _order,
    "X -> Y is listed": _listed,
    "X is a cause, Y an effect": _ends,
    "out-in degree of X above Y's": _degree,
    "always yes": _yes,
}
SEPARATION_RULES: Mapping[str, Rule] = {
    "no edge joins X and Y": _not_adjacent,
    "nothing is given": _nothing_given,
    "a neighbour is given": _neighbour_given,
    "always yes": _yes,
}


def rule_answers(items: Sequence[Item]) -> dict[str, NDArray[np.bool_]]:
    """What each rule says, (items,) of whether yes; of questions of both axioms the rules that both have."""
    kinds = {item.axiom for item in items}
    rules = {"transitivity": TRANSITIVITY_RULES, "d-separation": SEPARATION_RULES}
    shared = [rules[kind] for kind in sorted(kinds)]
    return {
        name: np.array([rule(item) for item in items], dtype=bool)
        for name, rule in (shared[0] if shared else {}).items()
        if all(name in held for held in shared)
    }

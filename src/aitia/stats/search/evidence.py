"""How strongly tests speak for and against a collider in the middle of an unshielded triple x - y - z.

Of the sets that may separate x and z some hold y and some do not. If y is a collider, one of the latter does; if it is
none, one of the former. The strength of the evidence is the difference of the largest logarithms of p on the two sides:
above zero for a collider. p-values of many rows underflow, their logarithms do not.

    conservative       a collider where no separating set holds y, none where all do, else open
    majority           by most of the separating sets; half and half is open
    max-p              by the set with the largest p of all
    strongest-first    the same among the sets that the skeleton has shown to separate, with and without y: few tests

The first three take all sets of neighbours of x or of z, so nothing hangs on the order in which sets were tried.

Sources:
    Ramsey, Zhang and Spirtes, Adjacency-faithfulness and conservative causal inference, UAI 2006 (`conservative`).
    Colombo and Maathuis, JMLR 15 (2014) (`majority`).
    Ramsey, Improving accuracy and scalability of the PC algorithm by maximizing p-value, 2016 (`max-p`).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from math import copysign, log
from typing import Literal

import numpy as np

from aitia.graph.bits import bits
from aitia.stats.independence import FisherZ
from aitia.stats.search.assembly import Triple
from aitia.stats.search.partial_correlation import BestSets
from aitia.stats.search.records import Skeleton
from aitia.stats.search.skeleton import Asker

__all__ = ["ColliderRule", "Verdict", "saturated", "unshielded", "verdicts", "vote"]

ColliderRule = Literal["likelihood", "strongest-first", "max-p", "majority", "conservative"]

SLIGHT = 1e-9
"""Weight of what a rule leaves open: no collider where nothing else speaks, and the likelier ones first to give way."""

MOST = 20.0
"""What a weight tends to: what is certain is not outvoted by what is more certain."""

ROUNDING = 1e-10
"""Difference of two logarithms, beside their size, that the order in which rows and columns are summed can make."""

HUGE = 1e9
"""In place of an infinite difference."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a rule says of one triple.

    Args:
        collider: Whether the middle is a collider; None where the rule leaves it open.
        strength: In favour of a collider; below zero against it.
        why: Says of the triple why, in words.
    """

    collider: bool | None
    strength: float
    why: Callable[[Triple], str]


def saturated(strength: float) -> float:
    """A strength as a weight that tends to `MOST`."""
    return strength / (1 + abs(strength) / MOST)


def vote(strength: float) -> float:
    """A strength as a vote: nearly the same weight for all."""
    return copysign(1.0, strength) + saturated(strength) / (100 * MOST)


def unshielded(adjacent: Sequence[int]) -> list[Triple]:
    """Every x, y, z with x - y - z and x, z apart, x before z."""
    return [
        (x, y, z)
        for y, around in enumerate(adjacent)
        for x in bits(around)
        for z in bits(around & ~adjacent[x] & (-2 << x))
    ]


def verdicts(
    skeleton: Skeleton, rule: ColliderRule, asker: Asker, alpha: float, max_depth: int
) -> dict[Triple, Verdict]:
    """What a rule says of each unshielded triple; of ends that knowledge keeps apart no test says anything.

    Args:
        skeleton: Adjacencies and separating sets.
        rule: One of this module; `likelihood` starts from `strongest-first`.
        asker: Puts the tests.
        alpha: A set with a p-value above it separates.
        max_depth: Largest conditioning set.
    """
    triples = unshielded(skeleton.adjacent)
    by_strength = rule in ("likelihood", "strongest-first")
    if by_strength and isinstance(skeleton.separators, BestSets) and isinstance(asker.test, FisherZ):
        return _of_best_sets(triples, skeleton.separators, asker.test)
    triples = [t for t in triples if _pair(t) in skeleton.separators]
    if by_strength:
        sets = {t: _with_and_without(skeleton.separators[_pair(t)], t[1]) for t in triples}
    else:
        near = {_pair(t): _sets_of_neighbors(skeleton, *_pair(t), max_depth) for t in triples}
        sets = {t: near[_pair(t)] for t in triples}
    names = skeleton.names
    asked = {(*_pair(t), mask): None for t, masks in sets.items() for mask in masks}
    told = asker.ask([(names[x], names[z], _named(names, mask)) for x, z, mask in asked], "colliders")
    logs = {key: tested.log_p_value for key, tested in zip(asked, told, strict=True)}
    found = {}
    for triple, masks in sets.items():
        values = {mask: logs[(*_pair(triple), mask)] for mask in masks}
        found[triple] = _judge(triple, values, rule, log(alpha), names, skeleton.separators[_pair(triple)])
    return found


def _of_best_sets(triples: Sequence[Triple], separators: BestSets, test: FisherZ) -> dict[Triple, Verdict]:
    """What the best set of each pair says, with the middle and without it; the tests of a size at once."""
    x, y, z = np.array(triples, np.int64).reshape(-1, 3).T
    without, with_ = np.full(len(x), np.nan), np.full(len(x), np.nan)
    for chosen, given in separators.by_size(x, z):
        middle = y[chosen]
        held = given == middle[:, None]
        inside = held.any(axis=1)
        beside = given[inside][~held[inside]].reshape(np.count_nonzero(inside), -1) if inside.any() else given[inside]
        joined = np.sort(np.column_stack([given, middle])[~inside], axis=1)
        for rows, fewer, more in ((inside, beside, given[inside]), (~inside, given[~inside], joined)):
            places = chosen[rows]
            if len(places):
                without[places] = test.log_p_values(x[places], z[places], fewer)
                with_[places] = test.log_p_values(x[places], z[places], more)

    def why(triple: Triple) -> str:
        x, y, z = triple
        (best,) = separators[x, z]
        return _most_independent(best | 1 << y if found[triple].collider is False else best & ~(1 << y), names, triple)

    names, found = test.names, dict[Triple, Verdict]()
    for triple, out, within in zip(triples, without.tolist(), with_.tolist(), strict=True):
        if out == out:  # a number: of ends that knowledge keeps apart no test says anything
            found[triple] = _strongest(out, within, why)
    return found


def _judge(
    triple: Triple,
    logs: Mapping[int, float],
    rule: ColliderRule,
    level: float,
    names: Sequence[str],
    separators: Sequence[int],
) -> Verdict:
    _, y, _ = triple
    without = max((value for mask, value in logs.items() if not mask >> y & 1), default=level)  # beyond the depth
    with_ = max((value for mask, value in logs.items() if mask >> y & 1), default=level)
    if rule in ("likelihood", "strongest-first", "max-p"):
        return _strongest(without, with_, partial(_most_independent, max(logs, key=logs.__getitem__), names))
    strength = _difference(without, with_)
    separating = [mask for mask, value in logs.items() if value > level] or separators
    share = sum(mask >> y & 1 for mask in separating) / len(separating)
    told = partial(_share_of_sets, share, names)
    voted = (True if not share else False if share == 1 else None) if rule == "conservative" else None
    if rule == "majority" and share != 0.5:
        voted = share < 0.5
    if voted is None:
        return Verdict(None, SLIGHT * (saturated(strength) - 2 * MOST), told)
    size = max(abs(strength), SLIGHT * 10 * MOST)
    return Verdict(voted, size if voted else -size, told)


def _difference(without: float, with_: float) -> float:
    if without == with_ or abs(without - with_) <= ROUNDING * (1 + min(abs(without), abs(with_))):
        return 0.0
    return max(-HUGE, min(HUGE, without - with_))


def _strongest(without: float, with_: float, why: Callable[[Triple], str]) -> Verdict:
    """The verdict by the largest logarithms of p without the middle and with it."""
    strength = _difference(without, with_)
    return Verdict(strength > 0 if strength else None, strength or -SLIGHT * MOST, why)


def _most_independent(best: int, names: Sequence[str], triple: Triple) -> str:
    x, y, z = triple
    told = "nothing" if not best else "{" + ", ".join(_named(names, best)) + "}"
    how = "with" if best >> y & 1 else "without"
    return f"{names[x]} and {names[z]} are most independent given {told}, {how} {names[y]}"


def _share_of_sets(share: float, names: Sequence[str], triple: Triple) -> str:
    x, y, z = triple
    return f"{names[y]} is in {share:.0%} of the sets that separate {names[x]} and {names[z]}"


def _pair(triple: Triple) -> tuple[int, int]:
    return triple[0], triple[2]


def _with_and_without(separators: Iterable[int], y: int) -> list[int]:
    return list(dict.fromkeys(m for mask in separators for m in (mask & ~(1 << y), mask | 1 << y)))


def _sets_of_neighbors(skeleton: Skeleton, x: int, z: int, max_depth: int) -> list[int]:
    """Every set of neighbours of x or of z up to the depth, and what the skeleton found."""
    masks: dict[int, None] = dict.fromkeys(skeleton.separators[x, z])
    for row in (skeleton.adjacent[x], skeleton.adjacent[z]):
        nodes = tuple(bits(row))
        for size in range(min(len(nodes), max_depth) + 1):
            masks.update(dict.fromkeys(sum(1 << k for k in chosen) for chosen in combinations(nodes, size)))
    return list(masks)


def _named(names: Sequence[str], mask: int) -> tuple[str, ...]:
    return tuple(names[k] for k in bits(mask))

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

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import combinations
from math import log
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from aitia.graph._pdag import MANY
from aitia.graph.bits import bits, from_words, to_words
from aitia.stats.independence import FisherZ
from aitia.stats.search.assembly import Triple
from aitia.stats.search.partial_correlation import BestSets
from aitia.stats.search.records import Skeleton
from aitia.stats.search.skeleton import Asker

__all__ = ["BestVerdicts", "ColliderRule", "Verdict", "saturated", "unshielded", "verdicts", "weighed"]

Places = NDArray[np.int64]
Values = NDArray[np.float64]

ColliderRule = Literal["likelihood", "strongest-first", "max-p", "majority", "conservative"]

SLIGHT = 1e-9
"""Weight of what a rule leaves open: no collider where nothing else speaks, and the likelier ones first to give way."""

MOST = 20.0
"""What a weight tends to: what is certain is not outvoted by what is more certain."""

ALIKE = 1e-9
"""Share of a logarithm of p up to which a difference may be rounding, which hangs on the order of the columns."""

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
) -> Mapping[Triple, Verdict]:
    """What a rule says of each unshielded triple; of ends that knowledge keeps apart no test says anything.

    Args:
        skeleton: Adjacencies and separating sets.
        rule: One of this module; `likelihood` starts from `strongest-first`.
        asker: Puts the tests.
        alpha: A set with a p-value above it separates.
        max_depth: Largest conditioning set.
    """
    by_strength = rule in ("likelihood", "strongest-first")
    if by_strength and isinstance(skeleton.separators, BestSets) and isinstance(asker.test, FisherZ):
        return _of_best_sets(skeleton.adjacent, skeleton.separators, asker.test)
    triples = [t for t in unshielded(skeleton.adjacent) if _pair(t) in skeleton.separators]
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


class BestVerdicts(Mapping[Triple, Verdict]):
    """What the best set of each pair says of triples: arrays, and each verdict in words when it is read.

    Args:
        triples: (m, 3).
        without: (m,) logarithms of p given the best set without the middle; NaN where no test says anything.
        with_: (m,) given it with the middle.
        separators: The best sets.
        names: Of the variables.
    """

    def __init__(
        self, triples: Places, without: Values, with_: Values, separators: BestSets, names: Sequence[str]
    ) -> None:
        asked = ~np.isnan(without)
        self.triples, self.without, self.with_ = triples[asked], without[asked], with_[asked]
        self.separators, self.names = separators, names
        with np.errstate(invalid="ignore"):  # both infinite
            found = np.clip(self.without - self.with_, -HUGE, HUGE)
        found[np.isnan(found) | (np.abs(found) <= ALIKE * (1 + np.minimum(-self.without, -self.with_)))] = 0.0
        self.said = np.sign(found)  # 1 for a collider, -1 for none, 0 for what is left open
        self.strength: Values = np.where(self.said == 0, -SLIGHT * MOST, found)

    @cached_property
    def _places(self) -> dict[Triple, int]:
        return {(x, y, z): k for k, (x, y, z) in enumerate(self.triples.tolist())}

    def __getitem__(self, triple: Triple) -> Verdict:
        k = self._places[triple]
        return _strongest(float(self.without[k]), float(self.with_[k]), self._why)

    def __iter__(self) -> Iterator[Triple]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self.triples)

    def _why(self, triple: Triple) -> str:
        x, y, z = triple
        best = self.separators[x, z][0]
        held = best | 1 << y if self[triple].collider is False else best & ~(1 << y)
        return _most_independent(held, self.names, triple)

    def least_contradicted(self, adjacent: Sequence[int]) -> list[int] | None:
        """The parents in a DAG on these adjacencies that contradicts the evidence least, see `assembly`; compiled.

        None where several nodes contradict the same and none is alone with its cost.
        """
        from aitia.stats.search import _arrows_kernel

        weights = self.strength / (1 + np.abs(self.strength) / MOST)  # saturated
        parents, all_ = _arrows_kernel.least_contradicted(to_words(adjacent), self.triples, weights)
        return from_words(parents) if all_ else None

    def passed_over(self, parents: Sequence[int]) -> list[Triple]:
        """The triples of which a DAG, or what all members of a class have, says otherwise."""
        x, y, z = self.triples.T
        into = to_words(parents)
        both = [into[y, of >> 6] >> (of & 63).astype(np.uint64) & np.uint64(1) for of in (x, z)]
        odd = (self.said != 0) & (((both[0] & both[1]) != 0) != (self.said > 0))
        return [(x, y, z) for x, y, z in self.triples[odd].tolist()]


def _of_best_sets(adjacent: Sequence[int], separators: BestSets, test: FisherZ) -> BestVerdicts:
    """What the best set of each pair says, with the middle and without it; all tests at once."""
    compiled = len(adjacent) >= MANY
    if compiled:
        from aitia.stats.search import _arrows_kernel

        triples = _arrows_kernel.unshielded(to_words(adjacent))
    else:
        triples = np.array(unshielded(adjacent), np.int64).reshape(-1, 3)
    x, y, z = triples.T
    without, with_ = np.full(len(x), np.nan), np.full(len(x), np.nan)
    sets = list(separators.by_size(x, z))
    if compiled:
        given = np.empty((len(x), max((of.shape[1] for _, of in sets), default=0)), np.int64)
        size = np.full(len(x), -1)
        for chosen, of in sets:
            given[chosen, : of.shape[1]], size[chosen] = of, of.shape[1]
        if _arrows_kernel.evidence(test.correlation, test.n, triples, given, size, without, with_):
            sets = []
    for chosen, given in sets:
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
    if separators.tied:
        _with_ties(triples, without, with_, separators, test)
    return BestVerdicts(triples, without, with_, separators, test.names)


def _with_ties(triples: Places, without: Values, with_: Values, separators: BestSets, test: FisherZ) -> None:
    """Of ends that several sets separate alike the largest logarithms of p of all of them."""
    for t, (x, y, z) in enumerate(triples.tolist()):
        sets = separators.tied.get((x, z))
        if sets is not None:
            ends = np.array([x]), np.array([z])
            for values, masks in ((without, [m & ~(1 << y) for m in sets]), (with_, [m | 1 << y for m in sets])):
                values[t] = max(test.log_p_values(*ends, np.array([list(bits(m))], np.int64))[0] for m in masks)


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
    found = 0.0 if without == with_ else max(-HUGE, min(HUGE, without - with_))
    return 0.0 if abs(found) <= ALIKE * (1 + min(abs(without), abs(with_))) else found


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


def weighed(said: Mapping[Triple, Verdict]) -> dict[Triple, float]:
    """How much each verdict counts."""
    return {triple: saturated(verdict.strength) for triple, verdict in said.items()}

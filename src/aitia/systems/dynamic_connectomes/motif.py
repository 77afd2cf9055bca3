"""A motif: which pairs of units change together, when, in which animals; its communities, and who is strong there."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.errors import OptionError
from aitia.systems.dynamic_connectomes.affinity import pair_matrix, pair_places

__all__ = ["Motif", "RankedUnit", "Silencing"]

HELD = 0.8
"""Share of its time factor that lies in a motif's window."""
Values = NDArray[Any]
Codes = NDArray[np.int64]


@dataclass(frozen=True)
class RankedUnit:
    """A unit of a community.

    Args:
        unit: Its name.
        strength: Sum of its pair weights inside the community.
        share: Of the weights of all pairs in the community, those that it is part of.
    """

    unit: str
    strength: float
    share: float


@dataclass(frozen=True)
class Silencing:
    """What silencing a unit should do to a motif.

    Args:
        unit: Silenced.
        motif: Number of the motif.
        community: Its members.
        window: First and last second in which the motif is on.
        alone: Share of the community's weights that goes if the unit drives nobody: that of its own pairs.
        drives: Share that goes if it drives its whole community: all of it.
    """

    unit: str
    motif: int
    community: tuple[str, ...]
    window: tuple[float, float]
    alone: float
    drives: float = 1.0

    def __str__(self) -> str:
        return (
            f"silence {self.unit}: from {self.window[0]:.0f} to {self.window[1]:.0f} s the affinities of its community "
            f"({len(self.community)} units) in motif {self.motif + 1} fall by {self.alone:.0%} if it drives nobody, by "
            "up to all if it drives the others; those of other communities stay"
        )


@dataclass(frozen=True, eq=False)
class Motif:
    """One component of the affinities.

    Args:
        number: From 0, in the order of the centre in time.
        times: (bins,), unit length.
        animals: (animals,), unit length.
        pairs: (pairs,), which carries the size.
        units: Names.
        levels: Of each level the community of every unit, (units,), the finest first.
        seconds: Middle of each bin.
    """

    number: int
    times: Values
    animals: Values
    pairs: Values
    units: tuple[str, ...]
    levels: tuple[Codes, ...]
    seconds: Values

    @property
    def matrix(self) -> Values:
        """The pair weights, (units, units)."""
        return pair_matrix(self.pairs, len(self.units))

    @property
    def labels(self) -> Codes:
        """Communities of the finest level."""
        return self.levels[0]

    @property
    def window(self) -> tuple[float, float]:
        """The shortest stretch that holds four fifths of its time factor: first and last second."""
        held = np.concatenate([[0.0], np.cumsum(self.times, dtype=np.float64)])
        stops = np.searchsorted(held, held[:-1] + HELD * held[-1] * (1 - 1e-12))
        starts = np.flatnonzero(stops < len(held))
        first = int(starts[np.argmin(stops[starts] - starts)])
        width = 2 * float(self.seconds[0])
        return first * width, int(stops[first]) * width

    def cohesion(self) -> Values:
        """Of each community of the finest level the mean weight of its pairs, (communities,); 0 for a single unit."""
        matrix, labels = self.matrix, self.labels
        found = np.zeros(int(labels.max()) + 1)
        for community in range(len(found)):
            inside = np.flatnonzero(labels == community)
            if len(inside) > 1:
                found[community] = matrix[np.ix_(inside, inside)].sum() / (len(inside) * (len(inside) - 1))
        return found

    def community(self, unit: str) -> int:
        """Number of the community of a unit."""
        if unit not in self.units:
            raise OptionError(f"there is no unit {unit!r}; there are {', '.join(self.units)}")
        return int(self.labels[self.units.index(unit)])

    def members(self, community: int) -> tuple[str, ...]:
        """The units of a community."""
        if not 0 <= community <= int(self.labels.max()):
            raise OptionError(f"motif {self.number} has communities 0 to {int(self.labels.max())}, got {community}")
        return tuple(unit for unit, label in zip(self.units, self.labels, strict=True) if label == community)

    def inside(self, community: int) -> NDArray[np.bool_]:
        """(pairs,), which pairs lie in the community."""
        of = self.labels == community
        i, j = pair_places(len(self.units))
        return np.asarray(of[i] & of[j])

    def ranked(self, community: int) -> tuple[RankedUnit, ...]:
        """The units of a community, the strongest inside it first."""
        place = {unit: k for k, unit in enumerate(self.units)}
        of = [place[unit] for unit in self.members(community)]
        inside = self.matrix[np.ix_(of, of)].sum(axis=1)
        total = max(float(inside.sum()) / 2, 1e-300)
        ranked = [RankedUnit(self.units[k], float(s), float(s) / total) for k, s in zip(of, inside, strict=True)]
        return tuple(sorted(ranked, key=lambda unit: (-unit.strength, place[unit.unit])))

    def silencing(self, unit: str) -> Silencing:
        """What silencing the unit should do here."""
        community = self.community(unit)
        own = {ranked.unit: ranked.share for ranked in self.ranked(community)}[unit]
        return Silencing(unit, self.number, self.members(community), self.window, own)

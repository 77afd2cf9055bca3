"""A conditional probability table as a mechanism.

    x = F^-1(u | parents),   u uniform on [0, 1)                                (1)

F is the cumulative distribution over the labels in their order. (1) is a convention: a table fixes the probabilities
of x but not which noise does what, and counterfactuals depend on that choice. This one is monotone - a change of
parents that moves probability to later labels never moves a row to an earlier label - and under it the noise
splits into finitely many intervals, which makes counterfactual posteriors exact.

Source:
    Pearl, Causality, 2nd ed. (2009), section 8.2 (response functions); Oberst and Sontag (2019) for the alternative,
    Gumbel-max, and why a convention is needed at all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from aitia.errors import OptionError
from aitia.scm._arrays import Values, choose, frozen_array, stretch
from aitia.scm.mechanism import Mechanism

__all__ = ["TableMechanism"]


@dataclass(frozen=True, eq=False)
class TableMechanism(Mechanism):
    """P(x | parents) as an array.

    Args:
        parents: Names of the causes.
        table: Shape (k_1, ..., k_m, k): entry [a_1, ..., a_m, b] is P(x = b | parents = a_1, ..., a_m), in codes.

    Raises:
        OptionError: If the array has not one axis a parent and one more, an entry is negative or not finite, or a row
            does not sum to 1.

    Example:
        >>> rain = TableMechanism((), [0.8, 0.2])
        >>> wet = TableMechanism(("rain",), [[0.9, 0.1], [0.05, 0.95]])
        >>> wet.solve([np.array([0.0, 1.0])], np.array([0.5, 0.5])).tolist()
        [0.0, 1.0]
    """

    parents: tuple[str, ...]
    table: Values

    def __post_init__(self) -> None:
        object.__setattr__(self, "parents", tuple(self.parents))
        table = np.array(self.table, dtype=np.float64)
        if table.ndim != len(self.parents) + 1 or 0 in table.shape:
            raise OptionError(
                f"a table of {len(self.parents)} parents has {len(self.parents) + 1} axes, got shape {table.shape}"
            )
        if not np.isfinite(table).all() or (table < 0).any():
            raise OptionError("the entries of a probability table are numbers between 0 and 1")
        total = table.sum(axis=-1, keepdims=True)
        if (off := np.argwhere(np.abs(total[..., 0] - 1) > 1e-3)).size:
            where = tuple(int(i) for i in off[0])
            given = dict(zip(self.parents, where, strict=True))
            raise OptionError(f"probabilities sum to 1, but given {given} they sum to {float(total[where][0]):.6g}")
        # Printed tables are rounded; a row that already sums to 1 keeps its bits, so that saving changes nothing.
        object.__setattr__(self, "table", frozen_array(np.where(np.abs(total - 1) > 1e-12, table / total, table)))

    @property
    def levels(self) -> tuple[int, ...]:
        """For each parent, its number of labels."""
        return self.table.shape[:-1]

    @property
    def cardinality(self) -> int:
        """Number of labels of the variable."""
        return int(self.table.shape[-1])

    def draw(self, u: Values) -> Values:
        """The uniform number itself."""
        return u

    def solve(self, parents: Sequence[Values], noise: Values) -> Values:
        """The label whose stretch of [0, 1) holds the noise."""
        if not parents:
            return choose(self._edges, noise)
        place = parents[0]
        for values, k in zip(parents[1:], self.levels[1:], strict=True):
            place = place * k + values
        rows = place.astype(np.intp)
        return choose([edge.take(rows) for edge in self._edges], noise)

    @cached_property
    def _edges(self) -> list[Values]:
        """Where the stretch of [0, 1) of each label but the last ends, for every combination of the parents."""
        ends = np.cumsum(self.table, axis=-1)
        return [np.ascontiguousarray(ends[..., k]).ravel() for k in range(self.cardinality - 1)]

    def abduct(self, values: Values, parents: Sequence[Values], u: Values, name: str) -> Values:
        """A point of the label's stretch, even under the posterior when u is uniform."""
        return stretch(self.probabilities(parents, len(values)), values, u, name)

    def probabilities(self, parents: Sequence[Values], n: int) -> Values:
        """P(x | the parents of each row), (n, k)."""
        if not parents:
            return np.broadcast_to(self.table, (n, self.cardinality))
        return self.table[tuple(p.astype(np.intp) for p in parents)]

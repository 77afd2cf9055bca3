"""One order for the unmixings of several groups, and how far from exact it is.

In group k the noise is ε = M_k x with M_k = B_k H up to the order and the signs of its rows, B_k triangular, H shared.
Here the source comes first, so B_k is lower triangular, and the first row of M_k is a multiple of the first row of H in
every group: stack one row of each M_k, and they have rank one. Take them out of the other rows, and the same holds for
the second. For rows chosen in this way,

    h_i = first right singular vector of the stacked rows,    B_k = lower triangle of M_k H',                        (1)
    J_k = B_k H M_k^+,    inexactness_k = mean_i (1 - J_ii² / Σ_j J_ij²).                                            (2)

All choices of rows are followed together, from the source on; where there are more than `beam`, those are dropped whose
stacked rows are furthest from rank one. So the answer is exact as long as (d!)^groups <= beam.

Source:
    Jin, Syrgkanis, Kakade and Zhang, Discovering hierarchical latent capabilities of language models via causal
    representation learning, 2025, algorithm 1; Jin and Syrgkanis, Learning causal representations from general
    environments, NeurIPS 2024, for the recovery of H.
"""

from dataclasses import dataclass
from math import factorial

import numpy as np
from numpy.typing import NDArray

from aitia.errors import DataError

__all__ = ["Ordering", "order_unmixings"]

Values = NDArray[np.float64]
Codes = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Ordering:
    """Unmixings in a common order, the source first.

    Args:
        rows: (groups, d) which row of each unmixing stands at which place.
        shared: H, (d, variables), orthonormal rows.
        triangular: B, (groups, d, d), lower triangular.
        inexactness: (2), (groups,).
        exact: Whether every choice of rows was followed to its end.
    """

    rows: Codes
    shared: Values
    triangular: Values
    inexactness: Values
    exact: bool

    @property
    def mic(self) -> float:
        """The largest inexactness of a group, which is what the order is chosen by."""
        return float(self.inexactness.max())


@dataclass
class _Choices:
    """Many choices at once: the rows so far, what is left of every row, H so far, and the distance from rank one."""

    rows: Codes
    left: Values
    shared: Values
    apart: Values

    def take(self, chosen: Codes) -> "_Choices":
        return _Choices(self.rows[chosen], self.left[chosen], self.shared[chosen], self.apart[chosen])


def order_unmixings(unmixings: Values, *, beam: int = 10_000) -> Ordering:
    """The order of smallest largest inexactness.

    O((d!)^groups) where that is at most `beam`; else O(beam * groups * d² * variables).

    Args:
        unmixings: M_k, (groups, d, variables); rows in any order and of either sign.
        beam: Choices that are followed at most.

    Raises:
        DataError: If an unmixing has dependent rows.
    """
    groups, d, variables = unmixings.shape
    size = np.linalg.svd(unmixings, compute_uv=False)
    if bad := np.flatnonzero(size[:, -1] <= 1e-10 * size[:, 0]).tolist():
        raise DataError(f"the unmixing of group {bad[0]} has linearly dependent rows: fewer latents than {d} are there")
    choices = _Choices(
        np.zeros((1, groups, 0), dtype=np.int64), unmixings[None], np.zeros((1, 0, variables)), np.zeros(1)
    )
    exact = factorial(d) ** groups <= beam
    for _ in range(d):
        choices = _next_place(choices, None if exact else beam)
    ordered = np.take_along_axis(unmixings[None], choices.rows[:, :, :, None], axis=2)
    triangular = np.tril(ordered @ np.swapaxes(choices.shared, 1, 2)[:, None])
    inverse = np.linalg.pinv(unmixings)
    back = np.take_along_axis(inverse[None], choices.rows[:, :, None, :], axis=3)
    product = triangular @ choices.shared[:, None] @ back
    off = 1 - np.diagonal(product, axis1=2, axis2=3) ** 2 / np.maximum((product**2).sum(axis=3), 1e-300)
    inexactness = off.mean(axis=2)
    best = int(inexactness.max(axis=1).argmin())
    return Ordering(
        choices.rows[best],
        choices.shared[best],
        triangular[best],
        inexactness[best],
        exact,
    )


def _next_place(choices: _Choices, beam: int | None) -> _Choices:
    """Every choice with one more row of each group, taken out of what is left; without a beam, all of them."""
    n, groups, d, _ = choices.left.shape
    origin, picked = np.arange(n), np.zeros((n, 0), dtype=np.int64)
    for k in range(groups):
        free = np.ones((n, d), dtype=bool)
        np.put_along_axis(free, choices.rows[:, k], False, axis=1)
        which, row = np.nonzero(free[origin])
        origin, picked = origin[which], np.concatenate([picked[which], row[:, None]], axis=1)
        if beam is not None and len(origin) > beam:
            stacked = choices.left[origin[:, None], np.arange(k + 1), picked]
            kept = np.argpartition(choices.apart[origin] + _apart_from_rank_one(stacked), beam)[:beam]
            origin, picked = origin[kept], picked[kept]
    stacked = choices.left[origin[:, None], np.arange(groups), picked]
    gram = stacked @ np.swapaxes(stacked, 1, 2)
    top = np.linalg.eigh(gram)[1][:, :, -1]
    direction = (top[:, None] @ stacked)[:, 0]
    direction /= np.maximum(np.linalg.norm(direction, axis=1, keepdims=True), 1e-300)
    taken = choices.take(origin)
    left = taken.left - (taken.left @ direction[:, None, :, None]) * direction[:, None, None, :]
    return _Choices(
        np.concatenate([taken.rows, picked[:, :, None]], axis=2),
        left,
        np.concatenate([taken.shared, direction[:, None]], axis=1),
        taken.apart if beam is None else taken.apart + _apart_from_rank_one(stacked),
    )


def _apart_from_rank_one(stacked: Values) -> Values:
    """The share of the squares of unit rows (n, groups, variables) outside their first singular direction."""
    unit = stacked / np.maximum(np.linalg.norm(stacked, axis=2, keepdims=True), 1e-300)
    share: Values = 1 - np.linalg.eigvalsh(unit @ np.swapaxes(unit, 1, 2))[:, -1] / stacked.shape[1]
    return share

"""What to know about a fit: how far vectors are from those of their laws, and what to keep in mind."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from aitia.systems.gde.config import GDEConfig
from aitia.systems.gde.network import Network
from aitia.systems.gde.sets import FEW, Sets

__all__ = ["between", "deviations", "doubts", "farthest"]

Values = NDArray[np.float64]


def deviations(net: Network, sets: Sequence[Tensor], seed: int) -> Values:
    """How far vectors are from those of their laws: half the distance of the vectors of two halves (m^(-1/2))."""
    rng = np.random.default_rng([seed, 31])
    orders = [rng.permutation(len(rows)) for rows in sets]
    one = net.vectors([rows[order[: len(rows) // 2]] for rows, order in zip(sets, orders, strict=True)])
    two = net.vectors([rows[order[len(rows) // 2 :]] for rows, order in zip(sets, orders, strict=True)])
    found: Values = np.linalg.norm(one - two, axis=1) / 2
    return found


def doubts(sets: Sets, latents: Values, off: Values, config: GDEConfig) -> tuple[str, ...]:
    """Sentences on small sets, columns of unlike spread, and what the published method does not have."""
    told = []
    spacing = float(np.median(between(latents, latents)[np.triu_indices(len(latents), 1)]))
    for label, rows, deviation in zip(sets.labels, sets.rows, off, strict=True):
        if len(rows) < FEW:
            told.append(
                f"set {label!r} has only {len(rows)} rows: its vector is {deviation:.2g} off that of its law "
                f"(sets are {spacing:.2g} apart)"
            )
    spread = np.concatenate(sets.rows).std(axis=0)
    if config.scaling != "columns" and spread.max() > 1e3 * max(spread[spread > 0].min(initial=np.inf), 1e-300):
        told.append(
            f"the spread of {sets.columns[int(spread.argmax())]} is more than 1000 times that of another column, "
            "which hardly counts: take scaling='columns'"
        )
    if config.isometry:
        told.append("isometry is on: a term for distances that the published method does not have")
    return tuple(told)


def farthest(latents: Values) -> float:
    """The largest distance of a set from its nearest."""
    apart = between(latents, latents)
    np.fill_diagonal(apart, np.inf)
    return float(apart.min(axis=1).max())


def between(a: Values, b: Values) -> Values:
    """(len(a), len(b)) Euclidean distances."""
    apart: Values = np.sqrt(((a[:, None] - b[None]) ** 2).sum(-1))
    return apart

"""How small the inexactness of the best order becomes where there is no order to find; see the learner's module."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from aitia.systems.hca.ica import independent_components, whitening
from aitia.systems.hca.ordering import Ordering, order_unmixings

__all__ = ["alike_groups", "order_again", "unrelated_directions", "unrelated_groups"]

Values = NDArray[np.float64]
Told = Callable[[int], None]


def order_again(rows: Sequence[Values], factors: int, *, starts: int, beam: int) -> Ordering:
    """The order of other rows, in a third of the starts: one of many whose spread counts."""
    found = [
        independent_components(x, factors, starts=max(starts // 3, 1), iterations=100, tolerance=1e-4, seed=k)
        for k, x in enumerate(rows)
    ]
    return order_unmixings(np.stack([c.unmixing for c in found]), beam=beam)


def unrelated_groups(
    rows: Sequence[Values], factors: int, draws: int, rng: np.random.Generator, *, beam: int, told: Told | None = None
) -> Values:
    """The largest inexactness where the independent directions of the groups have nothing to do with each other.

    Args:
        rows: Scores of each group, (n, scores).
        factors: d.
        draws: Of random rotations.
        rng: Draws them.
        beam: Choices of rows that are followed at most.
        told: The number of draws done.

    Returns:
        (draws,).
    """
    whitenings = np.stack([whitening(x, factors) for x in rows])
    found = []
    for k in range(draws):
        rotations = np.linalg.qr(rng.standard_normal((len(rows), factors, factors)))[0]
        found.append(order_unmixings(rotations @ whitenings, beam=beam).mic)
        if told is not None:
            told(k + 1)
    return np.array(found)


def alike_groups(
    rows: Sequence[Values], factors: int, draws: int, rng: np.random.Generator, *, starts: int, beam: int, told: Told
) -> Values:
    """The largest inexactness where the groups have one distribution: rows dealt out anew, each centred in its own."""
    ends = np.cumsum([len(part) for part in rows])[:-1]
    pooled = np.concatenate([part - part.mean(axis=0) for part in rows])
    found = []
    for k in range(draws):
        found.append(order_again(np.split(rng.permutation(pooled), ends), factors, starts=starts, beam=beam).mic)
        told(k + 1)
    return np.array(found)


def unrelated_directions(rows: Sequence[Values], factors: int, rng: np.random.Generator, *, beam: int) -> Values:
    """What one standard deviation of noise does to the scores of each group, (groups, scores, d), in one such draw."""
    whitenings = np.stack([whitening(x, factors) for x in rows])
    rotations = np.linalg.qr(rng.standard_normal((len(rows), factors, factors)))[0]
    order = order_unmixings(rotations @ whitenings, beam=beam)
    directions: Values = np.asarray(np.linalg.pinv(order.triangular @ order.shared), dtype=np.float64)
    return directions

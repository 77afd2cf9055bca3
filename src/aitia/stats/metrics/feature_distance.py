"""How far drawn pictures are from true ones, by the features of a frozen network, with what such a number cannot say.

The value is the Fréchet distance of `aitia.stats.metrics.distribution`; with the features of Inception it is FID, with
those of another network another number. Its limits belong beside it wherever it stands:

    it compares only with distances of the same network and as many rows, for it is biased upward by few rows;
    it sees means and covariances of what the network keeps: what the network was never taught may differ unseen;
    it does not ask whether a picture follows from what it was drawn for, nor whether it was learnt by heart.

`floor` is the distance between halves of the reference, which has no fault at all: a value near it says that no
difference was seen. As halves have half of the rows, the floor is rather too high than too low.

Source:
    Chong and Forsyth, Effectively unbiased FID and Inception score, CVPR 2020 (the bias).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from aitia.errors import DataError
from aitia.stats.metrics.distribution import frechet_distance

__all__ = ["FeatureDistance", "feature_distance"]


@dataclass(frozen=True)
class FeatureDistance:
    """A distance beside its floor; lower is nearer.

    Args:
        value: Between the two sets.
        floor: Between halves of the reference, the mean over splits.
        rows: Of the smaller set.
        features: Numbers of a row.
        network: Which network gave them: its fingerprint.
    """

    value: float
    floor: float
    rows: int
    features: int
    network: str = ""

    def __str__(self) -> str:
        by = f" of network {self.network[:12]}" if self.network else ""
        return (
            f"{self.value:.3g} (halves of the reference: {self.floor:.3g}; {self.rows} rows of {self.features} "
            f"features{by})"
        )


def feature_distance(
    features: ArrayLike, reference: ArrayLike, *, splits: int = 5, seed: int = 0, network: str = ""
) -> FeatureDistance:
    """The distance of features from a reference.

    Args:
        features: (n, d), of a frozen network.
        reference: (m, d), of the same network.
        splits: Of the reference into halves.
        seed: Of the splits.
        network: Fingerprint of the network.

    Raises:
        DataError: If a set has fewer than four rows, features do not match, or a number is not finite.
    """
    x, y = np.asarray(features, dtype=np.float64), np.asarray(reference, dtype=np.float64)
    if min(len(x), len(y)) < 4:
        raise DataError(f"a distance takes four rows or more of each, got {len(x)} and {len(y)}")
    rng, halves = np.random.default_rng(seed), []
    value = frechet_distance(x, y)
    for _ in range(splits):
        order = rng.permutation(len(y))
        halves.append(frechet_distance(y[order[: len(y) // 2]], y[order[len(y) // 2 :]]))
    return FeatureDistance(float(value), float(np.mean(halves)), min(len(x), len(y)), x.shape[1], network)

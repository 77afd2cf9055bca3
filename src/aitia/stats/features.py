"""Numbers read off rows without any training: what trivial baselines and judges of counterfactuals stand on."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["coarse", "principal_components", "random_features"]

Values = NDArray[np.float64]
SIDE = 8
"""Patches on a side of an image."""


def coarse(rows: NDArray[Any]) -> Values:
    """(n, features): vectors as they are, an image (n, height, width, 3) as the means of at most 8 x 8 patches."""
    if rows.ndim == 2:
        return np.asarray(rows, dtype=np.float64)
    n, height, width, _ = rows.shape
    tall, wide = max(height // SIDE, 1), max(width // SIDE, 1)
    cut = rows[:, : height // tall * tall, : width // wide * wide]
    patches = cut.reshape(n, height // tall, tall, width // wide, wide, 3).mean(axis=(2, 4))
    return np.asarray(patches.reshape(n, -1), dtype=np.float64)


def random_features(seen: Values, fresh: Values, k: int, seed: int) -> Values:
    """(n, k): random sums of the standardised features."""
    weights = np.random.default_rng([seed, 97]).standard_normal((seen.shape[1], k))
    return _standardised(seen, fresh) @ weights


def principal_components(seen: Values, fresh: Values, k: int) -> Values:
    """(n, k): the directions in which the rows of the fit spread most; fewer features are filled up with zeros."""
    center = seen.mean(axis=0)
    _, _, directions = np.linalg.svd(seen - center, full_matrices=False)
    codes = (fresh - center) @ directions[:k].T
    return np.pad(codes, [(0, 0), (0, k - codes.shape[1])])


def _standardised(seen: Values, fresh: Values) -> Values:
    spread = seen.std(axis=0)
    return np.asarray((fresh - seen.mean(axis=0)) / np.where(spread > 0, spread, 1.0))

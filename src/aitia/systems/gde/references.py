"""Vectors of sets that need no training, to compare with."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from aitia.errors import OptionError
from aitia.systems.gde.set_encoders import KernelMean, Moments
from aitia.systems.gde.sets import read_sets

__all__ = ["fixed_embedding"]

Values = NDArray[np.float64]


def fixed_embedding(
    sets: Sequence[ArrayLike],
    kind: Literal["mean", "mean and sd", "pca mean", "kernel mean"],
    *,
    bandwidth: float = 1.0,
    size: int = 256,
    seed: int = 0,
) -> Values:
    """One vector for each set, in the unit of the columns; (sets, numbers).

    Args:
        sets: Rows of each, (n, d).
        kind: `mean`; `mean and sd` of each column; `pca mean`, on the `size` first principal components of the pooled
            rows; or `kernel mean`, by random Fourier features.
        bandwidth: Of the Gaussian kernel. It decides what the vector sees: try several.
        size: Numbers of the kernel mean (even), or components at most.
        seed: Of the frequencies, which all sets share.

    Raises:
        OptionError: If the kind is another.
        DataError: If a set has less than two rows, columns differ in number, or a value is no finite number.

    Example:
        >>> fixed_embedding([[[0.0], [2.0]], [[3.0], [3.0]]], "mean and sd").tolist()
        [[1.0, 1.0], [3.0, 0.0]]
    """
    rows = read_sets(list(sets)).rows
    if kind in ("mean", "mean and sd"):
        moments = Moments(rows[0].shape[1])
        both = np.stack([moments.raw(torch.from_numpy(part)[None])[0].numpy() for part in rows])
        return both[:, : rows[0].shape[1]] if kind == "mean" else both
    if kind == "pca mean":
        pooled = np.concatenate(rows)
        axes = np.linalg.svd(pooled - pooled.mean(0), full_matrices=False)[2][:size]
        vectors: Values = np.stack([(part.mean(0) - pooled.mean(0)) @ axes.T for part in rows])
        return vectors
    if kind != "kernel mean":
        raise OptionError(f"kind is mean, mean and sd, pca mean or kernel mean, got {kind!r}")
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        features = KernelMean(rows[0].shape[1], size, bandwidth).double()
    return np.stack([features.raw(torch.from_numpy(part)[None])[0].numpy() for part in rows])

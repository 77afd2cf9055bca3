"""What groups units without motifs: one correlation over time, cut by spectral clustering or by Louvain."""

import numpy as np
from numpy.typing import NDArray

from aitia.data.recordings import Recordings

__all__ = ["louvain", "louvain_levels", "spectral", "static_correlation"]

Values = NDArray[np.float64]


def static_correlation(signals: Recordings, frames: slice) -> Values:
    """Mean over the animals that have both units of the correlation of their signals, where it is above zero."""
    total, count = np.zeros((len(signals.units),) * 2), np.zeros((len(signals.units),) * 2)
    for x, present in zip(signals.signals, signals.present, strict=True):
        here = np.ix_(present, present)
        total[here] += np.corrcoef(x[frames][:, present].T)
        count[here] += 1
    mean = np.maximum(total / np.maximum(count, 1), 0)
    np.fill_diagonal(mean, 0)
    return np.asarray((mean + mean.T) / 2)


def spectral(matrix: Values, groups: int, seed: int) -> NDArray[np.int64]:
    """Groups of a matrix of affinities, their number given."""
    from sklearn.cluster import SpectralClustering

    clusters = SpectralClustering(groups, affinity="precomputed", random_state=seed)
    return np.asarray(clusters.fit_predict(np.asarray(matrix, dtype=np.float64) + 1e-9))


def louvain(matrix: Values, seed: int) -> NDArray[np.int64]:
    """Groups of the last level."""
    return louvain_levels(matrix, seed)[-1]


def louvain_levels(matrix: Values, seed: int) -> list[NDArray[np.int64]]:
    """Groups of each level, the finest first."""
    import networkx as nx

    graph = nx.from_numpy_array(np.asarray(matrix, dtype=np.float64))
    levels = []
    for parts in nx.community.louvain_partitions(graph, weight="weight", seed=seed):
        labels = np.zeros(len(matrix), dtype=np.int64)
        for k, members in enumerate(parts):
            labels[list(members)] = k
        levels.append(labels)
    return levels

r"""How many nats it takes to write down a weighted graph with the help of a partition of its nodes.

Blocks r have n_r nodes and e_r ends of edges; m_rs edges run between r and s, m_rr inside r, E in all; X_rs is the sum
of their weights. The description length is the sum of

    edges, plain       Σ_r e_r ln n_r - Σ_{r<s} ln m_rs! - Σ_r ln (2 m_rr)!!                                      (1)
    edges, corrected   Σ_r [ln e_r! + ln ((n_r over e_r))] - Σ_i ln k_i! - Σ_{r<s} ln m_rs! - Σ_r ln (2 m_rr)!!   (2)
    weights            -Σ_{r<=s} [ln Γ(m + α) - ln Γ(α) + α ln β - (m + α) ln(β + X)]                             (3)
    partition          ln N! - Σ_r ln n_r! + ln C(N - 1, B - 1) + ln N                                            (4)
    edge counts        ln ((B (B + 1) / 2 over E)), or the same question one level up                             (5)

with ((n over k)) = C(n + k - 1, k). (3) is an exponential law with a rate for each pair of blocks, integrated over a
Gamma(α, β) prior; α = 1 and β the mean weight, so that the unit of the weights does not matter. One level up the blocks
are nodes of a graph with m_rs edges between them, blocks of blocks hold

    counts             Σ_{r<s} ln ((n_r n_s over m_rs)) + Σ_r ln ((n_r (n_r + 1) / 2 over m_rr))                  (6)

beside (4) and (5) of that level. A level of one block is (5) itself, so the recursion may end anywhere.

Source:
    Peixoto, Nonparametric Bayesian inference of the microcanonical stochastic block model, Physical Review E 2017, for
    (1), (2), (4) to (6); Peixoto, Nonparametric weighted stochastic block models, Physical Review E 2018, for (3).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aitia.errors import DataError

__all__ = ["WeightedGraph", "block_sums", "description_length", "nested_description_length"]

Values = NDArray[np.float64]
Codes = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class WeightedGraph:
    """An undirected graph; there is an edge where the weight is above zero.

    Args:
        weights: (nodes, nodes), symmetric, zero or more; the diagonal is not looked at.

    Raises:
        DataError: If the matrix is not square and symmetric, holds a negative weight or no number, or no edge.
    """

    weights: Values

    def __post_init__(self) -> None:
        w = np.array(self.weights, dtype=np.float64)
        if w.ndim != 2 or w.shape[0] != w.shape[1]:
            raise DataError(f"weights are a square matrix, got shape {w.shape}")
        np.fill_diagonal(w, 0.0)
        if not np.isfinite(w).all() or w.min() < 0 or not np.allclose(w, w.T):
            raise DataError("weights of an undirected graph are numbers of zero or more, the same in both directions")
        if not w.any():
            raise DataError("there is no edge: every weight is zero")
        object.__setattr__(self, "weights", np.maximum(w, w.T))

    @cached_property
    def counts(self) -> Codes:
        """(nodes, nodes), 1 where there is an edge."""
        return (self.weights > 0).astype(np.int64)

    @property
    def edges(self) -> int:
        """E."""
        return int(self.counts.sum()) // 2

    @property
    def mean_weight(self) -> float:
        """Of an edge; β of (3)."""
        return float(self.weights.sum() / self.counts.sum())


def block_sums(matrix: NDArray[np.float64] | Codes, labels: Codes) -> Values:
    """m or X: sums of a symmetric matrix over pairs of blocks, each pair of nodes and each diagonal entry once."""
    blocks = int(labels.max()) + 1
    member = np.zeros((len(labels), blocks))
    member[np.arange(len(labels)), labels] = 1
    sums = member.T @ matrix @ member
    own = member.T @ np.diagonal(matrix)
    sums[np.arange(blocks), np.arange(blocks)] = (np.diagonal(sums) + own) / 2
    return np.asarray(sums)


def description_length(graph: WeightedGraph, labels: ArrayLike, *, degree_corrected: bool) -> float:
    """(1) or (2), with (3) to (5): nats of a partition of one level.

    Args:
        graph: The graph.
        labels: Block of each node, 0 to B - 1.
        degree_corrected: Whether (2) takes the place of (1).
    """
    return nested_description_length(graph, [labels], degree_corrected=degree_corrected)


def nested_description_length(graph: WeightedGraph, levels: Sequence[ArrayLike], *, degree_corrected: bool) -> float:
    """Nats of partitions of several levels: blocks of nodes, blocks of those blocks, ..."""
    first = np.asarray(levels[0], dtype=np.int64)
    total = _edges(graph, first, degree_corrected) + _weights(graph, first) + _partition(first)
    counts = block_sums(graph.counts, first)
    for level in levels[1:]:
        labels = np.asarray(level, dtype=np.int64)
        above = block_sums(counts, labels)
        total += _counts(above, np.bincount(labels)) + _partition(labels)
        counts = above
    blocks = len(counts)
    return float(total + _choices(blocks * (blocks + 1) / 2, graph.edges))


def _edges(graph: WeightedGraph, labels: Codes, degree_corrected: bool) -> float:
    from scipy.special import gammaln

    m, sizes = block_sums(graph.counts, labels), np.bincount(labels)
    ends = m.sum(axis=1) + np.diagonal(m)
    inside, between = np.diagonal(m), m[np.triu_indices(len(m), 1)]
    shared = -gammaln(between + 1).sum() - (inside * np.log(2) + gammaln(inside + 1)).sum()
    if not degree_corrected:
        return float(shared + (ends * np.log(sizes)).sum())
    degrees = graph.counts.sum(axis=1)
    return float(shared + gammaln(ends + 1).sum() + _choices(sizes, ends).sum() - gammaln(degrees + 1).sum())


def _weights(graph: WeightedGraph, labels: Codes, alpha: float = 1.0) -> float:
    from scipy.special import gammaln

    beta, pairs = graph.mean_weight, np.triu_indices(int(labels.max()) + 1)
    m, x = block_sums(graph.counts, labels)[pairs], block_sums(graph.weights, labels)[pairs]
    told = gammaln(m + alpha) - gammaln(alpha) + alpha * np.log(beta) - (m + alpha) * np.log(beta + x)
    return float(-told.sum())


def _partition(labels: Codes) -> float:
    from scipy.special import gammaln

    sizes = np.bincount(labels)
    n, blocks = len(labels), len(sizes)
    apart = gammaln(n) - gammaln(blocks) - gammaln(n - blocks + 1)
    return float(gammaln(n + 1) - gammaln(sizes + 1).sum() + apart + np.log(n))


def _counts(m: Values, sizes: Codes) -> float:
    rows, columns = np.triu_indices(len(m), 1)
    between = _choices(sizes[rows] * sizes[columns], m[rows, columns]).sum()
    return float(between + _choices(sizes * (sizes + 1) / 2, np.diagonal(m)).sum())


def _choices(n: ArrayLike, k: ArrayLike) -> Values:
    """ln ((n over k)) for n of 1 or more."""
    from scipy.special import gammaln

    n, k = np.asarray(n, dtype=np.float64), np.asarray(k, dtype=np.float64)
    return np.asarray(gammaln(n + k) - gammaln(k + 1) - gammaln(n))

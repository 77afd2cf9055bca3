"""How much of a causal order can be read off the scale of the data.

Simulated systems often betray their order: variances, or the share of a variable that the others explain, grow along
it. A benchmark on such data can be won by sorting. Both measures lie in [0, 1]: 0.5 says nothing can be read off, 1
that sorting in ascending order gives the causal order, 0 that descending does.

    sortability = share, among pairs (i, j) with a directed path from i to j, counted once for each length that such a
    path has, of those in which the score of i is below that of j; ties count one half.

Source:
    Reisach, Seiler, Weichwald, Beware of the simulated DAG! Causal discovery benchmarks may be easy to game (2021),
    equation 1; Reisach, Tami, Seiler, Chambaz, Weichwald, A scale-invariant sorting criterion to find a causal order in
    additive noise models (2023), section 3.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.data.moments import Moments, table_moments
from aitia.data.table import Table
from aitia.errors import DataError, GraphError
from aitia.graph.graph import Graph
from aitia.scm._arrays import Values

__all__ = ["r2_sortability", "sortabilities", "varsortability"]

Bits = NDArray[np.uint64]


def varsortability(table: Any, graph: Graph) -> float:
    """Varsortability: the score is the variance. Changes with the units of the columns.

    Args:
        table: Continuous columns for all nodes; rows with a missing value are left out.
        graph: A DAG.

    Returns:
        A number in [0, 1]; NaN if the graph has no edge.

    Raises:
        GraphError: If the graph is no DAG.
        UnknownVariableError: If the table lacks a node.
        DataError: If a column is not one number a row, or fewer than two rows are complete.

    Example:
        >>> varsortability({"x": [0.0, 1.0, 2.0], "y": [0.0, 5.0, 9.0]}, Graph("x -> y"))
        1.0
    """
    return _alignments([_moments(table, graph).spread ** 2], graph)[0]


def r2_sortability(table: Any, graph: Graph) -> float:
    """R2-sortability: the score is the R2 of a variable regressed on all others. The same in any units.

    Args:
        table: Continuous columns for all nodes; rows with a missing value are left out.
        graph: A DAG.

    Returns:
        A number in [0, 1]; NaN if the graph has no edge.

    Raises:
        GraphError: If the graph is no DAG.
        UnknownVariableError: If the table lacks a node.
        DataError: If a column is constant or not one number a row, or fewer than two rows are complete.
    """
    return sortabilities(table, graph)[1]


def sortabilities(table: Any, graph: Graph) -> tuple[float, float]:
    """Varsortability and R2-sortability of one table, for little more than the cost of one of them.

    Args:
        table: Continuous columns for all nodes; rows with a missing value are left out.
        graph: A DAG.

    Returns:
        Both, each in [0, 1]; NaN if the graph has no edge.

    Raises:
        GraphError: If the graph is no DAG.
        UnknownVariableError: If the table lacks a node.
        DataError: If a column is constant or not one number a row, or fewer than two rows are complete.
    """
    found = _moments(table, graph)
    spread = found.spread
    if not (spread > 0).all():
        raise DataError(f"column {graph.nodes[int(np.argmin(spread))]!r} is constant: it has no R2")
    varsorted, r2sorted = _alignments([spread**2, _r2(found.correlation)], graph)
    return varsorted, r2sorted


def _r2(correlation: Values) -> Values:
    """R2 of each variable regressed on all others."""
    # Inverse of the correlation matrix: its diagonal is the variance inflation 1 / (1 - R2).
    try:
        plain = bool(np.diagonal(np.linalg.cholesky(correlation)).min() > 1e-6)
    except np.linalg.LinAlgError:
        plain = False
    inverse = np.linalg.inv(correlation) if plain else np.linalg.pinv(correlation, hermitian=True)
    inflation = np.diagonal(inverse)
    scores: Values = 1 - 1 / np.maximum(inflation, 1.0)
    return scores


def _moments(table: Any, graph: Graph) -> Moments:
    if not graph.is_dag:
        raise GraphError("sortability needs a DAG: every edge directed, no cycle")
    data = Table.of(table)
    for name in graph:
        if not data.continuous(name) or data.column(name).ndim != 1:
            raise DataError(f"sortability needs one number a row in {name!r}: it has labels or several numbers")
    found = table_moments(data, graph.nodes)
    if found.n < 2:
        raise DataError(f"sortability needs two complete rows, the table has {found.n}")
    return found


def _alignments(scores: list[Values], graph: Graph) -> list[float]:
    """The sortability of each score, over one walk along the paths."""
    credits = [_credits(score) for score in scores]
    pairs, right = 0, [0.0] * len(scores)
    for reached in _reached(graph):
        pairs += int(np.bitwise_count(reached).sum())
        for k, (rising, tied) in enumerate(credits):
            rises, ties = np.bitwise_count(reached & rising).sum(), np.bitwise_count(reached & tied).sum()
            right[k] += float(rises) + 0.5 * float(ties)
    return [share / pairs if pairs else float("nan") for share in right]


def _credits(score: Values) -> tuple[Bits, Bits]:
    """Bit rows: the pairs (i, j) in which the score of j lies above that of i, and those in which they tie."""
    tied = np.abs(score[None, :] - score[:, None]) <= 1e-9 * np.abs(score[:, None])
    return _packed((score[None, :] > score[:, None]) & ~tied), _packed(tied)


def _reached(graph: Graph) -> Iterator[Bits]:
    """For each length of a path in turn, bit rows of the pairs that one joins; a DAG's end before its nodes do."""
    adjacency = graph.adjacency
    source, target = np.nonzero(adjacency)
    rows, first = np.unique(source, return_index=True)
    reached = _packed(adjacency > 0)
    while reached.any():
        yield reached
        further = np.zeros_like(reached)
        further[rows] = np.bitwise_or.reduceat(reached[target], first, axis=0)
        reached = further


def _packed(matrix: NDArray[np.bool_]) -> Bits:
    """(p, p) truths as rows of 64-bit words."""
    packed = np.zeros((len(matrix), (len(matrix) + 63) // 64 * 8), np.uint8)
    packed[:, : (len(matrix) + 7) // 8] = np.packbits(matrix, axis=1)
    return packed.view(np.uint64)

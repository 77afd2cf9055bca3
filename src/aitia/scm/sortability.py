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

from typing import Any

import numpy as np

from aitia.data.table import Table
from aitia.errors import DataError, GraphError
from aitia.graph.graph import Graph
from aitia.scm._arrays import Values

__all__ = ["r2_sortability", "varsortability"]


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
    return _alignment(_complete(table, graph).var(axis=0), graph)


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
    X = _complete(table, graph)
    spread = X.std(axis=0)
    if not (spread > 0).all():
        raise DataError(f"column {graph.nodes[int(np.argmin(spread))]!r} is constant: it has no R2")
    correlation = np.corrcoef(X, rowvar=False).reshape(len(graph), len(graph))
    # Inverse of the correlation matrix: its diagonal is the variance inflation 1 / (1 - R2).
    inflation = np.diagonal(np.linalg.pinv(correlation, hermitian=True))
    return _alignment(1 - 1 / np.maximum(inflation, 1.0), graph)


def _complete(table: Any, graph: Graph) -> Values:
    if not graph.is_dag:
        raise GraphError("sortability needs a DAG: every edge directed, no cycle")
    data = Table.of(table)
    for name in graph:
        if not data.continuous(name) or data.column(name).ndim != 1:
            raise DataError(f"sortability needs one number a row in {name!r}: it has labels or several numbers")
    X = data.matrix(graph.nodes)
    X = X[~np.isnan(X).any(axis=1)]
    if len(X) < 2:
        raise DataError(f"sortability needs two complete rows, the table has {len(X)}")
    return X


def _alignment(score: Values, graph: Graph) -> float:
    edge = graph.adjacency.astype(np.int64)
    rising = (score[None, :] > score[:, None] * (1 + 1e-9)).astype(np.float64)
    tied = np.isclose(score[None, :], score[:, None], rtol=1e-9, atol=0.0)
    credit = np.where(tied, 0.5, rising)
    reached, pairs, right = edge, 0.0, 0.0
    while reached.any():  # a DAG has no path longer than its nodes
        pairs += float(reached.sum())
        right += float((reached * credit).sum())
        reached = ((reached @ edge) > 0).astype(np.int64)
    return right / pairs if pairs else float("nan")

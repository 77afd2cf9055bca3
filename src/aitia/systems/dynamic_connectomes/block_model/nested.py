"""The nested weighted stochastic block model: groups, groups of groups, ..., of the shortest description found.

From single nodes, shares of the blocks are merged where the description grows least, and after each merge every node
goes to the block where the description is shortest, until there is one block. Starts differ in the order of the nodes.
The blocks of a level are the nodes of a graph one level up. Many small blocks may cost more than they save with the
flat prior on edge counts, and less with levels above them; so of the shortest few partitions on the way down each gets
its levels, and the shortest description of all levels is kept. The plain graph and the one corrected for degrees are
both fitted. graph-tool, the other engine, moves between levels as well.

Complexity: a sweep is O(nodes * blocks²), the first merges O(nodes³).
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aitia.errors import MissingExtraError, OptionError
from aitia.systems.dynamic_connectomes.block_model.description import (
    WeightedGraph,
    block_sums,
    nested_description_length,
)

__all__ = ["Engine", "NestedBlocks", "fit_blocks", "log_factorials", "need_engine"]

Codes = NDArray[np.int64]
Engine = Literal["aitia", "graph-tool"]
SHARE, SWEEPS = 0.2, 20
TRIED = 6
"""Partitions of nodes that get levels above them."""
PLAIN, CORRECTED, ABOVE = 0, 1, 2
"""Kinds of the kernel."""


@dataclass(frozen=True, eq=False)
class NestedBlocks:
    """Groups in levels.

    Args:
        levels: Of each level the group of every node, (nodes,), numbered from 0 by the first node; the finest first.
            A level of one group, or of as many as the level below, is left out.
        description_length: In nats.
        degree_corrected: Whether nodes of a group may differ in their number of edges.
        one_group: Description length of the same graph in one group.
    """

    levels: tuple[Codes, ...]
    description_length: float
    degree_corrected: bool
    one_group: float

    @property
    def labels(self) -> Codes:
        """Of the finest level."""
        return self.levels[0]

    @property
    def groups(self) -> int:
        """Of the finest level."""
        return int(self.labels.max()) + 1


def fit_blocks(weights: ArrayLike, *, starts: int = 5, seed: int = 0, engine: Engine = "aitia") -> NestedBlocks:
    """Groups of the nodes of an undirected graph.

    Args:
        weights: (nodes, nodes), symmetric, zero where there is no edge.
        starts: Orders of the nodes; of graph-tool, runs.
        seed: Of the orders.
        engine: `aitia`, or `graph-tool` where it is installed.

    Raises:
        DataError: If the weights are negative, not symmetric, or all zero.
        OptionError: If starts is below 1 or the engine unknown.
        MissingExtraError: If graph-tool is asked for and not installed.

    Example:
        >>> weights = np.kron(np.eye(2), np.ones((5, 5)))
        >>> fit_blocks(weights).labels.tolist()
        [0, 0, 0, 0, 0, 1, 1, 1, 1, 1]
    """
    if starts < 1:
        raise OptionError(f"starts is 1 or more, got {starts}")
    graph = WeightedGraph(np.asarray(weights, dtype=np.float64))
    if engine == "graph-tool":
        return _by_graph_tool(graph, starts, seed)
    if engine != "aitia":
        raise OptionError(f"engine is 'aitia' or 'graph-tool', got {engine!r}")
    rng = np.random.default_rng(seed)
    orders = [rng.permutation(len(graph.weights)) for _ in range(starts)]
    found = []
    for kind in (PLAIN, CORRECTED):
        for first in _search(kind, graph.mean_weight, graph.counts, graph.weights, orders, TRIED):
            levels = _levels(graph, first, rng, starts)
            found.append(_levelled(graph, levels, kind == CORRECTED))
    return min(found, key=lambda blocks: blocks.description_length)


def log_factorials(nodes: int, edges: int) -> NDArray[np.float64]:
    """ln k! for every k that a graph of this size can ask for."""
    from scipy.special import gammaln

    return np.asarray(gammaln(np.arange(nodes * (nodes + 1) + 2 * edges + 2) + 1.0))


def _search(
    kind: int,
    beta: float,
    counts: Codes,
    weights: NDArray[np.float64],
    orders: list[NDArray[np.int64]],
    tried: int = 1,
) -> list[Codes]:
    """The partitions of shortest description, each number of blocks once."""
    from aitia.systems.dynamic_connectomes.block_model._kernel import descend

    fact = log_factorials(len(counts), int(counts.sum()))
    found: dict[int, tuple[float, Codes]] = {}
    for order in orders:
        for labels, change in zip(*descend(kind, beta, fact, counts, weights, order, SHARE, SWEEPS), strict=True):
            numbered = _numbered(labels)
            blocks = int(numbered.max()) + 1
            if blocks not in found or change < found[blocks][0]:
                found[blocks] = (float(change), numbered)
    if not found:
        return [np.zeros(len(counts), dtype=np.int64)]
    return [labels for _, labels in sorted(found.values(), key=lambda pair: pair[0])[:tried]]


def _levels(graph: WeightedGraph, first: Codes, rng: np.random.Generator, starts: int) -> list[Codes]:
    """The partition of nodes, that of its blocks, and so on, while they have fewer blocks and more than one."""
    levels, counts = [first], block_sums(graph.counts, first).astype(np.int64)
    while len(counts) > 1:
        orders = [rng.permutation(len(counts)) for _ in range(starts)]
        above = _search(ABOVE, 1.0, counts, np.zeros(counts.shape), orders)[0]
        if above.max() == 0 or above.max() + 1 == len(counts):
            break
        levels.append(above)
        counts = block_sums(counts, above).astype(np.int64)
    return levels


def _levelled(graph: WeightedGraph, levels: list[Codes], degree_corrected: bool) -> NestedBlocks:
    length = nested_description_length(graph, levels, degree_corrected=degree_corrected)
    of_nodes, seen = [levels[0]], levels[0]
    for level in levels[1:]:
        seen = level[seen]
        of_nodes.append(_numbered(seen))
    nothing = [np.zeros(len(graph.weights), dtype=np.int64)]
    one = min(nested_description_length(graph, nothing, degree_corrected=kind) for kind in (False, True))
    return NestedBlocks(tuple(of_nodes), length, degree_corrected, one)


def _numbered(labels: NDArray[np.int64]) -> Codes:
    """The same groups, numbered by their first node."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    return np.asarray(np.argsort(np.argsort(first))[inverse], dtype=np.int64)


def need_engine(engine: Engine) -> None:
    """Refuses an engine that is not there, so that long work before it is not lost.

    Raises:
        MissingExtraError: If graph-tool is asked for and not installed.
    """
    from importlib.util import find_spec

    if engine == "graph-tool" and find_spec("graph_tool") is None:
        raise MissingExtraError(
            "engine='graph-tool' needs graph-tool, which no package index has: install the Debian package "
            "python3-graph-tool, or take the built-in engine='aitia'"
        )


def _by_graph_tool(graph: WeightedGraph, starts: int, seed: int) -> NestedBlocks:
    need_engine("graph-tool")
    import graph_tool.all as gt  # type: ignore[import-not-found,unused-ignore]

    i, j = np.nonzero(np.triu(graph.weights, 1))
    built = gt.Graph(directed=False)
    built.add_vertex(len(graph.weights))
    built.add_edge_list(np.column_stack([i, j]))
    told = built.new_edge_property("double", vals=graph.weights[i, j] / graph.mean_weight)
    found, before = [], np.random.get_state()  # noqa: NPY002  # graph-tool draws from numpy's global generator too
    try:
        gt.seed_rng(seed + 1)
        np.random.seed(seed)  # noqa: NPY002
        for degree_corrected in (False, True):
            arguments = {"recs": [told], "rec_types": ["real-exponential"], "deg_corr": degree_corrected}
            for _ in range(starts):
                state = gt.minimize_nested_blockmodel_dl(built, state_args=arguments)
                depth = len(state.get_bs())
                of_nodes = [_numbered(np.asarray(state.project_partition(k, 0).a)) for k in range(depth)]
                found.append(_levelled(graph, _of_blocks(of_nodes), degree_corrected))
    finally:
        np.random.set_state(before)  # noqa: NPY002
    return min(found, key=lambda blocks: blocks.description_length)


def _of_blocks(of_nodes: list[Codes]) -> list[Codes]:
    """Groups of nodes at every level as groups of the blocks below, while they get fewer and are more than one."""
    levels = [of_nodes[0]]
    for finer, coarser in pairwise(of_nodes):
        if coarser.max() == 0 or coarser.max() == finer.max():
            break
        levels.append(coarser[np.unique(finer, return_index=True)[1]])
    return levels

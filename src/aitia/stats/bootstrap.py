"""How often a search finds each edge when the rows are drawn again.

Source:
    Efron and Tibshirani, An Introduction to the Bootstrap (1993); Friedman, Goldszmidt and Wyner, Data analysis with
    Bayesian networks: a bootstrap approach, UAI 1999.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.data.table import Table
from aitia.engine import Engine, LocalEngine, Progress, Store
from aitia.errors import OptionError, unknown_variable
from aitia.graph.graph import Graph

__all__ = ["EdgeFrequencies", "bootstrap_graphs", "resampled"]


@dataclass(frozen=True)
class EdgeFrequencies:
    """How the edges of many graphs over the same variables are spread.

    Args:
        nodes: The variables.
        counts: For each pair (a, b) in node order, how many graphs have each symbol, such as `-->`, between them.
        graphs: How many graphs there are.

    Example:
        >>> found = EdgeFrequencies.of([Graph("x -> y"), Graph("x --- y"), Graph("x -> y"), Graph("", ["x", "y"])])
        >>> found.share("x", "y"), found.directed("x", "y"), found.directed("y", "x")
        (0.75, 0.5, 0.0)
    """

    nodes: tuple[str, ...]
    counts: Mapping[tuple[str, str], Mapping[str, int]]
    graphs: int

    @classmethod
    def of(cls, graphs: Sequence[Graph]) -> "EdgeFrequencies":
        """The frequencies in these graphs.

        Raises:
            OptionError: If there is no graph.
            GraphError: If two edges of a graph join one pair.
        """
        from aitia.graph.marks import refuse_bow

        if not graphs:
            raise OptionError("frequencies need at least one graph")
        nodes = graphs[0].nodes
        place = {name: i for i, name in enumerate(nodes)}
        counts: dict[tuple[str, str], dict[str, int]] = {}
        for graph in graphs:
            refuse_bow(graph.bows, "a share of graphs", "shares are counted in CPDAGs, MAGs and PAGs")
            for edge in graph.edges:
                turned = edge if place[edge.left] < place[edge.right] else edge.reversed()
                of_pair = counts.setdefault((turned.left, turned.right), {})
                of_pair[turned.symbol] = of_pair.get(turned.symbol, 0) + 1
        ordered = sorted(counts.items(), key=lambda item: (place[item[0][0]], place[item[0][1]]))
        return cls(nodes, dict(ordered), len(graphs))

    def _of(self, a: str, b: str) -> Mapping[str, int]:
        for name in (a, b):
            if name not in self.nodes:
                raise unknown_variable(name, self.nodes)
        return self.counts.get((a, b), self.counts.get((b, a), {}))

    def share(self, a: str, b: str) -> float:
        """Share of the graphs in which the two are adjacent."""
        return sum(self._of(a, b).values()) / self.graphs

    def directed(self, a: str, b: str) -> float:
        """Share of the graphs with a --> b."""
        symbol = "-->" if (a, b) in self.counts else "<--"
        return self._of(a, b).get(symbol, 0) / self.graphs

    def rows(self, least: float = 0.0) -> list[dict[str, Any]]:
        """One row a pair: names, share adjacent, forwards, backwards, undirected; most frequent first."""
        rows = [
            {
                "left": a,
                "right": b,
                "adjacent": self.share(a, b),
                "forwards": self.directed(a, b),
                "backwards": self.directed(b, a),
                "undirected": self._of(a, b).get("---", 0) / self.graphs,
            }
            for a, b in combinations(self.nodes, 2)
            if (a, b) in self.counts and self.share(a, b) >= least
        ]
        return sorted(rows, key=lambda row: -float(row["adjacent"]))


def resampled(table: Table, seed: int, number: int, context: str | None = None, attempt: int = 0) -> Table:
    """The rows drawn again with replacement; within each domain, or in the order of time, where there is a context.

    Args:
        table: The rows.
        seed: Of the whole bootstrap.
        number: Which of its samples.
        context: The column that says when or where a row was taken.
        attempt: Counts up where a sample turned out to be of no use.
    """
    rng = np.random.default_rng([seed, number, attempt] if attempt else [seed, number])
    rows: NDArray[np.int64]
    if context is not None and table.categories(context):
        codes = table.column(context)
        places = [np.flatnonzero(codes == k) for k in np.unique(codes)]
        rows = np.concatenate([rng.choice(p, len(p)) for p in places])
    else:
        rows = rng.integers(0, table.n, table.n)
    return table.take(np.sort(rows))


def bootstrap_graphs(
    function: Callable[[int], list[list[Any]]],
    nodes: Sequence[str],
    resamples: int,
    *,
    engine: Engine | None = None,
    store: Store | None = None,
    progress: Progress | None = None,
) -> EdgeFrequencies:
    """The edge frequencies over `resamples` runs of a search.

    Args:
        function: From the number of a sample to its edges, each [left, right, left mark, right mark]; picklable.
        nodes: The variables.
        resamples: How many samples.
        engine: Where they run.
        store: Keeps finished samples, so that a stopped bootstrap goes on.
        progress: Told after each sample.

    Raises:
        OptionError: If there is no sample.
    """
    from aitia.graph.marks import Edge, Mark

    if resamples < 1:
        raise OptionError(f"a bootstrap needs at least one sample, got {resamples}")
    keys = [f"bootstrap {k}" for k in range(resamples)]
    found = (engine or LocalEngine()).map(
        function, range(resamples), keys=keys, store=store, progress=progress, what="bootstrap"
    )
    return EdgeFrequencies.of(
        [Graph([Edge(a, b, Mark(left), Mark(right)) for a, b, left, right in edges], nodes) for edges in found]
    )

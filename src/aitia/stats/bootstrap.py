"""How often a search finds each edge in other rows: shares of graphs from random halves of the rows.

Rows that are drawn with replacement repeat, and rows that repeat are dependent: tests of such a sample reject a true
independence 17 times in 100 at level .05, and the search finds up to half as many edges again. A half that is drawn
without replacement is a true sample. Its tests keep their level, and an estimate from it spreads about the one from all
rows as much as that one does about the truth: the variance is 2/n - 1/n = 1/n. Halves come in pairs, each with what the
other leaves.

Sources:
    Politis, Romano and Wolf, Subsampling (1999).
    Meinshausen and Bühlmann, Stability selection, JRSS B 72 (2010), halves; Shah and Samworth, Variable selection with
    error control, JRSS B 75 (2013), complementary pairs.
    Friedman, Goldszmidt and Wyner, Data analysis with Bayesian networks: a bootstrap approach, UAI 1999, for shares of
    the features of a graph.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.engine import Engine, LocalEngine, Progress, Store
from aitia.errors import DataError, OptionError, unknown_variable
from aitia.graph.graph import Graph
from aitia.graph.marks import Edge, Mark

__all__ = ["EdgeFrequencies", "Rows", "bootstrap_graphs", "half"]

SURE, SURE_WAY = 0.5, 0.25
"""Shares of the graphs below which a pair, and the direction of an arrow, are called not sure."""

ATTEMPTS = 20
"""Draws of one half before its table is given up."""

Rows = NDArray[np.bool_]

_ENDS = str.maketrans("<>", "><")
DIRECTIONS = {"-->": "forwards", "<--": "backwards", "---": "undirected"}
"""The symbols of a CPDAG, and what their shares are called;"""
HIDDEN = {"<->": "bidirected", "o->": "open_forwards", "<-o": "open_backwards", "o-o": "open"}
"""those that a MAG or PAG has besides;"""
SELECTED = {"--o": "tail_left", "o--": "tail_right"}
"""and those that speak of selected rows."""


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
        for graph in graphs:
            refuse_bow(graph.bows, "a share of graphs", "shares are counted in CPDAGs, MAGs and PAGs")
        return cls._counted(graphs[0].nodes, [coded(graph, graphs[0].nodes) for graph in graphs])

    @classmethod
    def _counted(cls, nodes: Sequence[str], graphs: Sequence[Sequence[Sequence[Any]]]) -> "EdgeFrequencies":
        """The frequencies in graphs of the form of `coded`."""
        counts: dict[tuple[int, int], dict[str, int]] = {}
        for edges in graphs:
            for i, j, symbol in edges:
                of_pair = counts.setdefault((i, j), {})
                of_pair[symbol] = of_pair.get(symbol, 0) + 1
        named = {(nodes[i], nodes[j]): dict(sorted(counts[i, j].items())) for i, j in sorted(counts)}
        return cls(tuple(nodes), named, len(graphs))

    def _seen(self, a: str, b: str) -> Mapping[str, int]:
        """How many graphs have each symbol between the two, read from a to b."""
        for name in (a, b):
            if name not in self.nodes:
                raise unknown_variable(name, self.nodes)
        if (a, b) in self.counts:
            return self.counts[a, b]
        return {_turned(symbol): count for symbol, count in self.counts.get((b, a), {}).items()}

    def share(self, a: str, b: str) -> float:
        """Share of the graphs in which the two are adjacent."""
        return sum(self._seen(a, b).values()) / self.graphs

    def directed(self, a: str, b: str) -> float:
        """Share of the graphs with a --> b."""
        return self._seen(a, b).get("-->", 0) / self.graphs

    @property
    def symbols(self) -> dict[str, str]:
        """The symbols that these graphs may have, and what their shares are called: of a CPDAG, of a PAG, of one with
        selection."""
        seen = {symbol for of in self.counts.values() for symbol in of}
        found = {**DIRECTIONS, **(HIDDEN if seen - set(DIRECTIONS) else {})}
        return {**found, **(SELECTED if seen & set(SELECTED) else {})}

    @property
    def hidden(self) -> bool:
        """Whether the marks are those of a MAG or PAG, where each end of an edge says something of its own."""
        return len(self.symbols) > len(DIRECTIONS)

    def shares(self, a: str, b: str) -> dict[str, float]:
        """What the graphs have between two variables, as shares.

        Returns:
            `adjacent`; of these `forwards` (a --> b), `backwards` (a <-- b), `undirected` (a --- b) and, where graphs
            are MAGs or PAGs, `bidirected` (a <-> b), `open_forwards` (a o-> b), `open_backwards` (a <-o b), `open`
            (a o-o b) and, with selection, `tail_left` (a --o b) and `tail_right` (a o-- b); and `absent`. All but the
            first sum to 1.
        """
        seen = self._seen(a, b)
        joined = sum(seen.values())
        found = {"adjacent": joined, **{name: seen.get(symbol, 0) for symbol, name in self.symbols.items()}}
        found["absent"] = self.graphs - joined
        return {name: count / self.graphs for name, count in found.items()}

    def drawn(self, edge: Edge) -> float:
        """Share of the graphs that bear an edge out: that have its heads and tails, or, for ---, any between the two.

        Circles of a PAG are borne out by any mark, and there --- is two tails.
        """
        if edge.symbol == "---" and not self.hidden:
            return self.share(edge.left, edge.right)
        seen = self._seen(edge.left, edge.right)
        return sum(count for symbol, count in seen.items() if _bears_out(symbol, edge.symbol)) / self.graphs

    def turned(self, edge: Edge) -> float:
        """Share of the graphs that have the marks of an edge the other way round; 0 where that is the same."""
        symbol = _turned(edge.symbol)
        seen = self._seen(edge.left, edge.right)
        return 0.0 if symbol == edge.symbol else seen.get(symbol, 0) / self.graphs

    def ends(self, a: str, b: str) -> tuple[float, float]:
        """Shares of the graphs with a head, and with a tail, at b on the edge between a and b."""
        seen = self._seen(a, b)
        head, tail = (sum(n for symbol, n in seen.items() if symbol[-1] == end) for end in ">-")
        return head / self.graphs, tail / self.graphs

    def told(self, edge: Edge) -> str:
        """The shares of an edge in a sentence."""
        joined, way = self.share(edge.left, edge.right), Edge(edge.left, edge.right)
        if self.hidden:
            at = [(b, *self.ends(a, b)) for a, b in ((edge.left, edge.right), (edge.right, edge.left))]
            marks = "; ".join(f"at {name} {head:.0%} have a head, {tail:.0%} a tail" for name, head, tail in at)
            return f"Of {self.graphs} resamples {joined:.0%} join the two: {marks}, the others a circle."
        drawn = way if edge.symbol == "---" else edge
        this, other = self.drawn(drawn), self.turned(drawn)
        ways = ("to " + edge.right, "to " + edge.left) if drawn is way else ("this way", "the other way")
        return (
            f"Of {self.graphs} resamples {joined:.0%} join the two: {this:.0%} point {ways[0]}, {other:.0%} {ways[1]}, "
            f"{max(joined - this - other, 0.0):.0%} leave it open."
        )

    def doubt(self, edge: Edge) -> str | None:
        """Why an edge is not sure, in a sentence; None where it is sure enough.

        It is not where less than half of the graphs join the two; and an arrow, where more graphs turn it round than
        have it, or less than a quarter have it. In a MAG or PAG each head and each tail is looked at so.
        """
        joined, drawn, other = self.share(edge.left, edge.right), self.drawn(edge), self.turned(edge)
        if joined < SURE:
            return f"Not sure: only {joined:.0%} of the resamples join the two."
        if self.hidden:
            return self._doubt_at(edge) or self._doubt_at(edge.reversed())
        if other > drawn:
            return f"Not sure of its direction: {other:.0%} of the resamples point the other way, {drawn:.0%} this way."
        if drawn < SURE_WAY:
            return f"Not sure of its direction: only {drawn:.0%} of the resamples point this way."
        return None

    def _doubt_at(self, edge: Edge) -> str | None:
        """Why the mark at the right end is not sure; None for a circle."""
        if edge.right_mark == Mark.CIRCLE:
            return None
        this, other = self.ends(edge.left, edge.right)
        what, else_ = "head", "tail"
        if edge.right_mark == Mark.TAIL:
            this, other, what, else_ = other, this, else_, what
        if other > this:
            return (
                f"Not sure of its mark at {edge.right}: {other:.0%} of the resamples have a {else_} there, "
                f"{this:.0%} a {what}."
            )
        if this < SURE_WAY:
            return f"Not sure of its mark at {edge.right}: only {this:.0%} of the resamples have a {what} there."
        return None

    def rows(self, least: float = 0.0) -> list[dict[str, Any]]:
        """One row a pair that some graph joins: `left`, `right` and its `shares`; most frequent first."""
        rows = [{"left": a, "right": b, **self.shares(a, b)} for a, b in self.counts if self.share(a, b) >= least]
        return sorted(rows, key=lambda row: -float(row["adjacent"]))


def _turned(symbol: str) -> str:
    """The symbol as it is read from the other end."""
    return symbol[::-1].translate(_ENDS)


def _bears_out(symbol: str, drawn: str) -> bool:
    """Whether a symbol has every head and tail of the one that is drawn."""
    return all(wanted in ("o", there) for there, wanted in ((symbol[0], drawn[0]), (symbol[-1], drawn[-1])))


def coded(graph: Graph, nodes: Sequence[str]) -> list[list[Any]]:
    """The edges of a graph as JSON values: [i, j, symbol] with positions i < j in `nodes`."""
    place = {name: k for k, name in enumerate(nodes)}
    edges: list[list[Any]] = []
    for edge in graph.edges:
        i, j = place[edge.left], place[edge.right]
        edges.append([i, j, edge.symbol] if i < j else [j, i, _turned(edge.symbol)])
    return edges


def half(n: int, seed: int, pair: int, strata: NDArray[np.float64] | None = None, attempt: int = 0) -> Rows:
    """A random half of n rows as a mask; the rows outside of it are the other half of its pair.

    Args:
        n: How many rows there are.
        seed: Of the whole bootstrap.
        pair: Which of its pairs of halves.
        strata: (n,) a number for the domain of each row: every domain is halved.
        attempt: Counts up where a half turned out to be of no use.
    """
    rng = np.random.default_rng([seed, pair, attempt] if attempt else [seed, pair])
    mask = np.zeros(n, np.bool_)
    groups = [np.arange(n)] if strata is None else [np.flatnonzero(strata == k) for k in np.unique(strata)]
    more = bool(rng.random() < 0.5)
    for rows in groups:  # where a number is odd, now one half has the row in the middle and now the other
        mask[rng.permutation(rows)[: (len(rows) + more) // 2]] = True
        more ^= len(rows) % 2 == 1
    return mask


def bootstrap_graphs(
    search: Callable[[Rows], Graph],
    nodes: Sequence[str],
    n: int,
    samples: int,
    *,
    strata: NDArray[np.float64] | None = None,
    seed: int = 0,
    together: int = 1,
    engine: Engine | None = None,
    store: Store | None = None,
    progress: Progress | None = None,
) -> EdgeFrequencies:
    """The edge frequencies over the graphs that a search finds in random halves of the rows.

    Args:
        search: From a mask of rows to the graph over `nodes` that it finds in them; picklable. Where it raises
            DataError, because these rows cannot be searched, other ones are drawn.
        nodes: The variables.
        n: How many rows there are.
        samples: How many halves.
        strata: (n,) a number for the domain of each row: every domain is halved.
        seed: Of the halves.
        together: Pairs of halves that go to a worker, and into the store, at once.
        engine: Where they run.
        store: Keeps finished samples, so that a stopped bootstrap goes on.
        progress: Told after each of them.

    Raises:
        OptionError: If there is no sample.
        DataError: If of twenty halves none can be searched.
    """
    if samples < 1:
        raise OptionError(f"a bootstrap needs at least one sample, got {samples}")
    work = _Halves(search, tuple(nodes), n, strata, seed)
    chunks = [(k, min(k + 2 * together, samples)) for k in range(0, samples, 2 * together)]
    keys = [f"bootstrap {first}-{end - 1}" for first, end in chunks]
    found = (engine or LocalEngine()).map(work, chunks, keys=keys, store=store, progress=progress, what="bootstrap")
    return EdgeFrequencies._counted(nodes, [graph for chunk in found for graph in chunk])


@dataclass(frozen=True)
class _Halves:
    """The graphs of samples number `first` to `end`, as `coded`; picklable, so that it can run in other processes."""

    search: Callable[[Rows], Graph]
    nodes: tuple[str, ...]
    n: int
    strata: NDArray[np.float64] | None
    seed: int

    def __call__(self, span: tuple[int, int]) -> list[list[list[Any]]]:
        return [coded(self._graph(*divmod(number, 2)), self.nodes) for number in range(*span)]

    def _graph(self, pair: int, second: int) -> Graph:
        for attempt in range(ATTEMPTS - 1):
            try:
                return self.search(self._rows(pair, second, attempt))
            except DataError:  # two columns agree in these rows, or one follows from others: draw again
                continue
        return self.search(self._rows(pair, second, ATTEMPTS - 1))

    def _rows(self, pair: int, second: int, attempt: int) -> Rows:
        mask = half(self.n, self.seed, pair, self.strata, attempt)
        return ~mask if second else mask

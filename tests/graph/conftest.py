"""Graphs to try things on: all DAGs on four nodes, and hypothesis strategies for random graphs of each kind."""

import itertools
from collections.abc import Callable, Iterator

import pytest
from hypothesis import strategies as st

from aitia.graph.graph import Graph
from aitia.graph.marks import Edge, Mark

NAMES = ("a", "b", "c", "d")
ENDS = {
    "->": (Mark.TAIL, Mark.ARROW),
    "<-": (Mark.ARROW, Mark.TAIL),
    "<->": (Mark.ARROW, Mark.ARROW),
    "---": (Mark.TAIL, Mark.TAIL),
}


def mixed_graphs(names: tuple[str, ...], symbols: tuple[str, ...]) -> Iterator[Graph]:
    """Every graph over the names in which each pair is not adjacent or joined by one of the symbols."""
    pairs = list(itertools.combinations(range(len(names)), 2))
    for choice in itertools.product((None, *symbols), repeat=len(pairs)):
        rows = [[0] * len(names) for _ in range(3)]
        for (i, j), symbol in zip(pairs, choice, strict=True):
            if symbol is not None:
                at_i, at_j = ENDS[symbol]
                rows[at_j - 1][i] |= 1 << j
                rows[at_i - 1][j] |= 1 << i
        yield Graph.from_bits(names, *rows)


@st.composite
def random_mixed(draw: st.DrawFn, nodes: st.SearchStrategy[int], symbols: tuple[str, ...]) -> Graph:
    """A graph whose directed edges follow a random order, so that they form no cycle."""
    n = draw(nodes)
    names = [f"v{i}" for i in range(n)]
    order = draw(st.permutations(names))
    pairs = list(itertools.combinations(order, 2))
    chosen = draw(st.lists(st.sampled_from(("", "", *symbols)), min_size=len(pairs), max_size=len(pairs)))
    edges = [Edge(a, b, *ENDS[symbol]) for (a, b), symbol in zip(pairs, chosen, strict=True) if symbol]
    return Graph(edges, names)


@pytest.fixture(scope="session")
def all_dags() -> tuple[Graph, ...]:
    """The 543 DAGs on the nodes a, b, c, d."""
    return tuple(graph for graph in mixed_graphs(NAMES, ("->", "<-")) if graph.is_acyclic)


@pytest.fixture(scope="session")
def all_mixed() -> Callable[[int, tuple[str, ...]], Iterator[Graph]]:
    """Every graph on the first n of a, b, c, d with edges of the given symbols."""
    return lambda n, symbols: mixed_graphs(NAMES[:n], symbols)


@pytest.fixture(scope="session")
def queries() -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    """Every (x, y, given) over a, b, c, d."""
    return tuple(
        (x, y, given)
        for x, y in itertools.combinations(NAMES, 2)
        for rest in [[n for n in NAMES if n not in (x, y)]]
        for size in range(3)
        for given in itertools.combinations(rest, size)
    )


@pytest.fixture(scope="session")
def dags() -> st.SearchStrategy[Graph]:
    """DAGs with up to 9 nodes."""
    return random_mixed(st.integers(1, 9), ("->",))


@pytest.fixture(scope="session")
def admgs() -> st.SearchStrategy[Graph]:
    """ADMGs with 2 to 6 nodes, not maximal or ancestral in general."""
    return random_mixed(st.integers(2, 6), ("->", "<->"))

"""All DAGs and all Markov equivalence classes on a handful of nodes, up to a renaming of the nodes.

A DAG on n nodes is a whole number here: its bit n i + j says i --> j, so arrays of numbers are arrays of graphs and
every step below is taken for all of them at once. Each DAG has a node without children, hence comes from one on n - 1
nodes by a new node with any set of parents; of the n! names of a graph the least number stands for all. The members of
a class are reached from one another by reversing covered edges, i --> j with pa(j) = pa(i) and i; a CPDAG has each
direction that some member has.

References:
    Robinson, Counting unlabeled acyclic digraphs, 1977 (1, 2, 6, 31, 302, 5984, 243668, ...).
    Chickering, A transformational characterization of equivalent Bayesian network structures, UAI 1995 (covered edges).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, permutations
from math import factorial

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aitia.errors import OptionError
from aitia.graph.graph import Graph

__all__ = [
    "MOST_NODES",
    "UnlabelledClasses",
    "ancestors",
    "children",
    "class_independences",
    "code_of_graph",
    "graph_of_code",
    "parents",
    "renamed",
    "separated",
    "unlabelled_classes",
    "unlabelled_dags",
]

Codes = NDArray[np.int64]
Masks = NDArray[np.uint8]
MOST_NODES = 7
"""Nodes whose graph fits into one number of 64 bits."""


@dataclass(frozen=True, eq=False)
class UnlabelledClasses:
    """The Markov equivalence classes on so many nodes, one of each set of classes that differ by names alone.

    Args:
        nodes: How many.
        cpdags: (classes,) the CPDAG of each; both directions of an edge that members direct both ways.
        members: (members,) the DAGs of all classes, one class after the other, each ascending.
        first: (classes,) where the members of each class begin.
        sizes: (classes,) how many members each has.
        orbits: (classes,) how many classes it stands for, when names count.
    """

    nodes: int
    cpdags: Codes
    members: Codes
    first: NDArray[np.int64]
    sizes: NDArray[np.int64]
    orbits: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.cpdags)

    @property
    def representatives(self) -> Codes:
        """(classes,) a member of each."""
        return self.members[self.first]

    def of(self, number: int) -> Codes:
        """The members of one class."""
        return self.members[self.first[number] : self.first[number] + self.sizes[number]]


def graph_of_code(code: int, names: Sequence[str]) -> Graph:
    """The graph of a number; an edge in both directions is undirected.

    Example:
        >>> print(graph_of_code(0b000_100_110, "abc"))
        a --> b; a --> c; b --> c
    """
    n, text = len(names), []
    for i in range(n):
        for j in range(i + 1, n):
            there, back = code >> (n * i + j) & 1, code >> (n * j + i) & 1
            if there or back:
                text.append(f"{names[i]} {'---' if there and back else '-->' if there else '<--'} {names[j]}")
    return Graph("; ".join(text), list(names))


def code_of_graph(graph: Graph) -> int:
    """The number of a DAG or CPDAG, nodes in their order.

    Raises:
        OptionError: If it has more than 7 nodes.
    """
    n = _checked(len(graph))
    place = {name: k for k, name in enumerate(graph.nodes)}
    code = 0
    for edge in graph.edges:
        i, j = place[edge.left], place[edge.right]
        if edge.symbol in ("-->", "---"):
            code |= 1 << (n * i + j)
        if edge.symbol in ("<--", "---"):
            code |= 1 << (n * j + i)
    return code


def children(codes: ArrayLike, nodes: int) -> Masks:
    """(nodes, graphs) the children of each node, as bits."""
    given = np.asarray(codes, dtype=np.int64)
    return np.stack([(given >> (nodes * i) & ((1 << nodes) - 1)).astype(np.uint8) for i in range(nodes)])


def parents(codes: ArrayLike, nodes: int) -> Masks:
    """(nodes, graphs) the parents of each node, as bits."""
    rows = children(codes, nodes)
    found = np.zeros_like(rows)
    for i in range(nodes):
        for j in range(nodes):
            found[j] |= (rows[i] >> j & 1) << i
    return found


def ancestors(of: Masks, without: int = 0) -> Masks:
    """(nodes, graphs) what each node has above it, itself included, as bits.

    Args:
        of: `parents`, or `children` where the descendants are wanted.
        without: Nodes that are taken out first, as bits; each of them has nothing above it but itself.
    """
    n, kept = len(of), ~np.uint8(without)
    found = np.stack([(of[i] & kept if not without >> i & 1 else of[i] & 0) | np.uint8(1 << i) for i in range(n)])
    for k in range(n):  # Warshall
        for i in range(n):
            found[i] |= found[k] * (found[i] >> k & 1)
    return found


def separated(above: Masks, into: Masks, x: int, y: int, given: int) -> NDArray[np.bool_]:
    """(graphs,) whether x and y are d-separated by a set of nodes: in the moral graph of what is above them.

    Args:
        above: `ancestors` of the graphs.
        into: `parents` of the same.
        x: A node.
        y: Another one.
        given: The nodes that are conditioned on, as bits, none of them x or y.
    """
    n = len(above)
    relevant = above[x] | above[y]
    for k in range(n):
        if given >> k & 1:
            relevant = relevant | above[k]
    free = ~np.uint8(given)
    # A node and its parents are a clique; a clique whose node is not relevant is no part of the moral graph.
    cliques = [((into[k] | np.uint8(1 << k)) & free) * (relevant >> k & 1) for k in range(n)]
    reached = np.full(above.shape[1], 1 << x, dtype=np.uint8)
    for _ in range(n):
        before = reached.copy()
        for clique in cliques:
            reached |= clique * ((clique & reached) != 0)
        if (before == reached).all():
            break
    apart: NDArray[np.bool_] = (reached >> y & 1) == 0
    return apart


def class_independences(classes: UnlabelledClasses) -> NDArray[np.bool_]:
    """(classes, pairs, 2^nodes) what is independent of what given which nodes, as bits; pairs as in `combinations`.

    Given a set with a node of the pair nothing is said, and the entry is False.
    """
    n = classes.nodes
    into = parents(classes.representatives, n)
    above = ancestors(into)
    pairs = list(combinations(range(n), 2))
    found = np.zeros((len(classes), len(pairs), 1 << n), dtype=np.bool_)
    for k, (x, y) in enumerate(pairs):
        for given in range(1 << n):
            if not given & (1 << x | 1 << y):
                found[:, k, given] = separated(above, into, x, y, given)
    return found


def renamed(codes: ArrayLike, nodes: int, places: Sequence[int]) -> Codes:
    """(graphs,) the graphs with node i called `places[i]`."""
    rows = children(codes, nodes)
    found = np.zeros(rows.shape[1], dtype=np.int64)
    for part, row in zip(_moved(places), rows, strict=True):
        found |= part[row]
    return found


@lru_cache(maxsize=MOST_NODES)
def unlabelled_dags(nodes: int) -> Codes:
    """(graphs,) one DAG of each kind, ascending.

    Raises:
        OptionError: If there are fewer than 1 or more than 7 nodes.

    Example:
        >>> [len(unlabelled_dags(n)) for n in range(1, 6)]
        [1, 2, 6, 31, 302]
    """
    if _checked(nodes) == 1:
        return _kept(np.zeros(1, dtype=np.int64))
    smaller = children(unlabelled_dags(nodes - 1), nodes - 1)
    laid = np.zeros(smaller.shape[1], dtype=np.int64)
    for i, row in enumerate(smaller):
        laid |= row.astype(np.int64) << (nodes * i)
    new = [
        sum(1 << (nodes * i + nodes - 1) for i in range(nodes - 1) if into >> i & 1) for into in range(1 << nodes - 1)
    ]
    return _kept(np.unique(_canonical((laid[:, None] | np.array(new, dtype=np.int64)).ravel(), nodes)[0]))


@lru_cache(maxsize=MOST_NODES)
def unlabelled_classes(nodes: int) -> UnlabelledClasses:
    """The Markov equivalence classes, one of each kind.

    Raises:
        OptionError: If there are fewer than 1 or more than 7 nodes.

    Example:
        >>> [len(unlabelled_classes(n)) for n in range(1, 6)], int(unlabelled_classes(5).orbits.sum())
        ([1, 2, 5, 20, 142], 8782)
    """
    root, member = _equivalent(unlabelled_dags(nodes), nodes)
    begins = np.flatnonzero(np.diff(root, prepend=-1))
    cpdags = np.bitwise_or.reduceat(member, begins)
    least, symmetries = _canonical(cpdags, nodes)
    kept = np.sort(np.unique(least, return_index=True)[1])  # of the kinds of DAG in a class the first
    sizes = np.diff(np.append(begins, len(member)))[kept]
    picked = np.isin(root, kept)
    first = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    orbits = factorial(nodes) // symmetries[kept]
    return UnlabelledClasses(nodes, *map(_kept, (cpdags[kept], member[picked], first, sizes, orbits)))


def _equivalent(roots: Codes, nodes: int) -> tuple[NDArray[np.int64], Codes]:
    """Every DAG that is equivalent to each of some, beside the number of that one; both ascending."""
    root = new_root = np.arange(len(roots))
    code = new = roots
    while len(new):
        into, found = parents(new, nodes), [(new_root[:0], new[:0])]
        for i in range(nodes):
            for j in range(nodes):
                if i != j:
                    covered = np.flatnonzero(
                        (new >> (nodes * i + j) & 1 == 1) & (into[j] == into[i] | np.uint8(1 << i))
                    )
                    turned = new[covered] ^ (1 << (nodes * i + j) | 1 << (nodes * j + i))
                    found.append((new_root[covered], turned))
        more_root, more = (np.concatenate(part) for part in zip(*found, strict=True))
        of, all_codes = np.concatenate([root, more_root]), np.concatenate([code, more])
        fresh = np.arange(len(of)) >= len(root)
        order = np.lexsort((fresh, all_codes, of))
        of, all_codes, fresh = of[order], all_codes[order], fresh[order]
        once = np.append(True, (np.diff(of) != 0) | (np.diff(all_codes) != 0))
        root, code, fresh = of[once], all_codes[once], fresh[once]
        new_root, new = root[fresh], code[fresh]
    return root, code


def _canonical(codes: Codes, nodes: int) -> tuple[Codes, NDArray[np.int64]]:
    """The least number that each graph has under any names, and how many ways of naming leave it as it is."""
    rows = children(codes, nodes)
    least, symmetries = codes.copy(), np.zeros(len(codes), dtype=np.int64)
    named, part = np.empty_like(codes), np.empty_like(codes)
    for places in permutations(range(nodes)):
        tables = _moved(places)
        np.take(tables[0], rows[0], out=named)
        for table, row in zip(tables[1:], rows[1:], strict=True):
            np.take(table, row, out=part)
            named |= part
        np.minimum(least, named, out=least)
        symmetries += named == codes
    return least, symmetries


def _moved(places: Sequence[int]) -> list[Codes]:
    """For each node, from the bits of its children to those of its renamed children, where they then stand."""
    n = len(places)
    row = np.zeros(1 << n, dtype=np.int64)
    for k, place in enumerate(places):
        row[1 << k : 2 << k] = row[: 1 << k] | 1 << place
    return [row << (n * place) for place in places]


def _checked(nodes: int) -> int:
    if not 1 <= nodes <= MOST_NODES:
        raise OptionError(f"graphs are listed up to a renaming for 1 to {MOST_NODES} nodes, got {nodes}")
    return nodes


def _kept(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """The same array, which nobody can change: it is remembered."""
    values.flags.writeable = False
    return values

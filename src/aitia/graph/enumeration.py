"""The members of a Markov equivalence class: listed, counted exactly, drawn uniformly.

Listing directs one edge at a time and closes under Meek's rules, so every branch ends in a member. Counting and
drawing take polynomial time: a class is the product over the chain components of its CPDAG of the acyclic orientations
without collider of a chordal graph, and these are counted by the clique that comes first (Clique-Picking).

References:
    Wienoebst, Bannach and Liskiewicz, Polynomial-time algorithms for counting and sampling Markov equivalent DAGs with
    applications, Journal of Machine Learning Research 24 (2023).
    Meek, Causal inference and causal explanation with background knowledge, UAI 1995.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from math import factorial, prod

from aitia.errors import GraphError
from aitia.graph._pdag import Pdag
from aitia.graph.bits import bits
from aitia.graph.equivalence import consistent_extension, is_cpdag
from aitia.graph.graph import Graph
from aitia.graph.open_triples import decided

__all__ = ["count_class", "markov_equivalence_class", "sample_member"]


def markov_equivalence_class(cpdag: Graph) -> Iterator[Graph]:
    """Every DAG that the CPDAG stands for, each once, lazily.

    Also of a CPDAG with background knowledge applied (`aitia.graph.knowledge.apply`): the members that obey it. The
    work between two members is at most O(edges^2 x degree) row operations; there is no dead end. Of a graph with open
    triples the members of each class that it stands for.

    Raises:
        GraphError: If the graph has no consistent extension, or edges other than x --> y and x --- y.
        CostError: If open triples can be decided in more than 256 ways.

    Example:
        >>> for dag in markov_equivalence_class(Graph("a --- b --- c")):
        ...     print(dag)
        a --> b; b --> c
        b --> a; b --> c
        b --> a; c --> b
    """
    return chain.from_iterable([_members(one) for one in decided(cpdag)])


def _members(pdag: Graph) -> Iterator[Graph]:
    consistent_extension(pdag)
    rows = Pdag(pdag)
    rows.close((1 << len(pdag)) - 1)
    return _orientations(rows, pdag.nodes)


def _orientations(start: Pdag, names: tuple[str, ...]) -> Iterator[Graph]:
    waiting = [start]
    while waiting:
        rows = waiting.pop()
        i = next((i for i, beside in enumerate(rows.neighbors) if beside), None)
        if i is None:
            yield rows.graph(names)
            continue
        j = next(bits(rows.neighbors[i]))
        other = rows.copy()
        other.close(other.orient(j, i))
        rows.close(rows.orient(i, j))
        waiting += [other, rows]


def count_class(cpdag: Graph) -> int:
    """The number of DAGs that the CPDAG stands for, exact, by Clique-Picking.

    O(cliques^2 x (nodes + edges)) in all, with at most two subgraphs remembered for each maximal clique.

    Raises:
        GraphError: If the graph is not a CPDAG. Counting under background knowledge is #P-hard; there, go through
            `markov_equivalence_class`.

    Example:
        >>> count_class(Graph("a --- b --- c --- a"))
        6
    """
    _require_cpdag(cpdag, "count_class")
    counter = _Counter(cpdag._neighbors)
    return prod(counter.count(component) for component in _parts(cpdag._neighbors, (1 << len(cpdag)) - 1))


def sample_member(cpdag: Graph, seed: int) -> Graph:
    """A DAG drawn uniformly from those that the CPDAG stands for; the same seed draws the same DAG.

    Polynomial, like `count_class`. Draw several with one seed each.

    Raises:
        GraphError: If the graph is not a CPDAG.

    Example:
        >>> sample_member(Graph("a --- b --- c"), seed=0) in markov_equivalence_class(Graph("a --- b --- c"))
        True
    """
    _require_cpdag(cpdag, "sample_member")
    rng = random.Random(seed)
    counter = _Counter(cpdag._neighbors)
    arrows = list(cpdag._children)
    for component in _parts(cpdag._neighbors, (1 << len(cpdag)) - 1):
        later = component
        for i in counter.draw(component, rng):
            later &= ~(1 << i)
            arrows[i] |= cpdag._neighbors[i] & later
    tails = [adjacent & ~arrow for adjacent, arrow in zip(cpdag._adjacent, arrows, strict=True)]
    return Graph.from_bits(cpdag.nodes, tails, arrows, (0,) * len(cpdag))


def _require_cpdag(graph: Graph, name: str) -> None:
    if not is_cpdag(graph):
        raise GraphError(
            f"{name}() takes a CPDAG, and this graph is none: cpdag(dag) makes one. Counting under knowledge "
            "is #P-hard: there, go through markov_equivalence_class(graph)"
        )


@dataclass
class _Counter:
    """Counts and draws acyclic orientations without collider (AMOs) of connected chordal subgraphs.

    Every AMO has topological orders that start with a maximal clique. Counting those that start with each clique, and
    only the orders of the clique in which no earlier clique of the clique tree could have come first, counts each AMO
    once (Wienoebst et al., theorem 4.12).
    """

    neighbors: tuple[int, ...]
    counts: dict[int, int] = field(default_factory=dict)

    def count(self, nodes: int) -> int:
        """The number of AMOs of the connected chordal graph induced on `nodes`."""
        if nodes not in self.counts:
            self.counts[nodes] = sum(weight for _, _, weight in self._firsts(nodes))
        return self.counts[nodes]

    def _firsts(self, nodes: int) -> Iterator[tuple[int, list[int], int]]:
        """Each maximal clique, the prefixes that its order may not have, and how many AMOs it stands for."""
        for clique, prefixes in _clique_tree(self.neighbors, nodes):
            rest = prod(self.count(part) for group in self._groups(nodes, clique) for part in group)
            yield clique, prefixes, rest * _orders(clique.bit_count(), [p.bit_count() for p in prefixes])

    def draw(self, nodes: int, rng: random.Random) -> list[int]:
        """A topological order of a uniformly drawn AMO."""
        if nodes & (nodes - 1) == 0:
            return list(bits(nodes))
        clique, prefixes = self._pick(nodes, rng)
        order = list(bits(clique))
        while True:  # accepts with probability 1/3 or more: prefixes rule out at most sum 1 / C(k, |prefix|)
            rng.shuffle(order)
            if not any(sum(1 << i for i in order[: p.bit_count()]) == p for p in prefixes):
                break
        return order + [i for group in self._groups(nodes, clique) for part in group for i in self.draw(part, rng)]

    def _pick(self, nodes: int, rng: random.Random) -> tuple[int, list[int]]:
        """A first clique with its forbidden prefixes, as likely as the AMOs it stands for are many."""
        ticket = rng.randrange(self.count(nodes))
        firsts = self._firsts(nodes)
        clique, prefixes, weight = next(firsts)
        while ticket >= weight:
            ticket -= weight
            clique, prefixes, weight = next(firsts)
        return clique, prefixes

    def _groups(self, nodes: int, clique: int) -> list[list[int]]:
        """What stays undirected when `clique` comes first: the parts of the sets of a lexicographic search from it."""
        sets, groups, settled = [clique, nodes & ~clique], [], clique
        while sets:
            first = sets[0]
            low = first & -first
            if not low & settled:
                groups.append(_parts(self.neighbors, first))
                settled |= first
            near = self.neighbors[low.bit_length() - 1]
            sets[0] = first ^ low
            sets = [part for s in sets for part in (s & near, s & ~near) if part]
        return groups


def _orders(size: int, prefixes: list[int]) -> int:
    """The orders of `size` things that start with none of these nested sets, given by their sizes, ascending."""
    free: list[int] = []  # orders of prefix i that start with no earlier prefix
    for k, length in enumerate([*prefixes, size]):
        ruled_out = sum(factorial(length - shorter) * free[m] for m, shorter in enumerate(prefixes[:k]))
        free.append(factorial(length) - ruled_out)
    return free[-1]


def _parts(neighbors: tuple[int, ...], nodes: int) -> list[int]:
    """The connected components of the graph induced on `nodes`."""
    rows = {i: neighbors[i] & nodes for i in bits(nodes)}
    found = []
    while nodes:
        part = frontier = nodes & -nodes
        while frontier:
            step = 0
            for i in bits(frontier):
                step |= rows[i]
            frontier = step & ~part
            part |= frontier
        found.append(part)
        nodes &= ~part
    return found


def _clique_tree(neighbors: tuple[int, ...], nodes: int) -> Iterator[tuple[int, list[int]]]:
    """Each maximal clique of a connected chordal graph, with the separators on its way from the root that lie in it.

    The separators inside a clique are nested; they come ascending and each once.
    """
    cliques = _maximal_cliques(neighbors, nodes)
    parent = [0] * len(cliques)
    outside = list(range(1, len(cliques)))
    overlap = [cliques[0] & clique for clique in cliques]
    walked: list[list[int]] = [[] for _ in cliques]  # separators from the root down to each clique
    yield cliques[0], []
    while outside:  # Prim: a clique tree is a spanning tree whose separators are largest
        k = max(outside, key=lambda k: overlap[k].bit_count())
        outside.remove(k)
        walked[k] = [*walked[parent[k]], overlap[k]]
        yield cliques[k], sorted(dict.fromkeys(s for s in walked[k] if not s & ~cliques[k]), key=int.bit_count)
        for m in outside:
            if (cliques[k] & cliques[m]).bit_count() > overlap[m].bit_count():
                overlap[m], parent[m] = cliques[k] & cliques[m], k


def _maximal_cliques(neighbors: tuple[int, ...], nodes: int) -> list[int]:
    """The maximal cliques of a chordal graph, by a lexicographic search: each node with its earlier neighbours."""
    sets, visited = [nodes], 0
    found: list[int] = []
    while sets:
        low = sets[0] & -sets[0]
        near = neighbors[low.bit_length() - 1]
        clique = near & visited | low
        # The search is a perfect order: a clique is maximal unless the next one found holds it.
        if found and not found[-1] & ~clique:
            found[-1] = clique
        else:
            found.append(clique)
        visited |= low
        sets[0] ^= low
        sets = [part for s in sets for part in (s & near, s & ~near) if part]
    return found

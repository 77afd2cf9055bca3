"""Graphs with bows, and the same graphs with every hidden cause drawn as a node: what brute force is made on."""

import itertools

import numpy as np

from aitia.graph.graph import Graph
from aitia.graph.marks import Edge, Mark

NAMES = ("x", "y", "a", "b", "c", "e")


def subsets(names):
    """Every set of some names, the empty one first."""
    return [s for k in range(len(names) + 1) for s in itertools.combinations(names, k)]


def bowed(n):
    """Every ADMG on the first n names; a pair may have --> and <-> at once."""
    pairs = list(itertools.combinations(NAMES[:n], 2))
    for choice in itertools.product(range(6), repeat=len(pairs)):
        edges = []
        for (a, b), kind in zip(pairs, choice, strict=True):
            edges += [Edge(a, b)] if kind in (1, 4) else [Edge(b, a)] if kind in (2, 5) else []
            edges += [Edge(a, b, Mark.ARROW, Mark.ARROW)] if kind >= 3 else []
        graph = Graph(edges, NAMES[:n])
        if graph.is_acyclic:
            yield graph


def random_bowed(rng, n, share=0.45, hidden=0.3):
    """An ADMG on the first n names, in a random order of causes."""
    edges = []
    for a, b in itertools.combinations(rng.permutation(NAMES[:n]).tolist(), 2):
        edges += [Edge(a, b)] if rng.random() < share else []
        edges += [Edge(a, b, Mark.ARROW, Mark.ARROW)] if rng.random() < hidden else []
    return Graph(edges, NAMES[:n])


def explicit(graph):
    """The DAG with a latent parent for each <->, and the names of these."""
    edges, latent = [], []
    for edge in graph.edges:
        if edge.symbol == "<->":
            latent.append(f"u{len(latent)}")
            edges += [(latent[-1], edge.left), (latent[-1], edge.right)]
        else:
            edges.append((edge.left, edge.right))
    return Graph(edges, [*graph.nodes, *latent]), latent


def d_separated(dag, x, y, given):
    """By the moral graph of the ancestors: the parents of a node joined, then plain separation."""
    names = dag.ancestors([x, y, *given])
    place = {name: i for i, name in enumerate(names)}
    joined = np.eye(len(names), dtype=bool)
    for name in names:
        for a, b in itertools.product((name, *dag.parents(name)), repeat=2):
            joined[place[a], place[b]] = True
    for name in given:
        joined[place[name]] = joined[:, place[name]] = False
    for _ in range(len(names)):
        joined = joined @ joined
    return not joined[place[x], place[y]]


def between(dag, x, y):
    """The nodes on causal paths from x to y, x left out."""
    return {n for n in dag.descendants(x) if n != x} & set(dag.ancestors(y)) if y in dag.descendants(x) else set()


def without_first(dag, x, y):
    """The DAG without the first edges of causal paths from x to y."""
    causal = between(dag, x, y)
    return Graph([e for e in dag.edges if not (e.left == x and e.right in causal)], dag.nodes)


def without_out(dag, x):
    """The DAG without the edges out of x."""
    return Graph([e for e in dag.edges if e.left != x], dag.nodes)

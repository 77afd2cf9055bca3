"""The members of an equivalence class that an effect tells apart.

In a CPDAG what `do` changes depends on a member through the parents of what is set alone, so one member stands for all
that share these: IDA, with the parents' sets that extend to a member instead of those that only look so.

References:
    Maathuis, Kalisch and Buehlmann, Estimating high-dimensional intervention effects from observational data, Annals of
    Statistics 37 (2009); Nandy, Maathuis and Richardson, Annals of Statistics 45 (2017), for several targets.
"""

from collections.abc import Iterator, Sequence
from itertools import product

from aitia.errors import CostError, GraphError, join_names
from aitia.graph import Edge, Graph, consistent_extension, meek, unshielded_colliders

__all__ = ["MOST_MEMBERS", "members", "open_edges"]

MOST_MEMBERS = 64
"""Parents' sets that are told apart, at most."""
MOST_EDGES = 12
"""Open edges at what is set, at most."""


def open_edges(graph: Graph, targets: Sequence[str]) -> list[Edge]:
    """The undirected edges at what is set, read from there.

    Example:
        >>> print(*open_edges(Graph("a --- x -> y"), ["x"]))
        x --- a
    """
    return [
        edge if edge.left in targets else edge.reversed()
        for edge in graph.edges
        if edge.symbol == "---" and {edge.left, edge.right} & set(targets)
    ]


def members(graph: Graph, targets: Sequence[str]) -> Iterator[Graph]:
    """One DAG for each set of parents that the targets have in some member of the class.

    Args:
        graph: A CPDAG, or one with background knowledge.
        targets: What is set.

    Raises:
        GraphError: If no DAG extends the graph.
        CostError: If more than twelve edges at the targets are open.

    Example:
        >>> for dag in members(Graph("a --- x --- y; a --- y"), ["x"]):
        ...     print(dag.parents("x"))
        ('a', 'y')
        ('a',)
        ('y',)
        ()
    """
    undecided = open_edges(graph, targets)
    if len(undecided) > MOST_EDGES:
        raise CostError(
            f"{len(undecided)} edges at {join_names(targets)} have no direction, and every way of directing them is an "
            "effect of its own: say what is known of them (--knowledge at the discovery, or --graph)"
        )
    colliders = _colliders(consistent_extension(graph))
    pairs = {frozenset((e.left, e.right)) for e in undecided}
    kept = [e for e in graph.edges if frozenset((e.left, e.right)) not in pairs]
    for into in product((True, False), repeat=len(undecided)):
        arrows = [(e.right, e.left) if arrow else (e.left, e.right) for e, arrow in zip(undecided, into, strict=True)]
        directed = Graph([*kept, *(Edge(a, b) for a, b in arrows)], graph.nodes)
        try:
            dag = consistent_extension(meek(directed))
        except GraphError:
            continue
        # Directing may have made a collider that the class does not have; an extension of what was directed keeps it.
        if _colliders(dag) == colliders and all(a in dag.parents(b) for a, b in arrows):
            yield dag


def _colliders(dag: Graph) -> set[tuple[str, str, str]]:
    return set(unshielded_colliders(dag))

"""Sets of mediators that carry a whole effect and let it be seen past hidden confounding.

References:
    [1] Jeong, Tian, Bareinboim, Finding and listing front-door adjustment sets, NeurIPS 2022.
    Pearl, Causality, 2nd ed. (2009), definition 3.3.3.
"""

from collections.abc import Iterable

from aitia.errors import GraphError
from aitia.graph._question import _m_connected, _without_first
from aitia.graph.bits import bits, closure
from aitia.graph.graph import Graph

__all__ = ["front_door_set", "is_front_door_set", "smallest_front_door"]

Nodes = str | Iterable[str]


def is_front_door_set(graph: Graph, treatment: str, outcome: Nodes, mediators: Nodes) -> bool:
    """Whether mediators meet the front-door criterion (Pearl, Causality, definition 3.3.3).

    They intercept every causal path from treatment to outcome, nothing confounds treatment and mediators, and the
    treatment blocks every back-door path from the mediators to the outcome.

    Raises:
        UnknownVariableError: If a name is not in the graph.
        GraphError: If the graph is neither a DAG nor an ADMG, or the sets overlap.

    Example:
        >>> is_front_door_set(Graph("x -> m -> y; x <-> y"), "x", "y", "m")
        True
    """
    x, y, z = _front_door_masks(graph, treatment, outcome, mediators)
    return _is_front_door(graph, x, y, z)


def front_door_set(graph: Graph, treatment: str, outcome: Nodes, *, latent: Nodes = ()) -> tuple[str, ...] | None:
    """A front-door set from which no single node can be dropped, or None where there is no front-door set [1].

    Raises:
        UnknownVariableError: If a name is not in the graph.
        GraphError: If the graph is neither a DAG nor an ADMG, or the sets overlap.

    Example:
        >>> front_door_set(Graph("x -> a -> b -> y; x <-> y"), "x", "y")
        ('b',)
    """
    x, y, _ = _front_door_masks(graph, treatment, outcome, ())
    found = smallest_front_door(graph, x, y, graph.mask(latent))
    return None if found is None else graph.names(found)


def _front_door_masks(graph: Graph, treatment: str, outcome: Nodes, mediators: Nodes) -> tuple[int, int, int]:
    if not graph.is_admg:
        raise GraphError("the front-door criterion is defined on --> and <-> without directed cycles")
    x, y, z = graph.mask([treatment]), graph.mask(outcome), graph.mask(mediators)
    if not y or x & y or z & (x | y):
        raise GraphError("treatment, outcome and mediators share no node, and there is an outcome")
    return x, y, z


def _is_front_door(graph: Graph, x: int, y: int, z: int) -> bool:
    past = tuple(row & ~z for row in graph._children)
    if closure(past, x) & y:
        return False
    everything = (1 << len(graph)) - 1
    if _m_connected(_without_first(graph, x, everything), x, 0) & z:
        return False
    return not _m_connected(_without_first(graph, z, everything), z, x) & y


def smallest_front_door(graph: Graph, x: int, y: int, hidden: int) -> int | None:
    """A front-door set for the nodes of these masks, without `hidden`, from which none can be dropped; else None."""
    everything = (1 << len(graph)) - 1
    z = everything & ~(_m_connected(_without_first(graph, x, everything), x, 0) | y | hidden)
    while z:
        # Every node with an open back-door path to y goes; without its own edges cut it may open one for others.
        bad = _m_connected(_without_first(graph, z, everything), y, x) & z
        if not bad:
            break
        z &= ~bad
    if not _is_front_door(graph, x, y, z):
        return None  # z is the largest set that meets the last two conditions, so no other intercepts more
    between = z & closure(graph._children, x) & closure(graph._parents, y)
    if _is_front_door(graph, x, y, between):
        z = between
    for i in bits(z):
        if _is_front_door(graph, x, y, z & ~(1 << i)):
            z &= ~(1 << i)
    return z

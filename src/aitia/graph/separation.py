"""m-separation in DAGs, ADMGs and MAGs, and the smallest sets that bring it about.

A path is open given Z where every non-collider on it lies outside Z and every collider is an ancestor of Z; x and y
are m-separated by Z where no path between them is open (d-separation, when the graph is a DAG). Open walks and open
paths join the same nodes, so one sweep over (node, mark of arrival) decides it: O(nodes + edges) row operations.

References:
    Richardson and Spirtes, Ancestral graph Markov models, Annals of Statistics 30 (2002), section 3.4.
    van der Zander and Liskiewicz, Finding minimal d-separators in linear time and applications, UAI 2019.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from aitia.errors import GraphError, join_names
from aitia.graph.bits import bits, closure
from aitia.graph.graph import Graph

__all__ = [
    "Independence",
    "implied_independencies",
    "is_minimal_separator",
    "is_separated",
    "markov_blanket",
    "minimal_separator",
]

Nodes = str | Iterable[str]


class Independence(NamedTuple):
    """A statement that `x` and `y` are independent given the names in `given`."""

    x: str
    y: str
    given: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.x} ⫫ {self.y}" + (f" | {', '.join(self.given)}" if self.given else "")


def is_separated(graph: Graph, x: Nodes, y: Nodes, given: Nodes = ()) -> bool:
    """Whether `given` m-separates `x` from `y`; in a DAG this is d-separation.

    Args:
        graph: A DAG, ADMG or MAG; undirected edges stand for selection, as in an ancestral graph.
        x: One name or several.
        y: One name or several.
        given: One name or several; the three sets share no node. With an empty `x` or `y` the answer is True.

    Raises:
        GraphError: If the sets share a node, or the graph is none of these kinds (a CPDAG or PAG stands for a class:
            ask one of its members, they all agree).
        UnknownVariableError: If a name is not in the graph.

    Example:
        >>> graph = Graph("x -> m -> y; x -> c <- y")
        >>> is_separated(graph, "x", "y", "m"), is_separated(graph, "x", "y", ["m", "c"])
        (True, False)
    """
    _require_separable(graph)
    from_x, from_y, z = graph.mask(x), graph.mask(y), graph.mask(given)
    _require_disjoint(graph, x=from_x, y=from_y, given=z)
    return not _reach(graph, from_x, z, closure(graph._parents, z)) & from_y


def minimal_separator(
    graph: Graph, x: Nodes, y: Nodes, include: Nodes = (), restrict: Nodes | None = None
) -> tuple[str, ...] | None:
    """A set that separates `x` from `y` and of which no node outside `include` can be spared, or None.

    Args:
        graph: A DAG, ADMG or MAG.
        x: One name or several.
        y: One name or several.
        include: Names that must be in the set.
        restrict: Names the set may use, `include` among them; None means all.

    Returns:
        The names in node order, or None where no allowed set separates. Takes time O(nodes + edges).

    Raises:
        GraphError: If the sets share a node, `include` leaves `restrict`, or the graph is of another kind.
        UnknownVariableError: If a name is not in the graph.

    Example:
        >>> minimal_separator(Graph("x -> a -> b -> y; x -> c <- y"), "x", "y")
        ('a',)
    """
    found = _nearest_separator(graph, *_problem(graph, x, y, include, restrict))
    return None if found is None else graph.names(found)


def is_minimal_separator(
    graph: Graph, x: Nodes, y: Nodes, given: Nodes, include: Nodes = (), restrict: Nodes | None = None
) -> bool:
    """Whether `given` separates `x` from `y` within the bounds and loses that with any node outside `include` removed.

    Args and errors are those of `minimal_separator`; O(nodes + edges).

    Example:
        >>> graph = Graph("x -> a -> b -> y")
        >>> is_minimal_separator(graph, "x", "y", "b"), is_minimal_separator(graph, "x", "y", ["a", "b"])
        (True, False)
    """
    from_x, from_y, kept, allowed, relevant = _problem(graph, x, y, include, restrict)
    z = graph.mask(given)
    _require_disjoint(graph, x=from_x, y=from_y, given=z)
    if kept & ~z or z & ~allowed or z & ~relevant:
        return False
    near_x = _reach(graph, from_x, z, relevant)
    return not near_x & from_y and not z & ~kept & ~(near_x & _reach(graph, from_y, z, relevant))


def markov_blanket(graph: Graph, node: str) -> tuple[str, ...]:
    """The smallest set that separates a node from all other nodes: those it reaches through colliders alone.

    In a DAG: parents, children and the children's other parents.

    Raises:
        GraphError: If the graph is not a DAG, ADMG or MAG.
        UnknownVariableError: If the node is not in the graph.

    Example:
        >>> markov_blanket(Graph("a -> x -> c <- b; c -> d"), "x")
        ('a', 'c', 'b')
    """
    _require_separable(graph)
    start = graph.mask([node])
    everything = (1 << len(graph)) - 1
    return graph.names(_reach(graph, start, everything & ~start, everything) & ~start)


def implied_independencies(graph: Graph) -> Iterator[Independence]:
    """The independence that each missing edge implies, with a minimal separating set; lazy, pairs in node order.

    In a DAG or MAG these are as many as there are missing edges; in an ADMG that is not maximal some missing edges
    imply none and are passed over. Each takes O(nodes + edges).

    Raises:
        GraphError: If the graph is not a DAG, ADMG or MAG.

    Example:
        >>> print(*implied_independencies(Graph("rain -> wet <- sprinkler; wet -> slip")), sep="; ")
        rain ⫫ sprinkler; rain ⫫ slip | wet; sprinkler ⫫ slip | wet
    """
    _require_separable(graph)
    return _missing_edges(graph)


def _missing_edges(graph: Graph) -> Iterator[Independence]:
    everything = (1 << len(graph)) - 1
    for i, row in enumerate(graph._adjacent):
        for j in bits(everything & ~row >> (i + 1) << (i + 1)):
            x, y = graph.nodes[i], graph.nodes[j]
            separator = minimal_separator(graph, [x], [y])
            if separator is not None:
                yield Independence(x, y, separator)


def _reach(graph: Graph, start: int, given: int, colliders: int) -> int:
    """Every node that a walk from `start` reaches whose inner non-colliders avoid `given` and colliders are allowed."""
    tails, arrows = graph._ends[0], graph._ends[1]
    by_tail, by_arrow = 0, 0
    new_tail, new_arrow = start, 0
    while new_tail or new_arrow:
        by_tail |= new_tail
        by_arrow |= new_arrow
        to_tail = to_arrow = 0
        for i in bits(new_tail & ~given):
            to_tail |= tails[i]
            to_arrow |= arrows[i]
        for i in bits(new_arrow & ~given):
            to_tail |= graph._neighbors[i]
            to_arrow |= graph._children[i]
        for i in bits(new_arrow & colliders):
            to_tail |= graph._parents[i]
            to_arrow |= graph._spouses[i]
        new_tail = to_tail & ~by_tail
        new_arrow = to_arrow & ~by_arrow
    return by_tail | by_arrow


def _nearest_separator(graph: Graph, x: int, y: int, kept: int, allowed: int, relevant: int) -> int | None:
    """The minimal separator nearest to x, in the anterior set `relevant` of x, y and what is kept; None for none."""
    # A separator inside the anterior set exists wherever any does, and there every collider counts as open.
    z = (allowed & relevant) & ~(x | y)
    near_x = _reach(graph, x, z, relevant)
    if near_x & y:
        return None
    z &= near_x | kept
    return z & (_reach(graph, y, z, relevant) | kept)


def _anterior(graph: Graph, mask: int) -> int:
    """The nodes with a path into `mask` of directed and undirected edges: An(mask) where nothing is undirected."""
    return closure(tuple(p | n for p, n in zip(graph._parents, graph._neighbors, strict=True)), mask)


def _problem(
    graph: Graph, x: Nodes, y: Nodes, include: Nodes, restrict: Nodes | None
) -> tuple[int, int, int, int, int]:
    """The masks of x, y, include and restrict, and the anterior set to which minimal separators are confined."""
    _require_separable(graph)
    from_x, from_y, kept = graph.mask(x), graph.mask(y), graph.mask(include)
    allowed = (1 << len(graph)) - 1 if restrict is None else graph.mask(restrict)
    _require_disjoint(graph, x=from_x, y=from_y, include=kept)
    if kept & ~allowed:
        raise GraphError(f"`include` has {join_names(graph.names(kept & ~allowed))}, which `restrict` leaves out")
    return from_x, from_y, kept, allowed, _anterior(graph, from_x | from_y | kept)


def _require_disjoint(graph: Graph, **sets: int) -> None:
    seen: dict[str, int] = {}
    for name, mask in sets.items():
        for other, before in seen.items():
            if mask & before:
                raise GraphError(f"`{other}` and `{name}` share {join_names(graph.names(mask & before))}")
        seen[name] = mask


def _require_separable(graph: Graph) -> None:
    """Refuses the kinds of graph on which reading m-separation off the marks would be silently wrong."""
    if graph._open:
        raise GraphError(
            "separation is read from a DAG, ADMG or MAG, and this graph has open triples, at which its members do not "
            "agree: ask each of decided(graph)"
        )
    if any(graph._ends[2]):
        raise GraphError(
            "separation is read from a DAG, ADMG or MAG, and this graph has circle marks: ask member_mag(graph); "
            "all members of a PAG agree"
        )
    for i, (beside, into) in enumerate(zip(graph._neighbors, graph._into, strict=True)):
        if beside and into:
            j = next(bits(beside))
            raise GraphError(
                f"separation is read from a DAG, ADMG or MAG, and here {graph.nodes[i]!r} has both an arrow and the "
                f"undirected edge {graph.nodes[i]} --- {graph.nodes[j]}: ask consistent_extension(graph); "
                "all members of a CPDAG agree"
            )
    if not graph.is_acyclic:
        raise GraphError(f"separation needs a graph without directed cycle; here {' -> '.join(graph.find_cycle())}")

"""The question that every check of adjustment asks: treatments, outcomes, and what the graph says of sets for them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, get_args

from aitia.errors import GraphError, IdentifiabilityError, OptionError, join_names
from aitia.graph.bits import bits, closure, transpose
from aitia.graph.graph import Graph
from aitia.graph.marks import Mark, quote
from aitia.graph.separation import _reach, minimal_separator

__all__ = [
    "Nodes",
    "Question",
    "ReadAs",
    "Rows",
    "given_text",
    "graph_kind",
    "pose",
    "proper_paths",
    "shortest_open_path",
    "union",
    "visible_children",
    "write_path",
]


ReadAs = Literal["auto", "dag", "cpdag", "admg", "mag", "pag"]


Nodes = str | Iterable[str]


Rows = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """Treatments, outcomes and what the graph says about sets for them; every set is one bit row."""

    graph: Graph
    kind: str
    x: int
    y: int
    member: Graph  # of the class that the graph stands for, with --> and <-> only
    backdoor: Graph  # the member without first edges of proper causal paths
    causal: int  # nodes outside X on proper possibly causal paths from X to Y
    forbidden: int
    avoid: int  # what no valid set holds: forbidden, and in a CPDAG what is forbidden in one of its DAGs
    above: Rows  # row i: every j with j -> i possible
    obstacle: str | None  # the clause that says why the graph is not amenable

    def head(self) -> str:
        """`the effect of x on y`."""
        return f"the effect of {join_names(self.graph.names(self.x))} on {join_names(self.graph.names(self.y))}"

    def fault(self, z: int) -> str | None:
        """Why Z is not valid, or None."""
        names = self.graph.names
        if z & (self.x | self.y):
            return f"{join_names(names(z & (self.x | self.y)))} cannot be adjusted for: treatment or outcome itself"
        if self.obstacle:
            return self.obstacle
        if bad := z & self.forbidden:
            return self._forbidden_clause(bad)
        if _m_connected(self.backdoor, self.x, z) & self.y:
            return f"the non-causal path {self.open_path(z)} is open{given_text(names(z))}"
        return None

    def _forbidden_clause(self, bad: int) -> str:
        names = self.graph.names
        if on_path := bad & self.causal:
            return f"{names(on_path)[0]} lies on a causal path from treatment to outcome"
        first = bad & -bad
        via = closure(self.above, first) & self.causal
        if not via & ~self.y:
            return f"{names(first)[0]} is a descendant of the outcome {names(via)[0]}"
        via &= ~self.y
        return f"{names(first)[0]} is a descendant of {names(via)[0]}, which lies on a causal path to the outcome"

    def open_path(self, z: int) -> str:
        """A shortest path that Z leaves open in the proper back-door graph, as text."""
        return write_path(self.graph, *shortest_open_path(self.backdoor, self.x, self.y, z))

    def bounds(self, include: Nodes, restrict: Nodes | None, latent: Nodes) -> tuple[int, int]:
        """The nodes that must be in a set, and all that may be: never those that are latent."""
        graph = self.graph
        included, hidden = graph.mask(include), graph.mask(latent)
        if included & hidden:
            names = ", ".join(graph.names(included & hidden))
            raise OptionError(f"{names} cannot be latent and in the set: what is not observed is not adjusted for")
        allowed = ((1 << len(graph)) - 1 if restrict is None else graph.mask(restrict)) | included
        outside = self.x | self.y | self.forbidden
        fault = self.obstacle or (self.fault(included) if included & outside else None)
        if fault:
            raise IdentifiabilityError(f"{self.head()} has no adjustment set: {fault}")
        return included, allowed & ~(outside | hidden)

    def canonical(self, included: int, allowed: int) -> int:
        """Every allowed possible ancestor of X, Y and what is included: valid when any set within bounds is [1, 4]."""
        ends = self.x | self.y | included
        z = (closure(self.above, ends) & allowed & ~self.avoid) | included
        if self.kind == "cpdag" and _m_connected(self.backdoor, self.x, z) & self.y:
            # With background knowledge these are too many; the ancestors in the member are then enough.
            z = (closure(self.member._parents, ends) & allowed) | included
        if _m_connected(self.backdoor, self.x, z) & self.y:
            raise IdentifiabilityError(
                f"{self.head()} has no adjustment set: no allowed set closes the non-causal path {self.open_path(z)}"
            )
        return z

    def nearest(self, included: int, allowed: int) -> int | None:
        """The minimal set nearest to the outcome within bounds, None where there is none."""
        names = self.graph.names
        found = minimal_separator(
            self.backdoor, names(self.y), names(self.x), names(included), names(allowed | included)
        )
        return None if found is None else self.graph.mask(found)


def pose(graph: Graph, treatment: Nodes, outcome: Nodes, read_as: ReadAs = "auto") -> Question:
    """Reads the graph as its kind and works out what every check about these treatments and outcomes needs."""
    kind = graph_kind(graph, read_as)
    x, y = _endpoints(graph, treatment, outcome)
    closed, member = _members(graph, kind)
    out = closed._possible_children
    obstacle = None
    if kind == "cpdag":
        obstacle = _undirected_obstacle(closed, x, y)
    elif kind in ("mag", "pag"):
        obstacle = _invisible_obstacle(graph, out, x, y)
    avoid = closure(out, proper_paths(out, x, y))
    # Sets valid in an amenable CPDAG are those valid in any one of its DAGs, so that DAG's forbidden nodes decide: both
    # formulas are then the one effect, and the criterion is complete in each DAG.
    rows = member._children if kind == "cpdag" else out
    causal = proper_paths(rows, x, y)
    backdoor = _without_first(member, x, proper_paths(member._children, x, y))
    above = transpose(out)
    return Question(graph, kind, x, y, member, backdoor, causal, closure(rows, causal), avoid, above, obstacle)


def graph_kind(graph: Graph, read_as: ReadAs = "auto") -> str:
    """What the graph is read as: dag, cpdag, admg, mag or pag.

    Raises:
        GraphError: If its edges do not fit that kind.
        OptionError: If `read_as` is not one of its values.
    """
    if read_as not in get_args(ReadAs):
        raise OptionError(f"read_as is one of {join_names(get_args(ReadAs))}, got {read_as!r}")
    circles, bidirected, undirected = any(graph._ends[2]), any(graph._spouses), any(graph._neighbors)
    kind: str = read_as
    if kind == "auto":
        kind = "pag" if circles else "cpdag" if undirected else "admg" if bidirected else "dag"
    if undirected and (circles or bidirected):
        raise GraphError("a graph with --- beside circles or <-> stands for selection: effects are not covered there")
    fits = {
        "dag": graph.is_directed,
        "cpdag": graph.is_pdag,
        "admg": not circles and not undirected,
        "mag": not circles and not undirected,
        "pag": not undirected,
    }
    if not fits[kind]:
        text = str(graph)
        raise GraphError(f"this graph cannot be read as a {kind.upper()}: {text[:200]}{'...' if text[200:] else ''}")
    graph.topological_order()  # raises where there is a directed cycle
    if kind == "pag" and graph.bows:
        a, b = map(quote, graph.bows[0])
        raise GraphError(f"{a} <-> {b} although {a} is an ancestor of {b}: no PAG; read the graph as an ADMG")
    if kind == "pag" and circles:
        for i, circle in enumerate(graph._ends[2]):
            for j in bits(circle):
                if graph._ends[0][j] >> i & 1:
                    raise GraphError(f"{write_path(graph, [i, j])} stands for selection: effects are not covered there")
    if kind == "mag":
        for i, row in enumerate(graph._spouses):
            if row and (both := row & closure(graph._parents, 1 << i)):
                a, b = graph.nodes[next(bits(both))], graph.nodes[i]
                raise GraphError(f"{a} <-> {b} although {a} is an ancestor of {b}: no MAG; read the graph as an ADMG")
    return kind


def _endpoints(graph: Graph, treatment: Nodes, outcome: Nodes) -> tuple[int, int]:
    x, y = graph.mask(treatment), graph.mask(outcome)
    if not x or not y:
        raise GraphError(f"name at least one {'outcome' if x else 'treatment'}")
    if x & y:
        raise GraphError(f"{join_names(graph.names(x & y))} cannot be both treatment and outcome")
    return x, y


def _members(graph: Graph, kind: str) -> tuple[Graph, Graph]:
    """The graph with all its orientations drawn, and one DAG, ADMG or MAG that it stands for."""
    from aitia.graph.equivalence import consistent_extension, meek

    if kind == "cpdag":
        closed = meek(graph)
        return closed, consistent_extension(closed)
    if kind != "pag":
        return graph, graph
    # A MAG of the PAG: o-> becomes -->, and the circle component a DAG without new colliders [3, theorem 2].
    tail, arrow, circle = graph._ends
    both = [row & back for row, back in zip(circle, transpose(circle), strict=True)]
    empty = (0,) * len(graph)
    core = consistent_extension(Graph.from_bits(graph.nodes, both, empty, empty))
    tail = tuple(t | c & ~b | new for t, c, b, new in zip(tail, circle, both, core._ends[0], strict=True))
    arrow = tuple(a | new for a, new in zip(arrow, core._ends[1], strict=True))
    return graph, Graph.from_bits(graph.nodes, tail, arrow, empty)


def _without_first(graph: Graph, x: int, to: int) -> Graph:
    """The graph of --> and <-> without the directed edges from X into `to`."""
    tail, arrow = list(graph._ends[0]), list(graph._ends[1])
    for i in bits(x):
        cut = graph._children[i] & to
        arrow[i] &= ~cut | graph._spouses[i]  # of a bow the hidden cause stays
        for j in bits(cut):
            tail[j] &= ~(1 << i)
    return Graph.from_bits(graph.nodes, tail, arrow, graph._ends[2])


def proper_paths(out: Rows, x: int, y: int) -> int:
    """The nodes outside X on paths from X to Y along the rows `out` that leave X only once."""
    forward = closure(out, union(out, x))
    if not forward & y:
        return 0
    outside = tuple(0 if x >> i & 1 else row for i, row in enumerate(out))  # from x on there is no way back to y
    return forward & closure(transpose(outside), y)


def _undirected_obstacle(graph: Graph, x: int, y: int) -> str | None:
    """The undirected edge that starts a proper possibly causal path, in a PDAG closed under Meek's rules.

    A path x --- v ... y is possibly causal when no edge points from a later node of it to an earlier one. It is enough
    to search, from v on, walks without backward edges that avoid the treatments and the parents of x: if the shortest
    of them had an edge v[k+1] --> v[k-1], rules 1 and 2 would repeat it for v[k-2], v[k-3] and so on down to x, whose
    parents are avoided. So it is unshielded, and then possibly causal (Perkovic, Kalisch, Maathuis, Interpreting and
    using CPDAGs with background knowledge, UAI 2017, lemma 3.6).
    """
    for i in bits(x):
        allowed = ~(x | graph._parents[i])
        rows = tuple((c | u) & allowed for c, u in zip(graph._children, graph._neighbors, strict=True))
        for v in bits(graph._neighbors[i] & allowed):
            if hit := closure(rows, 1 << v) & y:
                a, b, end = graph.nodes[i], graph.nodes[v], graph.names(hit)[0]
                leads = "" if end == b else f" and may lead to {end}"
                return f"{a} --- {b} is undirected{leads}: its direction decides the effect"
    return None


def visible_children(graph: Graph, i: int) -> int:
    """Every j with i --> j visible in a MAG or PAG: no hidden common cause can stand behind the arrow [3]."""
    found = 0
    for j in bits(graph._children[i]):
        behind = closure(tuple(row & graph._parents[j] for row in graph._spouses), 1 << i)
        if any(graph._into[c] & ~graph._adjacent[j] & ~(1 << j) for c in bits(behind)):
            found |= 1 << j
    return found


def _invisible_obstacle(graph: Graph, out: Rows, x: int, y: int) -> str | None:
    """The edge out of X that is not visible and starts a proper possibly directed path to Y."""
    proper = tuple(row & ~x for row in out)
    for i in bits(x):
        if not closure(proper, proper[i]) & y:
            continue
        for v in bits(proper[i] & ~visible_children(graph, i)):
            if hit := closure(proper, 1 << v) & y:
                edge, end = write_path(graph, [i, v]), graph.names(hit)[0]
                leads = "" if end == graph.nodes[v] else f", and it may lead to {end}"
                if graph._children[i] >> v & 1:
                    return f"{edge} is not visible (a hidden common cause may stand behind it){leads}"
                return f"{edge} leaves open whether {graph.nodes[i]} causes {graph.nodes[v]}{leads}"
    return None


def union(rows: Rows, of: int) -> int:
    """The union of some rows."""
    found = 0
    for i in bits(of):
        found |= rows[i]
    return found


def _m_connected(graph: Graph, start: int, given: int) -> int:
    """Every node that `given` leaves m-connected to `start`."""
    return _reach(graph, start, given, closure(graph._parents, given))


def shortest_open_path(graph: Graph, start: int, goal: int, given: int) -> tuple[list[int], list[str]]:
    """A shortest path from `start` to `goal` that `given` leaves open, and the text of its edges; empty for none.

    A shortest open walk repeats no node: cutting out a loop leaves it open.
    """
    parents, children, spouses = graph._parents, graph._children, graph._spouses
    colliders = closure(parents, given)
    came: dict[tuple[int, bool], tuple[int, bool] | None] = {(i, False): None for i in bits(start)}
    queue = list(came)
    for state in queue:
        i, at_arrow = state
        if goal >> i & 1:
            path, symbols = [i], []
            while (before := came[state]) is not None:
                (i, _), (j, into) = before, state
                symbols.append("<--" if not into else "-->" if children[i] >> j & ~given >> i & 1 else "<->")
                path.append(i)
                state = before
            return path[::-1], symbols[::-1]
        passes = not given >> i & 1
        turns = bool(colliders >> i & 1) if at_arrow else passes  # may leave by an edge with an arrow here
        tails = parents[i] if turns else 0
        arrows = (children[i] if passes else 0) | (spouses[i] if turns else 0)
        for following in [*((j, False) for j in bits(tails)), *((j, True) for j in bits(arrows))]:
            if following not in came:
                came[following] = state
                queue.append(following)
    return [], []


def write_path(graph: Graph, path: Sequence[int], symbols: Sequence[str] = ()) -> str:
    """`x <-- z --> y`: the nodes of a path with the edges that the graph has between them.

    Where two edges join a pair, it is the one that `symbols` names.
    """
    ends = {Mark.TAIL: "-", Mark.CIRCLE: "o"}
    text = graph.nodes[path[0]]
    for step, (i, j) in enumerate(pairwise(path)):
        if graph._bows[i] >> j & 1 or graph._bows[j] >> i & 1:
            symbol = symbols[step]
        else:
            symbol = f"{ends.get(graph._mark(j, i), '<')}-{ends.get(graph._mark(i, j), '>')}"
        text += f" {symbol} {graph.nodes[j]}"
    return text


def given_text(names: Sequence[str]) -> str:
    """` given a, b`, or nothing."""
    return f" given {join_names(names)}" if names else ""

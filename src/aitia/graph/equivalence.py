"""Markov equivalence: which graphs say the same about independence, and the one graph that stands for them all.

DAGs are equivalent where they share skeleton and unshielded colliders; their class is drawn as a CPDAG, whose directed
edges are those that all members share. MAGs, where variables may be hidden or selected on, have PAGs instead.

References:
    Verma and Pearl, Equivalence and synthesis of causal models, UAI 1990.
    Chickering, A transformational characterization of equivalent Bayesian network structures, UAI 1995.
    Meek, Causal inference and causal explanation with background knowledge, UAI 1995.
    Dor and Tarsi, A simple algorithm to construct a consistent extension of a partially oriented graph, 1992.
    Richardson and Spirtes, Ancestral graph Markov models, Annals of Statistics 30 (2002).
    Zhang, On the completeness of orientation rules for causal discovery in the presence of latent confounders and
    selection bias, Artificial Intelligence 172 (2008).
"""

from collections.abc import Iterable

from aitia.errors import GraphError, join_names
from aitia.graph._fci import CircleGraph
from aitia.graph._pdag import Pdag, compelled, extend
from aitia.graph.bits import bits, closure, transpose
from aitia.graph.graph import Graph
from aitia.graph.marks import Mark
from aitia.graph.separation import _anterior, _reach, _require_separable

__all__ = [
    "consistent_extension",
    "cpdag",
    "is_cpdag",
    "is_mag",
    "is_pag",
    "mag",
    "markov_equivalent",
    "meek",
    "member_mag",
    "pag",
    "unshielded_colliders",
]


def unshielded_colliders(graph: Graph) -> tuple[tuple[str, str, str], ...]:
    """Every (a, c, b) with a *-> c <-* b and no edge between a and b, a before b in node order (v-structures).

    Example:
        >>> unshielded_colliders(Graph("x -> c <- y; c -> d"))
        (('x', 'c', 'y'),)
    """
    names = graph.nodes
    return tuple((names[a], names[c], names[b]) for a, c, b in _unshielded_colliders(graph))


def _unshielded_colliders(graph: Graph) -> list[tuple[int, int, int]]:
    found = []
    for c, into in enumerate(graph._into):
        for a in bits(into):
            apart = into & ~graph._adjacent[a]
            found += [(a, c, b) for b in bits(apart >> (a + 1) << (a + 1))]
    return found


# -- DAGs and PDAGs --------------------------------------------------------------------------------------------------


def cpdag(dag: Graph) -> Graph:
    """The CPDAG (essential graph) of a DAG: its skeleton, with the edges directed that all equivalent DAGs share.

    Chickering's edge labelling, one row operation for each parent: O(nodes + edges).

    Raises:
        GraphError: If the graph is not a DAG.

    Example:
        >>> print(cpdag(Graph("a -> b -> c <- d; c -> e")))
        a --- b; b --> c; d --> c; c --> e
    """
    if not dag.is_dag:
        raise GraphError(f"cpdag() takes a DAG; {_why_no_dag(dag)}")
    shared = compelled(dag._parents, dag._adjacent)
    assert shared is not None  # it has no cycle
    return _with_directed(dag, shared)


def _with_directed(graph: Graph, parents: list[int]) -> Graph:
    """The graph's skeleton with these parents of each node; every other edge undirected."""
    arrows = [0] * len(parents)
    for j, row in enumerate(parents):
        for i in bits(row):
            arrows[i] |= 1 << j
    tails = [adjacent & ~arrow for adjacent, arrow in zip(graph._adjacent, arrows, strict=True)]
    return Graph.from_bits(graph.nodes, tails, arrows, (0,) * len(parents))


def meek(pdag: Graph) -> Graph:
    """The PDAG with every undirected edge directed that Meek's rules 1-4 decide.

    The rules direct an edge where the other way would make a new unshielded collider or a directed cycle. They find all
    such edges of a graph that has a consistent extension. Where it has none, rules can disagree and the first in node
    order wins: `consistent_extension` tells.

    Raises:
        GraphError: If the graph has edges other than x --> y and x --- y.

    Example:
        >>> print(meek(Graph("a -> b --- c")))
        a --> b; b --> c
    """
    rows = Pdag(pdag)
    rows.close((1 << len(pdag)) - 1)
    return rows.graph(pdag.nodes)


def consistent_extension(pdag: Graph) -> Graph:
    """A DAG with the PDAG's skeleton, directed edges and unshielded colliders (Dor and Tarsi).

    Ties are broken by node order, so the answer is always the same. O(edges x degree) row operations. At an open triple
    the DAG has a collider or none.

    Raises:
        GraphError: If there is no such DAG, or the graph has edges other than x --> y and x --- y.

    Example:
        >>> print(consistent_extension(Graph("a --- b; b -> c")))
        b --> a; b --> c
    """
    if pdag._open:
        from aitia.graph.open_triples import each_decided

        pdag = next(each_decided(pdag))
    rows = Pdag(pdag)
    parents = extend(rows)
    if parents is None:
        cycle = f": it has the cycle {' -> '.join(pdag.find_cycle())}" if not pdag.is_acyclic else ""
        raise GraphError(
            f"no DAG has the skeleton, directed edges and unshielded colliders of this graph{cycle}"
            + ("" if cycle else "; its undirected edges cannot be directed without a new collider or a cycle")
        )
    return _with_directed(pdag, parents)


def is_cpdag(graph: Graph) -> bool:
    """Whether the graph is the CPDAG of some DAG: extends consistently, and into a class that it stands for exactly.

    Example:
        >>> is_cpdag(Graph("a --- b --- c")), is_cpdag(Graph("a -> b --- c"))
        (True, False)
    """
    if not graph.is_pdag or graph._open:
        return False
    parents = extend(Pdag(graph))
    return parents is not None and cpdag(_with_directed(graph, parents))._ends == graph._ends


def _why_no_dag(graph: Graph) -> str:
    if not graph.is_directed:
        odd = next(e for e in graph.edges if e.symbol != "-->")
        return f"this graph has the edge {odd}"
    return f"this graph has the cycle {' -> '.join(graph.find_cycle())}"


# -- MAGs and PAGs ---------------------------------------------------------------------------------------------------


def is_mag(graph: Graph) -> bool:
    """Whether the graph is a maximal ancestral graph.

    Ancestral: no directed cycle, no x <-> y with x an ancestor of y, no arrow into the end of an undirected edge.
    Maximal: every two nodes that are not adjacent can be m-separated. O(nodes^2 x edges) in the worst case.

    Example:
        >>> is_mag(Graph("x -> a <-> b <- y")), is_mag(Graph("x -> a <-> b <- y; a -> y; b -> x"))
        (True, False)
    """
    return _why_no_mag(graph) is None


def _why_no_mag(graph: Graph) -> str | None:
    """What keeps the graph from being a MAG, as the end of a sentence; None for a MAG."""
    names = graph.nodes
    if any(graph._ends[2]):
        return "this graph has circle marks"
    if not graph.is_acyclic:
        return f"this graph has the cycle {' -> '.join(graph.find_cycle())}"
    for i in range(len(graph)):
        if graph._neighbors[i] and graph._into[i]:
            return f"{names[i]!r} has both an arrow and an undirected edge"
        if graph._spouses[i] and (both := graph._spouses[i] & closure(graph._parents, 1 << i)):
            j = next(bits(both))
            return f"{names[j]} <-> {names[i]} although {names[j]!r} is an ancestor of {names[i]!r}"
    if any(graph._spouses):  # an inducing path between nodes that are not adjacent needs one
        everything = (1 << len(graph)) - 1
        for i, row in enumerate(graph._adjacent):
            for j in bits(everything & ~row >> (i + 1) << (i + 1)):
                ends = 1 << i | 1 << j
                relevant = _anterior(graph, ends)
                if _reach(graph, 1 << i, relevant & ~ends, relevant) >> j & 1:
                    return f"no set separates {names[i]!r} from {names[j]!r}, which are not adjacent"
    return None


def mag(graph: Graph, latent: str | Iterable[str] = (), selection: str | Iterable[str] = ()) -> Graph:
    """The MAG of what remains to be seen of a DAG or ADMG when some variables are hidden and some selected on.

    Its m-separations among the remaining nodes are those of the graph given `selection`; a tail at x on x *-* y says
    that x causes y or the selection, an arrow that it causes neither. O(nodes^2 x edges).

    Args:
        graph: A DAG or ADMG.
        latent: Names that are not observed.
        selection: Names that decided which rows were observed.

    Raises:
        GraphError: If the graph is of another kind, or a node is both latent and selected on.
        UnknownVariableError: If a name is not in the graph.

    Example:
        >>> print(mag(Graph("h -> x; h -> y; y -> z"), latent="h"))
        x <-> y; y --> z
    """
    if not graph.is_admg:
        raise GraphError("mag() takes a DAG or ADMG: edges x --> y and x <-> y, and no directed cycle")
    hidden, selected = graph.mask(latent), graph.mask(selection)
    if hidden & selected:
        raise GraphError(f"{join_names(graph.names(hidden & selected))} cannot be both latent and selected on")
    seen = [i for i in range(len(graph)) if not (hidden | selected) >> i & 1]
    observed = sum(1 << i for i in seen)
    rows = [[0] * len(seen) for _ in range(3)]
    over = [closure(graph._parents, 1 << i | selected) for i in seen]  # ancestors of the node or of the selection
    for b, j in enumerate(seen):
        for a, i in enumerate(seen[:b]):
            ancestors = over[a] | over[b]
            given = ancestors & observed & ~(1 << i | 1 << j) | selected
            if _reach(graph, 1 << i, given, closure(graph._parents, given)) >> j & 1:
                rows[Mark.TAIL - 1 if over[a] >> j & 1 else Mark.ARROW - 1][a] |= 1 << b
                rows[Mark.TAIL - 1 if over[b] >> i & 1 else Mark.ARROW - 1][b] |= 1 << a
    return Graph.from_bits([graph.nodes[i] for i in seen], *rows)


def pag(mag: Graph) -> Graph:
    """The PAG of a MAG: the same adjacencies, with the marks that all Markov equivalent MAGs share, else circles.

    FCI's orientation rules R0-R10 with the MAG as oracle (Zhang 2008, complete). Polynomial: a pass over the rules
    takes O(edges^2) row operations, and there are at most two passes an edge, a few in practice.

    Raises:
        GraphError: If the graph is not a MAG; says why. `mag(graph, latent)` makes one from a DAG.

    Example:
        >>> print(pag(Graph("a -> c <- b; c -> d")))
        a o-> c; b o-> c; c --> d
    """
    if why := _why_no_mag(mag):
        raise GraphError(f"pag() takes a MAG; {why}")
    return _pag(mag)


def _pag(mag: Graph) -> Graph:
    marks = CircleGraph(mag._adjacent)
    for a, c, b in _unshielded_colliders(mag):
        marks.put(a, c, Mark.ARROW)
        marks.put(b, c, Mark.ARROW)
    into = mag._into
    # Members of a class agree on whether a discriminated node is a collider, so the MAG itself is the oracle.
    marks.orient(lambda s, a, b, c: bool(into[b] >> a & into[b] >> c & 1))
    return marks.graph(mag.nodes)


def member_mag(pag: Graph) -> Graph:
    """A MAG of the class that a PAG stands for: o-> and --o become -->, circle edges are directed without new collider.

    Zhang (2008), theorem 2. All members have the same m-separations.

    Raises:
        GraphError: If the graph is not a PAG.

    Example:
        >>> print(member_mag(Graph("a o-> c <-o b; c -> d")))
        a --> c; b --> c; c --> d
    """
    member = _member_mag(pag)
    if member is None or _pag(member)._ends != pag._ends:
        raise GraphError(
            "this graph is not a PAG: no class of Markov equivalent MAGs has exactly these marks in common"
        )
    return member


def _member_mag(pag: Graph) -> Graph | None:
    """The MAG that the graph stands for if it is a PAG; None where the construction already fails."""
    tails, arrows, circles = pag._ends
    tail_here, circle_here = transpose(tails), transpose(circles)
    both = [there & here for there, here in zip(circles, circle_here, strict=True)]
    blank = (0,) * len(pag)
    core = Graph.from_bits(pag.nodes, both, blank, blank)
    parents = extend(Pdag(core))
    if parents is None:
        return None
    directed = _with_directed(core, parents)._ends[1]
    rows = zip(arrows, directed, circles, tail_here, strict=True)
    arrows = tuple(arrow | child | circle & tail for arrow, child, circle, tail in rows)
    rest = [adjacent & ~arrow for adjacent, arrow in zip(pag._adjacent, arrows, strict=True)]
    member = Graph.from_bits(pag.nodes, rest, arrows, blank)
    return member if is_mag(member) else None


def is_pag(graph: Graph) -> bool:
    """Whether the graph is the PAG of some MAG: a member is built and its PAG computed anew, at the cost of `pag`.

    Example:
        >>> is_pag(Graph("a o-> c <-o b; c -> d")), is_pag(Graph("a o-> c; c -> d"))
        (True, False)
    """
    member = _member_mag(graph)
    return member is not None and _pag(member)._ends == graph._ends


def markov_equivalent(a: Graph, b: Graph) -> bool:
    """Whether two DAGs or MAGs over the same variables have the same m-separations.

    DAGs by skeleton and unshielded colliders; MAGs by their PAGs, which are complete.

    Raises:
        GraphError: If the graphs have different variables, or one is neither DAG nor MAG.

    Example:
        >>> markov_equivalent(Graph("x -> y -> z"), Graph("x <- y <- z"))
        True
    """
    if set(a.nodes) != set(b.nodes):
        odd = sorted(set(a.nodes) ^ set(b.nodes))
        raise GraphError(f"the graphs have different variables: {join_names(odd)} stand in one only")
    directed = a.is_dag and b.is_dag
    for graph in () if directed else (a, b):
        _require_separable(graph)
        if why := _why_no_mag(graph):
            raise GraphError(f"markov_equivalent() takes DAGs and MAGs; {why}")
    b = b if a.nodes == b.nodes else b.reorder(a.nodes)
    if a._adjacent != b._adjacent or _unshielded_colliders(a) != _unshielded_colliders(b):
        return False
    return directed or _pag(a)._ends == _pag(b)._ends

"""Covariate adjustment: which sets turn P(y | x, z) into P(y | do(x)), and which of them to take.

A set Z is valid for treatments X and outcomes Y when P(y | do(x)) = sum_z P(y | x, z) P(z) for every distribution of
the graph. The generalised adjustment criterion is sound and complete for this [1, 2]:

    amenable    every possibly directed proper path from X to Y starts with an edge that is surely X --> and that no
                hidden cause confounds
    forbidden   Z holds no possible descendant of a node (outside X) on such a path
    blocked     Z separates X from Y in the proper back-door graph: first edges of those paths removed

How an arrow is read decides the first line. In a DAG or ADMG an edge x --> y is a direct effect and hidden common
causes stand as <->; in a MAG or PAG x --> y only says that x is an ancestor, and it must be *visible* [3]. A graph with
only --> and <-> is read as an ADMG unless `read_as="mag"` says otherwise.

The blocked condition is checked in one member of the class that the graph stands for (a DAG of the CPDAG, a MAG of the
PAG): once the graph is amenable and nothing forbidden is adjusted for, it holds in one member iff it holds in each [1].

In a graph with open triples a set is valid where it is in each graph that decides them (`decided`).

References:
    [1] Perkovic, Textor, Kalisch, Maathuis, Complete graphical characterization and construction of adjustment sets in
        Markov equivalence classes of ancestral graphs, JMLR 18 (2018).
    [2] Shpitser, VanderWeele, Robins, On the validity of covariate adjustment for estimating causal effects, UAI 2010.
    [3] Zhang, Causal reasoning with ancestral graphs, JMLR 9 (2008), definition 8 (visible edges).
    [4] van der Zander, Liskiewicz, Textor, Separators and adjustment sets in causal graphs, AIJ 270 (2019).
    [5] Henckel, Perkovic, Maathuis, Graphical criteria for efficient total effect estimation via adjustment in causal
        linear models, JRSS-B 84 (2022).
    [6] Takata, Space-optimal, backtracking algorithms to list the minimal vertex separators, DAM 158 (2010).
"""

from collections.abc import Iterator
from typing import Literal, get_args

from aitia.errors import GraphError, IdentifiabilityError, OptionError, join_names
from aitia.graph._joint import Joint
from aitia.graph._listing import separating
from aitia.graph._question import Nodes, Question, ReadAs, Rows, _endpoints, _m_connected, _without_first, pose, union
from aitia.graph.bits import bits, closure
from aitia.graph.graph import Graph

__all__ = [
    "AdjustmentKind",
    "adjustment_set",
    "adjustment_sets",
    "is_adjustment_set",
    "is_backdoor_set",
    "why_not_adjustment_set",
]

AdjustmentKind = Literal["minimal", "optimal", "canonical", "parents"]


def is_adjustment_set(
    graph: Graph, treatment: Nodes, outcome: Nodes, adjusted: Nodes = (), *, read_as: ReadAs = "auto"
) -> bool:
    """Whether adjusting for `adjusted` gives the joint effect of the treatments, by the generalised criterion.

    Args:
        graph: A DAG, CPDAG (or PDAG with background knowledge), ADMG, MAG or PAG without selection.
        treatment: One name or several (a joint intervention).
        outcome: One name or several.
        adjusted: The names adjusted for; nothing means the bare conditional P(y | x).
        read_as: What the edges mean. `"auto"`: circles make a PAG, undirected edges a CPDAG, <-> an ADMG, else a DAG.

    Raises:
        UnknownVariableError: If a name is not in the graph.
        GraphError: If the graph is not of the kind it is read as, or treatment and outcome overlap.
        OptionError: If `read_as` is not one of its values.

    Example:
        >>> graph = Graph("x -> m -> y; z -> x; z -> y")
        >>> is_adjustment_set(graph, "x", "y", "z"), is_adjustment_set(graph, "x", "y", ["z", "m"])
        (True, False)
    """
    return why_not_adjustment_set(graph, treatment, outcome, adjusted, read_as=read_as) is None


def why_not_adjustment_set(
    graph: Graph, treatment: Nodes, outcome: Nodes, adjusted: Nodes = (), *, read_as: ReadAs = "auto"
) -> str | None:
    """What is wrong with an adjustment set, as a clause that names the edge, node or open path; None when it is valid.

    Arguments and errors are those of `is_adjustment_set`.

    Example:
        >>> why_not_adjustment_set(Graph("x -> y; z -> x; z -> y"), "x", "y")
        'the non-causal path x <-- z --> y is open'
    """
    if graph.open_triples:
        return Joint.of(graph, treatment, outcome, read_as).fault(graph.mask(adjusted))
    question = pose(graph, treatment, outcome, read_as)
    return question.fault(graph.mask(adjusted))


def is_backdoor_set(graph: Graph, treatment: Nodes, outcome: Nodes, adjusted: Nodes = ()) -> bool:
    """Whether `adjusted` meets Pearl's back-door criterion: no descendant of a treatment, every back-door path blocked.

    Stricter than `is_adjustment_set`: every back-door set is valid, not every valid set is a back-door set. For several
    treatments it must hold for each of them (Pearl, Causality, 2nd ed., definition 3.3.1).

    Raises:
        UnknownVariableError: If a name is not in the graph.
        GraphError: If the graph is neither a DAG nor an ADMG, or treatment and outcome overlap.

    Example:
        >>> is_backdoor_set(Graph("x -> y; z -> x; z -> y"), "x", "y", "z")
        True
    """
    if not graph.is_admg:
        raise GraphError(
            "the back-door criterion is defined on --> and <-> without directed cycles; for other graphs ask"
            " is_adjustment_set"
        )
    x, y = _endpoints(graph, treatment, outcome)
    z = graph.mask(adjusted)
    if z & (closure(graph._children, x) | y):
        return False
    everything = (1 << len(graph)) - 1
    return not any(_m_connected(_without_first(graph, 1 << i, everything), 1 << i, z) & y for i in bits(x))


def adjustment_set(
    graph: Graph,
    treatment: Nodes,
    outcome: Nodes,
    kind: AdjustmentKind = "minimal",
    *,
    include: Nodes = (),
    restrict: Nodes | None = None,
    latent: Nodes = (),
    read_as: ReadAs = "auto",
) -> tuple[str, ...]:
    """One valid adjustment set, in node order; well under a second on 500 nodes.

    Args:
        graph: As for `is_adjustment_set`.
        treatment: One name or several.
        outcome: One name or several.
        kind: `"minimal"`: no proper subset is valid; of these the one nearest to the outcome, which tends to estimate
            best. `"canonical"`: every possible ancestor of treatment and outcome that is not forbidden; valid whenever
            any set is. `"optimal"`: least asymptotic variance in linear models, and with binary or discrete
            variables too (DAG and CPDAG only) [5]. `"parents"`: the parents of the treatments.
        include: Names that must be in the set (minimal and canonical).
        restrict: Names that may be in the set (the measured ones, say); absent means all (minimal and canonical).
        latent: Names that are not observed, such as `Roles.latent`: never in the set.
        read_as: As for `is_adjustment_set`.

    Raises:
        IdentifiabilityError: If there is no such set; names the open path, the edge or the node in the way.
        UnknownVariableError: If a name is not in the graph.
        GraphError: If the graph is not of the kind it is read as, or treatment and outcome overlap.
        OptionError: If `kind` or `read_as` is not one of its values, or `include`/`restrict` do not go with `kind`.
        CostError: If open triples can be decided in more than 256 ways.

    Example:
        >>> graph = Graph("z -> x -> m -> y; z -> v -> y; w -> y")
        >>> adjustment_set(graph, "x", "y"), adjustment_set(graph, "x", "y", "optimal")
        (('v',), ('v', 'w'))
        >>> adjustment_set(graph, "x", "y", latent="v")
        ('z',)
    """
    if kind not in get_args(AdjustmentKind):
        raise OptionError(f"kind is one of {join_names(get_args(AdjustmentKind))}, got {kind!r}")
    fixed = kind in ("optimal", "parents")
    if fixed and (restrict is not None or graph.mask(include)):
        raise OptionError(f"include and restrict go with the minimal and canonical sets, not with {kind!r}")
    if graph.open_triples:
        joint = Joint.of(graph, treatment, outcome, read_as)
        if not fixed:
            return graph.names(joint.first(kind, include, restrict, latent))
        hidden = graph.mask(latent)
        return graph.names(joint.same([_fixed_set(q, kind, hidden) for q in joint.questions], kind))
    question = pose(graph, treatment, outcome, read_as)
    if fixed:
        return graph.names(_fixed_set(question, kind, graph.mask(latent)))
    included, allowed = question.bounds(include, restrict, latent)
    canonical = question.canonical(included, allowed)
    if kind == "canonical":
        return graph.names(canonical)
    return graph.names(question.nearest(included, allowed) or 0)


def adjustment_sets(
    graph: Graph,
    treatment: Nodes,
    outcome: Nodes,
    *,
    minimal: bool = True,
    include: Nodes = (),
    restrict: Nodes | None = None,
    latent: Nodes = (),
    read_as: ReadAs = "auto",
) -> Iterator[tuple[str, ...]]:
    """Every adjustment set, or every minimal one, one at a time: time between two of them is polynomial, memory linear.

    Nothing is computed beyond the sets asked for, so `itertools.islice` is cheap where there are exponentially many.
    A set is minimal when no proper subset of it (that keeps `include`) is valid.

    Args:
        graph: As for `is_adjustment_set`.
        treatment: One name or several.
        outcome: One name or several.
        minimal: Whether only minimal sets are wanted.
        include: Names that must be in each set.
        restrict: Names that may be in a set; absent means all.
        latent: Names that are not observed, such as `Roles.latent`: in no set.
        read_as: As for `is_adjustment_set`.

    Raises:
        IdentifiabilityError: If there is no valid set, when the first is asked for; the reason as in `adjustment_set`.
        CostError: If the graph has open triples, and they can be decided in more than 256 ways or more than twelve
            variables may be in a set.
        UnknownVariableError: If a name is not in the graph.
        GraphError: If the graph is not of the kind it is read as, or treatment and outcome overlap.

    Example:
        >>> list(adjustment_sets(Graph("x -> y; x <- a -> b -> y"), "x", "y"))
        [('b',), ('a',)]
    """
    if graph.open_triples:
        joint = Joint.of(graph, treatment, outcome, read_as)
        yield from map(graph.names, joint.all(minimal, include, restrict, latent))
        return
    question = pose(graph, treatment, outcome, read_as)
    included, allowed = question.bounds(include, restrict, latent)
    question.canonical(included, allowed)  # raises where there is no set
    found = _minimal_sets(question, included, allowed) if minimal else _all_sets(question, included, allowed)
    yield from map(graph.names, found)


# -- the question, posed once ------------------------------------------------------------------------------------------


def _fixed_set(question: Question, kind: str, hidden: int) -> int:
    """The optimal set or the parents, checked."""
    graph, x = question.graph, question.x
    if question.obstacle:
        raise IdentifiabilityError(f"{question.head()} has no adjustment set: {question.obstacle}")
    z = 0
    if kind == "optimal":
        if question.kind not in ("dag", "cpdag"):
            raise IdentifiabilityError(
                f"the optimal set is defined for DAGs and CPDAGs, and this graph is read as a {question.kind.upper()}:"
                " ask for the minimal or canonical set"
            )
        if idle := question.y & ~question.causal:
            raise IdentifiabilityError(
                f"{question.head()} has no optimal set: no causal path leads to {join_names(graph.names(idle))}, so the"
                " effect on it is zero"
            )
        z = union(question.member._parents, question.causal) & ~(question.forbidden | x)
    else:
        z = union(graph._parents, x) & ~x
    fault = f"{join_names(graph.names(z & hidden))} is not observed" if z & hidden else question.fault(z)
    if fault:
        raise IdentifiabilityError(
            f"{question.head()} is not given by the {kind} set {{{join_names(graph.names(z))}}}: {fault}"
        )
    return z


# -- on bit rows -------------------------------------------------------------------------------------------------------


# -- listing -----------------------------------------------------------------------------------------------------------


def _minimal_sets(question: Question, included: int, allowed: int) -> Iterator[int]:
    """Every minimal set within bounds, by Takata's binary partition [6].

    They are the minimal vertex separators of the augmented (moral) graph of the proper back-door graph over the
    ancestors of X, Y and the included nodes; these are deleted, and nodes that are not allowed passed freely [4].

    Of the minimal separators that leave the set A on the outcome's side one is nearest to the outcome. Each other keeps
    the first few nodes of the nearest one and has the next on the outcome's side: disjoint cases, each of which is
    empty exactly when its own nearest separator fails to keep those nodes.
    """
    backdoor, near, far = question.backdoor, question.y, question.x
    keep = closure(backdoor._parents, near | far | included)
    rows = tuple(row & ~included for row in _augmented(backdoor, keep))
    allowed &= keep & ~included
    free = tuple(row & ~allowed for row in rows)
    waiting = [(near, 0)]
    while waiting:
        side, kept = waiting.pop()
        side = closure(free, side)
        if side & far:
            continue
        around = union(rows, side) & ~side
        beyond = closure(tuple(row & ~around for row in rows), far)
        nearest = around & union(rows, beyond)
        if kept & ~nearest:
            continue
        side = closure(tuple(row & ~nearest for row in rows), near)
        cases = []
        for v in bits(nearest & ~kept):
            cases.append((side | 1 << v, kept))
            kept |= 1 << v
        waiting += cases
        yield nearest | included


def _augmented(graph: Graph, keep: int) -> Rows:
    """The augmented graph over an ancestral set: nodes are adjacent when a path of colliders joins them."""
    rows = [0] * len(graph)
    spouses = tuple(row & keep for row in graph._spouses)
    left = keep
    while left:
        district = closure(spouses, left & -left)
        left &= ~district
        clique = district | union(graph._parents, district)
        for i in bits(clique):
            rows[i] |= clique & ~(1 << i)
    return tuple(rows)


def _all_sets(question: Question, included: int, allowed: int) -> Iterator[int]:
    """Every set within bounds; among those that share a beginning the ones with fewer nodes first [4, section 5].

    Binary partition on one node at a time. A branch is entered with a witness, a set that it is known to hold; a new
    one is sought only where the branch excludes a node of the witness, or includes one that is no ancestor of what it
    holds. The ancestors of what must be in the set separate by what may, or nothing does.
    """
    backdoor, first = question.backdoor, question.nearest(included, allowed) or 0
    split = separating(backdoor, question.y, question.x)
    rest = allowed & ~included
    order = [*bits(rest & ~first), *bits(rest & first)]
    ends = closure(backdoor._parents, question.x | question.y | included)
    waiting: list[tuple[int, int, int, int, int | None]] = [(0, included, allowed | included, ends, first)]
    while waiting:
        depth, must, may, within, witness = waiting.pop()
        if witness is None:
            if (part := split(within, may & within)) is None:
                continue
            witness = part | must
        while depth < len(order):
            v = 1 << order[depth]
            depth += 1
            if v & within:  # still an ancestor: one more does not open anything
                waiting.append((depth, must | v, may, within, witness | v))
            else:
                waiting.append((depth, must | v, may, within | closure(backdoor._parents, v), None))
            may &= ~v
            if v & witness:
                if (part := split(within, may & within)) is None:
                    break
                witness = part | must
        else:
            yield must

"""Is P(y | do(x), w) a function of the observed distribution, and of which form?

`identify` tries the readable formulas first (no effect at all, adjustment, front door) and then the complete ID and IDC
algorithms; where these fail it returns the hedge, the structure that proves that no formula exists.

With Q[S] = P(s | do(everything else)), which splits into one factor per district:

    P(y | do(x)) = sum over D \\ y of the product of Q[D_i],   D = An(y) without x, D_i its districts        (1)

Each Q[D_i] is computed from the Q of the district T of the graph around it: sum out of T what is not an ancestor of
D_i, split again into districts, repeat; it fails when D_i is smaller than T and all of T are its ancestors [1, 2]. For
P(y | do(x), w) every w that separation allows is moved into do(), and (1) for y and the rest is divided by its sum over
y [3].

An arrow is a direct effect in DAGs and ADMGs. A hidden common cause beside x --> y is x <-> y, or a node named in
`latent`.

References:
    [1] Tian and Pearl, A general identification condition for causal effects, AAAI 2002.
    [2] Shpitser and Pearl, Identification of joint interventional distributions in recursive semi-Markovian causal
        models, AAAI 2006.
    [3] Shpitser and Pearl, Identification of conditional interventional distributions, UAI 2006.
    [4] Perkovic, Identifying causal effects in maximally oriented partially directed acyclic graphs, UAI 2020.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from aitia.errors import GraphError, IdentifiabilityError, join_names
from aitia.graph._question import (
    Question,
    ReadAs,
    _m_connected,
    _undirected_obstacle,
    _without_first,
    pose,
    proper_paths,
    union,
)
from aitia.graph.adjustment import adjustment_set
from aitia.graph.bits import bits, closure
from aitia.graph.estimands import Estimand, Probability, Product, Sum, product, ratio, total
from aitia.graph.front_door import smallest_front_door
from aitia.graph.graph import Graph
from aitia.graph.instruments import Instrument, instruments_of

__all__ = ["Identification", "identify"]

Nodes = str | Iterable[str]
Method = Literal["no-effect", "adjustment", "front-door", "id", "idc", "none"]


# -- the verdict -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Identification:
    """Whether an effect is identified, by which formula, and why.

    Attributes:
        identified: The verdict. For DAGs and ADMGs it is complete: False means that no formula exists.
        query: What was asked, such as `P(y | do(x))`.
        estimand: The formula as text; empty when not identified. A variable in it that is neither asked for, set nor
            given may be held at any value: the formula does not depend on it.
        method: `"no-effect"`, `"adjustment"`, `"front-door"`, `"id"`, `"idc"`, or `"none"`.
        adjustment: The set adjusted for, beside what is given; None for other methods.
        reason: One sentence.
        formula: The formula as a tree, to be evaluated in a discrete joint distribution.
        hedge: The two sets that prove a DAG's or ADMG's effect not identified: their hidden confounding cannot be told
            from the effect.
        instruments: Where one treatment and one outcome in a DAG or ADMG have no adjustment set: the instruments, or,
            where there are none, the conditional ones. Where effects are linear they give it.
    """

    identified: bool
    query: str
    estimand: str
    method: Method
    adjustment: tuple[str, ...] | None
    reason: str
    formula: Estimand | None = None
    hedge: tuple[tuple[str, ...], tuple[str, ...]] | None = None
    instruments: tuple[Instrument, ...] = ()

    def __bool__(self) -> bool:
        return self.identified

    def __str__(self) -> str:
        return f"{self.query} = {self.estimand}" if self.identified else f"{self.query}: {self.reason}"


def identify(
    graph: Graph,
    treatment: Nodes,
    outcome: Nodes,
    given: Nodes = (),
    *,
    latent: Nodes = (),
    read_as: ReadAs = "auto",
) -> Identification:
    """Whether P(outcome | do(treatment), given) can be computed from observed data, and how.

    Args:
        graph: A DAG or ADMG: the verdict is complete. A CPDAG or PDAG: identified when every possibly causal path from
            the treatments starts with a directed edge (complete without `given`); with open triples, when one formula
            holds however they are decided. A MAG or PAG: adjustment only.
        treatment: One name or several.
        outcome: One name or several.
        given: What the effect is conditional on.
        latent: Names in a DAG or ADMG that are not observed.
        read_as: What the edges mean, as in `adjustment_set`.

    Raises:
        UnknownVariableError: If a name is not in the graph.
        GraphError: If the graph is not of the kind it is read as, the sets overlap, or `latent` comes with a CPDAG,
            MAG or PAG.
        CostError: If open triples can be decided in more than 256 ways.
        OptionError: If `read_as` is not one of its values.

    Example:
        >>> print(identify(Graph("x -> m -> y; x <-> y"), "x", "y"))
        P(y | do(x)) = Σ_m P(m | x) Σ_x' P(y | x', m) P(x')
        >>> print(identify(Graph("x -> y; u -> x; u -> y"), "x", "y", latent="u").reason)
        not identified: hidden common causes link x, y, so that the effect on y cannot be told from confounding
    """
    if graph.open_triples:
        from aitia.graph._joint_identification import identify_jointly

        return identify_jointly(graph, treatment, outcome, given, latent, read_as)
    question = pose(graph, treatment, outcome, read_as)
    w, hidden = graph.mask(given), graph.mask(latent)
    _check_sets(question, w, hidden)
    query = _query(question, w)
    if question.kind == "cpdag":
        obstacle = _undirected_obstacle(_closed(graph), question.x, question.y | w)
        if obstacle:
            return Identification(False, query, "", "none", None, f"not identified: {obstacle}")
        # Identified in the class, so every member gives the formula.
        question = pose(question.member, treatment, outcome)
    found: Found | _Hedge | None = _no_effect(question, w) or _by_adjustment(question, w, hidden)
    if found is None and question.kind in ("dag", "admg"):
        found = _by_front_door(question, w, hidden) or _by_id(question, w, hidden)
    if found is None:
        try:
            adjustment_set(graph, treatment, outcome, include=given, read_as=read_as)
            reason = "the given variables lie behind the treatment"
        except IdentifiabilityError as error:
            reason = str(error)
        reason += f"; other formulas are not searched for in a {question.kind.upper()}"
        return Identification(False, query, "", "none", None, reason)
    offered: tuple[Instrument, ...] = ()
    single = not w and question.x.bit_count() == question.y.bit_count() == 1
    if single and (isinstance(found, _Hedge) or found[0] not in ("no-effect", "adjustment")):
        offered = tuple(instruments_of(question, hidden, False)) or tuple(instruments_of(question, hidden, True))
    if isinstance(found, _Hedge):
        big, small = graph.names(found.big), graph.names(found.small)
        reason = (
            f"not identified: hidden common causes link {join_names(big)}, so that the effect on {join_names(small)}"
            " cannot be told from confounding"
        )
        if offered:
            reason += f", unless effects are linear: the instrument {' or '.join(map(str, offered[:3]))} gives it then"
        return Identification(False, query, "", "none", None, reason, None, (big, small), offered)
    method, formula, adjusted, reason = found
    asked = frozenset(graph.names(question.x | question.y | w))
    text = formula._text({}, formula.free | asked)
    return Identification(True, query, text, method, adjusted, reason, formula, instruments=offered)


Found = tuple[Method, Estimand, tuple[str, ...] | None, str]


@dataclass(frozen=True, slots=True)
class _Hedge:
    """Two nested sets of which the ID algorithm could not get Q[small] from Q[big]."""

    big: int
    small: int


def _closed(graph: Graph) -> Graph:
    from aitia.graph.equivalence import meek

    return meek(graph)


def _check_sets(question: Question, w: int, hidden: int) -> None:
    names = question.graph.names
    if both := w & (question.x | question.y):
        raise GraphError(f"{join_names(names(both))} cannot be given and also treatment or outcome")
    if both := hidden & (w | question.x | question.y):
        raise GraphError(f"{join_names(names(both))} cannot be latent: treatment, outcome and given are observed")
    if hidden and question.kind not in ("dag", "admg"):
        raise GraphError(
            f"latent= goes with a DAG or ADMG; a {question.kind.upper()} "
            + ("has no hidden causes" if question.kind == "cpdag" else "stands for hidden causes by itself")
        )


def _query(question: Question, w: int) -> str:
    names = question.graph.names
    behind = ", ".join([f"do({', '.join(names(question.x))})", *names(w)])
    return f"P({', '.join(names(question.y))} | {behind})"


def _no_effect(question: Question, w: int) -> Found | None:
    graph = question.graph
    if proper_paths(graph._possible_children, question.x, question.y | w):
        return None
    formula = Probability(graph.names(question.y), graph.names(w))
    return "no-effect", formula, None, f"no causal path leads from {join_names(graph.names(question.x))} to it"


def _by_adjustment(question: Question, w: int, hidden: int) -> Found | None:
    """The set nearest to the outcome; with `given`, one of non-descendants that holds it."""
    graph, names = question.graph, question.graph.names
    if question.obstacle:
        return None
    allowed = ~hidden & ((1 << len(graph)) - 1)
    if w:
        allowed &= ~closure(graph._possible_children, question.x)
        if w & ~allowed:
            return None
    allowed &= ~(question.x | question.y | question.forbidden)
    found = question.nearest(w, allowed)
    if found is None:
        return None
    return _adjusted(names(question.x), names(question.y), names(w), names(found & ~w))


def _adjusted(x: tuple[str, ...], y: tuple[str, ...], w: tuple[str, ...], z: tuple[str, ...]) -> Found:
    """The formula of an adjustment set z."""
    effect = Probability(y, (*x, *w, *z))
    if not z:
        return "adjustment", effect, (), f"nothing confounds the effect{' given ' + join_names(w) if w else ''}"
    formula = total(z, product([effect, Probability(z, w)]))
    return "adjustment", formula, z, f"adjusting for {join_names(z)} closes every non-causal path"


def _by_front_door(question: Question, w: int, hidden: int) -> Found | None:
    graph, names = question.graph, question.graph.names
    if w or question.x.bit_count() != 1:
        return None
    found = smallest_front_door(graph, question.x, question.y, hidden)
    if not found:
        return None
    m, x, y = names(found), names(question.x), names(question.y)
    back = Sum(x, Product((Probability(y, (*x, *m)), Probability(x))))
    formula = Sum(m, Product((Probability(m, x), back)))
    return "front-door", formula, None, f"{join_names(m)} carries the whole effect and is confounded with neither end"


# -- ID and IDC --------------------------------------------------------------------------------------------------------


class _Admg:
    """The latent projection of a DAG or ADMG on what is observed."""

    def __init__(self, graph: Graph, hidden: int) -> None:
        self.graph = graph
        self.seen = ((1 << len(graph)) - 1) & ~hidden
        self.parents = [0] * len(graph)
        self.spouses = [0] * len(graph)
        # Going up from a node through hidden ones only: what they have as parents are its parents, and two nodes whose
        # ways up share a hidden node, or are joined by <->, have a hidden common cause.
        through = tuple(row & hidden for row in graph._parents)
        up = [closure(through, 1 << i) for i in range(len(graph))]
        beside = [union(graph._spouses, row) for row in up]
        for i in bits(self.seen):
            self.parents[i] = union(graph._parents, up[i]) & self.seen
            for j in bits(self.seen):
                if i != j and (up[i] & up[j] & hidden or beside[i] & up[j]):
                    self.spouses[i] |= 1 << j
        order = graph._order or ()
        self.order = [i for i in order if self.seen >> i & 1]

    def ancestors(self, of: int, within: int) -> int:
        """The ancestors of `of`, itself included, in the subgraph on `within`."""
        return closure(tuple(row & within for row in self.parents), of)

    def district(self, i: int, within: int) -> int:
        """The nodes that <-> joins to node i in the subgraph on `within`."""
        return closure(tuple(row & within for row in self.spouses), 1 << i)

    def districts(self, within: int) -> Iterator[int]:
        """The districts of the subgraph on `within`."""
        while within:
            district = self.district(next(bits(within)), within)
            yield district
            within &= ~district


Chain = dict[int, Estimand]  # node -> Q(node | nodes before it), in topological order; their product is Q


def _observed(admg: _Admg, within: int) -> Chain:
    """P of an ancestral set as a chain, each node given only what it depends on."""
    chain: Chain = {}
    before = 0
    for i in admg.order:
        if within >> i & 1:
            before |= 1 << i
            district = admg.district(i, before)
            pillow = (district | union(tuple(admg.parents), district)) & ~(1 << i)
            chain[i] = Probability(admg.graph.names(1 << i), admg.graph.names(pillow))
    return chain


def _sum_out(admg: _Admg, chain: Chain, keep: int) -> Chain:
    """The chain of Q with all nodes outside `keep` (an ancestral set of it) summed out."""
    names = admg.graph.names
    result: Chain = {}
    gone: tuple[str, ...] = ()
    seen: list[Estimand] = []
    for i, factor in chain.items():
        if not keep >> i & 1:
            gone += names(1 << i)
            seen.append(factor)
            continue
        if gone:
            result[i] = ratio(total(gone, product([*seen, factor])), total(gone, product(seen)))
        else:
            result[i] = factor
        seen.append(factor)
    return result


def _q(admg: _Admg, target: int, whole: int, chain: Chain) -> Chain | _Hedge:
    """The chain of Q[target] from that of Q[whole]: two districts, one inside the other (Tian's Identify)."""
    while True:
        above = admg.ancestors(target, whole)
        if above == target:
            return _sum_out(admg, chain, target)
        if above == whole:
            return _Hedge(whole, target)
        chain = _sum_out(admg, chain, above)
        whole = admg.district(next(bits(target)), above)
        chain = {i: factor for i, factor in chain.items() if whole >> i & 1}


def _id(admg: _Admg, x: int, y: int) -> Estimand | _Hedge:
    """P(y | do(x)) by (1)."""
    relevant = admg.ancestors(y, admg.seen)
    chain = _observed(admg, relevant)
    wanted = admg.ancestors(y, relevant & ~x)
    factors: list[Estimand] = []
    for target in admg.districts(wanted):
        whole = admg.district(next(bits(target)), relevant)
        found = _q(admg, target, whole, {i: factor for i, factor in chain.items() if whole >> i & 1})
        if isinstance(found, _Hedge):
            return found
        factors = [*reversed(found.values()), *factors]
    return total(admg.graph.names(wanted & ~y), product(factors))


def _by_id(question: Question, w: int, hidden: int) -> Found | _Hedge:
    graph, x = question.graph, question.x
    admg = _Admg(graph, hidden)
    everything = (1 << len(graph)) - 1
    left = w
    moved = True
    while moved:  # rule 2: given w becomes do(w) where only what points out of w joins it to y
        moved = False
        for i in bits(left):
            cut = _without_first(_without_into(graph, x), 1 << i, everything)
            if not _m_connected(cut, 1 << i, x | left & ~(1 << i)) & question.y:
                x |= 1 << i
                left &= ~(1 << i)
                moved = True
    found = _id(admg, x, question.y | left)
    if isinstance(found, _Hedge):
        return found
    if not w:
        return "id", found, None, "by the ID algorithm: every district of the outcome's ancestors is identified"
    formula = ratio(found, total(graph.names(question.y), found)) if left else found
    return "idc", formula, None, "by the IDC algorithm"


def _without_into(graph: Graph, x: int) -> Graph:
    """The graph of --> and <-> without the edges that have an arrow into X."""
    tail, arrow = list(graph._ends[0]), list(graph._ends[1])
    for i in bits(x):
        for j in bits(graph._into[i]):
            arrow[j] &= ~(1 << i)
            tail[i] &= ~(1 << j)
            if not graph._children[i] >> j & 1:  # of a bow i --> j stays
                arrow[i] &= ~(1 << j)
    return Graph.from_bits(graph.nodes, tail, arrow, graph._ends[2])

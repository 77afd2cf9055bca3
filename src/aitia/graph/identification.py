"""Is P(y | do(x), w) a function of the observed distribution, and of which form?

`identify` tries the readable formulas first (no effect at all, adjustment, front door) and then the complete ID and IDC
algorithms; where these fail it returns the hedge, the structure that proves that no formula exists.

With Q[S] = P(s | do(everything else)), which splits into one factor per district:

    P(y | do(x)) = sum over D \\ y of the product of Q[D_i],   D = An(y) without x, D_i its districts        (1)

Each Q[D_i] is computed from the Q of the district T of the graph around it: sum out of T what is not an ancestor of
D_i, split again into districts, repeat; it fails when D_i is smaller than T and all of T are its ancestors [1, 2]. For
P(y | do(x), w) every w that separation allows is moved into do(), and (1) for y and the rest is divided by its sum over
y [3].

An arrow is a direct effect in DAGs and ADMGs. A pair of nodes has one edge in `Graph`; to put a hidden common cause
beside x --> y, draw it as a node and name it in `latent`.

References:
    [1] Tian and Pearl, A general identification condition for causal effects, AAAI 2002.
    [2] Shpitser and Pearl, Identification of joint interventional distributions in recursive semi-Markovian causal
        models, AAAI 2006.
    [3] Shpitser and Pearl, Identification of conditional interventional distributions, UAI 2006.
    [4] Perkovic, Identifying causal effects in maximally oriented partially directed acyclic graphs, UAI 2020.
    [5] Jeong, Tian, Bareinboim, Finding and listing front-door adjustment sets, NeurIPS 2022.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aitia.errors import DataError, GraphError, IdentifiabilityError, join_names, unknown_variable
from aitia.graph.adjustment import (
    Question,
    ReadAs,
    _m_connected,
    _undirected_obstacle,
    _without_first,
    adjustment_set,
    pose,
    proper_paths,
    union,
)
from aitia.graph.graph import Graph, _closure, bits

__all__ = [
    "Estimand",
    "Identification",
    "Probability",
    "Product",
    "Ratio",
    "Sum",
    "front_door_set",
    "identify",
    "is_front_door_set",
]

Nodes = str | Iterable[str]
Method = Literal["no-effect", "adjustment", "front-door", "id", "idc", "none"]
Array = NDArray[np.float64]


# -- estimands ---------------------------------------------------------------------------------------------------------


class Estimand(ABC):
    """A formula in observed probabilities: a tree of `Probability`, `Product`, `Sum` and `Ratio`.

    Printed, a summed variable carries a prime where its name also stands for a value outside the sum.
    """

    __slots__ = ()

    @property
    @abstractmethod
    def free(self) -> frozenset[str]:
        """The variables that the value depends on: all that are not summed over."""

    @abstractmethod
    def _array(self, joint: Array, axis: Mapping[str, int]) -> Array:
        """The value with one axis per variable of the joint, of length 1 where it does not depend on it."""

    @abstractmethod
    def _text(self, label: Mapping[str, str], used: frozenset[str]) -> str:
        """The formula with variables written as `label`; `used` are the labels already taken."""

    def evaluate(self, joint: ArrayLike | Mapping[tuple[int, ...], float], names: Sequence[str]) -> Array:
        """The value of the formula in a discrete joint distribution.

        Args:
            joint: Probabilities with one axis per name, of shape (k_1, ..., k_d); or a mapping from states, each a
                tuple of codes 0..k-1, to their probabilities (what is absent has probability 0).
            names: The names of the axes, in order.

        Returns:
            An array with the same axes in the same order, of length 1 where the formula does not depend on the
            variable; NaN where it divides by a probability of 0 that matters (no support).

        Raises:
            DataError: If the joint has another number of axes, a negative entry, or does not sum to 1.
            UnknownVariableError: If the formula has a variable that `names` lacks.

        Example:
            >>> formula = Probability(("y",), ("x",))
            >>> formula.evaluate([[0.1, 0.3], [0.2, 0.4]], ["x", "y"]).round(3).tolist()
            [[0.25, 0.75], [0.333, 0.667]]
        """
        table = _table(joint, names)
        axis = {name: i for i, name in enumerate(names)}
        for name in sorted(self._mentioned()):
            if name not in axis:
                raise unknown_variable(name, names, "joint distribution")
        with np.errstate(divide="ignore", invalid="ignore"):
            return self._array(table, axis)

    @abstractmethod
    def _mentioned(self) -> frozenset[str]:
        """Every variable in the formula, summed or not."""

    def __str__(self) -> str:
        return self._text({}, self.free)


def _table(joint: ArrayLike | Mapping[tuple[int, ...], float], names: Sequence[str]) -> Array:
    if isinstance(joint, Mapping):
        states = np.array(list(joint), dtype=np.int64).reshape(len(joint), -1)
        if states.shape[1] != len(names) or (states < 0).any():
            raise DataError(f"each state is {len(names)} codes from 0 up, one for each of {join_names(names)}")
        table = np.zeros(tuple(states.max(axis=0) + 1))
        table[tuple(states.T)] = np.array(list(joint.values()), dtype=float)
    else:
        table = np.asarray(joint, dtype=float)
    if table.ndim != len(names) or len(set(names)) != len(names):
        raise DataError(f"the joint has {table.ndim} axes for the {len(names)} names {join_names(names)}")
    if not (table >= 0).all() or not np.isclose(table.sum(), 1.0, atol=1e-6):
        raise DataError(f"a joint distribution has entries >= 0 that sum to 1, these sum to {table.sum():.6g}")
    return table


@dataclass(frozen=True, slots=True)
class Probability(Estimand):
    """P(of | given).

    Example:
        >>> print(Probability(("y",), ("x", "z")))
        P(y | x, z)
    """

    of: tuple[str, ...]
    given: tuple[str, ...] = ()

    @property
    def free(self) -> frozenset[str]:
        """All its variables."""
        return frozenset((*self.of, *self.given))

    def _mentioned(self) -> frozenset[str]:
        return self.free

    def _array(self, joint: Array, axis: Mapping[str, int]) -> Array:
        keep = {axis[name] for name in self.free}
        both = joint.sum(axis=tuple(i for i in range(joint.ndim) if i not in keep), keepdims=True)
        below: Array = both.sum(axis=tuple(axis[name] for name in self.of), keepdims=True)
        value: Array = both / below if self.given else both
        return value

    def _text(self, label: Mapping[str, str], used: frozenset[str]) -> str:
        def written(names: tuple[str, ...]) -> str:
            return ", ".join(label.get(name, name) for name in names)

        return f"P({written(self.of)}{' | ' if self.given else ''}{written(self.given)})"


@dataclass(frozen=True, slots=True)
class Product(Estimand):
    """The product of some factors; of none it is 1. A factor of 0 makes it 0, whatever is undefined beside it."""

    factors: tuple[Estimand, ...]

    @property
    def free(self) -> frozenset[str]:
        """The variables of all factors."""
        return frozenset[str]().union(*(factor.free for factor in self.factors))

    def _mentioned(self) -> frozenset[str]:
        return frozenset[str]().union(*(factor._mentioned() for factor in self.factors))

    def _array(self, joint: Array, axis: Mapping[str, int]) -> Array:
        value: Array = np.ones((1,) * joint.ndim)
        for factor in self.factors:
            other = factor._array(joint, axis)
            value = np.where((value == 0) | (other == 0), 0.0, value * other)
        return value

    def _text(self, label: Mapping[str, str], used: frozenset[str]) -> str:
        if not self.factors:
            return "1"
        plain = [factor for factor in self.factors if not isinstance(factor, Sum)]
        plain.sort(key=lambda factor: isinstance(factor, Probability) and not factor.given)  # weights stand last
        sums = [factor for factor in self.factors if isinstance(factor, Sum)]
        parts = [f"[{f._text(label, used)}]" if isinstance(f, Ratio) else f._text(label, used) for f in plain]
        if len(sums) == 1:  # a single sum can stand last without brackets
            parts.append(sums[0]._text(label, used))
        else:
            parts += [f"[{factor._text(label, used)}]" for factor in sums]
        return " ".join(parts)


@dataclass(frozen=True, slots=True)
class Sum(Estimand):
    """The sum of the body over all values of some variables."""

    over: tuple[str, ...]
    body: Estimand

    @property
    def free(self) -> frozenset[str]:
        """The variables of the body that are not summed over."""
        return self.body.free - set(self.over)

    def _mentioned(self) -> frozenset[str]:
        return self.body._mentioned() | set(self.over)

    def _array(self, joint: Array, axis: Mapping[str, int]) -> Array:
        value = self.body._array(joint, axis)
        for name in self.over:
            repeat = joint.shape[axis[name]] if value.shape[axis[name]] == 1 else 1
            value = value.sum(axis=axis[name], keepdims=True) * repeat
        return value

    def _text(self, label: Mapping[str, str], used: frozenset[str]) -> str:
        inner, taken = dict(label), set(used)
        written = []
        for name in self.over:
            mark = name
            while mark in taken:
                mark += "'"
            inner[name] = mark
            taken.add(mark)
            written.append(mark)
        under = written[0] if len(written) == 1 else f"{{{', '.join(written)}}}"
        return f"Σ_{under} {self.body._text(inner, frozenset(taken))}"


@dataclass(frozen=True, slots=True)
class Ratio(Estimand):
    """One formula divided by another; NaN where both are 0."""

    above: Estimand
    below: Estimand

    @property
    def free(self) -> frozenset[str]:
        """The variables of both parts."""
        return self.above.free | self.below.free

    def _mentioned(self) -> frozenset[str]:
        return self.above._mentioned() | self.below._mentioned()

    def _array(self, joint: Array, axis: Mapping[str, int]) -> Array:
        value: Array = self.above._array(joint, axis) / self.below._array(joint, axis)
        return value

    def _text(self, label: Mapping[str, str], used: frozenset[str]) -> str:
        def wrapped(part: Estimand) -> str:
            text = part._text(label, used)
            return text if isinstance(part, Probability) else f"({text})"

        return f"{wrapped(self.above)} / {wrapped(self.below)}"


def product(factors: Iterable[Estimand]) -> Estimand:
    """The product, flattened, with P(a | b, c) P(b | c) written as P(a, b | c)."""
    flat: list[Estimand] = []
    for factor in factors:
        flat += factor.factors if isinstance(factor, Product) else [factor]
    flat = _chained(flat)
    return flat[0] if len(flat) == 1 else Product(tuple(flat))


def _chained(factors: list[Estimand]) -> list[Estimand]:
    for i, first in enumerate(factors):
        for j, second in enumerate(factors):
            if (
                isinstance(first, Probability)
                and isinstance(second, Probability)
                and i != j
                and set(first.given) == {*second.of, *second.given}
            ):
                whole = Probability((*second.of, *first.of), second.given)
                return _chained([whole, *(f for k, f in enumerate(factors) if k not in (i, j))])
    return factors


def total(over: Iterable[str], body: Estimand) -> Estimand:
    """The sum of the body, with what sums to 1 gone and what does not depend on the variables outside."""
    inside = list(body.factors) if isinstance(body, Product) else [body]
    left = list(over)
    progress = True
    while progress:
        progress = False
        for name in left:
            touched = [factor for factor in inside if name in factor.free]
            only = touched[0] if len(touched) == 1 else None
            if isinstance(only, Probability) and name in only.of:
                rest = tuple(other for other in only.of if other != name)
                inside = [f for f in inside if f is not only] + ([Probability(rest, only.given)] if rest else [])
                inside = _chained(inside)
                left.remove(name)
                progress = True
                break
    outside = [factor for factor in inside if not factor.free & set(left)]
    inside = [factor for factor in inside if factor.free & set(left)]
    if not left:
        return product(outside)
    return product([*outside, Sum(tuple(left), product(inside))])


def ratio(above: Estimand, below: Estimand) -> Estimand:
    """The quotient, with common factors cancelled and P(a, b) / P(b) written as P(a | b)."""
    top = list(above.factors) if isinstance(above, Product) else [above]
    bottom = list(below.factors) if isinstance(below, Product) else [below]
    for factor in list(bottom):
        if factor in top:
            top.remove(factor)
            bottom.remove(factor)
    if not bottom:
        return product(top)
    for i, whole in enumerate(top):
        for part in bottom:
            if (
                isinstance(whole, Probability)
                and isinstance(part, Probability)
                and set(whole.given) == set(part.given)
                and set(part.of) < set(whole.of)
            ):
                rest = tuple(name for name in whole.of if name not in part.of)
                conditional = Probability(rest, (*part.given, *part.of))
                return ratio(
                    product([*top[:i], conditional, *top[i + 1 :]]), product(f for f in bottom if f is not part)
                )
    return Ratio(product(top), product(bottom))


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
    """

    identified: bool
    query: str
    estimand: str
    method: Method
    adjustment: tuple[str, ...] | None
    reason: str
    formula: Estimand | None = None
    hedge: tuple[tuple[str, ...], tuple[str, ...]] | None = None

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
            the treatments starts with a directed edge (complete without `given`). A MAG or PAG: adjustment only.
        treatment: One name or several.
        outcome: One name or several.
        given: What the effect is conditional on.
        latent: Names in a DAG or ADMG that are not observed.
        read_as: What the edges mean, as in `adjustment_set`.

    Raises:
        UnknownVariableError: If a name is not in the graph.
        GraphError: If the graph is not of the kind it is read as, the sets overlap, or `latent` comes with a CPDAG,
            MAG or PAG.
        OptionError: If `read_as` is not one of its values.

    Example:
        >>> print(identify(Graph("x -> m -> y; x <-> y"), "x", "y"))
        P(y | do(x)) = Σ_m P(m | x) Σ_x' P(y | x', m) P(x')
        >>> print(identify(Graph("x -> y; u -> x; u -> y"), "x", "y", latent="u").reason)
        not identified: hidden common causes link x, y, so that the effect on y cannot be told from confounding
    """
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
    if isinstance(found, _Hedge):
        big, small = graph.names(found.big), graph.names(found.small)
        reason = (
            f"not identified: hidden common causes link {join_names(big)}, so that the effect on {join_names(small)}"
            " cannot be told from confounding"
        )
        return Identification(False, query, "", "none", None, reason, None, (big, small))
    method, formula, adjusted, reason = found
    asked = frozenset(graph.names(question.x | question.y | w))
    return Identification(True, query, formula._text({}, formula.free | asked), method, adjusted, reason, formula)


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
    out = tuple(a & ~into for a, into in zip(graph._adjacent, graph._into, strict=True))
    if proper_paths(out, question.x, question.y | w):
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
        out = tuple(a & ~into for a, into in zip(graph._adjacent, graph._into, strict=True))
        allowed &= ~_closure(out, question.x)
        if w & ~allowed:
            return None
    allowed &= ~(question.x | question.y | question.forbidden)
    found = question.nearest(w, allowed)
    if found is None:
        return None
    z = names(found & ~w)
    effect = Probability(names(question.y), (*names(question.x), *names(w), *z))
    if not z:
        return "adjustment", effect, (), f"nothing confounds the effect{' given ' + join_names(names(w)) if w else ''}"
    formula = total(z, product([effect, Probability(z, names(w))]))
    return "adjustment", formula, z, f"adjusting for {join_names(z)} closes every non-causal path"


# -- front door --------------------------------------------------------------------------------------------------------


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
    """A front-door set from which no single node can be dropped, or None where there is no front-door set [5].

    Raises:
        UnknownVariableError: If a name is not in the graph.
        GraphError: If the graph is neither a DAG nor an ADMG, or the sets overlap.

    Example:
        >>> front_door_set(Graph("x -> a -> b -> y; x <-> y"), "x", "y")
        ('b',)
    """
    x, y, _ = _front_door_masks(graph, treatment, outcome, ())
    found = _front_door(graph, x, y, graph.mask(latent))
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
    if _closure(past, x) & y:
        return False
    everything = (1 << len(graph)) - 1
    if _m_connected(_without_first(graph, x, everything), x, 0) & z:
        return False
    return not _m_connected(_without_first(graph, z, everything), z, x) & y


def _front_door(graph: Graph, x: int, y: int, hidden: int) -> int | None:
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
    between = z & _closure(graph._children, x) & _closure(graph._parents, y)
    if _is_front_door(graph, x, y, between):
        z = between
    for i in bits(z):
        if _is_front_door(graph, x, y, z & ~(1 << i)):
            z &= ~(1 << i)
    return z


def _by_front_door(question: Question, w: int, hidden: int) -> Found | None:
    graph, names = question.graph, question.graph.names
    if w or question.x.bit_count() != 1:
        return None
    found = _front_door(graph, question.x, question.y, hidden)
    if not found:
        return None
    m, x, y = names(found), names(question.x), names(question.y)
    back = Sum(x, Product((Probability(y, (*x, *m)), Probability(x))))
    formula = Sum(m, Product((Probability(m, x), back)))
    return "front-door", formula, None, f"{join_names(m)} carries the whole effect and is confounded with neither end"


# -- ID and IDC --------------------------------------------------------------------------------------------------------


class _Admg:
    """The latent projection of a DAG or ADMG, in which a pair may have both --> and <->."""

    def __init__(self, graph: Graph, hidden: int) -> None:
        self.graph = graph
        self.seen = ((1 << len(graph)) - 1) & ~hidden
        self.parents = [0] * len(graph)
        self.spouses = [0] * len(graph)
        # Going up from a node through hidden ones only: what they have as parents are its parents, and two nodes whose
        # ways up share a hidden node, or are joined by <->, have a hidden common cause.
        through = tuple(row & hidden for row in graph._parents)
        up = [_closure(through, 1 << i) for i in range(len(graph))]
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
        return _closure(tuple(row & within for row in self.parents), of)

    def district(self, i: int, within: int) -> int:
        """The nodes that <-> joins to node i in the subgraph on `within`."""
        return _closure(tuple(row & within for row in self.spouses), 1 << i)

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
            arrow[i] &= ~(1 << j)
    return Graph.from_bits(graph.nodes, tail, arrow, graph._ends[2])

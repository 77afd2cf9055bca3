"""How far a guessed graph is from the true one. All distances are 0 for equal graphs; lower is better.

Structural: `shd` counts pairs of nodes whose edge differs; `adjacency_scores` and `arrowhead_scores` say what was
found.

Causal: the adjustment identification distances count ordered pairs (t, y) for which the guess gives a wrong formula for
P(y | do(t)) [1]. Each reads the guess in its own way:

    parent_aid     adjust for the parents of t; no effect where y is a parent of t
    ancestor_aid   adjust for the ancestors of t; no effect where y is no possible descendant of t
    oset_aid       adjust for the optimal set of (t, y); no effect likewise

Where the guess is not amenable for (t, y), because a possibly causal path leaves t by an undirected edge, it claims
that the effect is not identified. A claim counts as right when, in the true graph, the set is a valid adjustment set, y
is no possible descendant of t, or the effect is not identified, respectively. For two DAGs `parent_aid` is the
structural intervention distance `sid` [2]. Conventions are those of gadjid, the reference implementation of [1].

References:
    [1] Henckel, Würtzen, Weichwald, Adjustment identification distance: a gadjid for causal structure learning,
        UAI 2024.
    [2] Peters and Bühlmann, Structural intervention distance for evaluating causal graphs, Neural Computation 27
        (2015).
    [3] He, Jia, Yu, Counting and exploring sizes of Markov equivalence classes of directed acyclic graphs, JMLR 16
        (2015), algorithm 3 (orienting an undirected component from its root).
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple, get_args

import numpy as np

from aitia.errors import CostError, GraphError, OptionError, join_names
from aitia.graph._sides import Distance, Words, _Side, _words
from aitia.graph.bits import bits, closure, transpose
from aitia.graph.graph import Graph
from aitia.graph.marks import refuse_bow

__all__ = [
    "Scores",
    "ShdConvention",
    "adjacency_scores",
    "ancestor_aid",
    "arrowhead_scores",
    "oset_aid",
    "parent_aid",
    "shd",
    "sid",
    "sid_bounds",
]

ShdConvention = Literal["pair", "reversal_two", "marks"]


class Scores(NamedTuple):
    """Precision, recall, their harmonic mean; precision is 1 where nothing is claimed, recall where nothing is true."""

    precision: float
    recall: float
    f1: float


# -- structure ---------------------------------------------------------------------------------------------------------


def shd(a: Graph, b: Graph, convention: ShdConvention = "pair") -> int:
    """The structural Hamming distance between two graphs of any kind over the same names.

    Args:
        a: One graph.
        b: The other; the order of nodes does not matter.
        convention: `"pair"`: one for each pair of nodes that is joined in any other way, so a missing, extra, reversed
            or differently marked edge costs 1 (Tsamardinos et al. 2006 on CPDAGs; pcalg and gadjid), as does an
            x <-> y that is missing beside x --> y. `"reversal_two"`: the same, but x --> y against x <-- y costs 2.
            `"marks"`: one for each edge end whose mark differs, so a missing edge costs 2 and x o-> y against x --> y
            costs 1 (used for PAGs).

    Raises:
        GraphError: If the graphs have different names; lists them. If by `"marks"` two edges join a pair.
        OptionError: If the convention is not one of the three.

    Example:
        >>> shd(Graph("x -> y -> z"), Graph("x <- y; z")), shd(Graph("x -> y"), Graph("x <- y"), "reversal_two")
        (2, 2)
    """
    if convention not in get_args(ShdConvention):
        raise OptionError(f"convention is one of {join_names(get_args(ShdConvention))}, got {convention!r}")
    b = _aligned(a, b)
    if convention == "marks":
        refuse_bow(a.bows or b.bows, "the distance of marks", "take the convention 'pair'")
    differ = [0] * len(a)
    for rows_a, rows_b in zip(a._ends, b._ends, strict=True):
        for i, (row_a, row_b) in enumerate(zip(rows_a, rows_b, strict=True)):
            differ[i] |= row_a ^ row_b
    if convention == "marks":
        return sum(row.bit_count() for row in differ)
    pairs = sum((row | back).bit_count() for row, back in zip(differ, transpose(differ), strict=True)) // 2
    if convention == "pair":
        return pairs
    return pairs + sum((c & p).bit_count() for c, p in zip(a._children, b._parents, strict=True))


def adjacency_scores(true: Graph, guess: Graph) -> Scores:
    """Precision, recall and F1 of the adjacencies, whatever joins them; higher is better.

    Raises:
        GraphError: If the graphs have different names.

    Example:
        >>> adjacency_scores(Graph("x -> y -> z"), Graph("x <- y; z"))
        Scores(precision=1.0, recall=0.5, f1=0.6666666666666666)
    """
    guess = _aligned(true, guess)
    return _scores(true._adjacent, guess._adjacent)


def arrowhead_scores(true: Graph, guess: Graph) -> Scores:
    """Precision, recall and F1 of the arrowheads: one counts as found where the true graph has it on that edge's end.

    An arrowhead on an edge that the true graph lacks is false, as is one where the true graph has a tail or circle.
    Where two edges join a pair, an end has an arrowhead if either gives it one.

    Raises:
        GraphError: If the graphs have different names.

    Example:
        >>> arrowhead_scores(Graph("x -> y <- z"), Graph("x -> y -> z"))
        Scores(precision=0.5, recall=0.5, f1=0.5)
    """
    guess = _aligned(true, guess)
    return _scores(true._ends[1], guess._ends[1])


def _scores(true: Sequence[int], guess: Sequence[int]) -> Scores:
    found = sum((t & g).bit_count() for t, g in zip(true, guess, strict=True))
    claimed = sum(row.bit_count() for row in guess)
    real = sum(row.bit_count() for row in true)
    f1 = 2 * found / (claimed + real) if claimed + real else 1.0
    return Scores(found / claimed if claimed else 1.0, found / real if real else 1.0, f1)


def _aligned(a: Graph, b: Graph) -> Graph:
    """`b` with its nodes in the order of `a`."""
    if a.nodes == b.nodes:
        return b
    only_a, only_b = [n for n in a.nodes if n not in b], [n for n in b.nodes if n not in a]
    if only_a or only_b:
        parts = [f"only the first has {join_names(only_a)}"] if only_a else []
        parts += [f"only the second has {join_names(only_b)}"] if only_b else []
        raise GraphError(f"the two graphs have different nodes: {'; '.join(parts)}")
    return b.reorder(a.nodes)


# -- adjustment identification distances -------------------------------------------------------------------------------


def sid(true: Graph, guess: Graph) -> Distance:
    """The structural intervention distance between two DAGs: pairs whose effect the guess's parents do not give [2].

    Raises:
        GraphError: If a graph is not a DAG, or the names differ. For a CPDAG as guess see `sid_bounds` or `parent_aid`.

    Example:
        >>> sid(Graph("x -> y -> z"), Graph("x -> y <- z"))
        Distance(normalized=0.5, mistakes=3)
    """
    for graph, what in ((true, "true graph"), (guess, "guess")):
        if not graph.is_dag:
            raise GraphError(f"sid compares two DAGs and the {what} is none: for CPDAGs take sid_bounds or parent_aid")
    return parent_aid(true, guess)


def parent_aid(true: Graph, guess: Graph) -> Distance:
    """The parent adjustment identification distance between DAGs or CPDAGs [1].

    O(d (d + edges)) with the inner d in machine words.

    Raises:
        GraphError: If a graph is neither a DAG nor a CPDAG (or a PDAG closed under Meek's rules), or the names differ.

    Example:
        >>> parent_aid(Graph("x -> y <- z; y -> w"), Graph("x -> y <- z; y -> w; x -> w"))
        Distance(normalized=0.0, mistakes=0)
    """
    return _parent(*_pair(true, guess))


def ancestor_aid(true: Graph, guess: Graph) -> Distance:
    """The ancestor adjustment identification distance between DAGs or CPDAGs [1].

    Arguments, cost and errors are those of `parent_aid`.

    Example:
        >>> ancestor_aid(Graph("x -> y -> z"), Graph("x <- y -> z"))
        Distance(normalized=0.5, mistakes=3)
    """
    return _ancestor(*_pair(true, guess))


def oset_aid(true: Graph, guess: Graph) -> Distance:
    """The optimal-set adjustment identification distance between DAGs or CPDAGs [1].

    The set depends on both ends of a pair, so this costs up to d times as much as `parent_aid`.

    Arguments and errors are those of `parent_aid`.

    Example:
        >>> oset_aid(Graph("x -> y -> z; x -> z"), Graph("x -> y -> z"))
        Distance(normalized=0.16666666666666666, mistakes=1)
    """
    return _optimal(*_pair(true, guess))


def _optimal(truth: "_Side", guessed: "_Side") -> Distance:
    from aitia.graph import _distances_kernel as kernel

    count = kernel.optimal_errors(
        0,
        truth.d,
        truth.parents,
        truth.children,
        truth.above,
        truth.below,
        truth.possible,
        truth.doubtful,
        guessed.parents,
        guessed.above,
        guessed.below,
        guessed.possible,
        guessed.doubtful,
    )
    return _distance(int(count), truth.d)


def sid_bounds(true: Graph, guess: Graph, *, max_states: int = 20_000) -> tuple[Distance, Distance]:
    """The least and the greatest SID from a true DAG to the DAGs that a CPDAG stands for, both exact [2].

    Each undirected component is oriented from each of its nodes as root, which leaves smaller components that are
    independent of each other; what has been computed for one is kept. Trees cost O(d^2), a clique of k nodes 2^k.

    Args:
        true: A DAG.
        guess: A DAG or CPDAG.
        max_states: How many different components may be looked at.

    Raises:
        GraphError: If the true graph is not a DAG, the guess not a CPDAG, or the names differ.
        CostError: If there would be more components than `max_states`.

    Example:
        >>> lower, upper = sid_bounds(Graph("x -> y -> z"), Graph("x --- y --- z"))
        >>> lower.mistakes, upper.mistakes
        (0, 6)
    """
    if not true.is_dag:
        raise GraphError("sid_bounds needs a DAG as true graph")
    truth, guessed = _pair(true, guess)
    search = _Bounds(truth, guessed.graph, max_states)
    low = high = 0
    for component in guessed.graph.chain_components():
        members = guessed.graph.mask(component)
        before = guessed.graph._parents[next(bits(members))]
        if any(guessed.graph._parents[i] != before for i in bits(members)):
            raise GraphError("sid_bounds needs a CPDAG as guess; this PDAG has background knowledge: see parent_aid")
        least, most = search.bounds(members, before)
        low, high = low + least, high + most
    return _distance(low, truth.d), _distance(high, truth.d)


def _distance(count: int, d: int) -> Distance:
    return Distance(count / (d * (d - 1)) if d > 1 else 0.0, count)


def _parent(truth: "_Side", guessed: "_Side") -> Distance:
    return _aid(truth, guessed, guessed.parents_given, guessed.parents_given)


def _ancestor(truth: "_Side", guessed: "_Side") -> Distance:
    return _aid(truth, guessed, ~guessed.possible, guessed.ancestors_given)


def _aid(truth: "_Side", guessed: "_Side", claims_none: Words, adjusts: Words) -> Distance:
    from aitia.graph import _distances_kernel as kernel

    count = kernel.identification_errors(
        np.arange(truth.d),
        truth.parents,
        truth.children,
        truth.above,
        truth.below,
        truth.possible,
        truth.doubtful,
        claims_none,
        adjusts,
        guessed.doubtful,
    )
    return _distance(int(count), truth.d)


def _pair(true: Graph, guess: Graph) -> tuple["_Side", "_Side"]:
    guess = _aligned(true, guess)
    return _Side(true, "true graph"), _Side(guess, "guess")


class _Bounds:
    """Least and greatest numbers of wrong pairs over the orientations of undirected components."""

    def __init__(self, truth: _Side, guess: Graph, max_states: int) -> None:
        self.truth, self.neighbors, self.max_states = truth, guess._neighbors, max_states
        self.states: dict[tuple[int, int], tuple[int, int]] = {}
        self.errors: dict[tuple[int, int], int] = {}

    def bounds(self, members: int, before: int) -> tuple[int, int]:
        """Over the orientations of an undirected component all of whose nodes have the parents `before`."""
        if members.bit_count() == 1:
            error = self.error(next(bits(members)), before)
            return error, error
        if (known := self.states.get((members, before))) is not None:
            return known
        if len(self.states) >= self.max_states:
            raise CostError(
                f"the bounds need more than {self.max_states} components of undirected edges: raise max_states, or take"
                " parent_aid, which needs none"
            )
        self.states[members, before] = (0, 0)  # counts at once, so that depth is limited too
        least, most = -1, 0
        for root in bits(members):
            low = high = 0
            for part, parents in self.rooted(members, root):
                a, b = self.bounds(part, before | parents)
                low, high = low + a, high + b
            least = low if least < 0 else min(least, low)
            most = max(most, high)
        self.states[members, before] = least, most
        return least, most

    def rooted(self, members: int, root: int) -> list[tuple[int, int]]:
        """The components that are left when `root` comes first, each with the parents that its nodes got [3]."""
        around = tuple(row & members for row in self.neighbors)
        parents = dict.fromkeys(bits(members), 0)
        parts = [(1 << root, 0)]
        layer, rest = 1 << root, members & ~(1 << root)
        while rest:
            following = 0
            for i in bits(layer):
                following |= around[i] & rest
            for i in bits(following):
                parents[i] = around[i] & layer
            inside = {i: around[i] & following for i in bits(following)}
            changed = True
            while changed:  # x -> y --- z with x and z not adjacent: y -> z
                changed = False
                for y in bits(following):
                    for z in bits(inside[y]):
                        if parents[y] & ~around[z]:
                            parents[z] |= 1 << y
                            inside[y] &= ~(1 << z)
                            inside[z] &= ~(1 << y)
                            changed = True
            left, rows = following, tuple(inside.get(i, 0) for i in range(len(around)))
            while left:
                part = closure(rows, left & -left)
                parts.append((part, parents[next(bits(part))]))
                left &= ~part
            layer, rest = following, rest & ~following
        return parts

    def error(self, i: int, parents: int) -> int:
        """The wrong pairs (i, y) of a guess in which i has these parents."""
        if (i, parents) not in self.errors:
            from aitia.graph import _distances_kernel as kernel

            side = self.truth
            row = _words([parents] + [0] * (side.d - 1))[:1]
            self.errors[i, parents] = int(
                kernel.identification_errors(
                    np.array([i]),
                    side.parents,
                    side.children,
                    side.above,
                    side.below,
                    side.possible,
                    side.doubtful,
                    row,
                    row,
                    np.zeros_like(row),
                )
            )
        return self.errors[i, parents]


# -- all at once -------------------------------------------------------------------------------------------------------

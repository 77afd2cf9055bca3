"""What adjustment says of an effect in each member of a PAG's class: the set, that there is none, or no effect at all.

The circles of a PAG stand for marks on which the MAGs of its class differ, and with them the effect. They are replaced
one by one, those at what is set first. As soon as what is left holds in all members with the marks that are made, they
count as one: no directed path in any, an adjustment set that is valid in each, or an arrow out of the treatment behind
which a hidden cause may stand in each. What remains undecided ends in single MAGs, where the generalised adjustment
criterion is complete. So the answers are exact, and marks far from the question are never told apart.

References:
    Malinsky and Spirtes, Estimating causal effects with ancestral graph Markov models, PGM 2016 (LV-IDA).
    Wang, Qin and Zhou, Estimating possible causal effects with latent variables via adjustment, ICML 2023: sets listed
    without listing MAGs.
    Perkovic, Textor, Kalisch and Maathuis, Complete graphical characterization and construction of adjustment sets in
    Markov equivalence classes of ancestral graphs, JMLR 18 (2018).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from aitia.errors import CostError, IdentifiabilityError
from aitia.graph._partial_mag import Circle, PartialMag, Steps
from aitia.graph._question import (
    Nodes,
    Question,
    _endpoints,
    _invisible_obstacle,
    graph_kind,
    pose,
    proper_paths,
)
from aitia.graph.bits import bits, closure
from aitia.graph.equivalence import member_mag
from aitia.graph.graph import Graph
from aitia.graph.marks import Edge, Mark

__all__ = ["ClassAdjustment", "Reading", "class_adjustment"]

STEPS = 4000
"""Partial graphs that are looked at before a class is called too large."""
COUNTED = 200
"""Members that are counted at most,"""
CIRCLES = 40
"""and circles of a PAG of which they are."""


@dataclass(frozen=True)
class Reading:
    """The members of a class that answer alike.

    Args:
        adjustment: The set that is valid in each; None where no set is, or there is no effect.
        reason: One sentence.
        effect: Whether a directed path leads from the treatments to the outcomes.
        member: One of them.
        count: How many they are; None where they were not counted.
    """

    adjustment: tuple[str, ...] | None
    reason: str
    effect: bool
    member: Graph
    count: int | None

    @property
    def identified(self) -> bool:
        """Whether adjustment, or its absence, gives the effect."""
        return not self.effect or self.adjustment is not None


@dataclass(frozen=True)
class ClassAdjustment:
    """What the members of a class say of one effect.

    Args:
        readings: The members that answer alike, together; no effect first, then by their sets, then those without one.
        deciding: The edges of the PAG of which a circle tells them apart.
        members: How many members there are; None where they were not counted.
    """

    readings: tuple[Reading, ...]
    deciding: tuple[Edge, ...]
    members: int | None

    @property
    def identified(self) -> tuple[Reading, ...]:
        """Those that give the effect."""
        return tuple(reading for reading in self.readings if reading.identified)

    @property
    def unidentified(self) -> tuple[Reading, ...]:
        """Those in which no adjustment set gives it."""
        return tuple(reading for reading in self.readings if not reading.identified)


def class_adjustment(pag: Graph, treatment: Nodes, outcome: Nodes, *, count: bool = True) -> ClassAdjustment:
    """The adjustment sets of an effect in all members of a PAG's class, exact.

    Two sets that are valid in one member give the same effect in every distribution of the class, and count as one
    wherever such a member was met: among all of them, where they are counted.

    Args:
        pag: A PAG without selection.
        treatment: One name or several.
        outcome: One name or several.
        count: Whether the members behind each answer are counted, where there are several: up to 200 in all, of a PAG
            with up to 40 circles.

    Raises:
        GraphError: If the graph is no PAG, or one with selection.
        UnknownVariableError: If a name is not in the graph.
        CostError: If the class is too large.

    Example:
        >>> found = class_adjustment(Graph("a o-o x; x o-o y"), "x", "y")
        >>> for reading in found.readings:
        ...     print(reading.count, reading.adjustment, reading.reason)
        2 None no directed path leads from x to y
        2 () nothing confounds the effect
        1 None x --> y is not visible (a hidden common cause may stand behind it)
    """
    graph_kind(pag, "pag")
    member_mag(pag)  # refuses what is no PAG
    x, y = _endpoints(pag, treatment, outcome)
    # In the order of the names, so that the order of the columns does not choose between sets that are as good.
    ordered = pag.reorder(sorted(pag.nodes))
    names = (pag.names(x), pag.names(y))
    start = PartialMag(ordered)
    start.close()
    search = _Search(ordered, *names)
    search.explore(start)
    found = search.readings(None)
    if count and len(found) > 1 and sum(1 for _ in start.circles()) <= CIRCLES:
        found = search.readings(start)
    edges = {frozenset((ordered.nodes[i], ordered.nodes[j])) for i, j in search.deciding}
    deciding = tuple(edge for edge in pag.edges if frozenset((edge.left, edge.right)) in edges)
    counts = [reading.count for reading in found if reading.count is not None]
    return ClassAdjustment(found, deciding, sum(counts) if len(counts) == len(found) else None)


Key = tuple[str, int]
"""`none`, `set` or `zero`, and which set."""


@dataclass
class _Search:
    """A walk through the ways to replace the circles, with what was found on it."""

    pag: Graph
    treatment: Sequence[str]
    outcome: Sequence[str]
    sets: list[int] = field(default_factory=list)
    found: dict[Key, tuple[str, Graph]] = field(default_factory=dict)
    seen: list[Graph] = field(default_factory=list)
    first: list[int] = field(default_factory=list)  # of each set the first one that gives the same
    splits: list[tuple[Circle, frozenset[Key], frozenset[Key]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.x, self.y = self.pag.mask(self.treatment), self.pag.mask(self.outcome)
        self.steps = Steps(STEPS, "tell its members apart")

    def explore(self, partial: PartialMag) -> frozenset[Key]:
        """What the members with these marks answer."""
        self.steps.take()
        circle = next(self._order(partial), None)
        settled = self._settled(partial, circle is None)
        if settled is not None or circle is None:
            member = partial.member(self.steps)
            if member is None:
                return frozenset()
            self.seen.append(member)
            return frozenset([self._kept(settled or self._in_member(member), member)])
        answers = [found for way in partial.ways(circle) if (found := self.explore(way))]
        if len(answers) == 2:
            self.splits.append((circle, answers[0], answers[1]))
        return frozenset().union(*answers)

    @property
    def deciding(self) -> list[Circle]:
        """The circles that tell answers apart."""
        return [circle for circle, *ways in self.splits if self._roots(ways[0]) != self._roots(ways[1])]

    def _roots(self, keys: frozenset[Key]) -> frozenset[Key]:
        return frozenset(map(self._root, keys))

    def _root(self, key: Key) -> Key:
        return (key[0], self.first[key[1]]) if key[0] == "set" else key

    def _kept(self, told: tuple[str, int, str], member: Graph) -> Key:
        kind, adjusted, reason = told
        if kind == "set" and adjusted not in self.sets:
            self.first.append(len(self.sets))
            self.sets.append(adjusted)
        key = (kind, self.sets.index(adjusted) if kind == "set" else 0)
        self.found.setdefault(key, (reason, member))
        return key

    def _valid(self, valid: Callable[[int], bool]) -> int | None:
        """The first of the sets found before that is valid.

        Two that are valid in one member give the same in every distribution of the class: they are linked.
        """
        every = [k for k, z in enumerate(self.sets) if valid(z)]
        if not every:
            return None
        roots = {self.first[k] for k in every}
        least = min(roots)
        self.first = [least if root in roots else root for root in self.first]
        return self.sets[least]

    def readings(self, start: PartialMag | None) -> tuple[Reading, ...]:
        """What was found, counted over all members of `start`."""
        for member in self.seen:
            self._in_member(member)  # sets that were found after it may be valid in it: it links them
        counts = None if start is None else self._counted(start)
        order = {"zero": 0, "set": 1, "none": 2}
        found = []
        for key in sorted(dict.fromkeys(map(self._root, self.found)), key=lambda key: (order[key[0]], key[1])):
            reason, member = self.found[key]
            adjusted = self.pag.names(self.sets[key[1]]) if key[0] == "set" else None
            many = None if counts is None else sum(n for other, n in counts.items() if self._root(other) == key)
            found.append(Reading(adjusted, reason, key[0] != "zero", member, many))
        return tuple(found)

    def _counted(self, start: PartialMag) -> dict[Key, int] | None:
        counts = dict.fromkeys(self.found, 0)
        try:
            every = list(islice(start.members(Steps(10 * COUNTED, "be counted")), COUNTED + 1))
        except CostError:
            return None
        if len(every) > COUNTED:
            return None
        for member in every:
            key = self._kept(self._in_member(member), member)
            counts[key] = counts.get(key, 0) + 1
        return counts

    # -- one member -----------------------------------------------------------------------------------------------

    def _in_member(self, member: Graph) -> tuple[str, int, str]:
        """What one MAG answers; of the sets that were found before the first that is valid."""
        question = pose(member, self.treatment, self.outcome, "mag")
        if not question.causal:
            return self._zero()
        if question.obstacle is not None:
            return "none", 0, question.obstacle
        known = self._valid(lambda z: question.fault(z) is None)
        if known is None:
            known = self._nearest(question)
        if known is None:
            try:
                question.canonical(0, question.bounds((), None, ())[1])
            except IdentifiabilityError as error:
                return "none", 0, str(error)
        return self._adjusted(known or 0)

    @staticmethod
    def _nearest(question: Question) -> int | None:
        return question.nearest(0, question.bounds((), None, ())[1])

    def _zero(self) -> tuple[str, int, str]:
        return "zero", 0, f"no directed path leads from {', '.join(self.treatment)} to {', '.join(self.outcome)}"

    def _adjusted(self, z: int) -> tuple[str, int, str]:
        if not z:
            return "set", 0, "nothing confounds the effect"
        return "set", z, f"adjusting for {', '.join(self.pag.names(z))} closes every non-causal path"

    # -- many members at once -------------------------------------------------------------------------------------

    def _settled(self, partial: PartialMag, complete: bool) -> tuple[str, int, str] | None:
        """What all members with these marks answer, where that is plain; None where it is not."""
        if complete:
            return None
        graph = partial.graph(self.pag.nodes)
        out = graph._possible_children
        if not proper_paths(out, self.x, self.y):
            return self._zero()
        if hidden := self._surely_hidden(partial, graph):
            return "none", 0, hidden
        if _invisible_obstacle(graph, out, self.x, self.y) is not None:
            return None
        forbidden = closure(out, proper_paths(out, self.x, self.y)) | self.x | self.y
        blocked = _Blocked(partial, self.x, self.y)

        def valid(z: int) -> bool:
            return not z & forbidden and blocked.by(z)

        known = self._valid(valid)
        found = known if known is not None else next(filter(valid, self._sets(partial, forbidden)), None)
        return None if found is None else self._adjusted(found)

    def _sets(self, partial: PartialMag, forbidden: int) -> Iterator[int]:
        """Sets that may be valid in all members: the nearest one of a member, all possible ancestors."""
        member = partial.member(self.steps)
        if member is not None:
            question = pose(member, self.treatment, self.outcome, "mag")
            if question.causal and question.obstacle is None and (z := self._nearest(question)) is not None:
                yield z
        yield closure(partial.above, self.x | self.y) & ~forbidden

    def _surely_hidden(self, partial: PartialMag, graph: Graph) -> str | None:
        """The arrow out of the treatments, on a directed path in each member, that is visible in none."""
        children = tuple(row & ~self.x for row in partial.children)
        for i in bits(self.x):
            for j in bits(children[i]):
                if closure(children, 1 << j) & self.y and not _maybe_visible(partial, i, j):
                    a, b = graph.nodes[i], graph.nodes[j]
                    return f"{a} --> {b} is not visible (a hidden common cause may stand behind it)"
        return None

    def _order(self, partial: PartialMag) -> Iterator[Circle]:
        """The circles, those first that are likelier to decide."""
        rows = tuple(partial._onward(v) for v in range(len(self.pag)))
        near = proper_paths(rows, self.x, self.y) | self.x
        every = list(partial.circles())
        yield from ((i, j) for i, j in every if self.x >> j & 1)
        yield from ((i, j) for i, j in every if self.x >> i & 1)
        yield from ((i, j) for i, j in every if near >> i & near >> j & 1)
        yield from ((i, j) for i, j in every if (near >> i | near >> j) & 1)
        yield from every


def _maybe_visible(partial: PartialMag, i: int, j: int) -> bool:
    """Whether i --> j is visible in some MAG, as far as single marks tell."""
    parents = partial.above[j] & partial.adjacent[j]
    heads = [row & ~tail for row, tail in zip(partial.adjacent, partial.here[Mark.TAIL], strict=True)]
    both = tuple(row & ~tail & parents for row, tail in zip(heads, partial.there[Mark.TAIL], strict=True))
    behind = closure(both, 1 << i)
    return any(heads[c] & ~partial.adjacent[j] & ~(1 << j) for c in bits(behind))


class _Blocked:
    """Whether a set closes every non-causal path in all members with these marks.

    A path counts as open where some mark in place of its circles leaves it open. That an unshielded triple is a
    collider or none is known.

    Args:
        partial: The marks; every possibly directed path from the treatments starts with a visible edge.
        x: The treatments.
        y: The outcomes.
    """

    def __init__(self, partial: PartialMag, x: int, y: int) -> None:
        self.partial, self.x, self.y = partial, x, y
        self.above = partial.above
        children = partial.children
        causal = proper_paths(children, x, y)
        self.starts = [(i, j) for i in bits(x) for j in bits(partial.adjacent[i] & ~x & ~(children[i] & causal))]

    def by(self, z: int) -> bool:
        """Whether this set does."""
        colliders = closure(self.above, z)
        waiting = self.starts.copy()
        entered = [0] * len(self.above)  # row v: every w that was entered from v
        while waiting:
            u, v = waiting.pop()
            if self.y >> v & 1:
                return False
            new = self._onward(u, v, z, colliders) & ~entered[v]
            entered[v] |= new
            waiting += [(v, w) for w in bits(new)]
        return True

    def _onward(self, u: int, v: int, z: int, colliders: int) -> int:
        """Where a path that came from u to v may go on."""
        partial = self.partial
        heads, tails = partial.here[Mark.ARROW][v], partial.here[Mark.TAIL][v]
        into = bool(heads >> u & 1)
        found = 0
        if colliders >> v & 1 and not tails >> u & 1:
            found |= partial.adjacent[v] & ~tails & partial.adjacent[u]
            found |= heads if into else 0
        if not z >> v & 1:
            found |= partial.adjacent[v] & ~(heads if into else 0)
        return found & ~(1 << u) & ~self.x

"""The best class of equivalent DAGs on a skeleton: steepest ascent, one edge turned at a time.

A state is a class, kept as its CPDAG; a step goes to the class of a DAG in which one edge of a member points the other
way (the turning phase of Hauser and Bühlmann). The score of every member of a class is the same, so neither the start
inside a class nor the order of the nodes matters. Where two steps to different classes are equally good, neither is
taken.

Where a score and the table allow it, pairs that the tests took apart come back: x and z are apart in the class, so some
set separates them in a member, and the table contradicts that beyond doubt. They go again once it no longer does.

Sources:
    Hauser and Bühlmann, Characterization and greedy learning of interventional Markov equivalence classes of directed
    acyclic graphs, JMLR 13 (2012), section 4.3.
    Chickering, Optimal structure identification with greedy search, JMLR 3 (2002), theorems 15 and 17: insertion and
    deletion.
    Nandy, Hauser and Maathuis, High-dimensional consistency in score-based and hybrid structure learning, Annals of
    Statistics 46 (2018): a skeleton of tests whose unshielded triples may be shielded.
    Meek, Causal inference and causal explanation with background knowledge, UAI 1995.
"""

from collections.abc import Callable, Sequence
from itertools import compress
from operator import ne
from typing import NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from aitia.graph._pdag import Pdag, compelled, extend, extend_within, places
from aitia.graph.bits import bits, pack

__all__ = ["ALIKE", "ClassSearch", "Score", "choose", "columns"]

Score = Callable[[int, int], float]
"""Of a node and the bit row of its parents; higher is better."""

ALIKE = 1e-6
"""Differences of scores up to this count as none: sums over another order of the rows differ by less."""


class Gains(Protocol):
    """Anything that is ranked by what it gains."""

    @property
    def gain(self) -> float: ...


Step = TypeVar("Step", bound=Gains)
Class = TypeVar("Class")


class _Turn(NamedTuple):
    """u --> v in place of v --> u in the members in which these parents of v and u are all of theirs."""

    gain: float
    u: int
    v: int
    of_v: int
    of_u: int


class ClassSearch:
    """A class of equivalent DAGs, by its CPDAG, that a score leads on.

    Args:
        parents: Of each node in some member, as bit rows.
        adjacent: The skeleton.
        forbidden: (p, p), [i, j] True where i cannot cause j.
        score: Of a node and its parents.

    Attributes:
        least: What a turn has to gain to be looked at.
    """

    least = ALIKE

    def __init__(
        self, parents: Sequence[int], adjacent: Sequence[int], forbidden: NDArray[np.bool_], score: Score
    ) -> None:
        self.adjacent = list(adjacent)
        self.score = score
        self.forbidden = columns(forbidden)
        self.bound = any(self.forbidden)
        self._scores: dict[tuple[int, int], float] = {}
        shared = compelled(parents, self.adjacent)
        assert shared is not None
        self.rows = Pdag.of(shared, self.adjacent)
        self._member = self.rows, list(parents)
        self._reached: list[tuple[Sequence[int], list[int]]] = []
        self._steps: dict[tuple[int, int], list[_Turn]] = {}
        self._known_turns: dict[tuple[int, ...], list[_Turn]] = {}
        self._barred: dict[tuple[float | int, ...], int] = {}
        self._dirty = (1 << len(self.adjacent)) - 1

    @property
    def member(self) -> list[int]:
        """The parents of each node in some member."""
        if self._member[0] is not self.rows:
            free = sum(1 << i for i, beside in enumerate(self.rows.neighbors) if beside)
            member = extend_within(self.rows, free, self.rows.parents)
            assert member is not None
            self._member = self.rows, member
        return self._member[1]

    @property
    def total(self) -> float:
        """The score of the class."""
        return sum(self._of(node, parents) for node, parents in enumerate(self.member))

    # -- knowledge --------------------------------------------------------------------------------------------------

    def known(self, rows: Pdag) -> Pdag | None:
        """The class under what is known, closed under Meek's rules; None where no member obeys it."""
        if not self.bound:
            return rows
        closed = rows.copy()
        for j, banned in enumerate(self.forbidden):
            if banned & closed.parents[j]:
                return None
            for i in places(banned & closed.neighbors[j]):
                if closed.neighbors[j] >> i & 1:
                    closed.close(closed.orient(j, i))
        broken = any(banned & row for banned, row in zip(self.forbidden, closed.parents, strict=True))
        return None if broken or extend(closed) is None else closed

    # -- turning ----------------------------------------------------------------------------------------------------

    def ascend(self) -> None:
        """Turns edges, the one that gains most first, until none gains."""
        while (step := self._best_turn()) is not None:
            self._become(step[1], self.adjacent)

    def _best_turn(self) -> tuple[_Turn, list[int]] | None:
        """The turn that gains most, and the compelled parents after it."""
        return self._first_sure(sorted(self._gaining(ALIKE), key=lambda t: -t.gain), self._turned)

    def _gaining(self, least: float) -> list[_Turn]:
        """The turns that gain more than the least, which is no less than `self.least`, and that nothing bars."""
        for u in bits(self._dirty):
            for v in places(self.adjacent[u]):
                if u < v:
                    self._steps[u, v] = self._turns_of(u, v)
                elif not self._dirty >> v & 1:
                    self._steps[v, u] = self._turns_of(v, u)
        self._dirty = 0
        return [t for turns in self._steps.values() for t in turns if t.gain > least and t not in self._barred]

    def _become(self, parents: Sequence[int], adjacent: Sequence[int]) -> int:
        """Takes the class with these compelled parents; returns, and marks, the nodes around which turns are others."""
        before, after, touched, apart = self.rows, self.rows.copy(), 0, 0
        after.parents = list(parents)
        for i in compress(range(len(parents)), map(ne, before.parents, parents)):
            other = before.parents[i] ^ parents[i]
            touched |= 1 << i | other
            for j in places(other):
                after.children[j] ^= 1 << i
        if adjacent != self.adjacent:
            after.adjacent = tuple(adjacent)
            for i, (old, new) in enumerate(zip(self.adjacent, adjacent, strict=True)):
                apart |= int(old != new) << i
                for j in places(old & ~new):
                    self._steps.pop((i, j), None)
        for i in places(touched | apart):
            after.neighbors[i] = adjacent[i] & ~(after.parents[i] | after.children[i])
        for i in places(apart):
            touched |= 1 << i | after.neighbors[i]
        self._barred = {step: around for step, around in self._barred.items() if not around & touched}
        self._dirty |= touched
        self.adjacent, self.rows = list(adjacent), after
        for shared, member in self._reached:  # the step that led here had to make one
            if shared is parents:
                self._member = after, member
        self._reached = []
        return touched

    def _first_sure(self, ranked: Sequence[Step], reach: Callable[[Step], Class | None]) -> tuple[Step, Class] | None:
        """The best step that can be taken, and the class that it leads to; those that tie and lead apart are none."""
        start = 0
        while start < len(ranked):
            stop = start
            reached: list[tuple[Step, Class]] = []
            while stop < len(ranked) and ranked[start].gain - ranked[stop].gain <= ALIKE:
                after = reach(ranked[stop])
                if after is not None and all(after != other for _, other in reached):
                    reached.append((ranked[stop], after))
                stop += 1
            if len(reached) == 1:
                return reached[0]
            start = stop
        return None

    def _turns_of(self, u: int, v: int) -> list[_Turn]:
        """The turns of an edge, kept for every class that is the same at its ends."""
        rows, adjacent = self.rows, self.adjacent
        beside_u, beside_v = rows.neighbors[u], rows.neighbors[v]
        key: tuple[int, ...] = (u, v, rows.parents[u], beside_u, rows.parents[v], beside_v)
        if near := beside_u | beside_v:
            key += (adjacent[u] & near, adjacent[v] & near, *[adjacent[k] & near for k in places(near)])
        found = self._known_turns.get(key)
        if found is None:
            found = self._known_turns[key] = self._turns(u, v) + self._turns(v, u)
        return found

    def _turns(self, u: int, v: int) -> list[_Turn]:
        """What u --> v in place of v --> u would gain, more than the least, for each choice among the neighbours."""
        rows = self.rows
        if not (rows.parents[u] | rows.neighbors[u]) >> v & 1 or self.forbidden[v] >> u & 1:
            return []
        gains = []
        of_u, of_v = rows.parents[u] & ~(1 << v), rows.parents[v]
        beside_u, beside_v = rows.neighbors[u] & ~(1 << v), rows.neighbors[v] & ~(1 << u)
        if rows.neighbors[u] >> v & 1:
            beside_u &= self.adjacent[v]  # another parent of u would make a collider with v
            if beside_u == beside_v and of_u == of_v:
                return []  # what is beside both is above both or neither: a covered edge, the class stays
        shared = rows.neighbors[u] & rows.neighbors[v]
        won: dict[int, list[tuple[int, int, float]]] = {}
        for more_v in self._cliques(beside_v):
            first = of_v | more_v
            step = more_v, first, self._of(v, first | 1 << u) - self._of(v, first)
            won.setdefault(more_v & shared, []).append(step)
        for more_u in self._cliques(beside_u):
            if more_u & shared not in won:  # what is beside both, and above one alone, closes a cycle
                continue
            second = of_u | more_u
            lost = self._of(u, second | 1 << v) - self._of(u, second)
            for more_v, first, more in won[more_u & shared]:
                gain = more - lost
                if gain > self.least and first != second:  # equal: a covered edge, the class stays
                    gains.append(_Turn(gain, u, v, more_v, more_u))
        return gains

    def _turned(self, turn: _Turn) -> list[int] | None:
        """The compelled parents after a turn; None where no member has these parents or the turn closes a cycle.

        What bars a turn lasts as long as the class is the same around the nodes that it hangs on.
        """
        u, v = turn.u, turn.v
        if path := _path(self.rows.parents, v, u):
            self._barred[turn] = path
            return None
        rows = self.rows.copy()
        parents, neighbors = rows.parents, rows.neighbors
        choose(rows, v, turn.of_v, 1 << u)
        choose(rows, u, turn.of_u, 1 << v)
        if neighbors[v] >> u & 1:
            rows.orient(v, u)
        if path := _path(parents, v, u):
            self._barred[turn] = path
            return None
        together = self._together(u, v)
        member = extend_within(rows, together, self.member)
        if member is None:
            self._barred[turn] = together
            return None
        if path := _path(member, v, u):
            self._barred[turn] = together | path
            return None
        member[u] ^= 1 << v
        member[v] |= 1 << u
        return self._allowed(member)

    def _together(self, u: int, v: int) -> int:
        """What hangs together with two nodes by undirected edges: a step at them makes a member anew there only."""
        together = frontier = 1 << u | 1 << v
        while frontier:
            step = 0
            for i in places(frontier):
                step |= self.rows.neighbors[i]
            frontier = step & ~together
            together |= frontier
        return together

    def _allowed(self, member: list[int]) -> list[int] | None:
        """The compelled parents of the class of a DAG on the skeleton; None where no member obeys what is known."""
        after = self._compelled(member, self.adjacent)
        return None if self.bound and self.known(Pdag.of(after, self.adjacent)) is None else after

    def _compelled(self, member: list[int], adjacent: Sequence[int]) -> list[int]:
        """The same on any skeleton, without knowledge: those that there are change from where the DAG is another than
        the member.

        Of a node they hang on its parents alone (Chickering's edge labelling).
        """
        shared, waiting = self.rows.parents.copy(), 0
        for i in compress(range(len(member)), map(ne, member, self.member)):
            waiting |= 1 << i | adjacent[i] & ~member[i]
        while waiting:
            low = waiting & -waiting
            waiting ^= low
            y = low.bit_length() - 1
            above = row = member[y]
            for x in places(above):
                if not above & ~member[x] & ~(1 << x):  # the last of the parents
                    row = above if shared[x] & ~above else shared[x]
                    break
            if row != shared[y]:
                shared[y] = row
                waiting |= adjacent[y] & ~above
        self._reached.append((shared, member))
        return shared

    def _of(self, node: int, parents: int) -> float:
        key = (node, parents)
        found = self._scores.get(key)
        if found is None:
            found = self._scores[key] = self.score(node, parents)
        return found

    def _cliques(self, nodes: int) -> list[int]:
        """Every set of these nodes that are all adjacent, the empty one first."""
        sets = [0]
        for i in places(nodes) if nodes else ():
            later = nodes & self.adjacent[i] & -(2 << i)
            sets += [rest | 1 << i for rest in self._cliques(later)] if later else [1 << i]
        return sets


def choose(rows: Pdag, node: int, chosen: int, other: int) -> None:
    """Makes the chosen of a node's neighbours its parents, and all but the other its children."""
    parents, children, neighbors = rows.parents, rows.children, rows.neighbors
    chosen &= neighbors[node]
    own, away = 1 << node, neighbors[node] & ~chosen & ~other
    parents[node] |= chosen
    children[node] |= away
    neighbors[node] &= other
    for i in places(chosen):
        neighbors[i] &= ~own
        children[i] |= own
    for i in places(away):
        neighbors[i] &= ~own
        parents[i] |= own


def _path(parents: Sequence[int], start: int, goal: int) -> int:
    """The nodes of a path along arrows that leads by way of others from one node to another; 0 where none does."""
    first = parents[goal] & ~(1 << start)
    seen, waiting = first | 1 << goal, list(places(first))
    below: dict[int, int] = {}
    for i in waiting:  # grows while it is walked
        if parents[i] >> start & 1:
            path = 1 << start | 1 << i | 1 << goal
            while i in below:
                i = below[i]
                path |= 1 << i
            return path
        for j in places(parents[i] & ~seen):
            below[j] = i
            waiting.append(j)
        seen |= parents[i]
    return 0


def columns(matrix: NDArray[np.bool_]) -> list[int]:
    """The bit row of each column: [j] holds the i with a true [i, j]."""
    return [pack(column) for column in matrix.T] if matrix.any() else [0] * matrix.shape[1]

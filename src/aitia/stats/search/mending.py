"""Edges that the tests took out come back where the class that results contradicts the table beyond doubt.

A pair is taken apart by one set out of many, and that set can be wrong: few rows, effects that nearly cancel. The class
then states independences of the pair that the table refutes: one member lacks x --> z, and with it the table would be a
thousand times likelier (the Bayes factor, by the score). Of the edges to turn and those that may come back the one that
gains most is next, so that no arrow has to make up for an edge that is missing; one that came back goes again once the
class explains the pair without it.

Sources:
    Chickering, Optimal structure identification with greedy search, JMLR 3 (2002), theorems 15 and 17: insertion and
    deletion.
    Nandy, Hauser and Maathuis, High-dimensional consistency in score-based and hybrid structure learning, Annals of
    Statistics 46 (2018): a skeleton of tests to which a score may add.
    Cheng, Greiner, Kelly, Bell and Liu, Learning Bayesian networks from data: an information-theory based approach,
    Artificial Intelligence 137 (2002): thickening and thinning.
    Kass and Raftery, Bayes factors, Journal of the American Statistical Association 90 (1995).
"""

from collections.abc import Mapping, Sequence
from copy import copy
from itertools import compress
from math import log
from operator import ne
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from aitia.graph._pdag import MANY, Pdag, extend_within, places
from aitia.graph.bits import bits, from_words, to_words
from aitia.stats.search.classes import ALIKE, ClassSearch, choose
from aitia.stats.search.likelihood import GaussianScore

__all__ = ["BEYOND_DOUBT", "Mending"]

BEYOND_DOUBT = log(1e3)
"""Logarithm of the Bayes factor from which a table refutes an independence."""

LOSS = 45.0
"""What the likelihood may lose, as a logarithm, by the turn from which a search goes on anew."""

A_NODE = 2e-4
"""Seconds that a search takes for each node in plain Python."""

LOADING = 2.0
"""Seconds of a process that pass so before the compiler is loaded; the first time on a machine it works for twenty."""
_spent = 0.0


class Likelihood(Protocol):
    """A score that also tells what each further parent would add."""

    def __call__(self, node: int, parents: int, /) -> float: ...

    def gains(self, node: int, parents: int, others: int, least: float, /) -> list[tuple[int, float]]: ...


class _Edge(NamedTuple):
    """An edge x --> z that comes back, or goes, given a set; `turned` are the neighbours of z that it changes."""

    gain: float
    x: int
    z: int
    turned: int
    given: int


Changed = tuple[list[int], list[int]]
"""Adjacencies, and the compelled parents of the class on them."""


_Tried = tuple[int, int, int, int]
"""A turn u --> v at a loss: u, v, and the parents of each in the members that are turned."""


class _Reached(NamedTuple):
    """Where a search ended."""

    search: "Mending"

    @property
    def gain(self) -> float:
        """Its score."""
        return self.search.total


def _state_of(reached: _Reached) -> Changed:
    return reached.search.adjacent, reached.search.rows.parents


class Mending(ClassSearch):
    """A class search that may put pairs back.

    Args:
        parents, adjacent, forbidden: See `ClassSearch`.
        score: A likelihood.
        allowed: Bit rows: the pairs that may be adjacent.
        came: What `mended` holds from the start.

    Attributes:
        mended: The pairs that came back, with the set given which the table refutes their independence and the
            logarithm of the Bayes factor.
    """

    least = -LOSS

    def __init__(
        self,
        parents: Sequence[int],
        adjacent: Sequence[int],
        forbidden: NDArray[np.bool_],
        score: Likelihood,
        allowed: Sequence[int],
        came: Mapping[tuple[int, int], tuple[int, float]] | None = None,
    ) -> None:
        super().__init__(parents, adjacent, forbidden, score)
        self.likelihood = score
        self.allowed, self.waiting = allowed, _apart(allowed, adjacent)
        self.mended: dict[tuple[int, int], tuple[int, float]] = dict(came or {})
        self._missed: dict[int, list[_Edge]] = {}
        self._loose: dict[tuple[int, int], list[_Edge]] = {}
        self._gained: dict[tuple[int, int], tuple[int, list[tuple[int, float]]]] = {}
        self._sought: dict[tuple[int, ...], list[_Edge]] = {}
        self._walks: dict[tuple[int, int], tuple[list[int], int]] = {}
        self._stale = (1 << len(self.adjacent)) - 1

    def mend(self) -> None:
        """Turns edges and puts back what the table asks for, what gains most first, until neither gains anything."""
        self._ended({})

    def _improve(self) -> bool:
        """Takes the next step; False where there is none."""
        for pair in self.mended:
            if pair not in self._loose or self._stale & (1 << pair[0] | 1 << pair[1]):
                self._loose[pair] = self._needless(pair)
        gone = sorted((e for pair in self.mended for e in self._loose[pair]), key=lambda e: -e.gain)
        step = self._first_sure(gone, self._deleted)
        if step is not None:
            del self.mended[_pair(step[0])]
        else:
            for z in bits(self._stale):
                self._missed[z] = self._missing(z)
            self._stale = 0
            turn = self._best_turn()
            most = turn[0].gain if turn is not None else BEYOND_DOUBT
            missed = [e for edges in self._missed.values() for e in edges if e.gain > most and e not in self._barred]
            step = self._first_sure(sorted(missed, key=lambda e: -e.gain), self._inserted)
            if step is None:
                if turn is not None:
                    self._become(turn[1], self.adjacent)
                return turn is not None
            edge = step[0]
            self.waiting[edge.x] &= ~(1 << edge.z)
            self.waiting[edge.z] &= ~(1 << edge.x)
            self.mended[_pair(edge)] = (edge.given, edge.gain)
        adjacent, parents = step[1]
        self._become(parents, adjacent)
        return True

    def escaped(self) -> "Mending":
        """The best class that is reached from here when one edge is turned at a loss first, again and again.

        An edge that is missing can make the ascent end where each single turn loses. Of several that are equally good
        and lead apart none is taken.
        """
        best, known, tried = self, dict[object, Mending](), set[_Tried]()
        while True:
            waiting = _apart(self.allowed, best.adjacent)
            ends = dict.fromkeys(best._from(parents, waiting)._ended(known) for parents in best._losing(tried))
            reached = [_Reached(end) for end in ends if end.total > best.total + ALIKE]
            step = best._first_sure(sorted(reached, key=lambda r: -r.gain), _state_of)
            if step is None:
                return best
            best = step[0].search

    def _from(self, parents: list[int], waiting: list[int]) -> "Mending":
        """A search from the class with these compelled parents, that may put these pairs back."""
        search = copy(self)
        search.waiting = waiting.copy()
        for z in compress(range(len(waiting)), map(ne, waiting, self.waiting)):
            search._stale |= 1 << z
        search.mended, search._steps = self.mended.copy(), self._steps.copy()
        search._missed, search._loose = self._missed.copy(), self._loose.copy()
        search._become(parents, self.adjacent)
        return search

    def _ended(self, known: dict[object, "Mending"]) -> "Mending":
        """The search where it ends; `known` tells where those ended that came by a class: most come by the same."""
        if isinstance(self.likelihood, GaussianScore) and not self.bound and _worth_compiling(len(self.adjacent)):
            self._mend_compiled(self.likelihood)
            return self
        passed, going = [], True
        while going:
            at = (*self.rows.parents, *self.adjacent, *self.waiting, frozenset(self.mended))
            if at in known:
                break
            passed.append(at)
            going = self._improve()
        end = known.get(at, self)
        known.update(dict.fromkeys(passed, end))
        return end

    def _become(self, parents: Sequence[int], adjacent: Sequence[int]) -> int:
        touched = super()._become(parents, adjacent)
        self._stale |= touched
        self._walks = {}
        return touched

    def _losing(self, tried: set[_Tried]) -> list[list[int]]:
        """The compelled parents of each class one turn away that loses no more than is worth a try.

        What was tried with the same parents of both ends is not again: it mostly ends where it did before.
        """
        found: list[list[int]] = []
        parents = self.rows.parents
        for turn in self._gaining(self.least):
            step = (turn.u, turn.v, parents[turn.u] | turn.of_u, parents[turn.v] | turn.of_v)
            if step in tried:
                continue
            tried.add(step)
            after = self._turned(turn)
            if after is not None and after != parents and after not in found:
                found.append(after)
        return found

    def _mend_compiled(self, score: GaussianScore) -> None:
        """The same, compiled."""
        from aitia.stats.search import _class_kernel, _mending_kernel

        rows, room = self.rows, len(self.adjacent) + 2
        held = (rows.parents, rows.children, rows.neighbors, self.adjacent, self.member)
        state = _class_kernel.State(*map(to_words, held))
        of = _class_kernel.Score(
            score.correlation, float(score.n), score.price, np.empty(room, np.int64), np.empty((room, room))
        )
        back, count = _mending_kernel.mend(
            state, of, to_words(self.waiting), BEYOND_DOUBT, self._came_back(state.parents.shape[1]), len(self.mended)
        )
        self._become(from_words(state.parents), from_words(state.adjacent))
        given = from_words(back.second[:count])
        ends = np.sort(back.ends[:count], axis=1).tolist()
        self.mended = {
            (i, j): why for (i, j), why in zip(ends, zip(given, back.gain.tolist(), strict=False), strict=True)
        }

    def _came_back(self, words: int) -> Any:
        """What has come back before, as the compiled search keeps it."""
        from aitia.stats.search._words_kernel import Steps

        room = max(64, len(self.mended))
        back = Steps(np.zeros(room), np.zeros((room, 2), np.int64), *np.zeros((2, room, words), np.uint64))
        if count := len(self.mended):
            back.ends[:count] = list(self.mended)
            back.gain[:count] = [gain for _, gain in self.mended.values()]
            back.second[:count] = to_words([given for given, _ in self.mended.values()], len(self.adjacent))
        return back

    def _missing(self, z: int) -> list[_Edge]:
        """The edges into z beyond doubt given its parents and some of its neighbours; kept for all searches."""
        beside, parents, waiting = self.rows.neighbors[z], self.rows.parents[z], self.waiting[z] & ~self.forbidden[z]
        if not waiting:
            return []
        near = [self.adjacent[k] for k in places(beside)]
        key = (z, parents, waiting, beside, *near)
        if key not in self._sought:
            self._sought[key] = self._found_missing(z, beside, parents, waiting, near)
        return self._sought[key]

    def _found_missing(self, z: int, beside: int, parents: int, waiting: int, near: list[int]) -> list[_Edge]:
        reached = 0
        for row in near:
            reached |= row
        found = []
        for into in self._cliques(beside):
            others = waiting if not beside else self._shielded(waiting, beside, into, reached)
            for x, gain in self._beyond_doubt(z, parents | into, others):
                if others >> x & 1:
                    found.append(_Edge(gain, x, z, into & ~self.adjacent[x], parents | into))
        return found

    def _beyond_doubt(self, z: int, given: int, others: int) -> list[tuple[int, float]]:
        """What gains more than doubt allows as a parent of z, of these others and of all that were asked for before."""
        asked, found = self._gained.get((z, given), (0, []))
        if others & ~asked:
            asked |= others
            found = self.likelihood.gains(z, given, asked, BEYOND_DOUBT)
            self._gained[z, given] = asked, found
        return found

    def _shielded(self, waiting: int, beside: int, into: int, reached: int) -> int:
        """Those of `waiting` whose neighbours beside z are all in `into`."""
        if not beside & ~into:
            return waiting
        return waiting & ~sum(1 << x for x in places(waiting & reached) if self.adjacent[x] & beside & ~into)

    def _inserted(self, edge: _Edge) -> Changed | None:
        """The class with the edge; None where no member takes it."""
        x, z = edge.x, edge.z
        path = self._semidirected(z, x, self.rows.neighbors[z] & edge.given)
        if path:  # theorem 15: no such path
            self._barred[edge] = path
            return None
        rows = self.rows.copy()
        choose(rows, z, edge.given, 0)  # in a member that takes it all of them are parents
        rows.parents[z] |= 1 << x
        rows.children[x] |= 1 << z
        return self._changed(rows, x, z)

    def _semidirected(self, start: int, goal: int, blocked: int) -> int:
        """The nodes of a path along arrows and undirected edges that no blocked node lies on; 0 where there is none."""
        children, neighbors = self.rows.children, self.rows.neighbors
        frontiers, seen = self._walks.get((start, blocked), ([1 << start], 1 << start | blocked))
        while frontiers[-1] and not seen >> goal & 1:
            step = 0
            for i in places(frontiers[-1]):
                step |= children[i] | neighbors[i]
            frontiers.append(step & ~seen)
            seen |= step
        self._walks[start, blocked] = frontiers, seen
        if not seen >> goal & 1:
            return 0
        path, at = 1 << goal, 0
        while not frontiers[at] >> goal & 1:
            at += 1
        while at:
            at -= 1
            goal = (frontiers[at] & (self.rows.parents[goal] | neighbors[goal])).bit_length() - 1
            path |= 1 << goal
        return path

    def _needless(self, pair: tuple[int, int]) -> list[_Edge]:
        """The edge of a pair, for each set given which it is no longer beyond doubt; it gains what it costs."""
        found = []
        for x, z in (pair, pair[::-1]):
            if not (self.rows.parents[z] | self.rows.neighbors[z]) >> x & 1:
                continue
            near = self.rows.neighbors[z] & self.adjacent[x]
            for stay in self._cliques(near):
                given = stay | self.rows.parents[z] & ~(1 << x)
                gain = self._of(z, given | 1 << x) - self._of(z, given)
                if gain < BEYOND_DOUBT:
                    found.append(_Edge(-gain, x, z, near & ~stay, given))
        return found

    def _deleted(self, edge: _Edge) -> Changed | None:
        """The class without the edge; None where no member lets it go."""
        x, z = edge.x, edge.z
        rows = self.rows.copy()
        rows.parents[z] &= ~(1 << x)
        rows.children[x] &= ~(1 << z)
        rows.neighbors[x] &= ~(1 << z)
        rows.neighbors[z] &= ~(1 << x)
        for h in places(edge.turned):
            rows.orient(z, h)
            if rows.neighbors[x] >> h & 1:
                rows.orient(x, h)
        return self._changed(rows, x, z)

    def _changed(self, rows: Pdag, x: int, z: int) -> Changed | None:
        """The class of what extends these rows, in which two nodes are adjacent, or apart, unlike now."""
        adjacent = _toggled(self.adjacent, x, z)
        rows.adjacent = tuple(adjacent)
        member = extend_within(rows, self._together(x, z), self.member)
        if member is None:
            return None
        after = self._compelled(member, adjacent)
        if self.bound and self.known(Pdag.of(after, adjacent)) is None:
            return None
        return adjacent, after


def _worth_compiling(nodes: int) -> bool:
    """Whether so many nodes, or all that have been mended so far, take longer than to load the compiler."""
    global _spent
    if _spent <= LOADING:
        _spent += A_NODE * nodes
    return nodes >= MANY or _spent > LOADING


def _apart(allowed: Sequence[int], adjacent: Sequence[int]) -> list[int]:
    """Bit rows of the pairs that may come back."""
    return [row & ~near for row, near in zip(allowed, adjacent, strict=True)]


def _pair(edge: _Edge) -> tuple[int, int]:
    return min(edge.x, edge.z), max(edge.x, edge.z)


def _toggled(adjacent: list[int], i: int, j: int) -> list[int]:
    rows = adjacent.copy()
    rows[i] ^= 1 << j
    rows[j] ^= 1 << i
    return rows

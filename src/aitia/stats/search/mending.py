"""Edges that the tests took out come back where the class that results contradicts the table beyond doubt.

A pair is taken apart by one set out of many, and that set can be wrong: few rows, effects that nearly cancel. The class
then states independences of the pair that the table refutes: one member lacks x --> z, and with it the table would be a
million times likelier (the Bayes factor, by the BIC). The edge that is asked for most comes back, the class ascends
again, and so on; it goes again once the class explains the pair without it.

Sources:
    Chickering, Optimal structure identification with greedy search, JMLR 3 (2002), theorems 15 and 17: insertion and
    deletion.
    Nandy, Hauser and Maathuis, High-dimensional consistency in score-based and hybrid structure learning, Annals of
    Statistics 46 (2018): a skeleton of tests to which a score may add.
    Cheng, Greiner, Kelly, Bell and Liu, Learning Bayesian networks from data: an information-theory based approach,
    Artificial Intelligence 137 (2002): thickening and thinning.
    Kass and Raftery, Bayes factors, Journal of the American Statistical Association 90 (1995).
"""

from collections.abc import Sequence
from math import log
from typing import NamedTuple

from aitia.graph._pdag import Pdag, compelled, extend
from aitia.graph.bits import bits
from aitia.stats.search.classes import ClassSearch

__all__ = ["BEYOND_DOUBT", "Mending"]

BEYOND_DOUBT = log(1e6)
"""Logarithm of the Bayes factor from which a table refutes an independence."""


class _Change(NamedTuple):
    """What the edge of a pair given a set gains, and the class with it, or without."""

    gain: float
    pair: tuple[int, int]
    given: int
    adjacent: list[int]
    parents: list[int]


class Mending(ClassSearch):
    """A class search that may put pairs back.

    Attributes:
        mended: The pairs that came back, with the set given which the table refutes their independence and the
            logarithm of the Bayes factor.
    """

    mended: dict[tuple[int, int], tuple[int, float]]

    def mend(self, allowed: Sequence[int]) -> None:
        """Ascends, and puts back what the table asks for, until neither changes anything.

        Args:
            allowed: Bit rows: the pairs that may be adjacent.
        """
        self.mended = {}
        waiting = [(i, j) for i, row in enumerate(allowed) for j in bits(row & ~self.adjacent[i] & (-2 << i))]
        self.ascend()
        while True:
            needless = [c for pair in self.mended for c in self._deletions(pair)]
            if needless:
                change = min(needless, key=lambda c: c.gain)
                del self.mended[change.pair]
            else:
                missed = [c for pair in waiting for c in self._insertions(pair)]
                if not missed:
                    return
                change = max(missed, key=lambda c: c.gain)
                waiting.remove(change.pair)
                self.mended[change.pair] = (change.given, change.gain)
            self.adjacent = change.adjacent
            self.rows = self._pdag(change.parents)
            self.ascend()

    def _insertions(self, pair: tuple[int, int]) -> list[_Change]:
        """The insertion of an edge that gains most, if that is beyond doubt."""
        found = []
        for x, z in (pair, pair[::-1]):
            if self.forbidden[z] >> x & 1:
                continue
            near = self.rows.neighbors[z] & self.adjacent[x]
            if not self._all_adjacent(near):
                continue
            for more in self._cliques(self.rows.neighbors[z] & ~self.adjacent[x]):
                given = near | more | self.rows.parents[z]
                gain = self._of(z, given | 1 << x) - self._of(z, given)
                if gain > BEYOND_DOUBT and self._all_adjacent(near | more):
                    found.append((gain, x, z, more, given))
        for gain, x, z, more, given in sorted(found, key=lambda f: -f[0]):
            if (change := self._inserted(pair, x, z, more)) is not None:
                return [_Change(gain, pair, given, *change)]
        return []

    def _inserted(self, pair: tuple[int, int], x: int, z: int, more: int) -> tuple[list[int], list[int]] | None:
        adjacent = _toggled(self.adjacent, *pair)
        parents = self.rows.parents.copy()
        parents[z] |= 1 << x | more
        member = extend(Pdag.of(parents, adjacent))
        if member is None:
            return None
        before = member.copy()
        before[z] &= ~(1 << x)
        if compelled(before, self.adjacent) != self.rows.parents:
            return None
        return self._changed(member, adjacent)

    def _deletions(self, pair: tuple[int, int]) -> list[_Change]:
        """The deletion of a pair's edge that costs least, if the edge is no longer beyond doubt."""
        found = []
        for x, z in (pair, pair[::-1]):
            if not (self.rows.parents[z] | self.rows.neighbors[z]) >> x & 1:
                continue
            near = self.rows.neighbors[z] & self.adjacent[x]
            for stay in self._cliques(near):
                given = stay | self.rows.parents[z] & ~(1 << x)
                gain = self._of(z, given | 1 << x) - self._of(z, given)
                if gain < BEYOND_DOUBT:
                    found.append((gain, x, z, near & ~stay, given))
        for gain, x, z, out, given in sorted(found, key=lambda f: f[0]):
            if (change := self._deleted(pair, x, z, out)) is not None:
                return [_Change(gain, pair, given, *change)]
        return []

    def _deleted(self, pair: tuple[int, int], x: int, z: int, out: int) -> tuple[list[int], list[int]] | None:
        adjacent = _toggled(self.adjacent, *pair)
        parents = self.rows.parents.copy()
        parents[z] &= ~(1 << x)
        for h in bits(out):
            parents[h] |= 1 << z
            if self.rows.neighbors[x] >> h & 1:
                parents[h] |= 1 << x
        member = extend(Pdag.of(parents, adjacent))
        if member is None:
            return None
        before = member.copy()
        before[z] |= 1 << x
        if compelled(before, self.adjacent) != self.rows.parents:
            return None
        return self._changed(member, adjacent)

    def _changed(self, member: list[int], adjacent: list[int]) -> tuple[list[int], list[int]] | None:
        after = compelled(member, adjacent)
        assert after is not None
        if self.bound and self.known(Pdag.of(after, adjacent)) is None:
            return None
        return adjacent, after

    def _all_adjacent(self, nodes: int) -> bool:
        return not any(nodes & ~self.adjacent[i] & ~(1 << i) for i in bits(nodes))


def _toggled(adjacent: list[int], i: int, j: int) -> list[int]:
    rows = adjacent.copy()
    rows[i] ^= 1 << j
    rows[j] ^= 1 << i
    return rows

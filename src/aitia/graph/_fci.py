"""The orientation rules R1-R10 of FCI on bit rows.

Every rule is sound and together they are complete: the marks they leave as circles are those on which the members of
the Markov equivalence class differ.

References:
    Zhang, On the completeness of orientation rules for causal discovery in the presence of latent confounders and
    selection bias, Artificial Intelligence 172 (2008), section 3.
"""

from collections.abc import Callable, Sequence

from aitia.graph.bits import bits
from aitia.graph.graph import Graph
from aitia.graph.marks import Mark

__all__ = ["CircleGraph"]

IsCollider = Callable[[int, int, int, int], bool]


class CircleGraph:
    """A graph that starts with a circle at every edge end, to be replaced by the rules.

    Args:
        adjacent: The adjacencies, a bit row a node.
    """

    __slots__ = ("adjacent", "changed", "here", "there")

    def __init__(self, adjacent: Sequence[int]) -> None:
        blank = [0] * len(adjacent)
        self.adjacent = tuple(adjacent)
        # Row i of here[m]: every j whose edge with i bears m at i; of there[m]: every j that bears m at j.
        self.here = {Mark.TAIL: blank.copy(), Mark.ARROW: blank.copy(), Mark.CIRCLE: list(adjacent)}
        self.there = {Mark.TAIL: blank.copy(), Mark.ARROW: blank.copy(), Mark.CIRCLE: list(adjacent)}
        self.changed = False

    def put(self, i: int, j: int, mark: Mark) -> None:
        """Replaces a circle at j on the edge i *-* j; any other mark there stays."""
        if not self.there[Mark.CIRCLE][i] >> j & 1:
            return
        self.there[Mark.CIRCLE][i] ^= 1 << j
        self.here[Mark.CIRCLE][j] ^= 1 << i
        self.there[mark][i] |= 1 << j
        self.here[mark][j] |= 1 << i
        self.changed = True

    def graph(self, names: Sequence[str]) -> Graph:
        """These marks as a graph."""
        return Graph.from_bits(names, *(self.there[mark] for mark in Mark))

    def orient(self, is_collider: IsCollider) -> None:
        """Applies R1-R10 until no mark changes; the unshielded colliders (R0) are there already.

        `is_collider(s, a, b, c)` decides, for a path s ... a, b, c that discriminates b, whether b is a collider on it:
        whether the set that separates s and c leaves b out. One pass takes O(edges^2) row operations and there are at
        most two passes an edge; a few in practice.
        """
        self._until_stable(self._r1, self._r2, self._r3, lambda: self._r4(is_collider))
        self._r5()
        self._until_stable(
            self._r1,
            self._r2,
            self._r3,
            lambda: self._r4(is_collider),
            self._r6_r7,
            self._r8,
            self._r9_r10,
        )

    def _until_stable(self, *rules: Callable[[], None]) -> None:
        self.changed = True
        while self.changed:
            self.changed = False
            for rule in rules:
                rule()

    def _r1(self) -> None:
        """a *-> b o-* c, a and c not adjacent: b --> c."""
        for b, into in enumerate(self.here[Mark.ARROW]):
            if into:
                for c in bits(self.here[Mark.CIRCLE][b]):
                    if into & ~self.adjacent[c]:
                        self.put(c, b, Mark.TAIL)
                        self.put(b, c, Mark.ARROW)

    def _r2(self) -> None:
        """a --> b *-> c or a *-> b --> c, and a *-o c: a *-> c."""
        for a, circles in enumerate(self.there[Mark.CIRCLE]):
            for c in bits(circles):
                through = self.there[Mark.ARROW][a] & self.here[Mark.ARROW][c]
                if through & (self.here[Mark.TAIL][a] | self.there[Mark.TAIL][c]):
                    self.put(a, c, Mark.ARROW)

    def _r3(self) -> None:
        """a *-> b <-* c, a *-o d o-* c, a and c not adjacent, d *-o b: d *-> b."""
        for b, into in enumerate(self.here[Mark.ARROW]):
            for d in bits(self.here[Mark.CIRCLE][b]):
                both = into & self.here[Mark.CIRCLE][d]
                if any(both & ~self.adjacent[a] & ~(1 << a) for a in bits(both)):
                    self.put(d, b, Mark.ARROW)

    def _r4(self, is_collider: IsCollider) -> None:
        """A path s ... a, b, c discriminates b, b o-* c: b --> c, or a <-> b <-> c."""
        for b in range(len(self.adjacent)):
            for c in bits(self.here[Mark.CIRCLE][b]):
                parents = self.there[Mark.TAIL][c] & self.here[Mark.ARROW][c]
                for a in bits(parents & self.there[Mark.ARROW][b]):
                    s = self._discriminated(a, c, parents)
                    if s is None:
                        continue
                    if is_collider(s, a, b, c):
                        self.put(a, b, Mark.ARROW)
                        self.put(c, b, Mark.ARROW)
                    else:
                        self.put(c, b, Mark.TAIL)
                    self.put(b, c, Mark.ARROW)
                    break  # the mark at b is settled

    def _discriminated(self, a: int, c: int, parents: int) -> int | None:
        """The far end of a shortest path s *-> ... <-> a through colliders in `parents` of c, s not adjacent to c."""
        seen = frontier = 1 << a
        while frontier:
            following = 0
            for v in bits(frontier):
                into = self.here[Mark.ARROW][v]
                if ends := into & ~self.adjacent[c] & ~(1 << c):
                    return next(bits(ends))
                following |= into & self.there[Mark.ARROW][v] & parents
            frontier = following & ~seen
            seen |= frontier
        return None

    def _r5(self) -> None:
        """a o-o b on an uncovered cycle of circle edges, four or more: a --- b.

        Its premise holds only circles, which other rules take away: all its edges are found before any is changed.
        """
        rows = [x & y for x, y in zip(self.here[Mark.CIRCLE], self.there[Mark.CIRCLE], strict=True)]
        found = []
        for a, row in enumerate(rows):
            for b in bits(row >> (a + 1) << (a + 1)):
                starts = row & ~self.adjacent[b] & ~(1 << b)
                if any(self._uncovered(rows, a, c)[b] & ~self.adjacent[a] & ~(1 << a) for c in bits(starts)):
                    found.append((a, b))
        for a, b in found:
            self.put(a, b, Mark.TAIL)
            self.put(b, a, Mark.TAIL)

    def _r6_r7(self) -> None:
        """a --- b o-* c, or a --o b o-* c with a and c not adjacent: b --* c."""
        for b in range(len(self.adjacent)):
            out = self.there[Mark.TAIL][b]
            undirected, half = out & self.here[Mark.TAIL][b], out & self.here[Mark.CIRCLE][b]
            for c in bits(self.here[Mark.CIRCLE][b]):
                if undirected or half & ~self.adjacent[c] & ~(1 << c):
                    self.put(c, b, Mark.TAIL)

    def _r8(self) -> None:
        """a --> b --> c or a --o b --> c, and a o-> c: a --> c."""
        for a in range(len(self.adjacent)):
            out = self.here[Mark.TAIL][a] & ~self.there[Mark.TAIL][a]
            for c in bits(self.here[Mark.CIRCLE][a] & self.there[Mark.ARROW][a]):
                if out & self.there[Mark.TAIL][c] & self.here[Mark.ARROW][c]:
                    self.put(c, a, Mark.TAIL)

    def _r9_r10(self) -> None:
        """a o-> c, and a must be an ancestor of c along one (R9) or one of two (R10) uncovered paths: a --> c.

        We search walks, not paths: the proofs of both rules push the arrow along the walk and hold for them as well.
        """
        for a in range(len(self.adjacent)):
            open_ends = self.here[Mark.CIRCLE][a] & self.there[Mark.ARROW][a]
            if not open_ends:
                continue
            rows = [self._onward(v) for v in range(len(self.adjacent))]
            reached = {
                first: sum(1 << v for v, before in enumerate(self._uncovered(rows, a, first)) if before)
                for first in bits(rows[a])
            }
            for c in bits(open_ends):
                parents = self.there[Mark.TAIL][c] & self.here[Mark.ARROW][c]
                apart = ~(self.adjacent[c] | 1 << c)
                if any(apart >> b & 1 and nodes >> c & 1 for b, nodes in reached.items()):
                    self.put(c, a, Mark.TAIL)
                    continue
                firsts = sum(1 << b for b, nodes in reached.items() if b != c and nodes & parents)
                if any(firsts & ~self.adjacent[b] & ~(1 << b) for b in bits(firsts)):
                    self.put(c, a, Mark.TAIL)

    def _onward(self, v: int) -> int:
        """Every w for which v *-* w may be v --> w: no arrow at v, no tail at w."""
        return self.adjacent[v] & ~self.here[Mark.ARROW][v] & ~self.there[Mark.TAIL][v]

    def _uncovered(self, rows: Sequence[int], a: int, first: int) -> list[int]:
        """Of each node, those from which it is entered on a walk a, first, ... along `rows` with unshielded triples."""
        entered = [0] * len(rows)
        entered[first] = 1 << a
        waiting = [(a, first)]
        while waiting:
            u, v = waiting.pop()
            for w in bits(rows[v] & ~self.adjacent[u] & ~(1 << u)):
                if not entered[w] >> v & 1:
                    entered[w] |= 1 << v
                    waiting.append((v, w))
        return entered

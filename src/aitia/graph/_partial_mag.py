"""A PAG whose circles are replaced one by one, as far as some MAG of its class bears the marks out.

References:
    Zhang, On the completeness of orientation rules for causal discovery in the presence of latent confounders and
    selection bias, Artificial Intelligence 172 (2008), section 3, for the rules, which hold under further marks too.
"""

from collections.abc import Iterator
from typing import Self

from aitia.errors import CostError
from aitia.graph._fci import CircleGraph
from aitia.graph.bits import bits, closure, transpose
from aitia.graph.equivalence import _member_mag, _pag, is_mag
from aitia.graph.graph import Graph
from aitia.graph.marks import Mark

__all__ = ["Circle", "PartialMag", "Steps"]

Circle = tuple[int, int]
"""(i, j): the circle at j on the edge i *-* j."""


class Steps:
    """How many partial graphs may still be looked at.

    Args:
        left: So many.
        what: What they are for, as the error says it.
    """

    def __init__(self, left: int, what: str) -> None:
        self.left, self.allowed, self.what = left, left, what

    def take(self) -> None:
        """One more.

        Raises:
            CostError: If there is none left.
        """
        self.left -= 1
        if self.left < 0:
            raise CostError(
                f"the class of this PAG is too large to {self.what}: {self.allowed} ways to replace its circles were "
                "looked at; say what is known of them, or ask of a graph with fewer edges"
            )


class PartialMag(CircleGraph):
    """The marks of a PAG without selection, and more of them; heads and tails are shared by all members that are left.

    Args:
        pag: A PAG of -->, <->, o-> and o-o edges.
    """

    __slots__ = ("names", "pag", "possible")

    def __init__(self, pag: Graph) -> None:
        super().__init__(pag._adjacent)
        self.pag, self.names, self.possible = pag, pag.nodes, True
        for mark in (Mark.TAIL, Mark.ARROW):
            for i, row in enumerate(pag._ends[mark - 1]):
                for j in bits(row):
                    self.put(i, j, mark)

    def copy(self) -> Self:
        """Another one with the same marks."""
        other = type(self).__new__(type(self))
        other.pag, other.names, other.possible = self.pag, self.names, self.possible
        other.adjacent, other.changed = self.adjacent, False
        other.here = {mark: rows.copy() for mark, rows in self.here.items()}
        other.there = {mark: rows.copy() for mark, rows in self.there.items()}
        return other

    def circles(self) -> Iterator[Circle]:
        """Every circle, by the node that bears it."""
        for j, row in enumerate(self.here[Mark.CIRCLE]):
            for i in bits(row):
                yield i, j

    def ways(self, circle: Circle) -> Iterator[Self]:
        """The graph with a tail in place of the circle, and with a head, as far as the rules do not refute it."""
        for mark in (Mark.TAIL, Mark.ARROW):
            other = self.copy()
            other.put(*circle, mark)
            other.close()
            if other.possible:
                yield other

    def close(self) -> None:
        """Makes every mark that follows, and notes where two of them cannot both be."""
        self._until_stable(self._r1, self._r2, self._r3, self._tails, self._r8, self._r9_r10)
        self.possible = not self._contradicts()

    def _tails(self) -> None:
        """a --o b: a --> b, for nothing was selected on."""
        for b, row in enumerate(self.here[Mark.CIRCLE]):
            for a in bits(row & self.there[Mark.TAIL][b]):
                self.put(a, b, Mark.ARROW)

    def _contradicts(self) -> bool:
        """Whether a collider is new, or a head lies at an ancestor of the other end."""
        heads = self.here[Mark.ARROW]
        for j, (into, known) in enumerate(zip(heads, self.pag._into, strict=True)):
            if any(into & ~self.adjacent[i] & ~(1 << i) for i in bits(into & ~known)):
                return True
            if into & closure(self.children, 1 << j):
                return True
        return False

    @property
    def children(self) -> tuple[int, ...]:
        """Row i: every j with i --> j."""
        tails = self.here[Mark.TAIL]
        return tuple(tail & arrow for tail, arrow in zip(tails, self.there[Mark.ARROW], strict=True))

    @property
    def above(self) -> tuple[int, ...]:
        """Row i: every j that i may have as a parent."""
        return transpose([self._onward(v) for v in range(len(self.adjacent))])

    def member(self, steps: Steps) -> Graph | None:
        """A MAG of the class with these marks; None where there is none.

        Raises:
            CostError: If it takes more steps than there are.
        """
        found = _member_mag(self.graph(self.names)) if self.possible else None
        if found is not None and _pag(found)._ends == self.pag._ends:
            return found
        return next(self.members(steps), None)

    def members(self, steps: Steps) -> Iterator[Graph]:
        """Every MAG of the class with these marks, each once.

        Raises:
            CostError: If it takes more steps than there are.
        """
        waiting = [self] if self.possible else []
        while waiting:
            partial = waiting.pop()
            steps.take()
            circle = next(partial.circles(), None)
            if circle is not None:
                waiting += [*partial.ways(circle)][::-1]
                continue
            found = partial.graph(self.names)
            if is_mag(found) and _pag(found)._ends == self.pag._ends:
                yield found

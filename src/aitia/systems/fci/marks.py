"""The orientation rules of FCI for evidence that may contradict itself, independent of the order of the variables.

With an oracle the rules agree whatever their order. Tests of a finite table contradict each other: there each rule is
read off the graph as it stood before the rule, all its marks are made at once, and an end at which two of them disagree
keeps its circle for good.
"""

from collections.abc import Callable, Iterator, Sequence

from aitia.graph._fci import CircleGraph
from aitia.graph.bits import Bits, bits, transpose
from aitia.graph.graph import Graph
from aitia.graph.marks import Mark

__all__ = ["OrderFreeMarks", "between", "openly_joined", "possible_d_sep", "possibly_above"]


class OrderFreeMarks(CircleGraph):
    """A graph of circles that FCI's rules R1-R10 replace, all marks of a rule at once.

    Attributes:
        contested: Ends (i, j) of edges i *-* j at which rules wanted both a head and a tail.
    """

    __slots__ = ("contested", "wanted")

    def __init__(self, adjacent: Sequence[int]) -> None:
        super().__init__(adjacent)
        self.wanted: dict[tuple[int, int], Mark | None] = {}
        self.contested: dict[tuple[int, int], None] = {}

    @classmethod
    def of(cls, graph: Graph) -> "OrderFreeMarks":
        """The marks of a graph."""
        marks = cls(graph._adjacent)
        for mark in (Mark.TAIL, Mark.ARROW):
            for i, row in enumerate(graph._ends[mark - 1]):
                for j in bits(row):
                    marks.put(i, j, mark)
        marks.settle()
        return marks

    def put(self, i: int, j: int, mark: Mark) -> None:
        """Notes a mark for the circle at j on i *-* j; `settle` makes it."""
        if self.there[Mark.CIRCLE][i] >> j & 1 and (i, j) not in self.contested:
            agreed = self.wanted.get((i, j), mark) == mark
            self.wanted[i, j] = mark if agreed else None

    def settle(self) -> None:
        """Makes the marks that were noted and that nothing contests."""
        wanted, self.wanted = self.wanted, {}
        for (i, j), mark in wanted.items():
            if mark is None:
                self.contested[i, j] = None
            else:
                super().put(i, j, mark)

    def _until_stable(self, *rules: Callable[[], None]) -> None:
        super()._until_stable(*(self._settled(rule) for rule in rules))

    def _settled(self, rule: Callable[[], None]) -> Callable[[], None]:
        def run() -> None:
            rule()
            self.settle()

        return run

    def _r5(self) -> None:
        super()._r5()
        self.settle()

    def _r4(self, is_collider: Callable[[int, int, int, int], bool | None]) -> None:
        """As the plain rule, asking the far end of every path that discriminates b, not of the first one found."""
        for b in range(len(self.adjacent)):
            for c in bits(self.here[Mark.CIRCLE][b]):
                parents = self.there[Mark.TAIL][c] & self.here[Mark.ARROW][c]
                for a in bits(parents & self.there[Mark.ARROW][b]):
                    for s in self._far_ends(a, c, parents):
                        verdict = is_collider(s, a, b, c)
                        if verdict is None:
                            continue
                        self.put(c, b, Mark.ARROW if verdict else Mark.TAIL)
                        self.put(b, c, Mark.ARROW)
                        if verdict:
                            self.put(a, b, Mark.ARROW)

    def _far_ends(self, a: int, c: int, parents: int) -> Iterator[int]:
        """Every s of a path s *-> ... <-> a through colliders that are parents of c, s not adjacent to c."""
        seen = frontier = 1 << a
        ends = 0
        while frontier:
            following = 0
            for v in bits(frontier):
                into = self.here[Mark.ARROW][v]
                ends |= into & ~self.adjacent[c] & ~(1 << c)
                following |= into & self.there[Mark.ARROW][v] & parents
            frontier = following & ~seen
            seen |= frontier
        yield from bits(ends)


def possible_d_sep(marks: CircleGraph) -> list[int]:
    """Of each node x, a bit row, those that may be in a set that separates x from some node.

    v is one of them where a walk leads from x to v of which every inner node is a collider or lies in a triangle with
    the two beside it. Walks reach at least what paths do: sets are as complete, some tests more are run.

    Source:
        Spirtes, Glymour and Scheines, Causation, Prediction, and Search (2000), section 6.7.
    """

    def onward(a: int, b: int) -> int:
        collider = marks.there[Mark.ARROW][a] >> b & 1
        return (marks.adjacent[b] & marks.adjacent[a]) | (marks.here[Mark.ARROW][b] if collider else 0)

    return _walked(marks, onward)


def possibly_above(marks: CircleGraph) -> Bits:
    """Of each node, a bit row, those next to it that may be above it: without a head at theirs."""
    return transpose([near & ~heads for near, heads in zip(marks.adjacent, marks.here[Mark.ARROW], strict=True)])


def between(adjacent: Sequence[int]) -> dict[tuple[int, int], int]:
    """Of each two neighbours i < j a bit row, the nodes on paths from one to the other: their biconnected component.

    What separates two nodes lies on paths between them.

    Source:
        Hopcroft and Tarjan, Algorithm 447: efficient algorithms for graph manipulation, CACM 16 (1973).
    """
    found: dict[tuple[int, int], int] = {}
    depth = [-1] * len(adjacent)
    low = depth.copy()
    for root in range(len(adjacent)):
        if depth[root] >= 0:
            continue
        depth[root] = low[root] = 0
        edges: list[tuple[int, int]] = []
        path = [(root, -1, bits(adjacent[root]))]
        while path:
            v, before, left = path[-1]
            w = next(left, None)
            if w is None:
                path.pop()
                if path:
                    low[before] = min(low[before], low[v])
                    if low[v] >= depth[before]:  # nothing below v reaches above `before`: a component ends here
                        start = edges.index((before, v))
                        nodes = sum(1 << k for k in dict.fromkeys(k for edge in edges[start:] for k in edge))
                        found |= {(min(edge), max(edge)): nodes for edge in edges[start:]}
                        del edges[start:]
            elif depth[w] < 0:
                edges.append((v, w))
                depth[w] = low[w] = len(path)
                path.append((w, v, bits(adjacent[w])))
            elif w != before and depth[w] < depth[v]:
                edges.append((v, w))
                low[v] = min(low[v], depth[w])
    return found


def openly_joined(marks: CircleGraph) -> list[int]:
    """Of each node, a bit row, those to which a walk without collider leads: from all others it is independent."""

    def onward(a: int, b: int) -> int:
        collider = marks.there[Mark.ARROW][a] >> b & 1
        return marks.adjacent[b] & ~(marks.here[Mark.ARROW][b] if collider else 0)

    return _walked(marks, onward)


def _walked(marks: CircleGraph, onward: Callable[[int, int], int]) -> list[int]:
    """Of each node, those that walks from it reach; `onward(a, b)` says where one that came from a to b may go on."""
    found = []
    for x, row in enumerate(marks.adjacent):
        waiting, reached = [(x, v) for v in bits(row)], row
        seen = dict.fromkeys(waiting)
        while waiting:
            a, b = waiting.pop()
            for c in bits(onward(a, b) & ~(1 << a) & ~(1 << x)):
                if (b, c) not in seen:
                    seen[b, c] = None
                    waiting.append((b, c))
                    reached |= 1 << c
        found.append(reached)
    return found

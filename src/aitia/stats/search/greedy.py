"""Greedy steps between Markov equivalence classes: one edge more, or one less, by the score of a member.

    Insert(X, Y, T)   X, Y apart, T neighbours of Y apart from X: X --> Y, and Y --- t becomes t --> Y. Valid where
                      NA(Y, X) and T form a clique that meets every semi-directed path from Y to X.
    Delete(X, Y, H)   X --- Y or X --> Y, H out of NA(Y, X): the edge goes, and its Y --- h, X --- h become arrows into
                      h. Valid where NA(Y, X) without H is a clique.

NA(Y, X) are the neighbours of Y that are adjacent to X. The score of a class changes by that of Y alone. With knowledge
a step is taken only into a class of which some member obeys it.

Source:
    Chickering, Optimal structure identification with greedy search, JMLR 3 (2002), theorems 15 and 17.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from typing import Protocol

from aitia.engine import Progress
from aitia.errors import GraphError
from aitia.graph._pdag import Pdag
from aitia.graph.bits import bits, closure
from aitia.graph.equivalence import consistent_extension, cpdag
from aitia.graph.graph import Graph
from aitia.graph.knowledge import Knowledge, apply

__all__ = ["Step", "backward", "deletions", "forward", "known", "member"]

State = tuple[int, int, int]
LEAST = 1e-6
"""Nats by which a score must rise to count as higher."""


class NodeScore(Protocol):
    """A score of a node given others, a bit row; `several` and `grown` may compute what is asked soon."""

    names: tuple[str, ...]

    def __call__(self, y: int, parents: int, /) -> float: ...

    def several(self, asked: Iterable[tuple[int, int]], /) -> None: ...

    def grown(self, y: int, parents: int, /) -> None: ...


@dataclass(frozen=True, order=True)
class Step:
    """An operator on a class.

    Args:
        gain: What the score gains, in nats.
        x: Position of X.
        y: Position of Y.
        moved: T or H, as a bit row.
    """

    gain: float
    x: int
    y: int
    moved: int


def known(graph: Graph, knowledge: Knowledge | None) -> Graph:
    """The class with the arrows that knowledge decides.

    Raises:
        GraphError: If no member of the class obeys the knowledge.
    """
    return graph if knowledge is None else apply(graph, knowledge)


def member(graph: Graph, knowledge: Knowledge | None) -> Graph:
    """A DAG of the class that obeys the knowledge.

    Raises:
        GraphError: If there is none.
    """
    return consistent_extension(known(graph, knowledge))


def backward(graph: Graph, score: NodeScore, knowledge: Knowledge | None = None) -> Graph:
    """Deletes edges of a CPDAG as long as the score rises, the best first."""
    while True:
        rows = Pdag(graph)
        steps = sorted(_all_deletions(rows, score, knowledge), reverse=True)
        for step in steps:
            if step.gain <= LEAST:
                return graph
            after = _after(_deleted(rows, step), graph.nodes, knowledge)
            if after is not None:
                graph = after
                break
        else:
            return graph


def forward(
    graph: Graph,
    score: NodeScore,
    knowledge: Knowledge | None = None,
    *,
    limit: int,
    progress: Progress | None = None,
) -> Graph:
    """Inserts edges into a CPDAG as long as the score rises, the best first.

    A pair is looked at again only where what its operators are made of has changed; the condition on paths, which hangs
    on the whole graph, is checked of the best alone.

    Args:
        graph: Where to start.
        score: Of a variable given others.
        knowledge: What every class must allow.
        limit: Most parents of a variable.
        progress: Told of every tenth edge.
    """
    names = graph.nodes
    never = _never(names, knowledge)
    seen: dict[tuple[int, int], State] = {}
    heap: list[tuple[float, int, int, int, State]] = []
    edges, last = 0, None
    while True:
        rows = Pdag(graph)
        for x, y in _touched(last, rows):
            state = (rows.neighbors[y], rows.parents[y], rows.adjacent[x])
            if x != y and not never[x] >> y & 1 and seen.get((x, y)) != state:
                seen[x, y] = state
                if rows.adjacent[y] >> x & 1:
                    continue
                for step in _insertions(rows, x, y, score, limit):
                    heappush(heap, (-step.gain, x, y, step.moved, state))
        last = rows
        later, after = [], None
        while heap and after is None:
            entry = heappop(heap)
            gain, x, y, moved, state = entry
            if seen[x, y] != state:
                continue
            later.append(entry)
            if not _passes(rows, x, y, moved):
                continue
            after = _after(_inserted(rows, Step(-gain, x, y, moved)), names, knowledge)
        if after is None:
            return graph
        heap += later
        heapify(heap)
        graph, edges = after, edges + 1
        if progress is not None and edges % 10 == 0:
            progress("edges inserted", edges, edges)


def deletions(rows: Pdag, x: int, y: int, score: NodeScore) -> Iterator[Step]:
    """Every valid Delete(X, Y, H) of a CPDAG, and what the score gains; nothing where Y --> X."""
    around = rows.neighbors[y] & rows.adjacent[x]
    for kept, without in _left(rows, x, y):
        yield Step(score(y, without) - score(y, without | 1 << x), x, y, around & ~kept)


def _left(rows: Pdag, x: int, y: int) -> Iterator[tuple[int, int]]:
    """What each valid Delete(X, Y, H) keeps of NA(Y, X), and the set that it leaves to Y."""
    if (rows.neighbors[y] | rows.parents[y]) >> x & 1:
        for kept in _cliques(rows, rows.neighbors[y] & rows.adjacent[x], 0):
            yield kept, kept | rows.parents[y] & ~(1 << x)


def conditioned(rows: Pdag, step: Step) -> int:
    """What a Delete says that X and Y are independent given, as a bit row."""
    around = rows.neighbors[step.y] & rows.adjacent[step.x]
    return around & ~step.moved | rows.parents[step.y] & ~(1 << step.x)


def _all_deletions(rows: Pdag, score: NodeScore, knowledge: Knowledge | None) -> Iterator[Step]:
    required = set() if knowledge is None else {frozenset(pair) for pair in knowledge.required}
    pairs = [
        (x, y)
        for y in range(len(rows.parents))
        for x in bits(rows.neighbors[y] | rows.parents[y])
        if not required or frozenset((score.names[x], score.names[y])) not in required
    ]
    sets = [(x, y, kept, without) for x, y in pairs for kept, without in _left(rows, x, y)]
    score.several((y, given) for x, y, _, without in sets for given in (without, without | 1 << x))
    for x, y, kept, without in sets:
        gain = score(y, without) - score(y, without | 1 << x)
        yield Step(gain, x, y, rows.neighbors[y] & rows.adjacent[x] & ~kept)


def _touched(last: Pdag | None, rows: Pdag) -> Iterator[tuple[int, int]]:
    """The pairs (X, Y) whose operators may have changed: where Y has other neighbours or parents, or X another edge."""
    p = range(len(rows.parents))
    if last is None:
        yield from ((x, y) for y in p for x in p)
        return
    ys = [y for y in p if rows.neighbors[y] != last.neighbors[y] or rows.parents[y] != last.parents[y]]
    xs = [x for x in p if rows.adjacent[x] != last.adjacent[x]]
    yield from ((x, y) for y in ys for x in p)
    yield from ((x, y) for x in xs for y in p)


def _insertions(rows: Pdag, x: int, y: int, score: NodeScore, limit: int) -> Iterator[Step]:
    """Every Insert(X, Y, T) of a pair apart that raises the score and whose set is a clique."""
    if rows.adjacent[y] >> x & 1:
        return
    around = rows.neighbors[y] & rows.adjacent[x]
    if around and not _is_clique(rows, around):
        return
    free = rows.neighbors[y] & ~rows.adjacent[x]
    for taken in _cliques(rows, free, around):
        before = around | taken | rows.parents[y]
        if before.bit_count() < limit:
            if not around | taken:  # so it is for most x: all of them at once
                score.grown(y, before)
            gain = score(y, before | 1 << x) - score(y, before)
            if gain > LEAST:
                yield Step(gain, x, y, taken)


def _cliques(rows: Pdag, free: int, fixed: int) -> Iterator[int]:
    """Every subset of `free` that is a clique together with `fixed`, which is one."""
    stack = [(0, free)]
    while stack:
        taken, left = stack.pop()
        yield taken
        for k in bits(left):
            left &= ~(1 << k)
            if not (fixed | taken) & ~rows.adjacent[k]:
                stack.append((taken | 1 << k, left))


def _is_clique(rows: Pdag, nodes: int) -> bool:
    return all(not nodes & ~rows.adjacent[k] & ~(1 << k) for k in bits(nodes))


def _passes(rows: Pdag, x: int, y: int, moved: int) -> bool:
    """Whether NA(Y, X) and T meet every semi-directed path from Y to X."""
    blocked = rows.neighbors[y] & rows.adjacent[x] | moved
    steps = tuple((c | n) & ~blocked for c, n in zip(rows.children, rows.neighbors, strict=True))
    return not closure(steps, 1 << y) >> x & 1


def _inserted(rows: Pdag, step: Step) -> Pdag:
    """The PDAG after an Insert."""
    new = rows.copy()
    new.adjacent = list(rows.adjacent)  # type: ignore[assignment]
    x, y = step.x, step.y
    new.adjacent[x] |= 1 << y  # type: ignore[index]
    new.adjacent[y] |= 1 << x  # type: ignore[index]
    new.children[x] |= 1 << y
    new.parents[y] |= 1 << x
    for t in bits(step.moved):
        new.orient(t, y)
    return new


def _deleted(rows: Pdag, step: Step) -> Pdag:
    """The PDAG after a Delete."""
    new = rows.copy()
    new.adjacent = list(rows.adjacent)  # type: ignore[assignment]
    x, y = step.x, step.y
    for one, other in ((x, y), (y, x)):
        for part in (new.adjacent, new.children, new.parents, new.neighbors):
            part[one] &= ~(1 << other)  # type: ignore[index]
    for h in bits(step.moved):
        new.orient(y, h)
        if new.neighbors[x] >> h & 1:
            new.orient(x, h)
    return new


def _after(rows: Pdag, names: tuple[str, ...], knowledge: Knowledge | None) -> Graph | None:
    """The CPDAG that a PDAG extends to; None where it is none, or no member of it obeys the knowledge."""
    try:
        graph = cpdag(consistent_extension(rows.graph(names)))
        known(graph, knowledge)
    except GraphError:
        return None
    return graph


def _never(names: tuple[str, ...], knowledge: Knowledge | None) -> list[int]:
    """For each variable those that it may not be adjacent to."""
    if knowledge is None:
        return [0] * len(names)
    forbidden = knowledge.forbidden_matrix(names)
    both = forbidden & forbidden.T
    return [sum(1 << int(j) for j in row.nonzero()[0]) for row in both]

"""Questions that a rule about graphs decides: edges in words, a pair that is asked about, and the true answer.

    X causes Y. Y causes Z. Does X cause Z?                                 transitivity: a directed path from X to Z
    X causes Y. Z causes Y. Are X and Z d-separated given {Y}?              d-separation

Written and read in the words of the published files, so that theirs and ours are one kind of row.

Source:
    Vashishtha et al., Teaching transformers causal reasoning through axiomatic training, ICML 2025, and its files.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

from aitia.errors import DataError
from aitia.graph.bits import closure
from aitia.graph.graph import Graph
from aitia.graph.separation import is_separated

__all__ = ["ANSWERS", "AXIOMS", "Axiom", "Item", "read_item", "split_prompt"]

Axiom = Literal["transitivity", "d-separation"]
AXIOMS: tuple[Axiom, ...] = get_args(Axiom)
ANSWERS = ("Yes", "No")
Edge = tuple[str, str]

_NAME = r"[^\s.?{},]+"
_EDGE = re.compile(rf"({_NAME}) causes ({_NAME})")
_CAUSE = re.compile(rf"Does ({_NAME}) cause ({_NAME}) ?\?")
_SEPARATED = re.compile(rf"Are ({_NAME}) and ({_NAME}) d-separated(?: given \{{([^{{}}]*)\}})? ?\?")
_QUESTION = re.compile(rf"(?:{_CAUSE.pattern}|{_SEPARATED.pattern})\s*$")
_SHOWN = 60


@dataclass(frozen=True)
class Item:
    """One question.

    Args:
        edges: (cause, effect) of each, in the order in which they are told.
        x: First name that is asked about.
        y: Second name.
        given: Names that are held, for d-separation; None asks whether x causes y.
    """

    edges: tuple[Edge, ...]
    x: str
    y: str
    given: tuple[str, ...] | None = None

    @property
    def axiom(self) -> Axiom:
        """The rule that decides it."""
        return "transitivity" if self.given is None else "d-separation"

    @cached_property
    def nodes(self) -> tuple[str, ...]:
        """Names in the order in which they are first told."""
        return tuple(dict.fromkeys(name for edge in self.edges for name in edge))

    @property
    def graph(self) -> Graph:
        """The edges as a graph.

        Raises:
            GraphError: If two edges join a pair both ways.
        """
        return Graph(self.edges, self.nodes)

    @property
    def premise(self) -> str:
        """The edges in words."""
        return " ".join(f"{a} causes {b}." for a, b in self.edges)

    @property
    def question(self) -> str:
        """What is asked, in words."""
        if self.given is None:
            return f"Does {self.x} cause {self.y}?"
        held = f" given {{{', '.join(self.given)}}}" if self.given else ""
        return f"Are {self.x} and {self.y} d-separated{held}?"

    @property
    def true(self) -> bool:
        """Whether the answer is yes.

        Raises:
            GraphError: If d-separation is asked of a graph with a cycle.
        """
        if self.given is None:
            return self.distance is not None
        return is_separated(self.graph, self.x, self.y, self.given)

    @cached_property
    def distance(self) -> int | None:
        """Edges of the shortest directed path from x to y; None where there is none.

        A premise whose names repeat may have cycles, and edges both ways, which no `Graph` holds; a path is one there
        too.
        """
        children = self._rows(forward=True)
        mine, aim = 1 << self.nodes.index(self.x), 1 << self.nodes.index(self.y)
        seen, steps = mine, 0
        while mine:
            steps += 1
            mine = _union(children, mine) & ~seen
            if mine & aim:
                return steps
            seen |= mine
        return None

    @property
    def kind(self) -> str:
        """How far a yes is, or what the no is like.

        Of transitivity `1`, `2`, `3+` edges from x to y, and of a no `reversed` (a path leads from y to x), `connected`
        (by edges of any direction) or `apart`. Of d-separation `adjacent`, `nothing given` or `given`.
        """
        if self.given is not None:
            joined = {(self.x, self.y), (self.y, self.x)} & {*self.edges}
            return "adjacent" if joined else "given" if self.given else "nothing given"
        if self.distance is not None:
            return str(self.distance) if self.distance < 3 else "3+"
        position = {name: k for k, name in enumerate(self.nodes)}
        x, y = position[self.x], position[self.y]
        if closure(self._rows(forward=True), 1 << y) >> x & 1:
            return "reversed"
        both = [a | b for a, b in zip(self._rows(forward=True), self._rows(forward=False), strict=True)]
        return "connected" if closure(tuple(both), 1 << x) >> y & 1 else "apart"

    @property
    def cycle(self) -> tuple[str, ...]:
        """One directed cycle, its first name again at the end; empty where there is none."""
        both = {(b, a) for a, b in self.edges} & {*self.edges}
        if both:
            a, b = min(both)
            return (a, b, a) if a != b else (a, a)
        return self.graph.find_cycle()

    def _rows(self, *, forward: bool) -> tuple[int, ...]:
        """For each name the bits of its effects, or of its causes."""
        position = {name: k for k, name in enumerate(self.nodes)}
        rows = [0] * len(position)
        for a, b in self.edges:
            rows[position[a if forward else b]] |= 1 << position[b if forward else a]
        return tuple(rows)


def read_item(premise: str, question: str, row: int) -> Item:
    """The question that these words ask.

    Args:
        premise: `X causes Y.` one after the other; the last point may be left out.
        question: `Does X cause Y?` or `Are X and Y d-separated given {Z, W}?`.
        row: Its number, for messages.

    Raises:
        DataError: If a sentence or the question is none of these, or a name is asked about that is not in the premise.
    """
    edges: list[Edge] = []
    for sentence in premise.split("."):
        if not (said := sentence.strip()):
            continue
        found = _EDGE.fullmatch(said)
        if found is None:
            raise DataError(f"row {row}: {said[:_SHOWN]!r} is not of the form 'X causes Y': write one edge a sentence")
        edges.append((found[1], found[2]))
    if not edges:
        raise DataError(f"row {row} has no edge in its premise: write 'X causes Y.' for each")
    if loop := [a for a, b in edges if a == b]:
        raise DataError(f"row {row}: {loop[0]!r} causes itself in the premise: drop that edge or the row")
    item = _asked(tuple(edges), question.strip(), row)
    for name in (item.x, item.y, *(item.given or ())):
        if name not in item.nodes:
            raise DataError(f"row {row} asks about {name!r}, which is not in its premise")
    if item.x == item.y or {item.x, item.y} & {*(item.given or ())}:
        raise DataError(f"row {row} names {item.x!r} and {item.y!r} twice in its question: ask about different names")
    return item


def _asked(edges: tuple[Edge, ...], question: str, row: int) -> Item:
    if found := _CAUSE.fullmatch(question):
        return Item(edges, found[1], found[2])
    if found := _SEPARATED.fullmatch(question):
        given = tuple(name.strip() for name in (found[3] or "").split(",") if name.strip())
        return Item(edges, found[1], found[2], given)
    raise DataError(
        f"row {row} asks {question[:_SHOWN]!r}: the axioms are asked as 'Does X cause Y?' and "
        "'Are X and Y d-separated given {Z, W}?'"
    )


def split_prompt(prompt: str, row: int) -> tuple[str, str]:
    """Premise and question of a prompt that holds both, and maybe an instruction that ends with `Premise:`.

    Raises:
        DataError: If it ends with no question.
    """
    text = prompt.rpartition("Premise:")[2].strip()
    found = _QUESTION.search(text)
    if found is None:
        raise DataError(
            f"row {row}: {text[-_SHOWN:]!r} ends with no question, such as 'Does X cause Y?': put it behind the premise"
        )
    return text[: found.start()].strip(), text[found.start() :].strip()


def _union(rows: Sequence[int], mask: int) -> int:
    found = 0
    while mask:
        low = mask & -mask
        found |= rows[low.bit_length() - 1]
        mask ^= low
    return found

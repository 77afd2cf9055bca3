"""Endpoint marks and edges, with their text form.

x --> y   x causes y            x <-> y   a hidden common cause
x --- y   direction unknown     x o-> y   y does not cause x; the rest is unknown
x o-o y   nothing known         x o-- y   x is a cause of y or there is selection
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from aitia.errors import GraphError

__all__ = ["Edge", "Mark", "Triple", "parse_edges", "parse_graph", "quote", "refuse_bow", "refuse_open", "triple_text"]

Triple = tuple[str, str, str]
"""Two neighbours of a node, it between them."""


class Mark(IntEnum):
    """What stands at one end of an edge."""

    TAIL = 1
    ARROW = 2
    CIRCLE = 3

    def __str__(self) -> str:
        return self.name.lower()


_FORMATS = "text, JSON, GraphML, GML, dagitty, DOT and the graphs of networkx, causal-learn, ananke and y0 say both"
_LEFT = {Mark.TAIL: "-", Mark.ARROW: "<", Mark.CIRCLE: "o"}
_RIGHT = {Mark.TAIL: "-", Mark.ARROW: ">", Mark.CIRCLE: "o"}
_PLAIN = re.compile(r"[^\s\"',;<>{}-][^\s\"',;<>{}]*")
_TOKEN = re.compile(
    r"""[^\S\n]*(?:
        "(?P<quoted>(?:[^"\\]|\\.)*)"
      | (?P<edge>(?<!\S)(?:o-[->o]|<-o|--o|-{1,3})(?!\S)  # needs space around it: a name may hold a hyphen
               | <-{1,2}>? | o?-{1,2}>)
      | (?P<end>[;,\n])
      | (?P<name>(?:(?!<-|-{1,2}>)[^\s";,])+)
    )""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Edge:
    """One edge: two names and the mark at each end.

    Example:
        >>> print(Edge("x", "y", Mark.CIRCLE, Mark.ARROW))
        x o-> y
    """

    left: str
    right: str
    left_mark: Mark = Mark.TAIL
    right_mark: Mark = Mark.ARROW

    def __post_init__(self) -> None:
        if self.left == self.right:
            raise GraphError(f"an edge from {self.left!r} to itself: a variable cannot be its own neighbour")

    @property
    def symbol(self) -> str:
        """The three characters between the names, such as `-->`."""
        return f"{_LEFT[self.left_mark]}-{_RIGHT[self.right_mark]}"

    def reversed(self) -> "Edge":
        """The same edge read from the other end."""
        return Edge(self.right, self.left, self.right_mark, self.left_mark)

    def __str__(self) -> str:
        return f"{quote(self.left)} {self.symbol} {quote(self.right)}"


def quote(name: str) -> str:
    """The name as it stands in text: in double quotes unless it is a plain word."""
    if _PLAIN.fullmatch(name) and not name.startswith("o-"):
        return name
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def refuse_bow(bows: Sequence[tuple[str, str]], what: str, mend: str = _FORMATS) -> None:
    """Raises where a pair of nodes has two edges and `what`, such as `CSV`, can say one only.

    Args:
        bows: The pairs (cause, effect) of the graph.
        what: Can say one edge of a pair.
        mend: What to take instead.

    Raises:
        GraphError: If there is such a pair.
    """
    if bows:
        cause, effect = map(quote, bows[0])
        raise GraphError(
            f"{what} says one edge of a pair, and {cause} --> {effect} stands beside {cause} <-> {effect}: {mend}"
        )


def triple_text(triple: Triple) -> str:
    """An open triple as it stands in text.

    Example:
        >>> print(triple_text(("a", "b", "c")))
        a ? b ? c
    """
    return " ? ".join(map(quote, triple))


def refuse_open(triples: Sequence[Triple], what: str) -> None:
    """Raises where a graph leaves colliders open and `what`, such as `CSV`, cannot say so.

    Raises:
        GraphError: If there is such a triple.
    """
    if triples:
        a, b, c = triples[0]
        raise GraphError(
            f"{what} cannot say that a graph leaves open whether {b} is a collider between {a} and {c}: text, JSON "
            "and DOT can, and decided(graph) gives each graph that it may be"
        )


def parse_edges(text: str) -> tuple[list[Edge], list[str]]:
    r"""Reads `x -> y <- z; w` into edges and the names in order of appearance.

    Edges are separated by commas, semicolons or line ends; chains share their middle names; a name alone is an
    isolated node. Names that are not one plain word stand in double quotes.

    Raises:
        GraphError: If the text is not of that form; the message shows where.

    Example:
        >>> edges, names = parse_edges('x -> y <- "body mass"; w')
        >>> print(*edges, names, sep=" | ")
        x --> y | y <-- "body mass" | ['x', 'y', 'body mass', 'w']
    """
    edges, names, triples = parse_graph(text)
    if triples:
        raise GraphError(f"edges are wanted, got {triple_text(triples[0])}: an open triple stands in a graph")
    return edges, names


def parse_graph(text: str) -> tuple[list[Edge], list[str], list[Triple]]:
    """The same with the triples that the graph leaves open: `a ? b ? c` says that b may be a collider between a and c.

    Raises:
        GraphError: If the text is not of that form; the message shows where.

    Example:
        >>> edges, names, triples = parse_graph("a -- b -- c; a ? b ? c")
        >>> print(*edges, triples, sep=" | ")
        a --- b | b --- c | [('a', 'b', 'c')]
    """
    edges: list[Edge] = []
    names: dict[str, None] = {}
    triples: list[Triple] = []
    asked: list[str] = []  # names of the open triple that is being read
    chained = False  # whether an edge is
    left: str | None = None
    symbol: str | None = None
    position, text = 0, text.rstrip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise _syntax(text, position)
        kind, token = match.lastgroup, match[match.lastgroup or 0]
        if kind == "edge":
            if left is None or symbol is not None or asked:
                raise _syntax(text, match.start("edge"))
            symbol, chained = token, True
        elif kind == "end":
            if symbol is not None or len(asked) == 2:
                raise _syntax(text, match.start("end"))
            left, asked, chained = None, [], False
        else:
            name = re.sub(r"\\(.)", r"\1", token) if kind == "quoted" else token
            if left is not None and symbol is None:
                if kind != "name" or name != "?" or len(asked) == 3 or chained:
                    raise _syntax(text, match.start(kind or 0))
                symbol = "?"
                position = match.end()
                continue
            names.setdefault(name)
            if left is not None and symbol == "?":
                asked = [*(asked or [left]), name]
                if len(asked) == 3:
                    triples.append((asked[0], asked[1], asked[2]))
            elif left is not None and symbol is not None:
                edges.append(_edge(left, symbol, name))
            left, symbol = name, None
        position = match.end()
    if symbol is not None or len(asked) == 2:
        raise _syntax(text, len(text))
    return edges, list(names), triples


def _edge(left: str, symbol: str, right: str) -> Edge:
    """The edge that a symbol such as `<-`, `-->` or `o-o` stands for."""
    left_mark = {"<": Mark.ARROW, "o": Mark.CIRCLE}.get(symbol[0], Mark.TAIL)
    right_mark = {">": Mark.ARROW, "o": Mark.CIRCLE}.get(symbol[-1], Mark.TAIL)
    return Edge(left, right, left_mark, right_mark)


def _syntax(text: str, position: int) -> GraphError:
    near = text[max(0, position - 20) : position + 20].replace("\n", " ")
    return GraphError(f"cannot read a graph at character {position} near {near!r}: write edges as 'x -> y; y <-> z'")

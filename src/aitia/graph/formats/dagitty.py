"""The text of dagitty: `dag { x [exposure] y [outcome] x -> y }`, also pdag, mag and pag.

Source:
    Textor, van der Zander, Gilthorpe, Liskiewicz and Ellison, Robust causal inference using directed acyclic graphs:
    the R package 'dagitty', International Journal of Epidemiology 45 (2016), and its manual.
"""

import re

from aitia.errors import FormatError, GraphError
from aitia.graph.formats._words import COMMENTS, HASHES, Words, pairs_of_chain
from aitia.graph.graph import Graph
from aitia.graph.marks import Edge, Mark, refuse_open
from aitia.graph.roles import Roles

__all__ = ["from_dagitty", "parse_dagitty", "to_dagitty"]

_LEFT = {Mark.TAIL: "-", Mark.ARROW: "<", Mark.CIRCLE: "@"}
_RIGHT = {Mark.TAIL: "-", Mark.ARROW: ">", Mark.CIRCLE: "@"}
_HEAD = re.compile(
    r"""\s*(?:strict\s+)?(?:dag|pdag|mag|pag|graph|digraph)?\s*(?:"[^"]*"|'[^']*'|[A-Za-z_][\w.]*)?\s*(?=\{)"""
)
_WORD = re.compile(
    rf"""\s*(?:
        {COMMENTS} | {HASHES}
      | "(?P<quoted>(?:[^"\\]|\\.)*)"
      | '(?P<single>[^'\n]*)'
      | (?P<mark>[{{}}\[\];,=])
      | (?P<edge>[<@]?--?[>@]?)
      | (?P<name>[^\s\[\]{{}};,"<>@=-][^\s\[\]{{}};,"<>@=]*?(?=\s|[\[\]{{}};,"<>@=]|--|->|$))
    )""",
    re.VERBOSE | re.DOTALL,
)
_ROLES = {
    **dict.fromkeys(("exposure", "source", "e"), "exposure"),
    **dict.fromkeys(("outcome", "target", "o"), "outcome"),
    **dict.fromkeys(("latent", "unobserved", "l", "u"), "latent"),
    **dict.fromkeys(("adjusted", "a"), "adjusted"),
    **dict.fromkeys(("selected", "s"), "selected"),
}
"""What DAGitty writes in brackets behind a name, and what it reads as the same."""
_PLAIN = re.compile(r"[A-Za-z_][\w.]*")


def to_dagitty(graph: Graph) -> str:
    """The graph as dagitty text, of the narrowest kind that it is: dag, pdag, mag or pag.

    With x --> y beside x <-> y it is a dag, in which dagitty reads <-> as a hidden common cause.

    Raises:
        GraphError: If the graph has open triples.

    Example:
        >>> print(to_dagitty(Graph("x -> y; y <-> z")))
        mag {
        x
        y
        z
        x -> y
        y <-> z
        }
        <BLANKLINE>
    """
    refuse_open(graph.open_triples, "dagitty")
    circles = any(Mark.CIRCLE in (e.left_mark, e.right_mark) for e in graph.edges)
    kind = "dag" if graph.is_directed or graph.bows else "pag" if circles else "pdag" if graph.is_pdag else "mag"
    lines = [_quote(name) for name in graph.nodes]
    for e in graph.edges:
        symbol = {"-->": "->", "---": "--", "<->": "<->"}.get(e.symbol, f"{_LEFT[e.left_mark]}-{_RIGHT[e.right_mark]}")
        lines.append(f"{_quote(e.left)} {symbol} {_quote(e.right)}")
    return f"{kind} {{\n" + "".join(f"{line}\n" for line in lines) + "}\n"


def _quote(name: str) -> str:
    return name if _PLAIN.fullmatch(name) else '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def from_dagitty(text: str) -> Graph:
    """The graph of a dagitty text; `parse_dagitty` gives the roles of its variables as well.

    Raises:
        FormatError: If the text is not of that form, or its edges are no causal graph; gives the line.
    """
    return parse_dagitty(text)[0]


def parse_dagitty(text: str) -> tuple[Graph, Roles]:
    """The graph of a dagitty text, and the roles of its variables; places on the canvas are passed over.

    Raises:
        FormatError: If the text is not of that form, or its edges are no causal graph; gives the line.

    Example:
        >>> graph, roles = parse_dagitty("dag { bb='0,0,1,1' x [exposure] y [outcome] u [latent,pos='1,2'] x -> y }")
        >>> print(graph, roles, sep=" | ")
        x --> y; u | exposure x; outcome y; latent u
    """
    head = _HEAD.match(text)
    if head is None:
        raise FormatError("dagitty text starts with 'dag {', 'pdag {', 'mag {' or 'pag {'")
    reader = _Reader(Words("\n" * text.count("\n", 0, head.end()) + text[head.end() :], _WORD, "dagitty"))
    reader.block()
    if reader.words.peek() is not None:
        raise reader.words.fault("text follows the closing brace")
    try:
        return Graph(reader.edges, reader.names), Roles.of(reader.roles)
    except GraphError as error:
        raise FormatError(str(error)) from None


class _Reader:
    def __init__(self, words: Words) -> None:
        self.words = words
        self.edges: dict[Edge, None] = {}  # one that is written twice counts once
        self.names: dict[str, None] = {}
        self.roles: list[tuple[str, str]] = []

    def block(self) -> list[str]:
        """The statements in braces; returns the names in them."""
        self.words.next("mark", "{")
        inside: dict[str, None] = {}
        with self.words.inside():
            while not self.words.stands("mark", "}"):
                if self.words.stands("mark", ";") or self.words.stands("mark", ","):
                    self.words.next()
                else:
                    inside.update(dict.fromkeys(self._statement()))
        self.words.next()
        return list(inside)

    def _statement(self) -> list[str]:
        """A setting such as `bb="0,0,1,1"`, or names with their roles, or a chain of edges."""
        if self._is_name() and self.words.stands("mark", "=", ahead=1):
            self.words.next()
            self.words.next()
            self._value()
            return []
        if self.words.stands("edge"):
            raise self.words.fault("an edge starts from nothing")
        first = self.words.peek()
        chain, symbols = [self._group()], []
        roles = self._attributes()
        while self.words.stands("edge"):
            symbols.append(self.words.next().text)
            if not self._is_name() and not self.words.stands("mark", "{"):
                raise self.words.fault("an edge ends in nothing")
            chain.append(self._group())
        if symbols:
            self._attributes()  # of the edges: where they bend, how strong they are
        self.roles += [(role, name) for role in roles for name in chain[0]]
        for number, symbol in enumerate(symbols):
            for left, right in pairs_of_chain(chain[number : number + 2], len(self.edges)):
                try:
                    edge = _edge(left, symbol, right)
                    self.edges.setdefault(edge.reversed() if edge.reversed() in self.edges else edge)
                except GraphError as error:
                    raise self.words.fault(str(error), first) from None
        return [name for group in chain for name in group]

    def _is_name(self) -> bool:
        return self.words.stands("name") or self.words.stands("single")

    def _group(self) -> list[str]:
        if self.words.stands("mark", "{"):
            return self.block()
        if not self._is_name():
            self.words.next("name")
        name = self.words.next().text
        self.names.setdefault(name)
        return [name]

    def _attributes(self) -> list[str]:
        """The roles that stand in brackets; other attributes, such as `pos`, are passed over."""
        roles = []
        while self.words.stands("mark", "["):
            self.words.next()
            while not self.words.stands("mark", "]"):
                key = self.words.next("mark" if self.words.stands("mark", ",") else "name").text
                if self.words.stands("mark", "="):
                    self.words.next()
                    self._value()
                elif key in _ROLES:
                    roles.append(_ROLES[key])
            self.words.next()
        return roles

    def _value(self) -> None:
        """What stands behind `=`: a name, a text in quotes or a number."""
        if self.words.stands("edge", "-"):
            self.words.next()
        if not self._is_name():
            self.words.next("name")
        self.words.next()


def _edge(left: str, symbol: str, right: str) -> Edge:
    marks = {"<": Mark.ARROW, ">": Mark.ARROW, "@": Mark.CIRCLE}
    return Edge(left, right, marks.get(symbol[0], Mark.TAIL), marks.get(symbol[-1], Mark.TAIL))

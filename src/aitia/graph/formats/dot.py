"""Graphviz DOT: a digraph whose marks are the shapes at the ends of the arrows.

Read is what describes a graph: nodes, edges, chains, groups in braces, and the attributes `dir`, `arrowhead` and
`arrowtail`. Sizes, colours and places are passed over.
"""

import re
from dataclasses import dataclass
from itertools import pairwise

from aitia.errors import FormatError, GraphError
from aitia.graph.graph import Graph
from aitia.graph.marks import Edge, Mark

__all__ = ["from_dot", "to_dot"]

_SHAPE = {Mark.TAIL: "none", Mark.ARROW: "normal", Mark.CIRCLE: "odot"}
_MARK = {"none": Mark.TAIL, "odot": Mark.CIRCLE}
_TOKEN = re.compile(
    r"""\s*(?:
        (?P<comment>//[^\n]*|\#[^\n]*|/\*.*?\*/)
      | "(?P<quoted>(?:[^"\\]|\\.)*)"
      | (?P<edge>->|--)
      | (?P<mark>[{}\[\];,=:])
      | (?P<word>[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*|-?(?:\.\d+|\d+(?:\.\d*)?))
    )""",
    re.VERBOSE | re.DOTALL,
)


def to_dot(graph: Graph) -> str:
    """The graph as DOT text; Graphviz draws every mark.

    Example:
        >>> print(to_dot(Graph("x -> y; y o-> z")))
        digraph {
          "x";
          "y";
          "z";
          "x" -> "y";
          "y" -> "z" [dir=both, arrowtail=odot, arrowhead=normal];
        }
        <BLANKLINE>
    """
    lines = [f"  {_quote(name)};" for name in graph.nodes]
    for e in graph.edges:
        marks = f" [dir=both, arrowtail={_SHAPE[e.left_mark]}, arrowhead={_SHAPE[e.right_mark]}]"
        lines.append(f"  {_quote(e.left)} -> {_quote(e.right)}{'' if e.symbol == '-->' else marks};")
    return "digraph {\n" + "".join(f"{line}\n" for line in lines) + "}\n"


def _quote(name: str) -> str:
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def from_dot(text: str) -> Graph:
    """The graph of a DOT text.

    In a `digraph` an edge is directed unless its attributes say otherwise; in a `graph` it is undirected.

    Raises:
        FormatError: If the text is not DOT, or its edges are no causal graph.
    """
    return _Reader(_tokens(text)).graph()


@dataclass(frozen=True)
class _Word:
    kind: str
    text: str
    line: int


def _tokens(text: str) -> list[_Word]:
    found, position, line = [], 0, 1
    text = text.rstrip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise FormatError(f"line {line + text[position:].find(text[position:].lstrip()[:1])}: not DOT")
        line += text.count("\n", position, match.end())
        kind = match.lastgroup or ""
        if kind != "comment":
            value = match[kind]
            if kind == "quoted":
                value = re.sub(r"\\(.)", lambda m: "\n" if m[1] == "n" else m[1], value)
            found.append(_Word("name" if kind in ("quoted", "word") else kind, value, line))
        position = match.end()
    return found


class _Reader:
    def __init__(self, words: list[_Word]) -> None:
        self.words = words
        self.at = 0
        self.names: dict[str, None] = {}
        self.edges: dict[frozenset[str], Edge] = {}
        self.directed = True

    def graph(self) -> Graph:
        if self._is("name", "strict"):
            self.at += 1
        head = self._next("name")
        if head.text not in ("digraph", "graph"):
            raise FormatError(f"line {head.line}: DOT starts with 'digraph' or 'graph', got {head.text!r}")
        self.directed = head.text == "digraph"
        if self._is("name"):
            self.at += 1
        self._block()
        if self.at < len(self.words):
            raise FormatError(f"line {self.words[self.at].line}: text follows the end of the graph")
        try:
            return Graph(self.edges.values(), self.names)
        except GraphError as error:
            raise FormatError(str(error)) from None

    def _is(self, kind: str, text: str | None = None) -> bool:
        if self.at >= len(self.words):
            return False
        word = self.words[self.at]
        return word.kind == kind and (text is None or word.text == text)

    def _next(self, kind: str, text: str | None = None) -> _Word:
        if not self._is(kind, text):
            if self.at >= len(self.words):
                raise FormatError("the DOT text ends before its closing brace")
            word = self.words[self.at]
            raise FormatError(f"line {word.line}: expected {text or 'a name'}, got {word.text!r}")
        self.at += 1
        return self.words[self.at - 1]

    def _block(self) -> list[str]:
        """The statements in braces; returns the names in them."""
        self._next("mark", "{")
        inside: dict[str, None] = {}
        while not self._is("mark", "}"):
            inside.update(dict.fromkeys(self._statement()))
            while self._is("mark", ";") or self._is("mark", ","):
                self.at += 1
        self.at += 1
        return list(inside)

    def _statement(self) -> list[str]:
        if self._is("name") and self.words[self.at].text in ("node", "edge", "graph") and self._follows("["):
            self.at += 1
            self._attributes()
            return []
        if self._is("name") and self._follows("="):
            self.at += 3
            return []
        chain = [self._group()]
        while self._is("edge"):
            self.at += 1
            chain.append(self._group())
        attributes = self._attributes()
        for lefts, rights in pairwise(chain):
            for left in lefts:
                for right in rights:
                    self._add(left, right, attributes)
        return [name for group in chain for name in group]

    def _follows(self, text: str) -> bool:
        return self.at + 1 < len(self.words) and self.words[self.at + 1].text == text

    def _group(self) -> list[str]:
        if self._is("name", "subgraph"):
            self.at += 1
            if self._is("name"):
                self.at += 1
        if self._is("mark", "{"):
            return self._block()
        name = self._next("name").text
        while self._is("mark", ":"):  # a port
            self.at += 2
        self.names.setdefault(name)
        return [name]

    def _attributes(self) -> dict[str, str]:
        found: dict[str, str] = {}
        while self._is("mark", "["):
            self.at += 1
            while not self._is("mark", "]"):
                key = self._next("name").text
                if self._is("mark", "="):
                    self.at += 1
                    found[key] = self._next("name").text
                while self._is("mark", ",") or self._is("mark", ";"):
                    self.at += 1
            self.at += 1
        return found

    def _add(self, left: str, right: str, attributes: dict[str, str]) -> None:
        way = attributes.get("dir", "forward" if self.directed else "none")
        head = _MARK.get(attributes.get("arrowhead", ""), Mark.ARROW) if way in ("forward", "both") else Mark.TAIL
        tail = _MARK.get(attributes.get("arrowtail", ""), Mark.ARROW) if way in ("back", "both") else Mark.TAIL
        try:
            edge = Edge(left, right, tail, head)
        except GraphError as error:
            raise FormatError(str(error)) from None
        pair = frozenset((left, right))
        old = self.edges.get(pair)
        if old is not None and edge not in (old, old.reversed()):
            if edge.symbol == "-->" == old.symbol:  # written both ways: no direction
                edge = Edge(left, right, Mark.TAIL, Mark.TAIL)
            else:
                raise FormatError(f"two edges between {left!r} and {right!r}: a pair of nodes has at most one")
        self.edges[pair] = edge

"""Graphviz DOT: a digraph whose marks are the shapes at the ends of the arrows.

Read is what describes a graph: nodes, edges, chains, groups in braces, and the attributes `dir`, `arrowhead` and
`arrowtail`. Sizes, colours and places are passed over. Open triples stand in an attribute of the graph, as JSON.
"""

import json
import re
from itertools import chain

from aitia.errors import FormatError, GraphError
from aitia.graph.formats._words import COMMENTS, HASHES, Word, Words, pairs_of_chain
from aitia.graph.formats.plain import triple_of
from aitia.graph.graph import Graph
from aitia.graph.marks import Edge, Mark, Triple
from aitia.guard import parse_json

__all__ = ["from_dot", "to_dot"]

_SHAPE = {Mark.TAIL: "none", Mark.ARROW: "normal", Mark.CIRCLE: "odot"}
_OPEN = "open_triples"
_MARK = {"none": Mark.TAIL, "odot": Mark.CIRCLE}
_WORD = re.compile(
    rf"""\s*(?:
        {COMMENTS} | {HASHES}
      | "(?P<quoted>(?:[^"\\]|\\.)*)"
      | (?P<edge>->|--)
      | (?P<mark>[{{}}\[\];,=:])
      | (?P<name>[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*|-?(?:\.\d+|\d+(?:\.\d*)?))
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
    if graph.open_triples:
        lines.append(f"  {_OPEN}={_quote(json.dumps(graph.open_triples, ensure_ascii=False))};")
    return "digraph {\n" + "".join(f"{line}\n" for line in lines) + "}\n"


def _quote(name: str) -> str:
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def from_dot(text: str) -> Graph:
    """The graph of a DOT text.

    In a `digraph` edges are written `->` and are directed unless their attributes say otherwise; in a `graph` they are
    written `--` and are undirected.

    Raises:
        FormatError: If the text is not DOT, has an edge of the other kind of graph, or its edges are no causal graph;
            gives the line.
    """
    return _Reader(Words(text, _WORD, "DOT", {"n": "\n"})).graph()


class _Reader:
    def __init__(self, words: Words) -> None:
        self.words = words
        self.names: dict[str, None] = {}
        self.edges: dict[frozenset[str], list[Edge]] = {}
        self.directed = True
        self.triples: list[Triple] = []

    def graph(self) -> Graph:
        if self.words.stands("name", "strict"):
            self.words.next()
        head = self.words.next("name")
        if head.text not in ("digraph", "graph"):
            raise self.words.fault(f"DOT starts with 'digraph' or 'graph', got {head.text[:40]!r}", head)
        self.directed = head.text == "digraph"
        if self.words.stands("name"):
            self.words.next()
        self._block()
        if self.words.peek() is not None:
            raise self.words.fault("text follows the end of the graph")
        try:
            return Graph(chain.from_iterable(self.edges.values()), self.names, open_triples=self.triples)
        except GraphError as error:
            raise FormatError(str(error)) from None

    def _block(self) -> list[str]:
        """The statements in braces; returns the names in them."""
        self.words.next("mark", "{")
        inside: dict[str, None] = {}
        with self.words.inside():
            while not self.words.stands("mark", "}"):
                inside.update(dict.fromkeys(self._statement()))
                while self.words.stands("mark", ";") or self.words.stands("mark", ","):
                    self.words.next()
        self.words.next()
        return list(inside)

    def _statement(self) -> list[str]:
        if any(self.words.stands("name", kind) for kind in ("node", "edge", "graph")) and self._follows("["):
            self.words.next()
            self._attributes()
            return []
        if self.words.stands("name") and self._follows("="):
            key = self.words.next().text
            self.words.next()
            value = self.words.next("name").text
            if key == _OPEN:
                self.triples += map(triple_of, parse_json(value, f"{_OPEN} of the graph", list))
            return []
        groups = [self._group()]
        first = self.words.peek()
        while self.words.stands("edge"):
            self._check_symbol(self.words.next())
            groups.append(self._group())
        attributes = self._attributes()
        for left, right in pairs_of_chain(groups, len(self.edges)):
            self._add(left, right, attributes, first)
        return [name for group in groups for name in group]

    def _follows(self, text: str) -> bool:
        return self.words.stands("mark", text, ahead=1)

    def _check_symbol(self, word: Word) -> None:
        if (word.text == "->") != self.directed:
            kind, right = ("digraph", "->") if self.directed else ("graph", "--")
            mend = ", or '-> ... [dir=none]' where an edge has no direction" if self.directed else ""
            raise self.words.fault(f"the edges of a {kind} are written '{right}', got '{word.text}'{mend}", word)

    def _group(self) -> list[str]:
        if self.words.stands("name", "subgraph"):
            self.words.next()
            if self.words.stands("name"):
                self.words.next()
        if self.words.stands("mark", "{"):
            return self._block()
        name = self.words.next("name").text
        while self.words.stands("mark", ":"):  # a port
            self.words.next()
            self.words.next("name")
        self.names.setdefault(name)
        return [name]

    def _attributes(self) -> dict[str, str]:
        found: dict[str, str] = {}
        while self.words.stands("mark", "["):
            self.words.next()
            while not self.words.stands("mark", "]"):
                key = self.words.next("name").text
                if self.words.stands("mark", "="):
                    self.words.next()
                    found[key] = self.words.next("name").text
                while self.words.stands("mark", ",") or self.words.stands("mark", ";"):
                    self.words.next()
            self.words.next()
        return found

    def _add(self, left: str, right: str, attributes: dict[str, str], place: Word | None) -> None:
        way = attributes.get("dir", "forward" if self.directed else "none")
        head = _MARK.get(attributes.get("arrowhead", ""), Mark.ARROW) if way in ("forward", "both") else Mark.TAIL
        tail = _MARK.get(attributes.get("arrowtail", ""), Mark.ARROW) if way in ("back", "both") else Mark.TAIL
        try:
            edge = Edge(left, right, tail, head)
        except GraphError as error:
            raise self.words.fault(str(error), place) from None
        old = self.edges.setdefault(frozenset((left, right)), [])
        if edge in old or edge.reversed() in old:
            return
        if [edge.symbol] == ["-->"] == [other.symbol for other in old]:  # written both ways: no direction
            old[:] = [Edge(left, right, Mark.TAIL, Mark.TAIL)]
            return
        try:
            Graph([*old, edge])
        except GraphError as error:
            raise self.words.fault(str(error), place) from None
        old.append(edge)

"""The text of dagitty: `dag { x [exposure] y [outcome] x -> y }`, also pdag, mag and pag.

Source:
    Textor, van der Zander, Gilthorpe, Liskiewicz and Ellison, Robust causal inference using directed acyclic graphs:
    the R package 'dagitty', International Journal of Epidemiology 45 (2016), and its manual.
"""

import re
from itertools import pairwise

from aitia.errors import FormatError, GraphError
from aitia.graph.graph import Graph
from aitia.graph.marks import Edge, Mark

__all__ = ["from_dagitty", "to_dagitty"]

_LEFT = {Mark.TAIL: "-", Mark.ARROW: "<", Mark.CIRCLE: "@"}
_RIGHT = {Mark.TAIL: "-", Mark.ARROW: ">", Mark.CIRCLE: "@"}
_TOKEN = re.compile(
    r"""\s*(?:
        (?P<comment>//[^\n]*|\#[^\n]*|/\*.*?\*/)
      | "(?P<quoted>(?:[^"\\]|\\.)*)"
      | (?P<attributes>\[(?:[^\]"]|"[^"]*")*\])
      | (?P<edge>[<@]?--?[>@]?)
      | (?P<brace>[{}])
      | (?P<end>[;,])
      | (?P<name>[^\s\[\]{};,"<>@-][^\s\[\]{};,"<>@]*?(?=\s|[\[\]{};,"<>@]|--|->|$))
    )""",
    re.VERBOSE | re.DOTALL,
)
_PLAIN = re.compile(r"[A-Za-z_][\w.]*")


def to_dagitty(graph: Graph) -> str:
    """The graph as dagitty text, of the narrowest kind that it is: dag, pdag, mag or pag.

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
    circles = any(Mark.CIRCLE in (e.left_mark, e.right_mark) for e in graph.edges)
    kind = "dag" if graph.is_directed else "pag" if circles else "pdag" if graph.is_pdag else "mag"
    lines = [_quote(name) for name in graph.nodes]
    for e in graph.edges:
        symbol = {"-->": "->", "---": "--", "<->": "<->"}.get(e.symbol, f"{_LEFT[e.left_mark]}-{_RIGHT[e.right_mark]}")
        lines.append(f"{_quote(e.left)} {symbol} {_quote(e.right)}")
    return f"{kind} {{\n" + "".join(f"{line}\n" for line in lines) + "}\n"


def _quote(name: str) -> str:
    return name if _PLAIN.fullmatch(name) else '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def from_dagitty(text: str) -> Graph:
    """The graph of a dagitty text; roles such as exposure and places on the canvas are passed over.

    Raises:
        FormatError: If the text is not of that form, or its edges are no causal graph.
    """
    head = re.match(r"\s*(dag|pdag|mag|pag|graph|digraph)?\s*(?:\"[^\"]*\"\s*)?\{", text)
    if head is None:
        raise FormatError("dagitty text starts with 'dag {', 'pdag {', 'mag {' or 'pag {'")
    edges, names, position = _statements(text, head.end())
    if text[position:].strip():
        raise FormatError(f"text follows the closing brace: {text[position:].strip()[:30]!r}")
    try:
        return Graph(edges, names)
    except GraphError as error:
        raise FormatError(str(error)) from None


def _statements(text: str, position: int) -> tuple[list[Edge], list[str], int]:
    """Edges and names up to the closing brace, and where that ends."""
    edges: list[Edge] = []
    names: dict[str, None] = {}
    chain: list[list[str]] = []
    symbols: list[str] = []

    def flush() -> None:
        if len(symbols) >= max(len(chain), 1):
            raise FormatError(f"line {text.count(chr(10), 0, position) + 1}: an edge ends in nothing")
        for (lefts, rights), symbol in zip(pairwise(chain), symbols, strict=True):
            edges.extend(_edge(a, symbol, b) for a in lefts for b in rights)
        chain.clear()
        symbols.clear()

    while True:
        match = _TOKEN.match(text, position)
        if match is None:
            line = text.count("\n", 0, position) + 1
            rest = text[position:].strip()
            raise FormatError(
                f"line {line}: cannot read {rest[:30]!r}" if rest else "the dagitty text ends before its closing brace"
            )
        kind, value = match.lastgroup or "", match[match.lastgroup or 0]
        if kind == "edge":
            if not chain or len(symbols) == len(chain):
                raise FormatError(f"line {text.count(chr(10), 0, position) + 1}: an edge starts from nothing")
            symbols.append(value)
        elif kind == "brace" and value == "}":
            flush()
            return edges, list(names), match.end()
        elif kind in ("name", "quoted", "brace"):
            if kind == "brace":
                inner, group, end = _statements(text, match.end())
                edges += inner
            else:
                group, end = [re.sub(r"\\(.)", r"\1", value) if kind == "quoted" else value], match.end()
            if len(chain) > len(symbols):
                flush()
            names.update(dict.fromkeys(group))
            chain.append(group)
            position = end
            continue
        elif kind == "end":
            flush()
        position = match.end()


def _edge(left: str, symbol: str, right: str) -> Edge:
    marks = {"<": Mark.ARROW, ">": Mark.ARROW, "@": Mark.CIRCLE}
    try:
        return Edge(left, right, marks.get(symbol[0], Mark.TAIL), marks.get(symbol[-1], Mark.TAIL))
    except GraphError as error:
        raise FormatError(str(error)) from None

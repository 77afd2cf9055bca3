"""JSON and CSV."""

import csv
import io
import json

from aitia.errors import FormatError, GraphError, OptionError
from aitia.graph.graph import Graph
from aitia.graph.marks import Edge, Mark, Triple, refuse_bow, refuse_open
from aitia.guard import guarded, parse_json

__all__ = ["from_csv", "from_json", "to_csv", "to_json", "triple_of"]

_MARKS = {str(mark): mark for mark in Mark}
_ENDS = ("from_mark", "to_mark")


def to_json(graph: Graph) -> str:
    """JSON with the nodes in order and each edge with the marks at both ends.

    Example:
        >>> from_json(to_json(Graph("x -> y; y o-> z"))) == Graph("x -> y; y o-> z")
        True
    """
    edges = [
        {"from": e.left, "to": e.right, "from_mark": str(e.left_mark), "to_mark": str(e.right_mark)}
        for e in graph.edges
    ]
    value = {"format": "aitia-graph", "version": 1, "nodes": list(graph.nodes), "edges": edges}
    if graph.open_triples:
        value["open_triples"] = [list(triple) for triple in graph.open_triples]
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def from_json(text: str) -> Graph:
    """The graph that `to_json` wrote.

    Raises:
        FormatError: If the text is not JSON of that form.
    """
    value = parse_json(text, "the graph", dict)
    try:
        edges = [Edge(_name(e["from"]), _name(e["to"]), *(_MARKS[e[end]] for end in _ENDS)) for e in value["edges"]]
        triples = [triple_of(triple) for triple in value.get("open_triples", ())]
        return Graph(edges, [_name(node) for node in value["nodes"]], open_triples=triples)
    except (KeyError, TypeError) as error:
        raise FormatError(
            "a graph in JSON has 'nodes', and 'edges' with 'from', 'to', 'from_mark' and 'to_mark' (tail, arrow or "
            f"circle); this one lacks or misspells {error}"
        ) from None
    except GraphError as error:
        raise FormatError(str(error)) from None


def _name(value: object) -> str:
    if not isinstance(value, str):
        raise FormatError(f"the name of a variable is a text, got {str(value)[:40]} of type {type(value).__name__}")
    return value


def triple_of(value: object) -> Triple:
    """An open triple as JSON has it.

    Raises:
        FormatError: If it is not three names.
    """
    if not isinstance(value, list) or len(value) != 3:
        raise FormatError(f"an open triple is a list of three names, the middle second, got {str(value)[:40]}")
    a, b, c = map(_name, value)
    return a, b, c


def to_csv(graph: Graph, *, edge_direction: str = "row->column") -> str:
    """A matrix with the names in its first row and column.

    Directed and undirected edges give 0 and 1; a graph with other marks has at [row, column] the name of the mark at
    the column's end (or, with `column->row`, at the row's).

    Raises:
        GraphError: If two edges join a pair, or the graph has open triples.
        OptionError: If `edge_direction` is neither `"row->column"` nor `"column->row"`.
    """
    _check_direction(edge_direction)
    refuse_bow(graph.bows, "CSV")
    refuse_open(graph.open_triples, "CSV")
    if graph.is_pdag:
        cells = [[str(v) for v in row] for row in graph.adjacency]
    else:
        cells = [[str(Mark(int(v))) if v else "" for v in row] for row in graph.marks]
    if edge_direction == "column->row":
        cells = [list(column) for column in zip(*cells, strict=True)]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["", *graph.nodes])
    writer.writerows([name, *row] for name, row in zip(graph.nodes, cells, strict=True))
    return out.getvalue()


def from_csv(text: str, *, edge_direction: str = "row->column") -> Graph:
    """The graph of such a matrix. A first column of names may be missing; weights other than 0 count as 1.

    Raises:
        FormatError: If it is not a square matrix of numbers or marks, or row and column names differ.
        OptionError: If `edge_direction` is neither `"row->column"` nor `"column->row"`.
    """
    _check_direction(edge_direction)
    with guarded("the CSV text"):
        rows = [row for row in csv.reader(io.StringIO(text)) if any(cell.strip() for cell in row)]
    if not rows:
        raise FormatError("the CSV file is empty: the first row holds the names")
    head, body = rows[0], rows[1:]
    named = len(head) == len(body) + 1
    names = head[1:] if named else head
    if len(body) != len(names) or any(len(row) != len(head) for row in body):
        raise FormatError(f"an adjacency matrix is square: {len(names)} names above, {len(body)} rows below")
    if named and (odd := [(r[0], n) for r, n in zip(body, names, strict=True) if r[0] != n]):
        raise FormatError(f"row {odd[0][0]!r} stands where column {odd[0][1]!r} does: rows and columns have one order")
    cells = [row[1:] if named else row for row in body]
    if edge_direction == "column->row":
        cells = [list(column) for column in zip(*cells, strict=True)]
    try:
        if any(cell.strip() in _MARKS for row in cells for cell in row):
            return Graph.from_marks([[_MARKS[c.strip()] if c.strip() else 0 for c in row] for row in cells], names)
        return Graph.from_adjacency([[float(c or 0) for c in row] for row in cells], names)
    except (ValueError, KeyError) as error:
        raise FormatError(f"a cell is a number or one of tail, arrow, circle: {error}") from None


def _check_direction(edge_direction: str) -> None:
    if edge_direction not in ("row->column", "column->row"):
        raise OptionError(f"edge_direction is 'row->column' or 'column->row', got {edge_direction!r}")

"""Graph files, by suffix."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from aitia.errors import FormatError, GraphError, OptionError
from aitia.files import write_whole
from aitia.graph.formats.bif import from_bif
from aitia.graph.formats.dagitty import parse_dagitty, to_dagitty
from aitia.graph.formats.dot import from_dot, to_dot
from aitia.graph.formats.networks import from_gml, from_graphml, to_gml, to_graphml
from aitia.graph.formats.plain import from_csv, from_json, to_csv, to_json
from aitia.graph.graph import Graph
from aitia.graph.roles import Roles
from aitia.guard import guarded, read_text

__all__ = ["read_graph", "read_graph_and_roles", "write_graph"]

_SUFFIX = {
    ".json": "json",
    ".csv": "csv",
    ".dot": "dot",
    ".gv": "dot",
    ".gml": "gml",
    ".graphml": "graphml",
    ".dagitty": "dagitty",
    ".txt": "text",
    ".bif": "bif",
}
_READ: Mapping[str, Callable[..., Graph | tuple[Graph, Roles]]] = {
    "json": from_json,
    "csv": from_csv,
    "dot": from_dot,
    "gml": from_gml,
    "graphml": from_graphml,
    "dagitty": parse_dagitty,
    "text": Graph,
    "bif": lambda text: from_bif(text).graph,
}
_WRITE: Mapping[str, Callable[..., str]] = {
    "json": to_json,
    "csv": to_csv,
    "dot": to_dot,
    "gml": to_gml,
    "graphml": to_graphml,
    "dagitty": to_dagitty,
    "text": lambda graph: f"{graph}\n",
}


def read_graph(path: str | Path, format: str | None = None, **options: Any) -> Graph:
    """Reads a graph file; arguments and errors are those of `read_graph_and_roles`."""
    return read_graph_and_roles(path, format, **options)[0]


def read_graph_and_roles(path: str | Path, format: str | None = None, **options: Any) -> tuple[Graph, Roles]:
    """Reads a graph file with the roles of its variables, which dagitty's files have.

    Args:
        path: The file.
        format: `json`, `csv`, `dot`, `gml`, `graphml`, `dagitty`, `bif` or `text` (`x -> y; y <-> z`); None goes by the
            suffix, where `.txt` is `text` unless it starts as dagitty does.
        options: Of the format, such as `edge_direction` of CSV.

    Raises:
        FormatError: If the file is missing or is not what it should be.
        OptionError: If there is no such format.
    """
    path = Path(path)
    name = _format(path, format, _READ)
    text = read_text(path)
    if format is None and name == "text" and text.lstrip()[:5].split("{")[0].strip() in ("dag", "pdag", "mag", "pag"):
        name = "dagitty"
    with guarded(path, f"cannot be read as {name}"):
        try:
            found = _READ[name](text, **options)
        except (FormatError, GraphError) as error:
            raise FormatError(f"{path}: {error}") from None
    return (found, Roles()) if isinstance(found, Graph) else found


def write_graph(graph: Graph, path: str | Path, format: str | None = None, **options: Any) -> None:
    """Writes a graph file, whole or not at all.

    Args:
        graph: What to write.
        path: The file.
        format: As for `read_graph`, without `bif`, which holds probabilities too (see `write_bif`).
        options: Of the format.

    Raises:
        FormatError: If the file cannot be written.
        OptionError: If there is no such format.
    """
    path = Path(path)
    if "bif" in (format, None if format else _SUFFIX.get(path.suffix.lower())):
        raise FormatError(
            f"{path}: a BIF file holds probabilities too, which a graph has not: write_bif writes a fitted network, "
            "and DOT, dagitty, GML or JSON the graph alone"
        )
    text = _WRITE[_format(path, format, _WRITE)](graph, **options)
    write_whole(path, text)


def _format(path: Path, format: str | None, known: Mapping[str, object]) -> str:
    name = format if format is not None else _SUFFIX.get(path.suffix.lower())
    if name is None:
        endings = [suffix for suffix, of in _SUFFIX.items() if of in known]
        raise FormatError(f"{path} ends in {path.suffix or 'nothing'}: graph files end in {', '.join(endings)}")
    if name not in known:
        raise OptionError(f"there is no graph format {name!r} here; there are {', '.join(known)}")
    return name

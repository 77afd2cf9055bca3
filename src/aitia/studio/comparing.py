"""Two runs beside each other: options that differ, scores, and the edges in which their graphs differ."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aitia.discovery import load_discovery
from aitia.errors import AitiaError
from aitia.graph import Graph, shd
from aitia.guard import read_json
from aitia.runs import Record

__all__ = ["GraphPair", "Side", "comparable", "differing", "graph_pairs", "score_lines"]


@dataclass(frozen=True)
class Side:
    """A run, as far as it is compared.

    Args:
        name: Of its folder.
        kind: What was run.
        options: By name, as text; what is nested has a dot in it.
        scores: By name: what is better, the model's value, and those of baselines.
        graphs: That were found, by key.
        report: Whether it has a report.
    """

    name: str
    kind: str
    options: Mapping[str, str]
    scores: Mapping[str, Mapping[str, Any]]
    graphs: Mapping[str, Graph]
    report: bool

    @classmethod
    def at(cls, path: Path) -> "Side":
        """The finished run in a folder.

        Raises:
            AitiaError: If there is none, or it is damaged.
        """
        record = Record.read(path)
        record = record.finished(record.kind)
        metrics = path / "metrics.json"
        told = read_json(metrics, dict) if metrics.is_file() else {}
        graphs = {str(key): Graph(str(text)) for key, text in told.get("graphs", {}).items()}
        if record.kind == "discover":
            graphs = {"graph": load_discovery(path).graph}
        inputs = {name: value[:12] for name, value in record.inputs.items()}
        options = _flat({"kind": record.kind, "inputs": inputs, **record.config})
        return cls(path.name, record.kind, options, told.get("scores", {}), graphs, (path / "report.html").is_file())


@dataclass(frozen=True)
class GraphPair:
    """Two graphs of the same key.

    Args:
        key: Such as `graph`, or the name of a group.
        distance: Structural Hamming distance over the names of both: pairs that are joined in another way.
        edges: For each such pair what one has and what the other, `-` where nothing.
        alone: Names that only one of them has.
    """

    key: str
    distance: int
    edges: Sequence[tuple[str, str]]
    alone: Sequence[str]


def _flat(told: Mapping[str, Any], before: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in told.items():
        if isinstance(value, Mapping):
            found |= _flat(value, f"{before}{name}.")
        else:
            found[f"{before}{name}"] = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return found


def differing(a: Side, b: Side) -> list[tuple[str, str, str]]:
    """The options of both that are not the same: name, of one, of the other; of one system those of either, too."""
    same = all(a.options.get(name) == b.options.get(name) for name in ("kind", "system"))
    names = dict.fromkeys((*a.options, *b.options)) if same else [name for name in a.options if name in b.options]
    pairs = [(name, a.options.get(name, "-"), b.options.get(name, "-")) for name in names]
    return [pair for pair in pairs if pair[1] != pair[2]]


def score_lines(a: Side, b: Side) -> list[dict[str, Any]]:
    """A line for each score of either: its name, what is better, both values, and which is ahead, if one is."""
    lines = []
    for name in dict.fromkeys((*a.scores, *b.scores)):
        one, other = a.scores.get(name, {}), b.scores.get(name, {})
        better = one.get("better") or other.get("better")
        mine, its = one.get("model"), other.get("model")
        ahead = None
        if isinstance(mine, (int, float)) and isinstance(its, (int, float)) and mine != its:
            ahead = int((its > mine) == (better == "higher"))
        lines.append({"name": name, "better": better, "values": [mine, its], "ahead": ahead})
    return lines


def graph_pairs(a: Side, b: Side) -> list[GraphPair]:
    """The graphs of the same key; the one of each where each has one."""
    pairs = [(key, a.graphs[key], b.graphs[key]) for key in a.graphs if key in b.graphs]
    if not pairs and len(a.graphs) == len(b.graphs) == 1:
        pairs = [("graph", next(iter(a.graphs.values())), next(iter(b.graphs.values())))]
    return [_pair(key, one, other) for key, one, other in pairs]


def _pair(key: str, one: Graph, other: Graph) -> GraphPair:
    names = tuple(dict.fromkeys((*one.nodes, *other.nodes)))
    one_all, other_all = (Graph(graph.edges, names) for graph in (one, other))
    held: list[dict[frozenset[str], str]] = [{}, {}]
    for k, graph in enumerate((one_all, other_all)):
        for edge in graph.edges:
            pair = frozenset((edge.left, edge.right))
            held[k][pair] = f"{held[k][pair]}, {edge}" if pair in held[k] else str(edge)
    pairs = dict.fromkeys((*held[0], *held[1]))
    edges = [(held[0].get(pair, "-"), held[1].get(pair, "-")) for pair in pairs]
    alone = sorted(set(one.nodes) ^ set(other.nodes))
    return GraphPair(key, shd(one_all, other_all), [(x, y) for x, y in edges if x != y], alone)


def comparable(paths: Sequence[Path]) -> list[str]:
    """The names of the finished runs among these folders."""
    found = []
    for path in paths:
        try:
            record = Record.read(path)
        except AitiaError:
            continue
        if record.status == "finished":
            found.append(path.name)
    return found

"""How sure each edge is, as a table for a terminal: the shares of the resamples by direction."""

from typing import TYPE_CHECKING

from aitia.discovery.result import Discovery

if TYPE_CHECKING:
    from aitia.stats.bootstrap import EdgeFrequencies

__all__ = ["columns", "sureness"]


def columns(frequencies: "EdgeFrequencies") -> dict[str, str]:
    """What the graphs have between pairs, and its heading: a column for each kind of edge."""
    names = {name: symbol for symbol, name in frequencies.symbols.items()}
    if frequencies.hidden and not any("---" in of for of in frequencies.counts.values()):
        del names["undirected"]  # two tails: in a PAG that is selection
    return {"adjacent": "adjacent", **names, "absent": "none"}


def sureness(found: Discovery) -> list[str]:
    """The lines of the table; none without resamples or without an edge."""
    frequencies = found.edge_frequencies
    if frequencies is None or not found.graph.edges:
        return []
    names = columns(frequencies)
    doubts = found.doubts
    edges = [str(edge) for edge in found.graph.edges]
    wide = max(map(len, edges))
    lines = [
        f"How sure: shares of {frequencies.graphs} resamples, each a random half of the rows",
        f"  {'':{wide}}  " + "  ".join(f"{head:>{max(len(head), 4)}}" for head in names.values()),
    ]
    for text, edge in zip(edges, found.graph.edges, strict=True):
        shares = frequencies.shares(edge.left, edge.right)
        cells = [f"{shares.get(name, 0.0):>{max(len(head), 4)}.0%}" for name, head in names.items()]
        lines.append(f"  {text:{wide}}  " + "  ".join(cells) + ("  not sure" if edge in doubts else ""))
    return [*lines, *(f"  {edge}: {doubt}" for edge, doubt in doubts.items())]

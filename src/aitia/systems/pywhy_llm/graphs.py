"""The graph of answers about pairs: cycles opened at their weakest edge, and what a longer path explains left out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from aitia.graph.graph import Graph
from aitia.systems.pywhy_llm.verdicts import Verdict
from aitia.systems.pywhy_llm.wording import Pair

__all__ = ["Drawn", "drawn"]

Edge = tuple[str, str]


@dataclass(frozen=True)
class Drawn:
    """A graph of answers, and what became of those that are not in it.

    Args:
        graph: Without cycles.
        confidence: Of each edge of it.
        cycles: Edges that were dropped since they closed a cycle in which they were the weakest.
        longer: Edges that were left out since a longer path has their effect.
        undecided: Pairs of which orders or votes disagree.
    """

    graph: Graph
    confidence: Mapping[Edge, float]
    cycles: tuple[Edge, ...]
    longer: tuple[Edge, ...]
    undecided: tuple[Edge, ...]


def drawn(pairs: Sequence[Pair], verdicts: Sequence[Verdict], *, prune: bool) -> Drawn:
    """The graph that answers about pairs draw together.

    Args:
        pairs: That were asked about.
        verdicts: Of each.
        prune: Leave out edges that a longer path explains (the transitive reduction).
    """
    names = tuple(dict.fromkeys(name for pair in pairs for name in (pair.x, pair.y)))
    strength: dict[Edge, float] = {}
    undecided: list[Edge] = []
    for pair, verdict in zip(pairs, verdicts, strict=True):
        if verdict.answer == "->":
            strength[pair.x, pair.y] = verdict.confidence
        elif verdict.answer == "<-":
            strength[pair.y, pair.x] = verdict.confidence
        elif verdict.answer != "neither":
            undecided.append((pair.x, pair.y))
    twice = [edge for edge in strength if edge[::-1] in strength]
    kept = {edge: s for edge, s in strength.items() if edge not in twice}
    undecided += [edge for edge in twice if edge < edge[::-1]]
    cycles: list[Edge] = []
    while cycle := Graph(list(kept), nodes=names).find_cycle():
        around = [*pairwise(cycle)]
        weakest = min(around, key=lambda edge: (kept[edge], names.index(edge[0]), names.index(edge[1])))
        cycles.append(weakest)
        del kept[weakest]
    longer: list[Edge] = []
    if prune:
        whole = Graph(list(kept), nodes=names)
        longer = [(a, b) for a, b in kept if any(b in whole.descendants(c) for c in whole.children(a) if c != b)]
    graph = Graph([edge for edge in kept if edge not in longer], nodes=names)
    confidence = {edge: s for edge, s in kept.items() if edge not in longer}
    return Drawn(graph, confidence, tuple(cycles), tuple(longer), tuple(undecided))

"""Edges that decide an effect and of which the discovery is not sure."""

from collections.abc import Iterable, Mapping, Sequence

from aitia.graph import Edge, Graph, Mark

__all__ = ["deciding", "unsure_line"]

SHOWN = 3


def deciding(graph: Graph, targets: Sequence[str], outcome: str) -> list[Edge]:
    """The edges that may point into what is set, which say what is adjusted for, and those on its ways to the outcome.

    Args:
        graph: Any graph; a way runs against no arrowhead.
        targets: What is set.
        outcome: What is watched.

    Example:
        >>> [str(edge) for edge in deciding(Graph("z -> x -> m -> y <- z; x -> w -> v"), ["x"], "y")]
        ['z --> x', 'x --> m', 'm --> y']
    """
    steps = [(e.left, e.right) for e in graph.edges if e.left_mark != Mark.ARROW]
    steps += [(e.right, e.left) for e in graph.edges if e.right_mark != Mark.ARROW]
    from_, to = _reached(targets, steps), _reached([outcome], [(b, a) for a, b in steps])
    on_a_way = {frozenset((a, b)) for a, b in steps if a in from_ and b in to}
    into = {frozenset((a, b)) for a, b in steps if b in targets}
    return [e for e in graph.edges if frozenset((e.left, e.right)) in into | on_a_way]


def _reached(start: Iterable[str], steps: Sequence[tuple[str, str]]) -> set[str]:
    found, waiting = set(start), list(start)
    while waiting:
        at = waiting.pop()
        new = {b for a, b in steps if a == at} - found
        found |= new
        waiting += new
    return found


def unsure_line(graph: Graph, doubts: Mapping[Edge, str], targets: Sequence[str], outcome: str) -> list[str]:
    """One sentence on the deciding edges that are not sure; none where all are.

    Args:
        graph: That was found.
        doubts: Why an edge is not sure, as `Discovery.doubts` says it.
        targets: What is set.
        outcome: What is watched.
    """
    decide = deciding(graph, targets, outcome)
    told = []
    for edge, doubt in doubts.items():
        what, _, why = doubt.partition(": ")
        # An arrow out of what is set that leads elsewhere decides nothing unless it is turned round.
        turned = "direction" in what and {edge.left, edge.right} & set(targets)
        if edge in decide or turned:
            told.append(f"{edge} ({why.rstrip('.')})")
    if not told:
        return []
    more = f" and {len(told) - SHOWN} more" if len(told) > SHOWN else ""
    return [f"the effect rests on what the discovery is not sure of: {'; '.join(told[:SHOWN])}{more}"]

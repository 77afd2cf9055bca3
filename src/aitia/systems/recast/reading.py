"""What was read off one text: its variables, edges and quotes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from aitia.graph.graph import Graph
from aitia.graph.marks import Edge, Mark
from aitia.systems.recast.rules import Found

__all__ = ["ReadText", "Support", "merged", "without"]


@dataclass(frozen=True)
class Support:
    """An edge and every sentence that says so.

    Args:
        cause: Name.
        effect: Name.
        places: First character and the one behind the last of each quote.
        sign: 1, -1, or 0 where it is not said or sentences disagree.
        probability: The largest, where the reader gives one.
    """

    cause: str
    effect: str
    places: tuple[tuple[int, int], ...]
    sign: int = 0
    probability: float | None = None


@dataclass(frozen=True)
class ReadText:
    """What was read off one text.

    Args:
        text: The text.
        names: Its variables.
        support: Its edges, in the order in which the text says them.
        unsupported: (cause, effect, quote) of edges that a language model named with a quote that is not in the text.
    """

    text: str
    names: tuple[str, ...]
    support: tuple[Support, ...]
    unsupported: tuple[tuple[str, str, str], ...] = ()

    @property
    def edges(self) -> tuple[tuple[str, str], ...]:
        """(cause, effect) of each edge."""
        return tuple((one.cause, one.effect) for one in self.support)

    @property
    def quotes(self) -> tuple[tuple[str, ...], ...]:
        """The sentences behind each edge, as they stand in the text."""
        return tuple(tuple(self.text[a:b] for a, b in one.places) for one in self.support)

    @property
    def both_ways(self) -> tuple[tuple[str, str], ...]:
        """Pairs of which the text says both ways round; a graph holds one edge of a pair and leaves it open."""
        said = set(self.edges)
        return tuple(sorted((a, b) for a, b in said if a < b and (b, a) in said))

    @property
    def graph(self) -> Graph:
        """The graph: arrows, cycles among them, and `a --- b` for a pair that is said both ways round."""
        open_pairs = set(self.both_ways)
        edges = [Edge(a, b) for a, b in self.edges if not {(a, b), (b, a)} & open_pairs]
        edges += [Edge(a, b, Mark.TAIL, Mark.TAIL) for a, b in self.both_ways]
        return Graph(edges, nodes=self.names)

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        edges = [[s.cause, s.effect, [list(p) for p in s.places], s.sign, s.probability] for s in self.support]
        apart = [list(one) for one in self.unsupported]
        return {"text": self.text, "names": list(self.names), "edges": edges, "unsupported": apart}

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> Self:
        """What `to_json` wrote."""
        support = tuple(
            Support(a, b, tuple((x, y) for x, y in places), sign, p) for a, b, places, sign, p in given["edges"]
        )
        apart = tuple((a, b, said) for a, b, said in given["unsupported"])
        return cls(given["text"], tuple(given["names"]), support, apart)


def merged(
    text: str, names: Sequence[str], found: Iterable[Found], unsupported: Iterable[tuple[str, str, str]] = ()
) -> ReadText:
    """Every edge once, with all its quotes."""
    by: dict[tuple[int, int], list[Found]] = {}
    for one in found:
        by.setdefault((one.cause, one.effect), []).append(one)
    support = []
    for (a, b), said in by.items():
        signs, odds = {one.sign for one in said} - {0}, [one.probability for one in said if one.probability is not None]
        places = tuple(dict.fromkeys((one.start, one.stop) for one in said))
        support.append(
            Support(names[a], names[b], places, signs.pop() if len(signs) == 1 else 0, max(odds) if odds else None)
        )
    return ReadText(text, tuple(names), tuple(support), tuple(unsupported))


def without(text: str, places: Iterable[tuple[int, int]]) -> str:
    """A text without some sentences, each with the blanks behind it; the rest keeps its bytes.

    Example:
        >>> without("Rain wets. Sun dries. Wind cools.", [(11, 21)])
        'Rain wets. Wind cools.'
    """
    kept, last = "", 0
    for start, stop in sorted(set(places)):
        kept += text[last : max(start, last)]
        behind = max(stop, last)
        while behind < len(text) and text[behind] in " \t":
            behind += 1
        last = behind
    return kept + text[last:]

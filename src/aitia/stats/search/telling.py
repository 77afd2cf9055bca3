"""What an orientation says, in words: reasons and contradictions are put into words when somebody reads them."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice
from math import log
from typing import Any, overload

from aitia.graph._pdag import Pdag
from aitia.stats.search.assembly import Triple
from aitia.stats.search.evidence import BestVerdicts, Verdict

__all__ = ["Reasons", "Sentences", "conflict", "left_open", "listed", "passed_over", "power"]

SHOWN = 5
"""Contradictions that a warning tells one by one."""


class Reasons(Mapping[tuple[str, str], str]):
    """Reasons that are found when they are read, and those that were told step by step after them."""

    def __init__(
        self, earlier: Callable[[], Mapping[tuple[str, str], str]], told: Mapping[tuple[str, str], str]
    ) -> None:
        self._earlier, self._told = earlier, told

    @cached_property
    def _all(self) -> dict[tuple[str, str], str]:
        return {**self._earlier(), **self._told}

    def __getitem__(self, arrow: tuple[str, str]) -> str:
        return self._all[arrow]

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    def __reduce__(self) -> Any:
        return dict, (self._all,)


class Sentences(Sequence[str]):
    """What is said of triples, each sentence made when it is read."""

    def __init__(self, triples: Sequence[Triple], say: Callable[[Triple], str]) -> None:
        self._triples, self._say = triples, say

    def __len__(self) -> int:
        return len(self._triples)

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> list[str]: ...
    def __getitem__(self, place: int | slice) -> str | list[str]:
        if isinstance(place, slice):
            return [self._say(triple) for triple in self._triples[place]]
        return self._say(self._triples[place])


def passed_over(settled: Pdag, found: Mapping[Triple, Verdict]) -> list[Triple]:
    """The triples of which a class says otherwise than their verdict."""
    if isinstance(found, BestVerdicts):
        return found.passed_over(settled.parents)
    odd = []
    for (x, y, z), verdict in found.items():
        into = settled.parents[y]
        collides = bool(into >> x & 1 and into >> z & 1)
        if verdict.collider is not None and collides is not verdict.collider:
            odd.append((x, y, z))
    return odd


def conflict(names: Sequence[str], found: Mapping[Triple, Verdict], triple: Triple) -> str:
    """The sentence on a verdict that was passed over."""
    x, y, z = triple
    verdict = found[triple]
    says = "is a collider" if verdict.collider else "is no collider"
    return f"that {names[y]} {says} between {names[x]} and {names[z]} ({verdict.why(triple)})"


def left_open(triples: int) -> str:
    """How many colliders a rule left open, in words.

    Example:
        >>> left_open(1)
        '1 possible collider was left open by the collider rule.'
    """
    return f"{triples} possible collider{' was' if triples == 1 else 's were'} left open by the collider rule."


def listed(what: str, sentences: Collection[str]) -> str:
    """The sentences after a count, the first few in full."""
    more = f"; and {len(sentences) - SHOWN} more" if len(sentences) > SHOWN else ""
    return f"{what} ({len(sentences)}): {'; '.join(islice(sentences, SHOWN))}{more}."


def power(logarithm: float) -> str:
    """A number from its logarithm, as a power of ten."""
    return f"10^{logarithm / log(10):.0f}"

"""Connectives between a cause and its effect, and sentences of two clauses.

A sentence is parted at its connective and built again from its clauses; what stands in the clauses is never touched. A
backward connective has the effect before it, a forward one the cause: where one takes the place of the other, the true
sentence becomes the false one.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from aitia.errors import OptionError

__all__ = ["CONNECTIVES", "Clauses", "Connective", "known_connectives", "parted"]

Between = Literal["nouns", "clauses", "things"]


@dataclass(frozen=True)
class Connective:
    """What joins two clauses.

    Args:
        phrase: Its words.
        forward: Whether the cause stands before it.
        between: What it joins: `nouns` (the rain, it raining), `clauses` (it rains), or `things` (the cart). One takes
            the place of another only where it joins the same.
    """

    phrase: str
    forward: bool
    between: Between = "nouns"


CONNECTIVES: Mapping[str, Connective] = {
    each.phrase: each
    for each in (
        *(Connective(phrase, False) for phrase in
          ("is due to", "is caused by", "is a result of", "is the effect of", "is the consequence of", "owes to")),
        *(Connective(phrase, True) for phrase in
          ("results in", "causes", "leads to", "gives rise to", "brings about")),
        Connective("because", False, "clauses"),
        *(Connective(phrase, True, "things") for phrase in ("pushes", "moves", "drives")),
        *(Connective(phrase, False, "things") for phrase in ("moves because of", "is pushed by", "is driven by")),
    )
}  # fmt: skip
"""Those that are known without being told: the twelve of the source, and those of `PushWorld`."""


def known_connectives(forward: Sequence[str] = (), backward: Sequence[str] = ()) -> dict[str, Connective]:
    """The known ones and further ones, which join nouns.

    Raises:
        OptionError: If a phrase is empty, or told both ways.
    """
    found = dict(CONNECTIVES)
    if both := {*forward} & {*backward}:
        raise OptionError(f"the connective {sorted(both)[0]!r} is told to be forward and backward")
    for phrases, way in ((forward, True), (backward, False)):
        for phrase in phrases:
            if not phrase.strip():
                raise OptionError("a connective has words, got an empty one")
            found[phrase.strip().lower()] = Connective(phrase.strip().lower(), way)
    return found


@dataclass(frozen=True)
class Clauses:
    """A sentence in its parts.

    Args:
        first: What stands before the connective.
        connective: In between.
        second: What stands behind.
        end: The mark at the end, if any.
    """

    first: str
    connective: Connective
    second: str
    end: str = ""

    @property
    def cause(self) -> str:
        """The clause that the sentence says is the cause."""
        return self.first if self.connective.forward else self.second

    @property
    def effect(self) -> str:
        """The clause that the sentence says is the effect."""
        return self.second if self.connective.forward else self.first

    def written(self) -> str:
        """The sentence."""
        return f"{self.first} {self.connective.phrase} {self.second}{self.end}"

    def joined_by(self, connective: Connective) -> "Clauses":
        """The same clauses in the same places, with another connective; as it is where that joins something else."""
        return self if connective.between != self.connective.between else replace(self, connective=connective)

    def exchanged(self) -> "Clauses":
        """The clauses in each other's places; the sentence begins as it began."""
        first, second = self.second, self.first
        if self.first[:1].isupper() and self.first.split(" ", 1)[0] != "I":
            first, second = first[:1].upper() + first[1:], second[:1].lower() + second[1:]
        return replace(self, first=first, second=second)


def parted(sentence: str, connectives: Mapping[str, Connective]) -> Clauses | None:
    """The parts of a sentence at its connective; None where it has none, or nothing stands before or behind.

    Of several, the longest phrase counts, and of that the first place.

    Example:
        >>> found = parted("The street is wet is due to the rain.", CONNECTIVES)
        >>> found.cause, found.effect, found.exchanged().written()
        ('the rain', 'The street is wet', 'The rain is due to the street is wet.')
    """
    text = sentence.strip()
    match = re.search(r"[.!?]+$", text)
    end = match.group() if match else ""
    text = text[: len(text) - len(end)]
    for phrase in sorted(connectives, key=lambda phrase: (-len(phrase), phrase)):
        found = re.search(rf"(?<!\w){re.escape(phrase)}(?!\w)", text, re.IGNORECASE)
        if found is None:
            continue
        first, second = text[: found.start()].strip(), text[found.end() :].strip()
        if first and second:
            return Clauses(first, connectives[phrase], second, end)
    return None

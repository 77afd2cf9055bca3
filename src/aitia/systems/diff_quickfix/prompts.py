"""Prompts in pairs: with a concept, and with other words in its place; and prompts whose pictures are to stay."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from aitia.errors import DataError, join_names
from aitia.system import Given

__all__ = ["Ending", "Pair", "changed_words", "of_concept", "read_prompts", "reworded"]


@dataclass(frozen=True)
class Ending:
    """A text up to the end of some words of it, which says where in the whole text they are.

    Args:
        text: Ends with the words.
        words: They.
    """

    text: str
    words: str


@dataclass(frozen=True)
class Pair:
    """A prompt and the same with other words for the concept.

    Args:
        prompt: With the concept.
        other: Without it.
        concept: The words of the prompt.
        words: Those that stand in their place.
    """

    prompt: str
    other: str
    concept: str
    words: str

    @property
    def start(self) -> int:
        """Where the concept begins in the prompt; its last place, where several would give `other`.

        Raises:
            DataError: If there is none.
        """
        return _place(self.prompt, self.other, self.concept)[0]

    @property
    def ending(self) -> Ending:
        """Of the concept in the prompt."""
        end = self.start + len(self.concept)
        return Ending(self.prompt[:end], self.prompt[self.start : end])

    @property
    def other_ending(self) -> Ending:
        """Of the words in the other prompt."""
        end = self.start + len(self.words)
        return Ending(self.other[:end], self.other[self.start : end])


def _place(prompt: str, other: str, concept: str) -> tuple[int, str]:
    """Where the concept begins, and the words in its place.

    Raises:
        DataError: If the prompt does not hold the concept as words of its own, nothing is in its place, or the two
            differ elsewhere too.
    """
    held = list(re.finditer(rf"(?<!\w){re.escape(concept)}(?!\w)", prompt, re.IGNORECASE))
    if not held or not concept:
        raise DataError(f"the prompt {prompt!r} does not hold the concept {concept!r} as words of its own")
    for match in reversed(held):
        before, after = prompt[: match.start()].lower(), prompt[match.end() :].lower()
        words = other[len(before) : len(other) - len(after)]
        if other.lower() == before + words.lower() + after:
            return match.start(), words
        if other.lower() == " ".join((before + after).split()):
            raise DataError(f"{other!r} has nothing in the place of {concept!r}: say what is drawn instead")
    raise DataError(f"{other!r} is not {prompt!r} with other words for one {concept!r}: all else stays as it is")


def changed_words(prompt: str, other: str) -> tuple[str, str]:
    """The words in which two texts differ, between what they begin and end with alike, marks behind them included.

    Example:
        >>> changed_words("a house by van gogh at night", "a house by a painter at night")
        ('van gogh', 'a painter')
    """
    one, two = prompt.split(), other.split()
    first = 0
    while first < min(len(one), len(two)) and one[first].lower() == two[first].lower():
        first += 1
    last = 0
    while last < min(len(one), len(two)) - first and one[-1 - last].lower() == two[-1 - last].lower():
        last += 1
    mine, theirs = " ".join(one[first : len(one) - last]), " ".join(two[first : len(two) - last])
    while mine and theirs and mine[-1] == theirs[-1] and not mine[-1].isalnum():
        mine, theirs = mine[:-1], theirs[:-1]
    return mine, theirs


def read_prompts(given: Given) -> tuple[list[Pair], list[str]]:
    """The pairs, and the prompts whose pictures are to stay: those without `other`.

    Raises:
        DataError: If there is no pair, a prompt is empty or is its own other, or does not hold its concept.
    """
    prompts = [" ".join(text.split()) for text in given.texts("prompt")]
    column = given.column("other")
    told = given.table.texts(column) if column and column in given.table else [""] * len(given)
    others = [" ".join(text.split()) for text in told]
    named = given.column("concept")
    has_names = named is not None and named in given.table
    absent = given.table.absent(str(named)) if has_names else [True] * len(given)
    names = given.table.labels(str(named)) if has_names else [""] * len(given)
    pairs, kept = [], []
    for row, (prompt, other) in enumerate(zip(prompts, others, strict=True)):
        place = f"row {given.row_number(row)}"
        if not prompt:
            raise DataError(f"{place} has no prompt")
        if not other:
            kept.append(prompt)
            continue
        if prompt.lower() == other.lower():
            raise DataError(f"{place}: {prompt!r} is its own other: leave other empty where pictures are to stay")
        concept = "" if absent[row] else str(names[row]).strip()
        try:
            pairs.append(_pair(prompt, other, concept))
        except DataError as error:
            raise DataError(f"{place}: {error}") from None
    if not pairs:
        raise DataError("no row says what is to be drawn in place of a concept: give other, the prompt in other words")
    return pairs, kept


def _pair(prompt: str, other: str, concept: str) -> Pair:
    if not concept:
        concept, words = changed_words(prompt, other)
        if not concept or not words:
            raise DataError(
                f"{other!r} does not replace a word of {prompt!r}, it leaves out or adds some: say which words the "
                "concept is (concept), and put others in their place"
            )
    _, words = _place(prompt, other, concept)
    return Pair(prompt, other, concept.lower(), words)


def reworded(pair: Pair, words: str) -> Pair:
    """The pair with other words in the concept's place.

    Raises:
        DataError: If they are empty, or the concept itself.
    """
    new = words.strip()
    if not new or new.lower() == pair.concept:
        raise DataError(f"{pair.concept!r} is replaced by other words, got {words!r}")
    other = pair.prompt[: pair.start] + new + pair.prompt[pair.start + len(pair.concept) :]
    return replace(pair, other=other, words=new)


def of_concept(pairs: Sequence[Pair], concept: str) -> list[Pair]:
    """The pairs of a concept.

    Raises:
        DataError: If there are none.
    """
    found = [pair for pair in pairs if pair.concept == concept]
    if not found:
        known = join_names(sorted({pair.concept for pair in pairs}))
        raise DataError(f"no prompt has the concept {concept!r}; there are {known}")
    return found

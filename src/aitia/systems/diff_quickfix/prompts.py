"""Prompts in pairs: with a concept, and with other words in its place; and prompts whose pictures are to stay."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from aitia.errors import DataError, join_names
from aitia.system import Given

__all__ = ["Pair", "changed_words", "of_concept", "read_prompts", "reworded"]


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


def changed_words(prompt: str, other: str) -> tuple[str, str]:
    """The words in which two texts differ, between what they begin and end with alike.

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
    return " ".join(one[first : len(one) - last]), " ".join(two[first : len(two) - last])


def read_prompts(given: Given) -> tuple[list[Pair], list[str]]:
    """The pairs, and the prompts whose pictures are to stay: those without `other`.

    Raises:
        DataError: If there is no pair, a prompt is empty or is its own other, or does not hold its concept.
    """
    prompts = [text.strip() for text in given.texts("prompt")]
    column = given.column("other")
    others = [t.strip() for t in given.table.texts(column)] if column and column in given.table else [""] * len(given)
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
        return Pair(prompt, other, concept.lower(), words)
    start = prompt.lower().rfind(concept.lower())
    if start < 0:
        raise DataError(f"the prompt {prompt!r} does not hold the concept {concept!r}")
    before, after = prompt[:start], prompt[start + len(concept) :]
    if not (other.lower().startswith(before.lower()) and other.lower().endswith(after.lower())):
        raise DataError(f"{other!r} is not {prompt!r} with other words for {concept!r}: all else stays as it is")
    words = other[len(before) : len(other) - len(after)].strip()
    if not words:
        raise DataError(f"{other!r} has nothing in the place of {concept!r}: say what is drawn instead")
    return Pair(prompt, other, concept.lower(), words)


def reworded(pair: Pair, words: str) -> Pair:
    """The pair with other words in the concept's place.

    Raises:
        DataError: If they are empty, or the concept itself.
    """
    new = words.strip()
    if not new or new.lower() == pair.concept:
        raise DataError(f"{pair.concept!r} is replaced by other words, got {words!r}")
    start = pair.prompt.lower().rfind(pair.concept)
    other = pair.prompt[:start] + new + pair.prompt[start + len(pair.concept) :]
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

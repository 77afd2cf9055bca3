"""Texts as words with their tokens, so that a span of characters is a run of tokens and back."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from aitia.errors import DataError
from aitia.nn.sequences import Vocabulary

__all__ = ["Sentence", "Span", "check_spans", "cut", "sentence_of", "words_of"]

Span = tuple[int, int, str]
"""First character, the one behind the last, and the type."""

_WORD = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True)
class Sentence:
    """A text, cut into words.

    Args:
        text: As it is.
        words: (first, behind the last) character of each word.
        tokens: Ids of each word, a leading blank with it where one stands before it.
        row: Its number in what the user gave, for messages.
    """

    text: str
    words: tuple[tuple[int, int], ...]
    tokens: tuple[tuple[int, ...], ...]
    row: int | None = field(default=None, compare=False)

    @cached_property
    def ids(self) -> tuple[int, ...]:
        """Of all words."""
        return tuple(token for word in self.tokens for token in word)

    @cached_property
    def starts(self) -> tuple[int, ...]:
        """Place in `ids` of the first token of each word."""
        places, at = [], 0
        for word in self.tokens:
            places.append(at)
            at += len(word)
        return tuple(places)

    @cached_property
    def stops(self) -> dict[int, int]:
        """Place in `ids` behind each word -> the number of the word."""
        return {start + len(word): k for k, (start, word) in enumerate(zip(self.starts, self.tokens, strict=True))}

    def run(self, span: Span) -> tuple[int, int]:
        """Numbers of the first word of a span and of that behind its last."""
        starts = {a: k for k, (a, _) in enumerate(self.words)}
        stops = {b: k + 1 for k, (_, b) in enumerate(self.words)}
        return starts[span[0]], stops[span[1]]


def sentence_of(text: str, vocabulary: Vocabulary, row: int) -> Sentence:
    """A text as words and their tokens.

    Raises:
        DataError: If the text is empty; names the row.
    """
    words = cut(text, row)
    pieces = [(" " if a == 0 or text[a - 1].isspace() else "") + text[a:b] for a, b in words]
    ids = vocabulary.tokenizer(pieces, add_special_tokens=False)["input_ids"]
    return Sentence(text, words, tuple(tuple(int(token) for token in word) for word in ids), row)


def cut(text: str, row: int) -> tuple[tuple[int, int], ...]:
    """(first, behind the last) character of each word.

    Raises:
        DataError: If the text is empty; names the row.
    """
    words = tuple(match.span() for match in _WORD.finditer(text))
    if not words:
        raise DataError(f"the text of row {row} is empty: drop the row")
    return words


def check_spans(sentence: Sentence, spans: Sequence[Span], row: int) -> tuple[Span, ...]:
    """The spans of a sentence in their order.

    Raises:
        DataError: If one is outside of the text, cuts a word, holds a colon or semicolon (which part the answer), or
            overlaps another; names the row and what it holds.
    """
    found = sorted((int(a), int(b), str(kind)) for a, b, kind in spans)
    starts, stops = {a for a, _ in sentence.words}, {b for _, b in sentence.words}
    last = 0
    for start, stop, kind in found:
        told = f"row {row}: the span [{start}, {stop}, {kind!r}]"
        if stop > len(sentence.text):
            raise DataError(f"{told} ends outside of the text, which has {len(sentence.text)} characters")
        held = sentence.text[start:stop]
        if start not in starts or stop not in stops:
            raise DataError(f"{told} cuts a word, {held!r}: spans begin and end with whole words")
        if start < last:
            raise DataError(f"{told}, {held!r}, overlaps another: nested spans cannot be written one after another")
        if ":" in held or ";" in held:
            raise DataError(f"{told}, {held!r}, holds a colon or semicolon, which part the spans of an answer")
        last = stop
    return tuple(found)


def words_of(texts: Sequence[str]) -> set[str]:
    """Every word of texts."""
    return {match.group() for text in texts for match in _WORD.finditer(text)}

"""Tokens with tags, one a line and a blank line between sentences, as a table of texts and their spans.

    Mary    B-person        the tag stands last; BIO, BILOU and BIOES are told apart by their letters
    Smith   I-person
    left    O

The text of a sentence is its tokens with a blank between them. In a file that ends in `.iob1` a span may begin with I-
(IOB1); in the others that is a fault.
"""

import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from aitia.data.kinds import Kind
from aitia.data.reading.packed import unpacked
from aitia.data.spreadsheet import Reading, Sheet
from aitia.errors import FormatError

__all__ = ["SUFFIXES", "lines_of", "sheet", "spans_of_tags"]

SUFFIXES = (".conll", ".bio", ".iob", ".iob1")
_BEGIN, _INSIDE, _LAST, _SINGLE = "B", "I", "LE", "US"


def sheet(path: Path, suffix: str, kinds: Mapping[str, Kind], how: Reading) -> Sheet:
    """The columns `text` and `spans` of a file.

    Raises:
        FormatError: If a line has no tag, a tag is of no known form or continues a span that has not begun, or there is
            no sentence; names the line.
    """
    texts: list[str] = []
    spans: list[list[list[Any]]] = []
    for first, tokens, tags in _sentences(path, how.encoding or "utf-8-sig"):
        texts.append(" ".join(tokens))
        spans.append(spans_of_tags(tokens, tags, loose=suffix == ".iob1", place=str(path), first=first))
    if not texts:
        raise FormatError(f"{path} holds no sentence: a token and its tag stand on each line")
    return Sheet({"text": texts, "spans": spans}, {"text": Kind.TEXT, "spans": Kind.SPANS}, read=len(texts))


def spans_of_tags(
    tokens: Sequence[str],
    tags: Sequence[str],
    *,
    loose: bool = False,
    place: str = "the tags",
    first: int = 1,
    unit: str = "line",
) -> list[list[Any]]:
    """`[start, stop, label]` of each span, in characters of the tokens with a blank between them.

    Args:
        tokens: Of a sentence.
        tags: One a token.
        loose: Whether a span may begin with I-.
        place: Where they stand, for messages.
        first: Number of the first token.
        unit: What is numbered so.

    Raises:
        FormatError: If there is not one tag a token, a tag is of no known form, or continues a span that has not
            begun; names the place.

    Example:
        >>> spans_of_tags(["Mary", "Smith", "left"], ["B-person", "I-person", "O"])
        [[0, 10, 'person']]
    """
    if len(tokens) != len(tags):
        raise FormatError(f"{place}, {unit} {first}: {len(tokens)} tokens have {len(tags)} tags")
    found: list[list[Any]] = []
    open_label: str | None = None
    at = 0
    for number, (token, tag) in enumerate(zip(tokens, tags, strict=True)):
        start, stop, at = at, at + len(token), at + len(token) + 1
        if tag in ("O", "-", "_"):
            open_label = None
            continue
        letter, dash, label = tag.partition("-")
        if not dash or not label or letter not in (*_BEGIN, *_INSIDE, *_LAST, *_SINGLE):
            raise FormatError(f"{place}, {unit} {first + number}: {tag!r} is no tag such as B-person, I-person or O")
        goes_on = letter in (*_INSIDE, *_LAST)
        if goes_on and open_label != label:
            if not loose:
                raise FormatError(
                    f"{place}, {unit} {first + number}: {tag} goes on with no span of {label} before it; write "
                    f"B-{label}, or let the file end in .iob1, where spans may begin so"
                )
            goes_on = False
        if goes_on:
            found[-1][1] = stop
        else:
            found.append([start, stop, label])
        open_label = label if letter in (*_BEGIN, *_INSIDE) else None
    return found


def lines_of(text: str, spans: Sequence[Sequence[Any]], row: int) -> Iterator[str]:
    """`token TAG` of each token of a text, in BIO; tokens are apart by white space.

    Args:
        text: Of a row.
        spans: `[start, stop, label]`.
        row: Its number, for messages.

    Raises:
        FormatError: If a span does not begin and end with a token, or two overlap; names the row.
    """
    begins = {int(start): (int(stop), str(label)) for start, stop, label in spans}
    at, until, label = 0, 0, ""
    for token in text.split():
        start = text.index(token, at)
        at = start + len(token)
        if start >= until and start in begins:
            until, label = begins.pop(start)
            tag = f"B-{label}"
        else:
            tag = f"I-{label}" if start < until else "O"
        if start < until < at:
            raise FormatError(f"row {row}: a span ends inside of {token!r}, and tags are of whole tokens: write .jsonl")
        yield f"{token} {tag}"
    if begins:
        raise FormatError(f"row {row}: a span begins inside of a token or of another span: write .jsonl")


def _sentences(path: Path, encoding: str) -> Iterator[tuple[int, list[str], list[str]]]:
    """First line, tokens and tags of each sentence."""
    tokens: list[str] = []
    tags: list[str] = []
    first = 1
    with io.TextIOWrapper(io.BytesIO(unpacked(path)), encoding=encoding) as file:
        for number, line in enumerate(file, start=1):
            cells = line.split()
            if not cells or cells[0] == "-DOCSTART-":
                if tokens:
                    yield first, tokens, tags
                tokens, tags = [], []
                continue
            if len(cells) < 2:
                raise FormatError(f"{path}, line {number}: {line.strip()[:40]!r} has a token and no tag")
            if not tokens:
                first = number
            tokens.append(cells[0])
            tags.append(cells[-1])
    if tokens:
        yield first, tokens, tags

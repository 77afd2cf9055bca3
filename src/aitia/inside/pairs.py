"""Pairs of prompts for a study: a file with a pair a line, each checked before anything runs.

    {"prompt": "The capital of France is", "against": "The capital of Italy is", "answer": " Paris", "other": " Rome"}

`prompt` and `against` are needed; without `answer` it is what the model says after the prompt, without `other` what it
says after `against`. A file of another ending than `.csv` holds one JSON object a line; a `.csv` has the names as its
first line.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import torch

from aitia.errors import AitiaError, FormatError, InterventionError, OptionError
from aitia.guard import parse_json, read_text
from aitia.inside.prompt import same_length
from aitia.nn.causal_language import CausalLanguageModel

__all__ = ["ROLES", "Pair", "changed_tokens", "check_pairs", "read_pairs", "role"]

_NEEDED, _MORE = ("prompt", "against"), ("answer", "other")
ROLES = ("before", "first changed", "between", "last changed", "after", "last token")
"""What a token is to the tokens by which the prompts of a pair differ, in order."""


@dataclass(frozen=True)
class Pair:
    """A prompt, and the one it is corrupted by.

    Args:
        prompt: The text whose continuation is explained.
        against: Another of as many tokens.
        answer: What may come next; None takes the model's own.
        other: What it is held against; None takes what the model says after `against`.
        line: Where it stands in its file; 0 where it is from none.
    """

    prompt: str
    against: str
    answer: str | None = None
    other: str | None = None
    line: int = 0


def read_pairs(path: str | Path) -> list[Pair]:
    """The pairs of a file.

    Raises:
        FormatError: If it cannot be read, has no pair, or a line is none; names each such line, and what is wrong with
            the first.
    """
    text, found = read_text(path), []
    wrong: list[tuple[int, str]] = []
    lines = _of_csv(path, text) if Path(path).suffix.lower() == ".csv" else _of_json(path, text)
    for number, given in lines:
        try:
            found.append(_pair(given() if callable(given) else given, number))
        except FormatError as error:
            wrong.append((number, str(error)))
    if wrong:
        others = ", ".join(str(number) for number, _ in wrong[1:20])
        more = f" (and so are lines {others}{' and more' if len(wrong) > 20 else ''})" if others else ""
        raise FormatError(f"{path} line {wrong[0][0]}: {wrong[0][1]}{more}")
    if not found:
        raise FormatError(f'{path} holds no pair: give one a line, such as {{"prompt": "...", "against": "..."}}')
    return found


def _of_json(path: str | Path, text: str) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            yield number, lambda line=line: parse_json(line, "the line", dict)


def _of_csv(path: str | Path, text: str) -> Iterator[tuple[int, Any]]:
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        for row in reader:
            yield reader.line_num, {name: value for name, value in row.items() if value != ""}
    except csv.Error as error:
        raise FormatError(f"{path} line {reader.line_num}: is no CSV: {error}") from error


def _pair(given: Mapping[Any, Any], line: int) -> Pair:
    known = (*_NEEDED, *_MORE)
    for name, value in given.items():
        if name not in known:
            close = get_close_matches(str(name), known, n=1)
            hint = f", did you mean {close[0]!r}?" if close else f": it has {', '.join(known)}"
            what = "more cells than the first line names" if name is None else f"{name!r} is not of a pair{hint}"
            raise FormatError(what)
        if not isinstance(value, str) or not value.strip():
            raise FormatError(f"{name!r} is a text, got {value!r}")
    if lacking := [name for name in _NEEDED if name not in given]:
        raise FormatError(f"it lacks {' and '.join(map(repr, lacking))}")
    return Pair(given["prompt"], given["against"], given.get("answer"), given.get("other"), line)


def check_pairs(language: CausalLanguageModel, pairs: Sequence[Pair], source: str) -> None:
    """Refuses pairs that cannot be patched, before anything runs.

    Args:
        language: The model.
        pairs: Two or more.
        source: What names their file, for the sentence.

    Raises:
        OptionError: If there are fewer than two, or one of them is no question to this model; names its line.
        InterventionError: If its prompts differ in token length; names its line.
    """
    if len(pairs) < 2:
        raise OptionError(
            f"{source} has {len(pairs)} pair, and an interval over pairs needs two or more: trace the prompt alone"
        )
    for number, pair in enumerate(pairs, start=1):
        try:
            same_length(language, pair.prompt, pair.against)
            for what in _MORE:
                if (text := getattr(pair, what)) is not None:
                    language.continuation(text, what)
        except AitiaError as error:
            kind = InterventionError if isinstance(error, InterventionError) else OptionError
            place = f"{source} line {pair.line}" if pair.line else f"pair {number}"
            raise kind(f"{place}: {error}") from error


def changed_tokens(language: CausalLanguageModel, pair: Pair) -> tuple[int, list[int]]:
    """How many tokens the prompts have, and the positions at which they differ."""
    one, two = language.encode(pair.prompt), language.encode(pair.against)
    return one.shape[1], torch.nonzero(one[0] != two[0]).flatten().tolist()


def role(position: int, length: int, changed: Sequence[int]) -> str:
    """What a token is to those that changed, of `ROLES`.

    Example:
        >>> [role(p, 6, [1, 2, 3]) for p in range(6)]
        ['before', 'first changed', 'between', 'last changed', 'after', 'last token']
    """
    if position == length - 1:
        return "last token"
    if position < changed[0]:
        return "before"
    if position == changed[0]:
        return "first changed"
    if position < changed[-1]:
        return "between"
    return "last changed" if position == changed[-1] else "after"

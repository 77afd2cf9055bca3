"""What is embedded: pictures as codes, words, and what was or is to be said of them, from the columns of rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from aitia.data.table import Table
from aitia.errors import DataError
from aitia.nn.image_tokens import PatchVQ
from aitia.system import Given
from aitia.systems.ume_r1.config import UmeR1Config

__all__ = ["HERE", "Item", "meanings_of", "pictures_of", "queries_of", "targets_of", "tasks_of"]

HERE = "<image>"
"""Where a picture stands in a text; without any, pictures stand before it."""


@dataclass(frozen=True)
class Item:
    """A query or a target.

    Args:
        pictures: Codes of each picture.
        text: Its words.
        instruction: What is asked of it.
        reasoning: That is said of it; None where it is to be written.
        answer: The same in short.
    """

    pictures: tuple[tuple[int, ...], ...] = ()
    text: str = ""
    instruction: str = ""
    reasoning: str | None = None
    answer: str | None = None

    def bare(self) -> "Item":
        """The same with nothing said of it."""
        return replace(self, reasoning=None, answer=None)

    @property
    def input(self) -> tuple[object, ...]:
        """All that is no word about it: items of equal input are one."""
        return self.pictures, self.text, self.instruction


def queries_of(given: Given, images: PatchVQ | None, size: int) -> list[Item]:
    """The query of each row.

    Raises:
        DataError: If a row has neither words nor picture, or more places for pictures than pictures; names it.
    """
    held = _words(given, {name: name for name in ("text", "instruction", "reasoning", "answer")})
    return _items(given, held, _codes(given, "pictures", images, size), "query")


def targets_of(given: Given, images: PatchVQ | None, size: int) -> list[Item | None]:
    """What belongs to the query of each row; None where it has nothing.

    Raises:
        DataError: If a row has more places for pictures than pictures; names it.
    """
    names = {"text": "positive", "reasoning": "positive_reasoning", "answer": "positive_answer"}
    held, codes = _words(given, names), _codes(given, "positive_pictures", images, size)
    there = [bool(pictures) or bool((text or "").strip()) for pictures, text in zip(codes, held["text"], strict=True)]
    rows = [row for row, kept in enumerate(there) if kept]
    if not rows:
        return [None] * len(given)
    some = {name: [values[row] for row in rows] for name, values in held.items()}
    found: list[Item | None] = [None] * len(given)
    for row, item in zip(rows, _items(given, some, [codes[row] for row in rows], "target", rows), strict=True):
        found[row] = item
    return found


def meanings_of(given: Given, targets: Sequence[Item | None]) -> NDArray[np.int64]:
    """(n,) numbers: rows of one number mean the same. Without labels those whose targets are equal."""
    column = given.column("meaning")
    if column is not None and column in given.table:
        return np.unique(given.labels("meaning"), return_inverse=True)[1].astype(np.int64)
    numbers: dict[object, int] = {}
    return np.array([numbers.setdefault(None if t is None else t.input, len(numbers)) for t in targets])


def tasks_of(given: Given) -> NDArray[np.int64]:
    """(n,) the number of the task of each row; one where rows do not say."""
    return np.unique(given.labels("task"), return_inverse=True)[1].astype(np.int64)


def pictures_of(given: Given, config: UmeR1Config) -> PatchVQ | None:
    """The tokenizer of the pictures of queries and targets; None where there are none.

    Raises:
        DataError: If they differ in size and none is asked for, or are no whole number of patches.
    """
    parts = []
    for role in ("pictures", "positive_pictures"):
        for column in _columns(given, role):
            there = ~given.table.absent(column)
            if there.any():
                parts.append(_pixels(given.table, column, config.pixels)[there])
    if not parts:
        return None
    if len({part.shape[1:] for part in parts}) > 1:
        raise DataError("the pictures of the columns differ in size: say --pixels, which they are scaled to")
    return PatchVQ(config.patch, config.codes, config.seed).fit(np.concatenate(parts))


def _items(
    given: Given,
    words: Mapping[str, Sequence[str | None]],
    codes: Sequence[tuple[tuple[int, ...], ...]],
    what: str,
    rows: Sequence[int] | None = None,
) -> list[Item]:
    found = []
    for k, pictures in enumerate(codes):
        row = k if rows is None else rows[k]
        said = {name: values[k] for name, values in words.items()}
        text, instruction = (said.get("text") or "").strip(), (said.get("instruction") or "").strip()
        if not pictures and not text:
            raise DataError(f"the {what} of row {row} has neither words nor a picture: fill it in, or drop the row")
        if (places := text.count(HERE)) and places != len(pictures):
            raise DataError(
                f"the {what} of row {row} says {HERE} {places} times and has {len(pictures)} pictures: mend one"
            )
        found.append(Item(pictures, text, instruction, said.get("reasoning"), said.get("answer")))
    return found


def _words(given: Given, roles: Mapping[str, str]) -> dict[str, list[str | None]]:
    """Texts of roles by the name of the part; None where one is missing."""
    found: dict[str, list[str | None]] = {}
    for name, role in roles.items():
        column = given.column(role)
        if column is None or column not in given.table:
            found[name] = [None] * len(given)
            continue
        gone = given.table.absent(column)
        found[name] = [None if gone[row] else text.strip() for row, text in enumerate(given.table.texts(column))]
    return found


def _codes(given: Given, role: str, images: PatchVQ | None, size: int) -> list[tuple[tuple[int, ...], ...]]:
    found: list[tuple[tuple[int, ...], ...]] = [()] * len(given)
    for column in _columns(given, role):
        rows = np.flatnonzero(~given.table.absent(column))
        if not len(rows):
            continue
        if images is None:
            raise DataError(f"column {column!r} has pictures, and the rows of the fit had none: fit anew")
        for row, ids in zip(rows, images.encode(_pixels(given.table, column, size)[rows]), strict=True):
            found[row] = (*found[row], tuple(ids.tolist()))
    return found


def _columns(given: Given, role: str) -> list[str]:
    return [column for column in given.columns(role) if column in given.table]


def _pixels(table: Table, column: str, size: int) -> NDArray[np.uint8]:
    try:
        held = table.pictures(column, size or None)
    except DataError as error:
        raise error if size else DataError(f"{error}, which is --pixels") from error
    return held if held.shape[-1] == 3 else np.repeat(held[..., :1], 3, axis=-1)

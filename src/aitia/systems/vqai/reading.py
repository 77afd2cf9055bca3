"""Rows as questions about pictures: read, put into one size, and refused where they ask nothing."""

import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.data.columns.picture import LARGEST_SIDE, decoded, scaled
from aitia.errors import DataError, FormatError
from aitia.guard import guarded
from aitia.system import Given
from aitia.systems.vqai.networks import terms_of
from aitia.text.prompts import opened_picture

__all__ = ["Items", "check_named", "content_words", "framed", "items_of", "opened"]

Pictures = NDArray[np.uint8]
Cell = str | Pictures
FRAME = 127
"""Grey of what stands beside a picture that is not square."""
_FUNCTION = frozenset(
    re.findall(
        r"\w+",
        "a an and at be been by could did do does for from had has have here how if imagine in into is it its let made "
        "no not of on or say shall should show so some suppose supposing that the then there these this those to was "
        "were what when where which who why will with would you",
    )
)
"""Words that name nothing in a picture."""
_ASKS = re.compile(r"\?|^\s*(what|how|which|where|who|suppose|imagine|if|would|could)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Items:
    """n questions.

    Args:
        cells: The pictures as they came: files, or bytes.
        pictures: (n, side, side, 3).
        questions: Texts.
        captions: Empty where there is none.
        answers: Empty where it is asked for.
        after: (n, side, side, 3), grey where it is asked for.
        known: (n,) where `after` is given.
        kinds: Of the change; empty where nobody says.
        notes: What is worth knowing, in sentences.
    """

    cells: tuple[Cell, ...]
    pictures: Pictures
    questions: tuple[str, ...]
    captions: tuple[str, ...]
    answers: tuple[str, ...]
    after: Pictures
    known: NDArray[np.bool_]
    kinds: tuple[str, ...]
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.questions)

    def take(self, rows: Sequence[int] | NDArray[Any]) -> "Items":
        """Some of the rows."""
        pick = np.asarray(rows, dtype=np.int64)
        parts: dict[str, Any] = {
            name: value[pick] if isinstance(value, np.ndarray) else tuple(value[k] for k in pick)
            for name, value in vars(self).items()
            if name != "notes"
        }
        return Items(**parts, notes=self.notes)

    def asking(self, question: str) -> "Items":
        """The same pictures asked something else: answers and pictures that were given are of another question."""
        n = len(self)
        return replace(self, questions=(question,) * n, answers=("",) * n, known=np.zeros(n, dtype=bool))

    @property
    def asked_anew(self) -> "Items":
        """The same questions, as if nothing of their answers were known."""
        return replace(self, answers=("",) * len(self))

    def told(self, answer: str) -> "Items":
        """With this answer in all rows."""
        return replace(self, answers=(answer,) * len(self), known=np.zeros(len(self), dtype=bool))

    @property
    def changed(self) -> NDArray[np.bool_]:
        """(n, side, side) the pixels that truly change, where that is known."""
        moved = (self.after.astype(np.int16) - self.pictures).any(axis=-1)
        found: NDArray[np.bool_] = moved & self.known[:, None, None]
        return found


def items_of(given: Given, side: int) -> Items:
    """The questions of all rows.

    Args:
        given: Rows.
        side: Pixels on a side that pictures are put into.

    Raises:
        DataError: If there is no picture or no question; names the row.
        FormatError: If a picture cannot be taken; names row and column.
    """
    reader = _Reader(given, side)
    for role in ("image", "question"):
        if not reader.there(role):
            raise DataError(f"rows have no column for the {role}: name it (--{role} COLUMN)")
    cells = reader.cells("image")
    questions = reader.texts("question")
    for row, (cell, question) in enumerate(zip(cells, questions, strict=True)):
        if cell is None:
            raise DataError(f"row {given.row_number(row)} shows no picture: put one there, or drop the row")
        if not re.search(r"\w", question):
            raise DataError(f"row {given.row_number(row)} asks nothing: its question is empty")
    pictures = reader.stack("image", cells)
    after = reader.cells("after")
    stated = sum(not _ASKS.search(question) for question in questions)
    if stated:
        reader.notes.append(f"{stated} rows state a change and ask nothing: they are taken as instructions")
    if reader.framed:
        reader.notes.append(
            f"{reader.framed} pictures are not square: they stand whole in a frame of grey, and are drawn so"
        )
    return Items(
        cells=tuple(cell for cell in cells if cell is not None), pictures=pictures, questions=tuple(questions),
        captions=tuple(reader.texts("caption")), answers=tuple(reader.texts("answer")),
        after=reader.stack("after", after), known=np.array([cell is not None for cell in after], dtype=bool),
        kinds=tuple(reader.texts("kind")), notes=tuple(reader.notes),
    )  # fmt: skip


class _Reader:
    def __init__(self, given: Given, side: int) -> None:
        self.given, self.side, self.n = given, side, len(given)
        self.notes: list[str] = []
        self.framed = 0
        self._held: dict[str, Pictures] = {}

    def there(self, role: str) -> bool:
        """Whether the rows have a column of this role."""
        column = self.given.column(role)
        return column is not None and column in self.given.table

    def texts(self, role: str) -> list[str]:
        """Empty where nothing stands."""
        if not self.there(role):
            return [""] * self.n
        cells = self.given.table.labels(str(self.given.column(role))).tolist()
        return ["" if cell is None else str(cell).strip() for cell in cells]

    def cells(self, role: str) -> list[Cell | None]:
        """Files or bytes."""
        return list(self.given.table.labels(str(self.given.column(role)))) if self.there(role) else [None] * self.n

    def stack(self, role: str, cells: Sequence[Cell | None]) -> Pictures:
        """All in one size."""
        found = np.full((self.n, self.side, self.side, 3), FRAME, dtype=np.uint8)
        for row, cell in enumerate(cells):
            if cell is not None:
                found[row] = self._one(cell, f"row {self.given.row_number(row)} of {self.given.column(role)!r}")
        return found

    def _one(self, cell: Cell, place: str) -> Pictures:
        if isinstance(cell, str) and cell in self._held:
            return self._held[cell]
        pixels = opened(cell, place)
        self.framed += pixels.shape[0] != pixels.shape[1]
        found = framed(pixels, self.side)
        if isinstance(cell, str):
            self._held[cell] = found
        return found


def opened(cell: Cell, place: str) -> Pictures:
    """(height, width, 3), upright.

    Raises:
        FormatError: If it is empty, cut, no picture, moves, is too large or has more than 8 bits a colour.
    """
    if not isinstance(cell, str):
        return cell if cell.shape[-1] == 3 else np.repeat(cell, 3, axis=-1)
    if Path(cell).suffix.lower() == ".dcm":
        return decoded(cell, f"{place}: {cell}")
    try:
        from PIL import Image

        with warnings.catch_warnings(), guarded(f"{place}: {cell}", "is no picture that can be read"):
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # sides are looked at
            with Image.open(cell) as head:
                deep = head.mode[0] in "IF" and max(head.size) <= LARGEST_SIDE
        return decoded(cell, f"{place}: {cell}") if deep else np.asarray(opened_picture(cell), dtype=np.uint8)
    except FormatError as error:
        told = str(error)
        raise FormatError(told if told.startswith(place) else f"{place}: {told}") from error


def framed(pixels: Pictures, side: int) -> Pictures:
    """At (side, side, 3), whole, in a frame of grey where it is not square."""
    high, wide = pixels.shape[:2]
    if high == wide:
        return scaled(pixels, side)
    long = max(high, wide)
    page = np.full((long, long, 3), FRAME, dtype=np.uint8)
    top, left = (long - high) // 2, (long - wide) // 2
    page[top : top + high, left : left + wide] = pixels
    return scaled(page, side)


def content_words(text: str) -> set[str]:
    """The words that may name something.

    Example:
        >>> sorted(content_words("What if the sun stood to the left?"))
        ['left', 'stood', 'sun']
    """
    return {term for term in terms_of(text) if " " not in term} - _FUNCTION


def check_named(items: Items, known: frozenset[str], given: Given | None = None) -> None:
    """Refuses a question that names nothing of what is known.

    Args:
        items: Rows.
        known: The words of the fit's questions, answers and captions that may name something.
        given: Where the rows are from, for their numbers.

    Raises:
        DataError: Names the row, and words that are known.
    """
    for row, question in enumerate(items.questions):
        if not content_words(question) & known:
            number = row if given is None else given.row_number(row)
            few = ", ".join(sorted(word for word in known if not word.isdigit())[:8])
            raise DataError(
                f"row {number} asks {question[:60]!r}, which names nothing that the pictures of the fit were told to "
                f"show or were asked about: say it in their words, such as {few}"
            )

"""Whether things are seen at all: the control beside the order of cause and effect."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from aitia.errors import DataError, OptionError

if TYPE_CHECKING:
    from aitia.system import Given
    from aitia.systems.vqa_causal.model import VqaCausal

__all__ = ["things_seen"]


def things_seen(
    model: "VqaCausal", given: "Given", present: Sequence[str], absent: Sequence[str]
) -> NDArray[np.float64]:
    """(n,) 1 where all sentences of what is in the picture are nearer to it than all of what is not, else 0; nan where
    a row has no picture.

    Args:
        model: With codes.
        given: Rows with pictures.
        present: Columns of sentences of what is there.
        absent: Columns of sentences of what is not.

    Raises:
        OptionError: If no column is named.
        DataError: If a row with a picture lacks a sentence; names the row and the column.
    """
    if not present or not absent:
        raise OptionError("name a column of what is in the pictures, and one of what is not")
    pictures = model.pairs(given).pictures
    there = [row for row, picture in enumerate(pictures) if picture is not None]
    codes = model.picture_codes([pictures[row] for row in there])
    near, far = (
        np.stack([(codes * model.text_codes(_said(given, name, there))).sum(axis=1) for name in names])
        for names in (present, absent)
    )
    found = np.full(len(pictures), np.nan)
    found[there] = near.min(axis=0) > far.max(axis=0)
    return found


def _said(given: "Given", name: str, rows: Sequence[int]) -> list[str]:
    """The sentences of a column in these rows."""
    texts = given.table.texts(name)
    if empty := [row for row in rows if not str(texts[row] or "").strip()]:
        raise DataError(f"row {empty[0]} has no sentence in column {name!r} ({len(empty)} rows)")
    return [str(texts[row]) for row in rows]

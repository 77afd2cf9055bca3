"""What a fitted explainer holds, and the concepts of texts as codes."""

import copy
from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from torch import nn
from torch.nn.functional import normalize

from aitia.errors import DataError, unknown_variable
from aitia.nn.text_encoders import TextEncoder
from aitia.systems.faithful_matching.concept_reader import ConceptReader
from aitia.systems.faithful_matching.text_edits import Editor, TextEdits

__all__ = ["MatchingParts", "codes_of_labels", "rows_of_edits", "unit_codes", "written_edits"]

Values = NDArray[np.float64]
Codes = NDArray[np.int64]


class MatchingParts(nn.Module):
    """The reader, the encoder as it was, and one trained for each treatment."""

    def __init__(self, reader: ConceptReader, base: TextEncoder, treatments: Sequence[str]) -> None:
        super().__init__()
        self.reader, self.base, self.treatments = reader, base, tuple(treatments)
        self.trained = nn.ModuleList(copy.deepcopy(base) for _ in self.treatments)

    def encoder(self, treatment: str) -> TextEncoder:
        """Of a treatment; an empty name gives the one that was never trained."""
        if not treatment:
            return self.base
        if treatment not in self.treatments:
            raise unknown_variable(treatment, self.treatments, "set of trained treatments")
        return cast(TextEncoder, self.trained[self.treatments.index(treatment)])


def unit_codes(encoder: TextEncoder, texts: Sequence[str]) -> Values:
    """(n, d) codes of length 1."""
    codes: Values = normalize(encoder.codes(texts), dim=-1).double().numpy()
    return codes


def codes_of_labels(reader: ConceptReader, texts: Sequence[str], known: Mapping[str, Any]) -> Codes:
    """(n, concepts): codes of what is known, and of what is read where it is not."""
    for name in known:
        if name not in reader.categories:
            raise unknown_variable(name, reader.categories, "model")
    columns, coded = [], None
    for name, values in reader.categories.items():
        given = list(known[name]) if name in known else [None] * len(texts)
        if len(given) != len(texts):
            raise DataError(f"there are {len(texts)} texts and {len(given)} values of {name!r}: each text has one")
        place = {value: code for code, value in enumerate(values)}
        # NaN is what a data frame holds where nothing is known; it alone differs from itself.
        found = [-1 if label is None or label != label else place.get(label, -2) for label in given]
        if -2 in found:
            raise DataError(f"{name!r} is {given[found.index(-2)]!r} in a text, which no text of the pool is")
        codes = np.array(found, dtype=np.int64)
        if gaps := [row for row, code in enumerate(found) if code < 0]:
            coded = reader.codes(texts) if coded is None else coded
            codes[gaps] = reader.shares(coded[gaps], name).argmax(axis=1)
        columns.append(codes)
    return np.stack(columns, axis=1)


def rows_of_edits(edits: TextEdits, pool: int) -> Codes:
    """The row of the pool that each edit is of.

    Raises:
        DataError: If there is no edit, or one is of no text of the pool.
    """
    rows = np.asarray(edits.of, dtype=np.int64)
    if not len(rows):
        raise DataError("there is no edit to learn from")
    if rows.min() < 0 or rows.max() >= pool:
        wrong = int(rows[(rows < 0) | (rows >= pool)][0])
        raise DataError(f"an edit is of a text of the pool, row 0 to {pool - 1}, got {wrong}")
    return rows


def written_edits(
    editor: Editor, texts: list[str], categories: Mapping[str, Sequence[Any]], labels: Codes, seed: int
) -> TextEdits:
    """An edit of each concept of each text, to another value drawn evenly, without those that changed nothing."""
    rng = np.random.default_rng([seed, 2])
    written: list[str] = []
    of: list[int] = []
    for column, (name, values) in enumerate(categories.items()):
        shift = rng.integers(1, len(values), len(texts))
        wanted = [values[code] for code in (labels[:, column] + shift) % len(values)]
        for row, edit in enumerate(editor(texts, name, wanted, seed=seed)):
            if isinstance(edit, str) and edit.strip() and edit != texts[row]:
                written.append(edit)
                of.append(row)
    return TextEdits(written, of)

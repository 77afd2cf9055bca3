"""Rows as they are given, turned into texts with codes of label and concepts."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.do import Intervention
from aitia.errors import DataError, OptionError
from aitia.system import Given
from aitia.systems.causalm.config import CausaLMConfig
from aitia.systems.causalm.corpus import Corpus, coded, tags_of

__all__ = ["concept_column", "corpus_of", "labelled", "present_in", "rewritten_texts", "with_texts"]


def concept_column(given: Given, config: CausaLMConfig) -> str:
    """The column of the concept; with `tag` that of the lists of tags where there is one.

    Raises:
        OptionError: If there is none.
    """
    role = "tags" if config.tag is not None and given.column("tags") is not None else "concept"
    column = given.column(role)
    if column is None:
        raise OptionError("causalm needs the concept whose effect is asked: say which column it is (--concept)")
    return column


def labelled(given: Given) -> NDArray[np.bool_]:
    """(n,) which rows have a label.

    Raises:
        OptionError: If no column is the label.
    """
    column = given.column("label")
    if column is None:
        raise OptionError("causalm learns from labelled texts: say which column is the label (--label)")
    return ~given.table.absent(column) if column in given.table else np.zeros(len(given), dtype=bool)


def corpus_of(given: Given, config: CausaLMConfig) -> Corpus:
    """The labelled rows, checked; see `Corpus`."""
    rows = given.take(np.flatnonzero(labelled(given)))
    if not len(rows):
        raise DataError("there are no labelled texts to fit")
    treated = concept_column(rows, config)
    kept = {name: _cells(rows, name) for name in rows.columns("controls")}
    label = _cells(rows, str(rows.column("label")))
    return Corpus(config, rows.texts("text"), label, treated, _cells(rows, treated), kept)


def present_in(given: Given, config: CausaLMConfig, values: tuple[Any, ...]) -> NDArray[np.int64] | None:
    """Code of the concept in each text; of one of words, whether a word has it. None where its column is not there.

    Raises:
        DataError: If a value was not in the training, or is missing.
    """
    column = concept_column(given, config)
    if column not in given.table:
        return None
    cells = _cells(given, column)
    if config.tag is None:
        return coded(cells, values, column)
    return np.array([config.tag in tags for tags in tags_of(given.texts("text"), cells, column)], dtype=np.int64)


def rewritten_texts(given: Given, concept: str) -> list[str] | None:
    """The same texts with the concept set anew: as given, or the world's own where it knows two values of it.

    Raises:
        DataError: If a text that is given is missing.
    """
    column = given.column("rewritten")
    if column is not None and column in given.table:
        if (absent := given.table.absent(column)).any():
            raise DataError(f"{column!r} is missing in row {int(np.argmax(absent))}: drop the row")
        return given.table.texts(column)
    if given.world is None or concept not in given.table:
        return None
    values = sorted(set(given.table.labels(concept).tolist()))
    if len(values) != 2:
        return None
    others = [given.truth(Intervention({concept: value})) for value in reversed(values)]
    if others[0] is None or others[1] is None:
        return None
    text = str(given.column("text"))
    first, second = (other.known.texts(text) for other in others if other is not None)
    return [
        a if value == values[0] else b for value, a, b in zip(given.table.labels(concept), first, second, strict=True)
    ]


def with_texts(given: Given, texts: list[str]) -> Given:
    """The same rows with other texts."""
    column = str(given.column("text"))
    return given.with_rows(given.data.with_known({column: texts}, {column: "text"}))


def _cells(given: Given, column: str) -> list[Any]:
    return [cell.item() if isinstance(cell, np.generic) else cell for cell in given.table.labels(column)]

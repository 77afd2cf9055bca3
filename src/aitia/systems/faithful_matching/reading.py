"""Rows as a pool and edits of it, and what stands for the classifier and the editor among the subjects."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.data.subjects import Subject
from aitia.errors import DataError, OptionError
from aitia.system import Given
from aitia.systems.faithful_matching.black_box import BlackBox
from aitia.systems.faithful_matching.explainer_errors import EffectPairs
from aitia.systems.faithful_matching.text_edits import Editor, PromptedEditor, TextEdits
from aitia.text import open_client

__all__ = ["black_box", "editor_of", "groups_of", "known_concepts", "pairs_in", "parted", "said_of"]

MOST_PAIRS = 300
"""Pairs that are judged, at most."""
TOKENS, TEMPERATURE = 96, 0.7
"""Of an edit that a language model writes: it is asked again with another seed where the first is of no use."""


def known_concepts(given: Given, names: Sequence[str]) -> dict[str, list[Any]]:
    """Labels of the concepts that have a column, None where a cell is empty."""
    found = {}
    for name in names:
        if name in given.table:
            empty = given.table.absent(name)
            found[name] = [None if e else v for e, v in zip(empty, given.table.labels(name).tolist(), strict=True)]
    return found


def groups_of(given: Given) -> list[str] | None:
    """What each row is a version of; None where nothing says so."""
    return None if _there(given, "group") is None else given.labels("group").tolist()


def parted(given: Given, names: Sequence[str]) -> tuple[NDArray[np.int64], TextEdits | None]:
    """Rows of the pool, and the edits among the rows; None where there is no column of edits.

    An edit names the group of its original, or the row of it where there are no groups.

    Raises:
        DataError: If an edit is of nothing that is there.
    """
    column, rows = _there(given, "edit_of"), np.arange(len(given))
    if column is None:
        return rows, None
    edit = ~given.table.absent(column)
    pool, named = rows[~edit], given.table.labels(column)
    groups = groups_of(given)
    place: dict[str, int] = {}
    for k, row in enumerate(pool):
        place.setdefault(str(row) if groups is None else groups[row], k)
    of = []
    for row in rows[edit]:
        told = str(named[row]).removesuffix(".0")
        if told not in place:
            what = "row" if groups is None else "group"
            raise DataError(f"row {row} is an edit of {told!r}, and no text of the pool has this {what}")
        of.append(place[told])
    texts, known = given.texts("text"), known_concepts(given, names)
    some = {name: [values[row] for row in rows[edit]] for name, values in known.items()}
    return pool, TextEdits([texts[row] for row in rows[edit]], of, some)


def black_box(subject: Subject | None, labels: Mapping[str, str], classes: Sequence[str]) -> BlackBox:
    """The classifier; where there is none, what labels say of texts that have one.

    Raises:
        OptionError: If it is an endpoint, which gives no probabilities, or there is neither.
    """
    if subject is not None:
        opened = getattr(subject, "opened", None)
        if opened is None and subject.id.startswith(("http://", "https://")):
            raise OptionError(
                f"{subject.id} answers with text, and probabilities of classes are wanted: give a folder or a function"
            )
        return BlackBox(subject.where() if opened is None else opened)
    if not labels:
        raise OptionError("what the classifier says is needed: give it as model, or its labels in a column (label)")

    def ask(texts: list[str]) -> NDArray[np.float64]:
        if unknown := [text for text in texts if text not in labels]:
            raise DataError(f"no label says what the classifier says of {unknown[0][:60]!r}: give it as model")
        return np.array([[float(labels[text] == name) for name in classes] for text in texts])

    return BlackBox(ask)


def said_of(given: Given) -> dict[str, str]:
    """The label of each text that has one."""
    column = _there(given, "label")
    if column is None:
        return {}
    there = ~given.table.absent(column)
    labels = given.labels("label").tolist()
    return {text: label for text, label, t in zip(given.texts("text"), labels, there, strict=True) if t}


def editor_of(subject: Subject, categories: Mapping[str, Sequence[Any]]) -> Editor:
    """Who writes edits: a function of (texts, concept, values, seed), or a language model that is asked for them."""
    opened: Any = getattr(subject, "opened", None)
    if opened is None:
        opened = open_client(subject, tokens=TOKENS, temperature=TEMPERATURE)
    editor: Editor = PromptedEditor(opened, categories) if hasattr(opened, "complete") else opened
    return editor


def pairs_in(given: Given, names: Sequence[str]) -> EffectPairs | None:
    """Versions of one text that differ in one concept alone, both of which are known; None where there is none."""
    versions, texts = groups_of(given), given.texts("text")
    column = _there(given, "edit_of")
    if column is not None:
        edit, named = ~given.table.absent(column), given.table.labels(column)
        own = [str(row) for row in range(len(given))] if versions is None else versions
        versions = [str(named[row]).removesuffix(".0") if edit[row] else own[row] for row in range(len(given))]
    if versions is None:
        return None
    known = known_concepts(given, names)
    of: dict[str, list[int]] = {}
    for row, version in enumerate(versions):
        of.setdefault(version, []).append(row)
    rows = []
    for version, members in of.items():
        for one in members:
            for two in members:
                differ = [name for name, values in known.items() if values[one] != values[two]]
                if len(differ) == 1 and texts[one] != texts[two]:
                    start, end = known[differ[0]][one], known[differ[0]][two]
                    if start is not None and end is not None:
                        rows.append((texts[one], texts[two], differ[0], start, end, version))
    return EffectPairs(*zip(*rows[:MOST_PAIRS], strict=True)) if rows else None


def _there(given: Given, role: str) -> str | None:
    """The column of a role, where these rows have it."""
    column = given.column(role)
    return column if given.rows is not None and column in given.table else None

"""Rows as questions: the texts of each, what they state and ask, their labels and their classes."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aitia.data.table import Table
from aitia.data.tables import read_table
from aitia.errors import DataError, FormatError, OptionError
from aitia.graph.unlabelled import canonical_codes, code_of_graph
from aitia.guard import read_json
from aitia.system import Given
from aitia.systems.corr2cause import solver
from aitia.systems.corr2cause.features import Asked
from aitia.worlds.correlation_text import Premise, read_hypothesis

__all__ = ["asked_of", "classes_of", "coding", "label_column", "labels_of", "read_published", "texts_of"]

YES = ("yes", "1", "1.0", "true", "entailment", "entailed")
NO = ("no", "0", "0.0", "false", "neutral", "contradiction", "not entailment", "not entailed")
_OF_YES = {"1": "0", "1.0": "0.0", "True": "False", "true": "false", "yes": "no", "Entailment": "Not entailment",
           "entailment": "not entailment", "entailed": "not entailed"}  # fmt: skip


def read_published(path: str | Path) -> Table:
    """The questions of a published file: CSV with `input` and `label`, or a JSON list with `premise`, `hypothesis` and
    `relation`; the columns are those that the system takes.

    Raises:
        FormatError: If it is neither, or a row lacks a field; names it.
    """
    place = Path(path)
    if place.suffix.lower() != ".json":
        return read_table(place, kinds={"input": "text", "label": "label"})
    rows = read_json(place, list)
    names = ("premise", "hypothesis", "relation")
    for number, row in enumerate(rows):
        if not isinstance(row, Mapping) or any(not isinstance(row.get(name), str) for name in names):
            raise FormatError(f"row {number} of {place} lacks one of {', '.join(names)}, which are texts")
    if not rows:
        raise FormatError(f"{place} holds no question")
    columns = {name: [row[name] for row in rows] for name in names}
    return Table.of(columns, kinds={"premise": "text", "hypothesis": "text", "relation": "label"})


def texts_of(given: Given) -> list[tuple[str, str]]:
    """Premise and hypothesis of each row, in words.

    Raises:
        OptionError: If no column holds them.
        DataError: If a row has no hypothesis after its premise; names it.
    """
    table = given.table
    held = {name: given.column(name) for name in ("premise", "question", "input")}
    there = {name: column for name, column in held.items() if column is not None and column in table}
    if {"premise", "question"} <= set(there):
        return list(zip(given.texts("premise"), given.texts("question"), strict=True))
    if "input" not in there:
        raise OptionError(
            "corr2cause reads a premise and a question (--premise, --question), or both in one text (--input)"
        )
    found = []
    for row, text in enumerate(given.texts("input")):
        premise, between, hypothesis = text.partition("Hypothesis:")
        if not between:
            raise DataError(f'row {row} has no "Hypothesis:" after its premise: {text[:60]!r}')
        found.append((premise.strip(), hypothesis.strip()))
    return found


def asked_of(texts: Sequence[tuple[str, str]]) -> list[Asked]:
    """What each question states and asks.

    Raises:
        DataError: If one cannot be read; names the row.
    """
    found = []
    for row, (premise, question) in enumerate(texts):
        try:
            stated = solver.read(premise)
            found.append((stated, read_hypothesis(question, stated.names)))
        except DataError as error:
            raise DataError(f"row {row}: {error}") from error
    return found


def label_column(given: Given) -> str | None:
    """The column of labels, where the rows have one."""
    column = given.column("label")
    return column if column is not None and column in given.table else None


def labels_of(given: Given) -> list[bool | None]:
    """Whether each is labelled as entailed; None where there is no label.

    Raises:
        DataError: If a label is of no known coding; names the row.
    """
    column = label_column(given)
    if column is None:
        return [None] * len(given)
    found: list[bool | None] = []
    labels, gone = given.table.labels(column), given.table.absent(column)
    for row, (label, absent) in enumerate(zip(labels.tolist(), gone.tolist(), strict=True)):
        said = str(label).strip().casefold()
        if not absent and said not in (*YES, *NO):
            raise DataError(
                f"row {row} has the label {str(label)[:40]!r}: a label is Yes or No, 1 or 0, or entailment, neutral or "
                "contradiction. Of files with three numbers write entailment as 1 and the two others as 0"
            )
        found.append(None if absent else said in YES)
    return found


def coding(table: Table, column: str | None) -> tuple[str, str]:
    """How no and yes are written in a column of labels; `No` and `Yes` where nothing is."""
    held = [] if column is None or column not in table else [str(c) for c in table.categories(column)]
    yes = next((label for label in held if label.strip().casefold() in YES), None)
    no = next((label for label in held if label.strip().casefold() in NO), None)
    if yes is not None and yes.casefold().startswith("entail"):
        return _OF_YES[yes], yes
    if yes is None and no is not None:
        yes = next((one for one, other in _OF_YES.items() if other == no), None)
    if no is None and yes is not None:
        no = _OF_YES.get(yes)
    return (no, yes) if no is not None and yes is not None else ("No", "Yes")


def classes_of(premises: Sequence[Premise]) -> list[str]:
    """The class of each premise, the same for premises that differ by names alone.

    Raises:
        DataError: If a premise has no causal graph.
    """
    known = list(dict.fromkeys(premises))
    named: dict[Premise, str] = {}
    for n in sorted({len(premise.names) for premise in known}):
        those = [premise for premise in known if len(premise.names) == n]
        patterns = []
        for premise in those:
            codes = [code_of_graph(graph) for graph in solver.members(premise)]
            patterns.append(int(np.bitwise_or.reduce(np.array(codes, dtype=np.int64))))
        codes_of: NDArray[np.int64] = canonical_codes(np.array(patterns, dtype=np.int64), n)
        named |= {premise: f"{n}-{code}" for premise, code in zip(those, codes_of.tolist(), strict=True)}
    return [named[premise] for premise in premises]

"""Rows to learn from: inputs by name and scores of answers, read from a table and checked before any work starts."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from aitia.data.base import Data
from aitia.data.kinds import Kind
from aitia.data.table import Table
from aitia.errors import DataError, OptionError, join_names
from aitia.system import Given
from aitia.systems.causal_info_min.people import frequent_answers, scores_of_people

__all__ = [
    "FEATURES",
    "Rows",
    "answered",
    "columns_of",
    "expert_of",
    "filled",
    "inputs_of",
    "own_answers",
    "parts_of",
    "refuse_seen",
    "targets_of",
    "vocabulary_of",
]

FEATURES = "features"
"""Name of the one input where features are given in place of a network."""
PARTS = ("train", "validation", "balanced")
SHOWN = 20
"""Answers up to which each has a column of probabilities."""


@dataclass(frozen=True, eq=False)
class Rows:
    """Questions with answers.

    Args:
        inputs: By name, n rows each.
        target: Scores of the answers from 0 to 1, (n, answers).
    """

    inputs: Mapping[str, Tensor]
    target: Tensor

    def __len__(self) -> int:
        return len(self.target)

    @property
    def hash(self) -> str:
        """Of inputs and targets; the same rows in the same order have the same one."""
        found = hashlib.sha256()
        for name in sorted(self.inputs):
            found.update(name.encode() + self.inputs[name].contiguous().numpy().tobytes())
        found.update(self.target.contiguous().numpy().tobytes())
        return found.hexdigest()


# -- inputs ----------------------------------------------------------------------------------------------------------


def columns_of(given: Given, taken: Sequence[str], network: bool) -> dict[str, str]:
    """The columns that are read, each as `numbers`, `whole` numbers or `lists`.

    Args:
        given: The rows.
        taken: What the network takes, by name.
        network: Whether there is one. Without it all features are read, lists after numbers.

    Raises:
        DataError: If there is none.
    """
    numbers, lists, named = (given.columns(role) for role in (FEATURES, "arrays", "inputs"))
    if network:
        chosen = [*named, *(name for name in lists if name in taken)]
        chosen += [] if named else [name for name in numbers if name in taken]
    else:
        chosen = [*numbers, *lists]
    table = given.table
    found = {name: _how(table, name, network) for name in chosen}
    if not found and not network:
        raise DataError(
            f"{given.name} has no column of numbers beside the answers: there are {join_names(table.names)}"
        )
    return found


def _how(table: Table, name: str, network: bool) -> str:
    if not table.plain(name):
        return "lists"
    if not table.fits(name, "number"):
        raise DataError(f"the input {name!r} holds labels such as {table.categories(name)[0]!r}: numbers are wanted")
    whole = table.kind(name) is Kind.COUNT or (table.discrete(name) and _values(table, name).dtype.kind in "iu")
    return "whole" if network and whole else "numbers"


def _values(table: Table, name: str) -> NDArray[Any]:
    """The numbers of a column, of one whose numbers were taken for labels too."""
    return np.array(table.labels(name).tolist()) if table.discrete(name) else table.column(name)


def inputs_of(table: Table, columns: Mapping[str, str], network: bool) -> dict[str, Tensor]:
    """Inputs by name, as tensors with one row a question; without a network all columns side by side as `features`.

    Raises:
        DataError: If one is missing, has NaN, or its lists differ in length.
    """
    if missing := [name for name in columns if name not in table]:
        raise DataError(
            f"the input {missing[0]!r} is missing: this takes {join_names(columns)}, got {join_names(table.names)}"
        )
    arrays = {name: _array(table, name, how) for name, how in columns.items()}
    if not network:
        flat = [array.reshape(len(table), -1) for array in arrays.values()]
        arrays = {FEATURES: np.concatenate(flat, axis=1).astype(np.float32)}
    tensors = {name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in arrays.items()}
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and not torch.isfinite(tensor).all():
            row = int((~torch.isfinite(tensor)).nonzero()[0, 0])
            raise DataError(f"{name} has a number that is not finite in row {row}: drop the row")
    return tensors


def _array(table: Table, name: str, how: str) -> NDArray[Any]:
    if (absent := table.absent(name)).any():
        raise DataError(f"{name} has a number that is not finite in row {int(np.argmax(absent))}: drop the row")
    if how != "lists":
        return _values(table, name).astype(np.int64 if how == "whole" else np.float32)
    try:
        array = np.asarray(table.lists(name))
    except ValueError as error:
        raise DataError(f"the lists of {name} differ in length: pad them") from error
    if array.dtype == object or array.dtype.kind not in "iufb":
        raise DataError(f"the lists of {name} hold something else than numbers, or differ in length")
    return array.astype(np.float32 if array.dtype.kind == "f" else np.int64)


# -- answers ---------------------------------------------------------------------------------------------------------


def parts_of(given: Given) -> dict[str, Given]:
    """The rows of `train`, of `validation` and of `balanced`, where there are some; those without an answer left out.

    Raises:
        DataError: If a row is of another split.
        OptionError: If there are no answers.
    """
    if not _answers(given):
        raise OptionError("causal-info-min learns from answered rows: say which column is the answer (--answer)")
    split = given.labels("split").astype(object)
    split[split == "all"] = "train"
    if odd := sorted(set(split.tolist()) - set(PARTS)):
        raise DataError(f"the split of a row is one of {', '.join(PARTS)}, got {odd[0]!r}")
    known = answered(given)
    picked = {name: np.flatnonzero((split == name) & known) for name in PARTS}
    if not len(picked["train"]):
        raise DataError("there are no rows to fit")
    return {name: given.take(rows) for name, rows in picked.items() if len(rows)}


def answered(given: Given) -> NDArray[np.bool_]:
    """(n,) which rows have an answer."""
    found = np.ones(len(given), dtype=bool)
    for column in _answers(given):
        found &= ~given.table.absent(column) if column in given.table else False
    return found


def _answers(given: Given) -> tuple[str, ...]:
    """The columns that say the answers: scores, what several people said, or a label."""
    return given.columns("scores") or given.columns("answers") or given.columns("answer")


def vocabulary_of(given: Given, told: Sequence[str]) -> tuple[Any, ...]:
    """The answers that there are: as told, else the names of the columns of scores, else what is said, sorted.

    Raises:
        DataError: If several people answered, and no answer is frequent enough.
    """
    if told:
        return tuple(told)
    if columns := given.columns("scores"):
        width = given.numbers("scores").shape[1]
        return columns if width == len(columns) else tuple(range(width))
    if column := given.column("answers"):
        return frequent_answers(given.table.lists(column))
    labels = given.table.labels(str(given.column("answer"))).tolist()
    return tuple(sorted(dict.fromkeys(labels), key=lambda label: (str(type(label)), label)))


def targets_of(given: Given, vocabulary: Sequence[Any]) -> Tensor:
    """Scores (n, answers): of one label a row, of what several people said, or as given.

    Raises:
        DataError: If an answer is not of the vocabulary, or a score is outside of 0 to 1.
    """
    if given.columns("scores"):
        values = given.numbers("scores")
        if values.shape[1] != len(vocabulary):
            raise DataError(f"scores are of {len(vocabulary)} answers, the vocabulary, got {values.shape[1]} columns")
        return _scores(values, vocabulary)
    if missing := [name for name in _answers(given) or ("answer",) if name not in given.table]:
        raise DataError(f"these rows have no column {missing[0]!r}: give their answers")
    if column := given.column("answers"):
        return _scores(scores_of_people(given.table.lists(column), vocabulary), vocabulary)
    place = {str(label): number for number, label in enumerate(vocabulary)}
    labels = given.labels("answer").tolist()
    if unknown := [label for label in labels if label not in place]:
        raise DataError(
            f"{unknown[0]!r} is no answer of the vocabulary, which has {len(place)}: {join_names(vocabulary)}"
        )
    target = torch.zeros(len(given), len(place))
    target[torch.arange(len(given)), torch.tensor([place[label] for label in labels])] = 1.0
    return target


def _scores(values: NDArray[np.float64], vocabulary: Sequence[Any]) -> Tensor:
    scores = torch.from_numpy(values.astype(np.float32))
    if not bool(((scores >= 0) & (scores <= 1)).all()):
        row, column = (int(k) for k in (~((scores >= 0) & (scores <= 1))).nonzero()[0])
        raise DataError(f"a score is from 0 to 1, got {scores[row, column]:g} in row {row} for {vocabulary[column]!r}")
    return scores


def refuse_seen(rows: Rows, hashed: str, what: str) -> None:
    """Refuses rows that are those of the training, by their hash.

    Raises:
        DataError: If they are.
    """
    if rows.hash == hashed:
        raise DataError(f"the {what} is the training rows: it would say nothing about rows that were not seen")


def expert_of(given: Given, target: Tensor, needed: bool) -> Tensor:
    """Log-probabilities of the expert, (n, answers); (n, 0) where none is needed.

    Raises:
        DataError: If they are no probabilities of these answers.
    """
    if not needed:
        return torch.zeros(len(target), 0)
    expert = torch.from_numpy(given.numbers("expert")).float()
    if expert.shape != target.shape or not bool(((expert >= 0) & (expert <= 1)).all()):
        raise DataError(f"the expert gives probabilities {tuple(target.shape)}, got shape {tuple(expert.shape)}")
    return expert.clamp(min=1e-6).log()


def own_answers(given: Given, vocabulary: Sequence[Any], answers: Tensor) -> Tensor:
    """Number of each row's answer, (n,): the one that is given, else the most probable one."""
    own = answers.argmax(dim=1)
    known = np.flatnonzero(answered(given)) if _answers(given) else np.empty(0)
    if len(known):
        own[torch.from_numpy(known)] = targets_of(given.take(known), vocabulary).argmax(dim=1)
    return own


def filled(given: Given, said: NDArray[np.float64], vocabulary: Sequence[Any]) -> Data:
    """The rows with their empty answers filled by the most probable ones, and the probabilities beside.

    Args:
        given: The rows.
        said: Probabilities, (n, answers).
        vocabulary: The answers; up to 20 have a column each, of more there is the probability of the one that is given.
    """
    column = given.column("answer") or "answer"
    words = np.empty(len(vocabulary), dtype=object)
    words[:] = vocabulary
    answers = words[said.argmax(axis=1)]
    if column in given.table:
        there, known = ~given.table.absent(column), given.table.labels(column)
        answers[there] = known[there]
    columns: dict[str, Any] = {column: answers}
    if len(vocabulary) <= SHOWN:
        columns |= {f"P({word})": said[:, k] for k, word in enumerate(vocabulary)}
    else:
        columns["probability"] = said.max(axis=1)
    return given.data.with_known(columns, {**dict.fromkeys(columns, "number"), column: "label"})

"""Rows to learn from: inputs by name and scores of answers, checked before any work starts."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from aitia.errors import DataError, join_names

__all__ = ["FEATURES", "Examples", "as_inputs", "as_targets", "vocabulary_of"]

FEATURES = "features"
"""Name of the one input where features are given in place of a network."""


@dataclass(frozen=True, eq=False)
class Examples:
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


def as_inputs(given: Any, names: Sequence[str] | None = None) -> dict[str, Tensor]:
    """Inputs by name: a mapping as it is, an array under the name `features`; real numbers in single precision.

    Args:
        given: Arrays or tensors with one row a question.
        names: Those that there have to be; None takes any.

    Raises:
        DataError: If one is missing, has NaN or another number of rows.
    """
    found = {}
    for name, values in (given if isinstance(given, Mapping) else {FEATURES: given}).items():
        tensor = values.detach().cpu() if isinstance(values, Tensor) else torch.from_numpy(np.asarray(values))
        found[str(name)] = tensor.float() if tensor.is_floating_point() else tensor
    if names is not None and (missing := [name for name in names if name not in found]):
        raise DataError(
            f"the input {missing[0]!r} is missing: this takes {join_names(names)}, got {join_names(found) or 'nothing'}"
        )
    if names is not None:
        found = {name: found[name] for name in names}
    sizes = {name: len(tensor) if tensor.ndim else 0 for name, tensor in found.items()}
    if not sizes or min(sizes.values()) < 1 or len(set(sizes.values())) > 1:
        raise DataError(f"each input has one row a question, got {sizes or 'none'}")
    for name, tensor in found.items():
        if tensor.is_floating_point() and not torch.isfinite(tensor).all():
            row = int((~torch.isfinite(tensor)).nonzero()[0, 0])
            raise DataError(f"{name} has a number that is not finite in row {row}: drop the row")
    return found


def vocabulary_of(answers: Any, given: Sequence[Any] | None) -> tuple[Any, ...]:
    """The answers that there are: as given, numbered columns of scores, or the labels sorted."""
    if given is not None:
        return tuple(given)
    values = _array(answers)
    if values.ndim == 2:
        return tuple(range(values.shape[1]))
    return tuple(sorted(dict.fromkeys(values.tolist()), key=lambda label: (str(type(label)), label)))


def as_targets(answers: Any, vocabulary: Sequence[Any], rows: int) -> Tensor:
    """Scores (n, answers): of one label a row, or as given.

    Raises:
        DataError: If an answer is not of the vocabulary, a score is outside of 0 to 1, or the number of rows differs.
    """
    values = _array(answers)
    if values.ndim not in (1, 2) or len(values) != rows:
        raise DataError(f"answers are one label or one line of scores for each of {rows} rows, got {values.shape}")
    if values.ndim == 2:
        if values.shape[1] != len(vocabulary):
            raise DataError(f"scores are of {len(vocabulary)} answers, the vocabulary, got {values.shape[1]} columns")
        scores = torch.from_numpy(values.astype(np.float32))
        if not bool(((scores >= 0) & (scores <= 1)).all()):
            row, column = (int(k) for k in (~((scores >= 0) & (scores <= 1))).nonzero()[0])
            raise DataError(
                f"a score is from 0 to 1, got {scores[row, column]:g} in row {row} for {vocabulary[column]!r}"
            )
        return scores
    place = {label: number for number, label in enumerate(vocabulary)}
    labels = values.tolist()
    if unknown := [label for label in labels if label not in place]:
        raise DataError(
            f"{unknown[0]!r} is no answer of the vocabulary, which has {len(place)}: {join_names(vocabulary)}"
        )
    target = torch.zeros(rows, len(place))
    target[torch.arange(rows), torch.tensor([place[label] for label in labels])] = 1.0
    return target


def _array(answers: Any) -> np.ndarray[Any, Any]:
    return answers.detach().cpu().numpy() if isinstance(answers, Tensor) else np.asarray(answers)

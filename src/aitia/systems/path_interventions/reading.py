"""Rows as the network takes them, and labels as numbers of its classes."""

from collections.abc import Sequence
from difflib import get_close_matches

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from aitia.errors import DataError, join_names
from aitia.nn.vision import ImageClassifier
from aitia.system import Given

__all__ = ["class_number", "has_rows", "true_classes", "wanted_by"]


def has_rows(given: Given) -> bool:
    """Whether there is something that a network reads."""
    return bool(given.columns("image") or given.columns("inputs"))


def wanted_by(
    classifier: ImageClassifier, given: Given, shape: Sequence[int] | None, *, reference: bool = False
) -> Tensor | None:
    """Pictures (n, channels, height, width) as the classifier was trained on, or numbers (n, *shape).

    Args:
        classifier: The network.
        given: The rows.
        shape: Of a row of numbers; None takes them side by side.
        reference: Whether the rows that stand beside are taken; None where there are none.
    """
    if given.columns("image"):
        if reference and not _there(given, "reference"):
            return None
        role = "reference" if reference else "image"
        return classifier.prepare(given.pictures(role, classifier.size))
    role = "reference_inputs" if reference else "inputs"
    if reference and not _there(given, role):
        return None
    numbers = given.numbers(role)
    if not np.isfinite(numbers).all():
        row = int(np.flatnonzero(~np.isfinite(numbers).all(axis=1))[0])
        raise DataError(f"row {row} has a column without a number: drop or fill it")
    found = torch.from_numpy(numbers).float()
    if shape is None:
        return found
    if int(np.prod(shape)) != numbers.shape[1]:
        raise DataError(f"a row has {numbers.shape[1]} numbers, which are no {'x'.join(map(str, shape))}: set shape")
    return found.reshape(len(found), *shape)


def class_number(label: str, classes: Sequence[str]) -> int:
    """The number of a class by its name, or of one that is written as a number where classes have no names.

    Raises:
        DataError: If there is none; names the nearest.
    """
    if label in classes:
        return list(classes).index(label)
    if not classes:
        try:
            number = float(label)
        except ValueError:
            raise DataError(
                f"{label!r} is no number of a class, and this network has no names of classes: say classes=..."
            ) from None
        if number.is_integer():
            return int(number)
    close = get_close_matches(label, classes, n=1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    raise DataError(f"the model has no class {label!r}.{hint} It has: {join_names(classes)}")


def true_classes(given: Given, classes: Sequence[str]) -> NDArray[np.int64] | None:
    """The class of each row, -1 where none is known; None without labels."""
    column = given.column("label")
    if column is None or not _there(given, "label"):
        return None
    hole, labels = given.table.absent(column), given.table.labels(column).tolist()
    numbers = {
        label: class_number(str(label), classes)
        for label in dict.fromkeys(x for x, h in zip(labels, hole, strict=True) if not h)
    }
    return np.array([-1 if h else numbers[x] for x, h in zip(labels, hole, strict=True)], dtype=np.int64)


def _there(given: Given, role: str) -> bool:
    """Whether these rows have the columns of a role."""
    columns = given.columns(role)
    return bool(columns) and all(column in given.table for column in columns)

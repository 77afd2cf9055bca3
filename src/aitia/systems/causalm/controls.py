"""Controls of what is trained into a network: the same training with labels that mean nothing, or without any.

    real       trained with the labels of the treated concept
    placebo    trained with the same labels in another order
    without    trained with the term of the treatment left out

each from the same start, on the same batches, for as many updates. What the real one does and the placebo does not is
due to the concept; what both do is due to training on.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from aitia.errors import DataError, TrainingError

__all__ = ["Controlled", "shuffled", "with_controls"]

T = TypeVar("T")


@dataclass(frozen=True)
class Controlled(Generic[T]):
    """What one training gave with the treatment and with each of its controls.

    Args:
        real: With the labels.
        without: Without the term of the treatment.
        placebo: With shuffled labels; None where it was not asked for.
        updates: Of each.
    """

    real: T
    without: T
    placebo: T | None
    updates: int


def shuffled(labels: NDArray[Any], seed: int) -> NDArray[Any]:
    """The labels (n, ...) in another order of the rows: as frequent as they were, and about nothing.

    Raises:
        DataError: If every label is the same, so that another order is the same.

    Example:
        >>> sorted(shuffled(np.array([0, 0, 1]), seed=0).tolist())
        [0, 0, 1]
    """
    if len(labels) < 2 or (labels == labels[0]).all():
        raise DataError("a placebo shuffles labels, and these are all the same")
    order = np.random.default_rng([seed, 0x9E37]).permutation(len(labels))
    return np.asarray(labels[order])


def with_controls(
    run: Callable[[NDArray[Any] | None], tuple[T, int]],
    labels: NDArray[Any],
    *,
    seed: int = 0,
    placebo: bool = True,
    without: tuple[T, int] | None = None,
) -> Controlled[T]:
    """Runs a training with its labels, with shuffled ones and with none.

    Args:
        run: From labels, or None for no treatment, to what was trained and the updates that it took. It begins at the
            same start whenever it is called.
        labels: Of the treated concept, (n, ...).
        seed: Of the other order.
        placebo: Whether to run the placebo.
        without: What `run(None)` gave before, so that several treatments share it.

    Raises:
        TrainingError: If the trainings took different numbers of updates, which would make them no controls.
        DataError: As `shuffled`.
    """
    nothing = shuffled(labels, seed) if placebo else None
    plain = run(None) if without is None else without
    real = run(labels)
    fake = None if nothing is None else run(nothing)
    updates = {plain[1], real[1]} | (set() if fake is None else {fake[1]})
    if len(updates) > 1:
        raise TrainingError(f"a control takes as many updates as the treatment, and these took {sorted(updates)}")
    return Controlled(real[0], plain[0], None if fake is None else fake[0], real[1])

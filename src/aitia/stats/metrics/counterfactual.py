"""How good counterfactuals are: against the true ones where a simulator knows them, by axioms where nothing does.

    composition      intervening with what already is changes nothing
    reversibility    intervening and then intervening back leads home
    effectiveness    the variable intervened on has its new value

Every answer is an error: lower is better, 0 is perfect. Read the axioms together: returning the input unchanged has no
composition or reversibility error, and no effect either.

Source:
    Monteiro, De Sousa Ribeiro, Pawlowski, Castro and Glocker, Measuring axiomatic soundness of counterfactual image
    models, ICLR 2023.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from aitia.errors import DataError, OptionError
from aitia.stats.metrics._checks import numbers, same_shape

__all__ = ["CounterfactualError", "composition_error", "counterfactual_mse", "effectiveness", "reversibility_error"]

Distance = Literal["l1", "mse"]


@dataclass(frozen=True)
class CounterfactualError:
    """A mean squared error and the one that doing nothing makes.

    Args:
        value: Of the estimated counterfactuals; lower is better.
        do_nothing: Of the factual rows left as they are; None where they were not given.
        relative: value / do_nothing, below 1 for a model that is of use; None where that is undefined.
    """

    value: float
    do_nothing: float | None = None
    relative: float | None = None


def counterfactual_mse(
    estimated: ArrayLike, true: ArrayLike, do_nothing: ArrayLike | None = None
) -> CounterfactualError:
    """Mean squared error of counterfactuals whose truth is known, over all entries. Lower is better.

    Args:
        estimated: Counterfactuals of any shape, rows first.
        true: The true ones, the same shape.
        do_nothing: The factual rows, the same shape: the baseline that ignores the intervention.

    Raises:
        DataError: If the shapes differ or a value is not finite.

    Example:
        >>> counterfactual_mse([1.0, 3.0], [1.0, 2.0], do_nothing=[0.0, 1.0])
        CounterfactualError(value=0.5, do_nothing=1.0, relative=0.5)
    """
    x, y = same_shape(estimated, true, ("estimated", "true"))
    value = float(np.mean((x - y) ** 2))
    if do_nothing is None:
        return CounterfactualError(value)
    fact, _ = same_shape(do_nothing, true, ("do_nothing", "true"))
    baseline = float(np.mean((fact - y) ** 2))
    return CounterfactualError(value, baseline, value / baseline if baseline > 0 else None)


def effectiveness(
    measured: ArrayLike, intended: ArrayLike, kind: Literal["continuous", "categorical", "angle"]
) -> float:
    """How far the variable intervened on, as measured in the counterfactual, is from its intended value.

    Lower is better for every kind.

    Args:
        measured: (n,) or (n, d): what a known function or a classifier of its own reads off the counterfactuals.
        intended: The same shape: the values in `do`.
        kind: "continuous" gives the mean absolute difference; "categorical" the share of different labels, which is 1
            minus the accuracy in the paper's tables; "angle", in radians, the mean absolute difference around the
            circle.

    Raises:
        DataError: If the shapes differ, or a number is not finite.
        OptionError: If the kind has another name.

    Example:
        >>> effectiveness(["red", "blue"], ["red", "red"], "categorical")
        0.5
    """
    if kind == "categorical":
        a, b = np.asarray(measured), np.asarray(intended)
        if a.shape != b.shape or a.size == 0:
            raise DataError(f"measured has shape {a.shape} and intended {b.shape}: they are compared entry by entry")
        for name, labels in (("measured", a), ("intended", b)):
            if labels.dtype.kind == "f":
                numbers(labels, name)
        return float(np.mean(a != b))
    if kind not in ("continuous", "angle"):
        raise OptionError(f"kind is 'continuous', 'categorical' or 'angle', got {kind!r}")
    x, y = same_shape(measured, intended, ("measured", "intended"))
    difference = np.abs(x - y)
    if kind == "angle":
        difference %= 2 * np.pi
        difference = np.minimum(difference, 2 * np.pi - difference)
    return float(difference.mean())


def _distance(x: ArrayLike, x_back: ArrayLike, distance: str) -> float:
    if distance not in ("l1", "mse"):
        raise OptionError(f"distance is 'l1' or 'mse', got {distance!r}")
    a, b = same_shape(x, x_back, ("x", "x_back"))
    return float(np.mean(np.abs(a - b)) if distance == "l1" else np.mean((a - b) ** 2))


def composition_error(x: ArrayLike, x_back: ArrayLike, *, distance: Distance = "l1") -> float:
    """Distance of rows to their counterfactuals under an intervention that changes nothing. Lower is better.

    Args:
        x: Observed rows of any shape.
        x_back: What one or more null interventions in a row made of them, the same shape; state how many.
        distance: "l1", as published, or "mse", each a mean over all entries.

    Raises:
        DataError: If the shapes differ or a value is not finite.
        OptionError: If the distance has another name.

    Example:
        >>> composition_error([0.0, 2.0], [0.0, 1.0])
        0.5
    """
    return _distance(x, x_back, distance)


def reversibility_error(x: ArrayLike, x_back: ArrayLike, *, distance: Distance = "l1") -> float:
    """Distance of rows to what intervening and intervening back makes of them. Lower is better.

    Args:
        x: Observed rows of any shape.
        x_back: The same rows after do(new value) and then do(old value), once or in several cycles; state how many.
        distance: "l1", as published, or "mse", each a mean over all entries.

    Raises:
        DataError: If the shapes differ or a value is not finite.
        OptionError: If the distance has another name.

    Example:
        >>> reversibility_error([0.0, 2.0], [0.0, 0.0], distance="mse")
        2.0
    """
    return _distance(x, x_back, distance)

"""What every metric asks of its input, and the two preparations that most of them share."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aitia.errors import DataError

__all__ = [
    "Values",
    "columns",
    "halves",
    "kept_columns",
    "location_scale",
    "numbers",
    "paired",
    "same_shape",
    "standardized",
    "standardized_by",
]

Values = NDArray[np.float64]


def numbers(values: ArrayLike, name: str) -> Values:
    """The values as floats of any shape, all finite.

    Raises:
        DataError: If the array is empty, does not hold numbers, or holds NaN or infinity; the position is named.
    """
    given = np.asarray(values)
    if given.dtype.kind not in "biuf":
        raise DataError(f"{name} holds values of type {given.dtype}, a metric needs real numbers")
    if given.size == 0:
        raise DataError(f"{name} has shape {given.shape}: there is nothing to score")
    x = given.astype(np.float64)
    if not np.isfinite(x).all():
        place = tuple(int(i) for i in np.argwhere(~np.isfinite(x))[0])
        where = f"column {place[1]}, row {place[0]}" if x.ndim == 2 else f"position {place}"
        raise DataError(f"{name} holds {x[place]} in {where}: drop or impute it first")
    return x


def columns(values: ArrayLike, name: str) -> Values:
    """(n, d) finite floats of an (n, d) or (n,) array.

    Raises:
        DataError: If the array has more dimensions, is empty, or holds what is no finite number.
    """
    shape = np.shape(values)
    if len(shape) not in (1, 2):
        raise DataError(f"{name} has shape {shape}, expected (n, d): n rows, one column a variable")
    x = np.asarray(values)
    return numbers(x[:, None] if x.ndim == 1 else x, name)


def paired(
    a: ArrayLike, b: ArrayLike, names: tuple[str, str] = ("true", "estimated"), least: int = 2
) -> tuple[Values, Values]:
    """Both arrays as (n, d) and (n, k) floats with the same rows.

    Raises:
        DataError: If one is not a table of finite numbers, the rows differ in number, or are fewer than `least`.
    """
    x, y = columns(a, names[0]), columns(b, names[1])
    if len(x) != len(y):
        raise DataError(f"{names[0]} has {len(x)} rows and {names[1]} {len(y)}: row i of both must be the same row")
    if len(x) < least:
        raise DataError(f"{names[0]} and {names[1]} have {len(x)} rows, this metric needs {least} or more")
    return x, y


def same_shape(a: ArrayLike, b: ArrayLike, names: tuple[str, str]) -> tuple[Values, Values]:
    """Both arrays as finite floats of one shape.

    Raises:
        DataError: If the shapes differ or a value is no finite number.
    """
    x, y = numbers(a, names[0]), numbers(b, names[1])
    if x.shape != y.shape:
        raise DataError(f"{names[0]} has shape {x.shape} and {names[1]} {y.shape}: they are compared entry by entry")
    return x, y


def location_scale(x: Values) -> tuple[Values, Values]:
    """Mean and largest distance to it of each column; the latter is 0 for a column that is constant up to rounding."""
    middle = x.mean(axis=0)
    reach = np.abs(x - middle).max(axis=0)
    return middle, np.where(reach <= 8 * np.finfo(np.float64).eps * np.abs(middle), 0.0, reach)


def standardized_by(x: Values, *others: Values) -> list[Values]:
    """The columns of every table in units of the mean and standard deviation of `x`; those constant in x become 0."""
    middle, reach = location_scale(x)
    spread = x.std(axis=0)
    return [np.where(reach > 0, (each - middle) / np.where(reach > 0, spread, 1.0), 0.0) for each in (x, *others)]


def standardized(x: Values) -> Values:
    """Each column with mean 0 and variance 1; a column that is constant up to rounding becomes exactly 0."""
    middle, reach = location_scale(x)
    constant = reach == 0
    centred = np.where(constant, 0.0, (x - middle) / np.where(constant, 1.0, reach))
    centred -= centred.mean(axis=0)
    scale = np.sqrt(np.mean(centred**2, axis=0))
    z: Values = np.where(constant, 0.0, centred / np.where(constant, 1.0, scale))
    return z


def kept_columns(z: Values) -> tuple[list[int], tuple[int, ...]]:
    """The varying and the constant columns of a standardised table of true variables.

    Raises:
        DataError: If no column varies.
    """
    varies = z.any(axis=0)
    if not varies.any():
        raise DataError("every true column is constant: there is nothing to recover")
    return [int(j) for j in np.flatnonzero(varies)], tuple(int(j) for j in np.flatnonzero(~varies))


def halves(n: int, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """A random half of the rows to fit on, and the other half to score on."""
    order = np.random.default_rng(seed).permutation(n)
    return order[: n // 2], order[n // 2 :]

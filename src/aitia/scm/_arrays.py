"""Small shared parts: read-only arrays, streams of noise, parents as a design matrix, the inverse-CDF convention."""

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aitia.errors import DataError, OptionError

__all__ = ["Values", "choose", "design", "design_names", "frozen_array", "stretch", "uniform"]

Values = NDArray[np.float64]


def frozen_array(values: ArrayLike) -> Values:
    """A read-only float64 copy."""
    array = np.array(values, dtype=np.float64)
    array.flags.writeable = False
    return array


def design(parents: Sequence[Values], levels: Sequence[int], n: int) -> Values:
    """The parents side by side, (n, p): a continuous one (level 0) as it is, one with k labels as k - 1 indicators."""
    columns: list[Values] = []
    for values, k in zip(parents, levels, strict=True):
        if k == 0:
            columns.append(values)
        else:
            columns += [(values == code).astype(np.float64) for code in range(1, k)]
    return np.column_stack(columns) if columns else np.empty((n, 0))


def design_names(parents: Sequence[str], levels: Sequence[int]) -> tuple[str, ...]:
    """The columns of `design`, such as `x` or `site=1`."""
    names: list[str] = []
    for name, k in zip(parents, levels, strict=True):
        names += [name] if k == 0 else [f"{name}={code}" for code in range(1, k)]
    return tuple(names)


def choose(p: Values, u: Values) -> Values:
    """The code whose stretch of [0, 1) holds u: the inverse CDF. p is (n, k), u is (n,)."""
    codes: Values = (u[:, None] >= np.cumsum(p, axis=1)[:, :-1]).sum(axis=1).astype(np.float64)
    return codes


def stretch(p: Values, codes: Values, u: Values, name: str) -> Values:
    """The point at share u of the stretch of [0, 1) that `choose` maps to each code.

    Raises:
        DataError: If a code has probability zero given its parents.
    """
    rows = np.arange(len(codes))
    code = codes.astype(np.intp)
    edges = np.cumsum(p, axis=1)
    low = np.where(code > 0, edges[rows, np.maximum(code - 1, 0)], 0.0)
    # The last stretch ends at 1 whatever the rounding of the sum, and rounding must not leave the stretch.
    high = np.where(code == p.shape[1] - 1, 1.0, edges[rows, code])
    if (impossible := np.flatnonzero((p[rows, code] <= 0) | (high <= low))).size:
        raise DataError(
            f"row {impossible[0]} has a value of {name!r} that the system gives probability zero under its parents: "
            "fit with smoothing, or leave the row out"
        )
    point = low + (high - low) * u
    return np.clip(point, low, np.nextafter(high, -np.inf))


def uniform(n: int, seed: int, use: str, name: str) -> Values:
    """Uniform numbers in (0, 1) from the stream of this seed, use and variable."""
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
        raise OptionError(f"a seed is a whole number, zero or more, got {seed!r}")
    key = int.from_bytes(hashlib.sha256(f"{use}\0{name}".encode()).digest()[:8], "little")
    # Zero has an infinite normal quantile.
    return np.maximum(np.random.default_rng([int(seed), key]).random(n), 2.0**-54)

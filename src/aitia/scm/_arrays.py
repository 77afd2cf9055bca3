"""Small shared parts: read-only arrays, streams of noise, parents as a design matrix, the inverse-CDF convention."""

import hashlib
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aitia.errors import DataError, OptionError

__all__ = ["Values", "choose", "design", "design_names", "frozen_array", "line", "stream", "stretch", "uniform"]

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


def line(parents: Sequence[Values], levels: Sequence[int], coefficients: Values, n: int) -> Values:
    """`design` times the coefficients, one parent after the other; a row has the same sum whatever rows are beside."""
    total, begin = np.zeros(n), 0
    for values, k in zip(parents, levels, strict=True):
        if k == 0:
            total += coefficients[begin] * values
        else:
            total += np.concatenate([[0.0], coefficients[begin : begin + k - 1]])[values.astype(np.intp)]
        begin += 1 if k == 0 else k - 1
    return total


def design_names(parents: Sequence[str], levels: Sequence[int]) -> tuple[str, ...]:
    """The columns of `design`, such as `x` or `site=1`."""
    names: list[str] = []
    for name, k in zip(parents, levels, strict=True):
        names += [name] if k == 0 else [f"{name}={code}" for code in range(1, k)]
    return tuple(names)


def choose(edges: Iterable[Values], u: Values) -> Values:
    """The code whose stretch of [0, 1) holds u: the inverse CDF.

    Args:
        edges: Where the stretch of each label but the last ends, each (n,) or one number.
        u: (n,)
    """
    codes = np.zeros(len(u), np.int16)
    for edge in edges:
        codes += u >= edge
    return codes.astype(np.float64)


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


def stream(seed: int, use: str, name: str) -> np.random.Generator:
    """The stream of random numbers of this seed, use and variable."""
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
        raise OptionError(f"a seed is a whole number, zero or more, got {seed!r}")
    key = int.from_bytes(hashlib.sha256(f"{use}\0{name}".encode()).digest()[:8], "little")
    return np.random.default_rng([int(seed), key])


def uniform(n: int, source: np.random.Generator) -> Values:
    """The next uniform numbers of a stream, in (0, 1)."""
    u = source.random(n)
    return np.maximum(u, 2.0**-54, out=u)  # zero has an infinite normal quantile

"""The kernel test of conditional independence, for Gram matrices that are whole or thin factors.

With centred Gram matrices K and R = e (K_z + e I)^-1,

    T = tr(R K_x R R K_y R),   W = (R K_x R) o (R K_y R),   T ~ Gamma with mean tr W and variance 2 |W|^2            (1)

where o multiplies entry by entry.

Where K = L L' with a thin L, R L costs O(n r^2) by Woodbury's identity, and T = |A'B|^2 for A = R L_x, B = R L_y. Only
|W|^2 needs all pairs of rows; it is summed in blocks, so memory stays O(n r).

Source:
    Zhang, Peters, Janzing and Schölkopf, Kernel-based conditional independence test and application in causal
    discovery, UAI 2011, propositions 3 and 5.
"""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from aitia.data.table import Table
from aitia.errors import DataError, OptionError, unknown_variable
from aitia.stats.independence._cache import ArrayCache
from aitia.stats.independence._residuals import Regression, apply, regression, sketched
from aitia.stats.independence.base import IndependenceTest, Missing, Tested, log_upper_tail
from aitia.stats.kernels import center

__all__ = ["Block", "KernelTest"]

Values = NDArray[np.float64]
Rows = NDArray[np.intp] | None

RIDGE = 1e-3
TRUNCATE = 1e-5
"""Directions below this share of the largest are dropped, as in the reference implementation."""

_CHUNK = 512


@dataclass(frozen=True)
class Block:
    """What one kernel is evaluated on.

    Args:
        points: (n, d) scaled so that k = exp(-1/2 |a - b|^2).
        labels: (n, c) codes that must agree.
        names: Of the variables and their scales, a key for random draws.
    """

    points: Values
    labels: NDArray[np.int64]
    names: str


class KernelTest(IndependenceTest):
    """The parts that exact and random-feature kernel tests share. See `KCI` and `RCIT`.

    Args:
        table: Continuous (also vector-valued) and discrete columns; a discrete one is compared by its labels.
        missing: See `IndependenceTest`.
        jobs: Threads.
        widths: Kernel widths, in standard deviations, of single variables in place of the usual ones.
        ridge: e in (1).
        cache_bytes: Bound on the factors kept between tests.

    Raises:
        OptionError: If the ridge or a width is not positive, or the cache is negative.
        UnknownVariableError: If `widths` names a variable that is not there.
    """

    def __init__(
        self,
        table: Table,
        *,
        missing: Missing = "error",
        jobs: int = 1,
        widths: Mapping[str, float] | None = None,
        ridge: float = RIDGE,
        cache_bytes: int = 1 << 30,
    ) -> None:
        super().__init__(table, missing=missing, jobs=jobs)
        if not ridge > 0:
            raise OptionError(f"the ridge is positive, got {ridge}")
        if cache_bytes < 0:
            raise OptionError(f"cache_bytes is 0 or more, got {cache_bytes}")
        self._widths = dict(widths or {})
        for name, width in self._widths.items():
            if name not in table:
                raise unknown_variable(name, table.names, "table")
            if not width > 0:
                raise OptionError(f"the kernel width of {name!r} is positive, got {width}")
        self._ridge = ridge
        self._cache = ArrayCache(cache_bytes)

    # -- what the kinds of kernel test differ in -----------------------------------------------------------------------

    @abstractmethod
    def _factor(self, block: Block) -> Values | None:
        """L (n, r) with K close to L L'; None where only the whole matrix will do."""

    @abstractmethod
    def _gram(self, block: Block) -> Values:
        """K (n, n)."""

    @abstractmethod
    def _width(self, n: int, conditional: bool, dimensions: int, points: Values) -> float:
        """Width of the Gaussian kernel for standardised variables."""

    @property
    def _may_sketch(self) -> bool:
        """Whether a thin factor may stand for a whole R K R."""
        return True

    def _variance_rows(self, n: int) -> NDArray[np.intp] | None:
        """Rows whose pairs stand for all pairs in |W|^2; None takes all."""
        return None

    # -- one test ------------------------------------------------------------------------------------------------------

    def _one(self, x: str, y: str, given: tuple[str, ...]) -> Tested:
        rows = self._rows(x, y, *given)
        n = self.n if rows is None else len(rows)
        if n < 10:
            raise DataError(f"only {n} rows have {x}, {y} and all of {', '.join(given) or 'nothing'}: too few to test")
        if given:
            a, b = self._residual((x, *given), given, rows), self._residual((y,), given, rows)
        else:
            a, b = self._centred((x,), (), rows), self._centred((y,), (), rows)
        statistic = _inner(a, b)
        if given:
            mean, variance = self._moments(a, b, n)
        else:  # the two matrices are independent under the null: products of traces do
            mean = _trace(a) * _trace(b) / n
            variance = 2 * _inner(a, a) * _inner(b, b) / n**2
        return Tested(statistic, *_gamma_tail(statistic, mean, variance, n))

    def _moments(self, a: Values, b: Values, n: int) -> tuple[float, float]:
        """tr W and 2 |W|^2."""
        if _whole(a) or _whole(b):
            w = _full(a) * _full(b)
            return float(np.trace(w)), 2 * float(np.vdot(w, w))
        mean = float(np.einsum("ij,ij->i", a, a) @ np.einsum("ij,ij->i", b, b))
        rows = self._variance_rows(n)
        if rows is None:
            return mean, 2 * _sum_of_squares(a, b)
        a, b = a[rows], b[rows]
        diagonal = float(np.sum((np.einsum("ij,ij->i", a, a) * np.einsum("ij,ij->i", b, b)) ** 2))
        apart = (_sum_of_squares(a, b) - diagonal) * n * (n - 1) / (len(rows) * (len(rows) - 1))
        return mean, 2 * (apart + diagonal * n / len(rows))

    # -- cached parts --------------------------------------------------------------------------------------------------

    def _residual(self, names: tuple[str, ...], given: tuple[str, ...], rows: Rows) -> Values:
        """R L of the kernel of x (with z at half scale) or of y alone; a whole R K R where there is no factor."""

        def compute() -> Values:
            part = self._centred(names, given, rows)
            found = self._regression(given, rows)

            def applied(matrix: Values) -> Values:
                return apply(found, self._ridge, matrix)

            if not _whole(part):
                return _truncated(applied(part))
            thin = sketched(part, applied) if self._may_sketch else None
            return applied(np.ascontiguousarray(applied(part).T)) if thin is None else _truncated(thin)

        return self._cache.get(("residual", names, given, _key(rows)), compute)

    def _regression(self, given: tuple[str, ...], rows: Rows) -> Regression:
        def compute() -> Regression:
            return regression(self._centred(given, given, rows, conditioning=True), self._ridge)

        return self._cache.get(("regression", given, _key(rows)), compute)

    def _centred(
        self, names: tuple[str, ...], given: tuple[str, ...], rows: Rows, conditioning: bool = False
    ) -> Values:
        """The centred factor (n, r), or the centred Gram matrix (n, n), of one kernel."""
        # The kernel of y alone depends on `given` through its width only.
        scale = given if len(names) > 1 or conditioning else (str(self._dimensions(given)),)

        def compute() -> Values:
            block = self._block(names, given, rows, conditioning, f"{names} {scale} {bool(given)} {conditioning}")
            factor = self._factor(block)
            if factor is None:
                return center(self._gram(block))
            return _not_square(factor - factor.mean(axis=0))

        return self._cache.get(("centred", names, scale, bool(given), conditioning, _key(rows)), compute)

    def _block(self, names: tuple[str, ...], given: tuple[str, ...], rows: Rows, conditioning: bool, key: str) -> Block:
        columns, labels = [], []
        n = self.n if rows is None else len(rows)
        dimensions = self._dimensions(given) if given else self._dimensions(names)
        for name in names:
            values = self.table.column(name) if rows is None else self.table.column(name)[rows]
            if self.table.discrete(name):
                labels.append(values.astype(np.int64))
                continue
            values = values.reshape(n, -1)
            spread = values.std(axis=0, ddof=1)
            standard = (values - values.mean(axis=0)) / np.where(spread > 0, spread, 1)
            half = 0.5 if name in given and not conditioning else 1.0
            width = self._widths.get(name, self._width(n, bool(given), dimensions, standard))
            columns.append(standard * (half / width))
        points = np.concatenate(columns, axis=1) if columns else np.empty((n, 0))
        codes = np.column_stack(labels) if labels else np.empty((n, 0), np.int64)
        return Block(points, codes, f"{key} {_key(rows)}")

    def _dimensions(self, names: Sequence[str]) -> int:
        """How many numbers the continuous ones of these variables hold, at least 1."""
        table = self.table
        counts = [table.column(v).reshape(self.n, -1).shape[1] for v in names if table.continuous(v)]
        return max(sum(counts), 1)


def _key(rows: Rows) -> str:
    return "" if rows is None else sha256(rows.tobytes()).hexdigest()


def _whole(part: Values) -> bool:
    """Whether this is a Gram matrix rather than a factor: factors are never square (see `_not_square`)."""
    return bool(part.shape[0] == part.shape[1])


def _not_square(factor: Values) -> Values:
    """The factor with a column of zeros where it happens to be square."""
    if factor.shape[0] != factor.shape[1]:
        return factor
    return np.concatenate([factor, np.zeros((len(factor), 1))], axis=1)


def _full(part: Values) -> Values:
    return part if _whole(part) else part @ part.T


def _trace(part: Values) -> float:
    return float(np.trace(part)) if _whole(part) else float(np.vdot(part, part))


def _inner(a: Values, b: Values) -> float:
    """Sum of the products of the entries of both Gram matrices."""
    if _whole(a) or _whole(b):
        return float(np.vdot(_full(a), _full(b)))
    cross = a.T @ b
    return float(np.vdot(cross, cross))


def _truncated(factor: Values) -> Values:
    """The factor turned to its principal directions, without those below `TRUNCATE` of the largest."""
    values, vectors = np.linalg.eigh(factor.T @ factor)
    keep = values > TRUNCATE * max(values[-1], 1e-300)
    return _not_square(factor @ vectors[:, keep])


def _sum_of_squares(a: Values, b: Values) -> float:
    """Sum over all pairs of rows of (a_i . a_j)^2 (b_i . b_j)^2; each pair is visited once."""
    n, total = len(a), 0.0
    for begin in range(0, n, _CHUNK):
        end = min(begin + _CHUNK, n)
        w = a[begin:end] @ a[begin:].T
        w *= b[begin:end] @ b[begin:].T
        inside = w[:, : end - begin]
        total += 2 * float(np.vdot(w, w)) - float(np.vdot(inside, inside))
    return total


def _gamma_tail(statistic: float, mean: float, variance: float, n: int) -> tuple[float, int, float]:
    """The p-value, the rows, and the logarithm of a p-value that underflows."""
    from scipy.special import gammaincc

    if not (mean > 0 and variance > 0):  # a kernel without any spread: nothing speaks against independence
        return 1.0, n, 0.0
    shape, x = mean**2 / variance, max(statistic, 0.0) * mean / variance
    return float(gammaincc(shape, x)), n, log_upper_tail(shape, x)

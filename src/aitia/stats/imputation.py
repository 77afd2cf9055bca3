"""Gaps filled several times over, so that the spread of the answers says what the gaps cost.

Chained equations: each column with gaps is regressed on all others, in turn, from values drawn at random, a few times
round, with the coefficients drawn from their posterior. A number is drawn from its normal distribution given the
others; a count or label is taken from a row whose prediction is near (predictive mean matching, five donors), labels
being predicted by the indicators of all of them, and so stays one that occurs. What is drawn is right where the gaps
depend on what is observed alone.

Sources:
    van Buuren, Flexible imputation of missing data, 2nd ed. (2018), algorithms 3.1 and 3.3, section 4.5.
    Rubin, Multiple imputation for nonresponse in surveys (1987), section 3.1, for `pooled`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aitia.data.table import Kind, Table
from aitia.errors import DataError

__all__ = ["FEWEST", "IMPUTATIONS", "Pooled", "imputed", "pooled"]

Values = NDArray[np.float64]
ROUNDS, DONORS, RIDGE = 10, 5, 1e-5
IMPUTATIONS = 20
"""Of which answers are pooled."""
FEWEST = 2 * DONORS
"""Values of a column, below which its gaps are not filled."""


def imputed(table: Table, many: int, seed: int = 0) -> list[Table]:
    """The table with its gaps filled, `many` times.

    Args:
        table: Columns of numbers and labels, one number a row.
        many: How many.
        seed: Of the draws.

    Raises:
        DataError: If a column has fewer than ten values, or is no column of numbers or labels.
    """
    names = table.names
    for name in names:
        if not table.plain(name) or table.column(name).ndim > 1:
            raise DataError(f"gaps are filled from numbers and labels, and {name!r} is neither: leave it out")
        if table.missing(name) and table.n - table.missing(name) < FEWEST:
            raise DataError(
                f"{name!r} has {table.n - table.missing(name)} values, which are too few to fill its gaps from: "
                "leave it out, or take whole rows (--missing complete)"
            )
    return [_filled(table, np.random.default_rng([seed, 97, k])) for k in range(many)]


def _filled(table: Table, rng: np.random.Generator) -> Table:
    values = {name: table.column(name).copy() for name in table.names}
    gaps = {name: table.absent(name) for name in table.names if table.missing(name)}
    for name, gap in gaps.items():
        values[name][gap] = rng.choice(values[name][~gap], gap.sum())
    for _ in range(ROUNDS):
        for name in sorted(gaps, key=table.missing):
            gap = gaps[name]
            others = [_spread(table, other, values[other]) for other in table.names if other != name]
            X = np.column_stack([np.ones(table.n), *others])
            if table.kind(name) in (Kind.NUMBER, Kind.TIME):
                values[name][gap] = _drawn(X, values[name], gap, rng)
            else:
                target = _spread(table, name, values[name], whole=True)
                values[name][gap] = values[name][~gap][_donors(X, target, gap, rng)]
    return table.with_codes({name: values[name] for name in gaps})


def _spread(table: Table, name: str, values: Values, whole: bool = False) -> Values:
    """(n, k) a column of numbers in units of its spread, or the indicators of its labels, the first left out."""
    if table.discrete(name):
        codes = np.arange(0 if whole else 1, len(table.categories(name)))
        marks: Values = (values[:, None] == codes).astype(np.float64)
        return marks
    width = values.std()
    centred: Values = (values - values.mean())[:, None] / (width if width > 0 else 1.0)
    return centred


def _posterior(X: Values, y: Values, rng: np.random.Generator) -> tuple[Values, Values, Values]:
    """The coefficients (p, k) of least squares, a draw of them from their posterior, and of the noise (k,)."""
    gram = X.T @ X
    inverse = np.linalg.inv(gram + np.diag(RIDGE * np.maximum(np.diag(gram), 1.0)))
    fitted = inverse @ X.T @ y
    left = ((y - X @ fitted) ** 2).sum(axis=0)
    scale = np.sqrt(left / rng.chisquare(max(len(X) - X.shape[1], 1)))
    roots, axes = np.linalg.eigh((inverse + inverse.T) / 2)
    noise = (axes * np.sqrt(np.maximum(roots, 0))) @ rng.standard_normal(fitted.shape)
    return fitted, fitted + noise * scale, np.asarray(scale)


def _drawn(X: Values, values: Values, gap: NDArray[np.bool_], rng: np.random.Generator) -> Values:
    """For each row with a gap a number from its distribution given the others."""
    _, chosen, scale = _posterior(X[~gap], values[~gap, None], rng)
    drawn: Values = (X[gap] @ chosen)[:, 0] + scale[0] * rng.standard_normal(int(gap.sum()))
    return drawn


def _donors(X: Values, y: Values, gap: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.intp]:
    """For each row with a gap the place, among the others, of the row whose value it takes."""
    from scipy.spatial import KDTree

    fitted, chosen, _ = _posterior(X[~gap], y[~gap], rng)
    near: NDArray[np.intp] = KDTree(X[~gap] @ fitted).query(X[gap] @ chosen, k=DONORS)[1]
    places: NDArray[np.intp] = near[np.arange(len(near)), rng.integers(0, DONORS, len(near))]
    return places


@dataclass(frozen=True)
class Pooled:
    """One answer from several imputations.

    Args:
        estimate: Their mean.
        variance: Within and between them.
        freedom: Degrees of freedom of Student's t.
    """

    estimate: float
    variance: float
    freedom: float

    def interval(self, confidence: float) -> tuple[float, float]:
        """The two ends."""
        from scipy.stats import t

        half = float(t.ppf((1 + confidence) / 2, self.freedom)) * self.variance**0.5
        return self.estimate - half, self.estimate + half


def pooled(estimates: Sequence[float], variances: Sequence[float]) -> Pooled:
    """Rubin's rules: T = mean(U) + (1 + 1/m) B, with (m - 1) (1 + mean(U) / ((1 + 1/m) B))^2 degrees of freedom."""
    m = len(estimates)
    within = float(np.mean(variances))
    between = (1 + 1 / m) * float(np.var(estimates, ddof=1))
    freedom = (m - 1) * (1 + within / between) ** 2 if between > 0 else float("inf")
    return Pooled(float(np.mean(estimates)), within + between, freedom)

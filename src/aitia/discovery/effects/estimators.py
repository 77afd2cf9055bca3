"""Other estimators of the same effect, to be set beside the fitted mechanisms: what they share is the graph alone.

    AIPW             labels: E[m_a(Z) + 1{x = a} (y - m_a(Z)) / p_a(Z)] on both sides, cross-fitted
    partialling out  numbers: the slope of y - E[y | Z] on x - E[x | Z], cross-fitted, times what is added
    2SLS             the slope that instruments identify, times what is added

Z is the adjustment set of the graph. m is least squares or a logistic regression of the outcome on Z with squares of
its numbers, p a logistic one: a wrong mechanism shows where these disagree with it.

References:
    Robins, Rotnitzky and Zhao, JASA 89 (1994); Chernozhukov et al., Double/debiased machine learning, Econometrics
    Journal 21 (2018), definition 3.2 and equation 4.4.
    Angrist and Imbens, JASA 90 (1995), for what 2SLS tells where rows differ: the effect among those who comply.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from aitia.data.table import Table
from aitia.discovery.effects.regression import chance, logistic, two_stage
from aitia.discovery.effects.weak import Intervals, anderson_rubin, in_words
from aitia.do import Intervention, Shift, Value
from aitia.errors import DataError
from aitia.graph import Graph
from aitia.graph.instruments import Instrument, instruments

__all__ = [
    "WEAK",
    "Columns",
    "Estimator",
    "beside",
    "by_instruments",
    "chosen",
    "columns_of",
    "disagreement",
    "usable",
    "weakness",
]

Values = NDArray[np.float64]
FOLDS = 5
LEAST_CHANCE = 0.01
"""Chance of a label below which it is taken for this: a row counts at most a hundredfold."""
WEAK = 10.0


@dataclass(frozen=True)
class Estimator:
    """One line of the table of estimators.

    Args:
        name: Of the estimator.
        estimate: The effect, a difference.
        low: Lower end of its interval.
        high: Upper end.
        rests_on: What it takes for granted beside the graph.
        first_stage: F statistic of the instruments, where there are some.
        anderson_rubin: What the interval of Anderson and Rubin keeps, where these are weak.
    """

    name: str
    estimate: float
    low: float
    high: float
    rests_on: str
    first_stage: float | None = None
    anderson_rubin: Intervals | None = None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Its ends; None where nothing tells its width: no row differs from the fit, or no samples were drawn."""
        wide = self.high - self.low > 1e-9 * max(abs(self.low), abs(self.high))
        return (self.low, self.high) if wide else None


@dataclass(frozen=True)
class Columns:
    """The columns of a contrast.

    Args:
        table: Whole rows.
        target: What is set.
        sides: To which label, or number, on either side; None where the number is left alone and something added.
        added: By how much the sides differ, for a number.
        outcome: (n,) its numbers, or whether it has the label.
        number: Whether it is a number.
        weights: (n,) of the rows.
        clusters: (n,) of the rows.
    """

    table: Table
    target: str
    sides: tuple[object, object] | None
    added: float
    outcome: Values
    number: bool
    weights: Values | None
    clusters: NDArray[np.intp] | None

    @classmethod
    def of(
        cls, table: Table, done: Intervention, against: Intervention, outcome: str, label: object | None,
        weights: Values | None, clusters: NDArray[np.intp] | None,
    ) -> "Columns | None":  # fmt: skip
        """The columns, where one target is set to two labels, or moved by a number; else None."""
        targets = dict.fromkeys((*done.targets, *against.targets))
        if len(targets) != 1:
            return None
        target = str(next(iter(targets)))
        a, b = done.get(target), against.get(target)
        values = table.column(outcome)
        y = values if label is None else (values == table.categories(outcome).index(label)).astype(np.float64)
        shared = (y, label is None, weights, clusters)
        if isinstance(a, Value) and isinstance(b, Value):
            if table.discrete(target):
                return cls(table, target, (a.value, b.value), 1.0, *shared)
            return cls(table, target, None, float(a.value) - float(b.value), *shared)
        if isinstance(a, Shift) and (b is None or isinstance(b, Shift)) and table.continuous(target):
            return cls(table, target, None, a.by - (0.0 if b is None else b.by), *shared)
        return None


def beside(columns: Columns, adjusted: Sequence[str], confidence: float, seed: int) -> Estimator | None:
    """AIPW for labels, partialling out for numbers; None where too few rows have a label for five folds."""
    Z = columns_of(columns.table, adjusted)
    folds = _folds(columns, seed)
    if columns.sides is None:
        return _partialling_out(columns, Z, folds, confidence)
    codes = columns.table.column(columns.target)
    labels = columns.table.categories(columns.target)
    parts = []
    for side in columns.sides:
        has = codes == labels.index(side)
        if min(int(has[folds != k].sum()) for k in range(FOLDS)) <= Z.shape[1] + 1:
            return None
        parts.append(_influence(columns, Z, has, folds))
    low, mid, high = _interval(parts[0] - parts[1], columns, confidence)
    return Estimator("AIPW, cross-fitted", mid, low, high, "outcome or chance of being set, one of them fitted right")


def _influence(columns: Columns, Z: Values, has: NDArray[np.bool_], folds: NDArray[np.intp]) -> Values:
    """(n,) what each row says of the mean where all have the label."""
    told = np.empty(len(Z))
    for k in range(FOLDS):
        out, near = folds == k, folds != k
        w = None if columns.weights is None else columns.weights
        arm = near & has
        predicted = _predicted(Z[arm], columns.outcome[arm], Z[out], None if w is None else w[arm], columns.number)
        p = chance(Z[out], logistic(Z[near], has[near].astype(np.float64), None if w is None else w[near]))
        told[out] = predicted + has[out] * (columns.outcome[out] - predicted) / np.maximum(p, LEAST_CHANCE)
    return told


def _predicted(X: Values, y: Values, new: Values, weights: Values | None, number: bool) -> Values:
    if not number:
        return chance(new, logistic(X, y, weights))
    root = np.ones(len(y)) if weights is None else np.sqrt(weights)
    beta = np.linalg.lstsq(X * root[:, None], y * root, rcond=None)[0]
    return np.asarray(new @ beta)


def _partialling_out(columns: Columns, Z: Values, folds: NDArray[np.intp], confidence: float) -> Estimator:
    x, y, w = columns.table.column(columns.target), columns.outcome, columns.weights
    v, e = np.empty(len(x)), np.empty(len(x))
    for k in range(FOLDS):
        out, near = folds == k, folds != k
        weights = None if w is None else w[near]
        v[out] = x[out] - _predicted(Z[near], x[near], Z[out], weights, True)
        e[out] = y[out] - _predicted(Z[near], y[near], Z[out], weights, True)
    weight = np.ones(len(x)) if w is None else w
    scale = float((weight * v**2).mean())
    slope = float((weight * v * e).mean()) / scale
    low, mid, high = _interval(columns.added * (slope + v * (e - slope * v) / scale), columns, confidence)
    return Estimator("partialling out, cross-fitted", mid, low, high, "a straight line in what is set")


def _interval(told: Values, columns: Columns, confidence: float) -> tuple[float, float, float]:
    """The mean of what the rows say, and its normal interval; whole clusters are summed."""
    w = np.ones(len(told)) if columns.weights is None else columns.weights
    mid = float(np.average(told, weights=w))
    off = w * (told - mid) / w.sum()
    if columns.clusters is not None:
        off = np.bincount(columns.clusters, weights=off)
    half = NormalDist().inv_cdf((1 + confidence) / 2) * float(np.sqrt((off**2).sum() * len(off) / (len(off) - 1)))
    return mid - half, mid, mid + half


def chosen(graph: Graph, target: str, outcome: str, latent: Sequence[str], asked: str | None) -> tuple[Instrument, ...]:
    """The instruments to use: the one that was asked for, else all that need nothing held fixed, else the first."""
    found = usable(graph, target, outcome, latent, conditional=False)
    if asked is None and found:
        return found
    every = usable(graph, target, outcome, latent, conditional=True)
    return tuple(one for one in every if one.name == asked) if asked is not None else every[:1]


def usable(
    graph: Graph, target: str, outcome: str, latent: Sequence[str], *, conditional: bool
) -> tuple[Instrument, ...]:
    """The instruments that the target does not itself cause: what it causes is a measure of it and moves nothing."""
    caused = graph.descendants([target])
    every = instruments(graph, target, outcome, conditional=conditional, latent=latent)
    return tuple(one for one in every if one.name not in caused)


def by_instruments(
    columns: Columns, graph: Graph, outcome: str, latent: Sequence[str], asked: str | None, confidence: float
) -> Estimator | None:
    """2SLS by the instruments of the graph, or by the one that was asked for; None where there is none.

    Raises:
        DataError: If the treatment is of more than two labels, or the instrument says nothing of it.
    """
    if not graph.is_admg:
        return None
    found = chosen(graph, columns.target, outcome, latent, asked)
    found = tuple(one for one in found if {one.name, *one.given} <= set(columns.table.names))
    if not found:
        return None
    table = columns.table
    given = [name for one in found for name in one.given]
    x = table.column(columns.target)
    if columns.sides is not None:
        labels = table.categories(columns.target)
        if len(labels) != 2:
            raise DataError(f"2SLS takes a number or two labels, and {columns.target!r} has {len(labels)}")
        x = (x == labels.index(columns.sides[0])).astype(np.float64)
    Z = columns_of(table, [one.name for one in found], squares=False)[:, 1:]
    data = (columns.outcome, x, Z, columns_of(table, given, squares=False), columns.weights, columns.clusters)
    fit = two_stage(*data)
    half = NormalDist().inv_cdf((1 + confidence) / 2) * fit.variance**0.5 * abs(columns.added)
    mid = columns.added * fit.coefficient
    names = ", ".join(one.name for one in found) + (f" given {', '.join(given)}" if given else "")
    weak = f", F = {fit.first_stage:.3g}"
    kept = None
    if fit.first_stage < WEAK and columns.added:
        ends = [(columns.added * low, columns.added * high) for low, high in anderson_rubin(*data, confidence)]
        kept = tuple(sorted((min(pair), max(pair)) for pair in ends))
    return Estimator(f"2SLS by {names}", mid, mid - half, mid + half, f"a straight line{weak}", fit.first_stage, kept)


def disagreement(lines: Sequence[Estimator]) -> list[str]:
    """A sentence for each estimator whose interval does not meet that of the first."""
    first = lines[0]
    told = []
    for line in lines[1:]:
        if line.low > first.high or line.high < first.low:
            why = "a hidden cause, or the instrument" if line.first_stage is not None else "a mechanism, or the overlap"
            told.append(
                f"{line.name} says {line.estimate:.4g} [{line.low:.4g}, {line.high:.4g}], which does not meet "
                f"{first.name}: {why} may be amiss"
            )
        told += weakness(line)
    return told


def weakness(line: Estimator) -> list[str]:
    """A sentence where the instruments of an estimator are weak, with the interval that holds all the same."""
    if line.anderson_rubin is None:
        return []
    return [
        f"the instrument is weak, F = {line.first_stage:.3g} below 10: the estimate of 2SLS leans towards the "
        "confounded one and its interval is too narrow; that of Anderson and Rubin, which holds however weak it is, is "
        f"{in_words(line.anderson_rubin)}"
    ]


def _folds(columns: Columns, seed: int) -> NDArray[np.intp]:
    """(n,) the fold of each row; clusters stay together, and rows with a label are spread evenly."""
    rng = np.random.default_rng([seed, 41])
    if columns.clusters is not None:
        of = rng.permutation(int(columns.clusters.max()) + 1) % FOLDS
        return np.asarray(of[columns.clusters], dtype=np.intp)
    order = rng.permutation(columns.table.n)
    if columns.sides is not None:
        order = order[np.argsort(columns.table.column(columns.target)[order], kind="stable")]
    folds = np.empty(columns.table.n, dtype=np.intp)
    folds[order] = np.arange(columns.table.n) % FOLDS
    return folds


def columns_of(table: Table, names: Sequence[str], squares: bool = True) -> Values:
    """(n, 1 + p) a constant, numbers in units of their spread (and squared), labels as indicators."""
    columns: list[Values] = [np.ones(table.n)]
    for name in names:
        values = table.column(name)
        if table.discrete(name):
            seen = np.unique(values)[1:]
            columns += [(values == k).astype(np.float64) for k in seen]
            continue
        scaled = (values - values.mean()) / (values.std() or 1.0)
        columns += [scaled, scaled**2] if squares else [scaled]
    return np.column_stack(columns)

"""Fitting mechanisms to a table on a known DAG.

Each variable is fitted on its own, given its parents, with the rows that are complete in this family:

    discrete, all parents discrete      a table of frequencies
    discrete, some parent continuous    multinomial logistic regression
    continuous                          least squares, or a kernel on top of it where that predicts better

"Better" is the leave-one-out error, which has a closed form for both; the kernel has to win by two standard errors of
the difference, so that chance alone rarely bends a line.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from aitia.data.table import Table
from aitia.errors import CostError, DataError, GraphError, OptionError, unknown_variable
from aitia.graph.graph import Graph
from aitia.scm._arrays import Values, design
from aitia.scm._columns import read_column
from aitia.scm.additive import AdditiveNoise
from aitia.scm.kernel import fit_kernel_trend
from aitia.scm.linear import Linear
from aitia.scm.mechanism import Mechanism
from aitia.scm.model import SCM
from aitia.scm.noise import Empirical, Gaussian, Noise
from aitia.scm.softmax import Softmax
from aitia.scm.tabular import TableMechanism

__all__ = ["fit_scm"]


CHOICES = ("auto", "linear", "nonlinear", "softmax", "table")
MOST_CELLS = 2_000_000
STANDARD_ERRORS = 2.0
SOFTMAX_PENALTY = 1e-3
"""Ridge of the logistic weights (inputs standardised, loss summed over rows): keeps separable data finite."""


def fit_scm(
    graph: Graph,
    table: Any,
    *,
    mechanisms: Any = "auto",
    smoothing: float = 0.0,
    noise: str = "empirical",
    weights: ArrayLike | None = None,
    seed: int = 0,
) -> SCM:
    """The SCM on this graph whose mechanisms fit the table.

    Args:
        graph: A DAG over columns of the table.
        table: Whatever `Table.of` reads. Missing values: each family uses its complete rows.
        mechanisms: `"auto"`, `"linear"` or `"nonlinear"` for every continuous variable; or a mapping from name to one
            of these, to `"softmax"` or `"table"` for a discrete one, to an unfitted scikit-learn regressor (a copy is
            fitted), or to a finished `Mechanism`. Names left out are `"auto"`.
        smoothing: Count added to each cell of a table (1 is Laplace's rule). With 0, parents' labels that never occur
            together give the variable's overall frequencies.
        noise: `"empirical"` keeps the residuals as they are, `"gaussian"` their variance.
        weights: (n,) how much each row counts, such as 1 over its chance of being sampled; frequencies, least squares
            and likelihoods are weighted. Kernels take none: with weights `"auto"` fits a line.
        seed: Chooses the centres of kernels.

    Raises:
        GraphError: If the graph is no DAG.
        UnknownVariableError: If the table lacks a column, or `mechanisms` names a variable that is not there.
        DataError: If a family has too few complete rows.
        OptionError: If a choice does not fit a variable's kind, or an option is none of the above; weights that are
            below zero, no numbers, or not one a row.
        CostError: If a table would have more than two million cells.
    """
    if not graph.is_dag:
        raise GraphError("SCM.fit needs a DAG: every edge directed, no cycle. Take a member of the class first")
    if noise not in ("empirical", "gaussian"):
        raise OptionError(f"noise is 'empirical' or 'gaussian', got {noise!r}")
    if not smoothing >= 0:
        raise OptionError(f"smoothing is zero or more, got {smoothing}")
    data = Table.of(table)
    wanted = _wanted(graph, mechanisms)
    counted = None if weights is None else _weights(weights, data.n)
    labels = {name: data.categories(name) for name in graph}
    columns = {name: read_column(data, name, labels[name]) for name in graph}
    fitted = {}
    for place, name in enumerate(graph):
        choice = wanted[name]
        if isinstance(choice, Mechanism):
            fitted[name] = choice
        else:
            family = _Family(name, graph.parents(name), columns, labels, counted)
            fitted[name] = _fit(family, choice, smoothing, noise, np.random.default_rng([seed, place]))
    return SCM(graph, fitted, categories={name: found for name, found in labels.items() if found})


def _weights(given: ArrayLike, n: int) -> Values:
    """The weights of the rows, 1 on average.

    Raises:
        OptionError: If one is below zero or no number, all are zero, or there is not one a row.
    """
    weights = np.asarray(given, dtype=np.float64)
    if weights.shape != (n,):
        raise OptionError(f"weights are one number for each of {n} rows, got shape {weights.shape}")
    bad = np.flatnonzero(~(weights >= 0) | ~np.isfinite(weights))
    if bad.size:
        raise OptionError(f"a weight is a number, zero or more, and row {bad[0]} has {weights[bad[0]]:g}")
    if not weights.sum() > 0:
        raise OptionError("every weight is zero: no row counts")
    return np.asarray(weights / weights.mean())


def _wanted(graph: Graph, mechanisms: Any) -> dict[str, Any]:
    chosen = dict(mechanisms) if isinstance(mechanisms, Mapping) else dict.fromkeys(graph, mechanisms)
    for name, choice in chosen.items():
        if name not in graph:
            raise unknown_variable(name, graph.nodes)
        named = isinstance(choice, str) and choice in CHOICES
        regressor = hasattr(choice, "fit") and hasattr(choice, "predict")
        if not (named or regressor or isinstance(choice, Mechanism)):
            raise OptionError(
                f"the mechanism of {name!r} is one of {', '.join(CHOICES)}, a regressor with fit and predict, or a "
                f"Mechanism, got {choice!r}"
            )
    return {name: chosen.get(name, "auto") for name in graph}


class _Family:
    """The complete rows of a variable and its parents."""

    def __init__(
        self,
        name: str,
        parents: tuple[str, ...],
        columns: Mapping[str, Values],
        labels: Mapping[str, tuple[Any, ...]],
        weights: Values | None = None,
    ) -> None:
        self.name, self.parents = name, parents
        self.cardinality = len(labels[name])
        self.levels = tuple(len(labels[parent]) for parent in parents)
        complete = ~np.isnan(np.column_stack([columns[v] for v in (name, *parents)])).any(axis=1)
        if weights is not None:
            complete &= weights > 0
        self.weights = None if weights is None else weights[complete]
        self.y = columns[name][complete]
        self.x = [columns[parent][complete] for parent in parents]
        self.n = len(self.y)
        if self.n == 0:
            raise DataError(f"no row has {name!r} together with all of its parents {list(parents)}")

    def design(self) -> Values:
        X = design(self.x, self.levels, self.n)
        if self.n < X.shape[1] + 2:
            raise DataError(
                f"{self.name!r} has {X.shape[1]} columns of parents and {self.n} complete rows: "
                f"at least {X.shape[1] + 2} are needed"
            )
        return X


def _fit(family: _Family, choice: Any, smoothing: float, noise: str, rng: np.random.Generator) -> Mechanism:
    discrete = family.cardinality > 0
    if not isinstance(choice, str):
        if discrete:
            raise OptionError(f"{family.name!r} is discrete: a regressor predicts numbers; use 'table' or 'softmax'")
        return _fit_regressor(family, choice, noise)
    if choice in ("softmax", "table") and not discrete:
        raise OptionError(f"{family.name!r} is continuous and takes no {choice!r} mechanism")
    if choice == "table" and 0 in family.levels:
        raise OptionError(f"{family.name!r} has a continuous parent and takes no table; use 'softmax'")
    if discrete:
        tabular = 0 not in family.levels and choice != "softmax"
        return _fit_table(family, smoothing) if tabular else _fit_softmax(family)
    return _fit_continuous(family, choice, noise, rng)


def _fit_table(family: _Family, smoothing: float) -> TableMechanism:
    shape = (*family.levels, family.cardinality)
    if (cells := int(np.prod([float(k) for k in shape]))) > MOST_CELLS:
        raise CostError(
            f"the table of {family.name!r} given {list(family.parents)} has {cells:,} cells, at most {MOST_CELLS:,} "
            "are allowed: choose 'softmax' for it, or a graph with fewer parents"
        )
    places = np.ravel_multi_index([v.astype(np.intp) for v in (*family.x, family.y)], shape)
    counts = np.bincount(places, weights=family.weights, minlength=cells).reshape(shape) + smoothing
    total = counts.sum(axis=-1, keepdims=True)
    overall = np.bincount(family.y.astype(np.intp), weights=family.weights, minlength=family.cardinality)
    overall = overall / overall.sum()
    return TableMechanism(family.parents, np.where(total > 0, counts / np.where(total > 0, total, 1.0), overall))


def _fit_softmax(family: _Family) -> Softmax:
    """Maximum likelihood with a slight ridge, by L-BFGS."""
    from scipy.optimize import minimize

    X = family.design()
    middle, spread = X.mean(axis=0), X.std(axis=0)
    spread = np.where(spread > 0, spread, 1.0)
    Z = np.column_stack([np.ones(family.n), (X - middle) / spread])
    k = family.cardinality
    target = family.y[:, None] == np.arange(k)
    each = np.ones(family.n) if family.weights is None else family.weights

    def loss(flat: Values) -> tuple[float, Values]:
        W = flat.reshape(Z.shape[1], k)
        score = Z @ W
        top = score.max(axis=1, keepdims=True)
        log_sum = top + np.log(np.exp(score - top).sum(axis=1, keepdims=True))
        penalty = SOFTMAX_PENALTY * W
        value = float(each @ (log_sum[:, 0] - score[target]) + (penalty * W).sum() / 2)
        return value / family.n, (
            (Z.T @ (each[:, None] * (np.exp(score - log_sum) - target)) + penalty) / family.n
        ).ravel()

    solution = minimize(loss, np.zeros(Z.shape[1] * k), jac=True, method="L-BFGS-B", options={"maxiter": 500})
    W = solution.x.reshape(Z.shape[1], k)
    weights = W[1:] / spread[:, None]
    return Softmax(family.parents, weights, W[0] - middle @ weights, family.levels)


def _fit_weighted(family: _Family, choice: str, noise: str) -> Mechanism:
    """Weighted least squares; the noise stands for the residuals in the shares of their weights."""
    if choice == "nonlinear":
        raise OptionError(f"the kernel of {family.name!r} takes no weights: choose 'linear' or leave it at 'auto'")
    assert family.weights is not None
    Z = np.column_stack([np.ones(family.n), family.design()])
    root = np.sqrt(family.weights)
    beta: Values = np.linalg.lstsq(Z * root[:, None], family.y * root, rcond=None)[0].astype(np.float64)
    residual = family.y - Z @ beta
    share = np.cumsum(family.weights) / family.weights.sum()
    rows = np.searchsorted(share, (np.arange(family.n) + 0.5) / family.n)
    drawn = residual[np.minimum(rows, family.n - 1)] * np.sqrt(family.n / max(family.n - Z.shape[1], 1))
    return Linear(family.parents, beta[1:], float(beta[0]), _noise(drawn, noise), family.levels)


def _fit_continuous(family: _Family, choice: str, noise: str, rng: np.random.Generator) -> Mechanism:
    if family.weights is not None:
        return _fit_weighted(family, choice, noise)
    X = family.design()
    Z = np.column_stack([np.ones(family.n), X])
    beta: Values = np.linalg.lstsq(Z, family.y, rcond=None)[0].astype(np.float64)
    residual = family.y - Z @ beta
    # n / (n - p - 1) undoes the shrinking of residuals by the fit.
    unshrunk = residual * np.sqrt(family.n / max(family.n - Z.shape[1], 1))
    line = Linear(family.parents, beta[1:], float(beta[0]), _noise(unshrunk, noise), family.levels)
    # Without a continuous parent, a line over indicators of one parent is already every function of it.
    bends = 0 in family.levels or len(family.levels) > 1
    if choice == "linear" or not bends or (choice == "auto" and family.n < 20):
        return line
    trend, left_out = fit_kernel_trend(X, family.y, rng)
    if choice == "auto":
        Q, _ = np.linalg.qr(Z)
        leverage = (Q**2).sum(axis=1)
        gain = ((residual / np.maximum(1 - leverage, 1e-8)) ** 2 - left_out)[~np.isnan(left_out)]
        if gain.mean() <= STANDARD_ERRORS * gain.std() / np.sqrt(len(gain)):
            return line
    # In-sample residuals of a flexible fit are too small: bring them to the size of the left-out errors.
    bent = family.y - trend.predict(X)
    scale = np.sqrt(np.nanmean(left_out) / np.mean(bent**2)) if np.mean(bent**2) > 0 else 1.0
    return AdditiveNoise(family.parents, trend, _noise(bent * max(scale, 1.0), noise), family.levels)


def _fit_regressor(family: _Family, regressor: Any, noise: str) -> Mechanism:
    """A fitted copy of the user's regressor, its noise from errors on rows that it did not see."""
    if family.weights is not None:
        raise OptionError(f"the regressor of {family.name!r} takes no weights here: choose 'linear' for it")
    from sklearn.base import clone
    from sklearn.model_selection import cross_val_predict

    X = family.design()
    if X.shape[1] == 0:
        return _fit_continuous(family, "linear", noise, np.random.default_rng(0))
    copy = clone(regressor).fit(X, family.y)
    folds = min(5, family.n)
    unseen = cross_val_predict(clone(regressor), X, family.y, cv=folds)
    return AdditiveNoise(family.parents, copy, _noise(family.y - unseen, noise), family.levels)


def _noise(residual: Values, kind: str) -> Noise:
    return Empirical.of(residual) if kind == "empirical" else Gaussian(float(np.std(residual)))


def kinds_of(fitted: Mapping[str, Mechanism], asked: Any) -> dict[str, Any]:
    """What to ask for so that a further fit takes mechanisms of the same kinds.

    Args:
        fitted: The mechanisms of a fit.
        asked: What was asked for there: regressors and finished mechanisms stay as they were given.
    """
    given = dict(asked) if isinstance(asked, Mapping) else {}
    names = {Linear: "linear", AdditiveNoise: "nonlinear", Softmax: "softmax", TableMechanism: "table"}
    return {
        name: given[name] if not isinstance(given.get(name, ""), str) else names.get(type(mechanism), "auto")
        for name, mechanism in fitted.items()
    }

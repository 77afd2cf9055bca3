"""Whether each latent stands for one true variable, and each true variable for one latent.

    dci    how concentrated the importances of a regression of the truth on the latents are, by latent and by variable
    mig    by how much the best latent leads the second in mutual information
    sap    by how much it leads in R2
    irs    how little a latent moves while one true variable is held and all others change

In every function `true` is (n, d) and `estimated` (n, k), or (n,) for one column. All scores lie in [0, 1]; higher is
better. They presume independent true variables: with dependent ones even a perfect code scores below 1.

Sources:
    Eastwood and Williams, A framework for the quantitative evaluation of disentangled representations, ICLR 2018 (DCI).
    Chen, Li, Grosse and Duvenaud, Isolating sources of disentanglement in variational autoencoders, NeurIPS 2018 (MIG).
    Kumar, Sattigeri and Balakrishnan, Variational inference of disentangled latent concepts from unlabeled
    observations, ICLR 2018 (SAP).
    Suter, Miladinović, Schölkopf and Bauer, Robustly disentangled causal mechanisms, ICML 2019 (IRS).
"""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aitia.errors import DataError, MissingExtraError, OptionError
from aitia.stats.metrics._checks import Values, halves, kept_columns, location_scale, paired, standardized
from aitia.stats.metrics.score import Score

__all__ = ["DCI", "IRS", "dci", "irs", "mig", "sap"]

LASSO_SWEEPS = 1000
LASSO_TOLERANCE = 1e-6


@dataclass(frozen=True)
class DCI:
    """The three scores of Eastwood and Williams, each in [0, 1]; higher is better.

    Args:
        disentanglement: 1 when each latent matters to one true variable; latents count by their importance.
        completeness: 1 when one latent suffices for each true variable; a variable that no latent predicts counts 0.
        informativeness: R2 on unseen rows, negative ones counted as 0; the paper's is an error, this one is not.
        importance: (k, d) of each latent to each true variable, 0 where the variable was dropped.
        dropped: The true columns, by index, that are constant and so left out.
    """

    disentanglement: float
    completeness: float
    informativeness: float
    importance: Values = field(repr=False, compare=False)
    dropped: tuple[int, ...] = ()


def _lasso(x: Values, y: Values, penalty: float) -> Values:
    """(k, d) minimisers of |y - x b|^2 / 2n + penalty |b|_1, all targets at once, by coordinate descent on moments."""
    gram, target = x.T @ x / len(x), x.T @ y / len(x)
    active = [int(i) for i in np.flatnonzero(np.diag(gram) > 0)]
    weights = np.zeros_like(target)
    for _ in range(LASSO_SWEEPS):
        change = 0.0
        for i in active:
            old = weights[i].copy()
            pull = target[i] - gram[i] @ weights + gram[i, i] * old
            weights[i] = np.sign(pull) * np.maximum(np.abs(pull) - penalty, 0) / gram[i, i]
            change = max(change, float(np.abs(weights[i] - old).max()))
        if change < LASSO_TOLERANCE:
            break
    return weights


def _forest(x: Values, y: Values, at: Values, seed: int) -> tuple[Values, Values]:
    try:
        from sklearn.ensemble import RandomForestRegressor
    except ImportError as error:
        raise MissingExtraError("importance 'forest' needs scikit-learn: pip install 'aitia[data]'") from error
    importance, predicted = np.empty((x.shape[1], y.shape[1])), np.empty((len(at), y.shape[1]))
    for j in range(y.shape[1]):
        trees = RandomForestRegressor(n_estimators=20, min_samples_leaf=5, random_state=seed).fit(x, y[:, j])
        importance[:, j], predicted[:, j] = trees.feature_importances_, trees.predict(at)
    return importance, predicted


def _concentration(weights: Values) -> Values:
    """One minus each row's entropy, in units of its maximum: 1 for a single weight, 0 for equal ones or none."""
    total = weights.sum(axis=1)
    if weights.shape[1] == 1:
        return np.asarray(total > 0, dtype=np.float64)
    shares = weights / np.where(total > 0, total, 1.0)[:, None]
    entropy = -np.sum(shares * np.log(np.where(shares > 0, shares, 1.0)), axis=1)
    return np.where(total > 0, np.clip(1 - entropy / np.log(weights.shape[1]), 0, 1), 0.0)


def dci(
    true: ArrayLike,
    estimated: ArrayLike,
    *,
    importance: Literal["lasso", "forest"] = "lasso",
    penalty: float = 0.01,
    seed: int = 0,
) -> DCI:
    """Disentanglement, completeness and informativeness. Higher is better.

    The truth is regressed on the latents, both standardised, on a random half of the rows; the other half gives the
    informativeness.

    Args:
        true: (n, d); constant columns are dropped and reported.
        estimated: (n, k).
        importance: "lasso" takes absolute coefficients of an L1 regression, so only linear codes count as informative.
            "forest" takes the impurity importances of 20 random trees per variable (scikit-learn): any code, seconds.
        penalty: The lasso's, in units of the standardised variables: a latent that adds less covariance counts nothing.
        seed: Of the halves, and of the forest.

    Raises:
        DataError: If a value is not finite, the rows differ in number or are fewer than 20, or no true column varies.
        OptionError: If the importance has another name, or the penalty is not in (0, 1).
        MissingExtraError: If "forest" was asked for without scikit-learn.

    Example:
        >>> z = np.random.default_rng(0).normal(size=(1000, 3))
        >>> round(dci(z, -2 * z[:, ::-1]).disentanglement, 2)
        1.0
    """
    if importance not in ("lasso", "forest"):
        raise OptionError(f"importance is 'lasso' or 'forest', got {importance!r}")
    if not 0 < penalty < 1:
        raise OptionError(f"penalty lies between 0 and 1, got {penalty}")
    x, z = paired(true, estimated, least=20)
    x, z = standardized(x), standardized(z)
    kept, dropped = kept_columns(x)
    y = x[:, kept]
    fit, test = halves(len(x), seed)
    if importance == "lasso":
        middle_y, middle_z = y[fit].mean(axis=0), z[fit].mean(axis=0)
        coefficients = _lasso(z[fit] - middle_z, y[fit] - middle_y, penalty)
        weights, predicted = np.abs(coefficients), (z[test] - middle_z) @ coefficients + middle_y
    else:
        weights, predicted = _forest(z[fit], y[fit], z[test], seed)
    # A variable that is constant in the scored half has no R2 there.
    varies = location_scale(y[test])[1] > 0
    spread = ((y[test] - y[test].mean(axis=0)) ** 2).sum(axis=0)[varies]
    informative = np.clip(1 - ((y[test] - predicted) ** 2).sum(axis=0)[varies] / spread, 0, 1)
    by_latent = weights.sum(axis=1)
    total = by_latent.sum()
    full = np.zeros((z.shape[1], x.shape[1]))
    full[:, kept] = weights
    return DCI(
        disentanglement=float(_concentration(weights) @ by_latent / total) if total > 0 else 0.0,
        completeness=float(_concentration(weights.T).mean()),
        informativeness=float(informative.mean()) if informative.size else 0.0,
        importance=full,
        dropped=dropped,
    )


def _codes(x: Values, bins: int) -> NDArray[np.int64]:
    """(d, n) codes below `bins`: the values themselves where there are few enough, else bins of equal width."""
    codes = np.empty(x.shape[::-1], np.int64)
    for j, column in enumerate(x.T):
        values, inverse = np.unique(column, return_inverse=True)
        if len(values) <= bins:
            codes[j] = inverse
        else:
            share = (column - values[0]) / (values[-1] - values[0])
            codes[j] = np.minimum((share * bins).astype(np.int64), bins - 1)
    return codes


def _entropy(counts: NDArray[np.int64]) -> Values:
    """Plug-in entropy in nats over the last axis."""
    shares = counts / counts.sum(axis=-1, keepdims=True)
    entropy: Values = -np.sum(shares * np.log(np.where(shares > 0, shares, 1.0)), axis=-1)
    return entropy


def _check_two_latents(z: Values, name: str) -> None:
    if z.shape[1] < 2:
        raise DataError(f"estimated has one column, {name} compares the best latent with the second: it needs two")


def _gaps(scores: Values) -> Values:
    """By how much the best of each row leads the second."""
    best = np.sort(scores, axis=1)
    return np.clip(best[:, -1] - best[:, -2], 0.0, 1.0)


def mig(true: ArrayLike, estimated: ArrayLike, *, bins: int = 20) -> Score:
    """The mutual information gap: mean over variables of (I(best latent) - I(second latent)) / H(variable).

    Higher is better. A column with at most `bins` distinct values is taken as discrete, any other is cut into bins of
    equal width. The information of two independent columns comes out near (bins - 1)^2 / 2n nats instead of 0.

    Args:
        true: (n, d); constant columns are dropped and reported.
        estimated: (n, k) with k >= 2.
        bins: How many, 2 or more.

    Raises:
        DataError: If a value is not finite, the rows differ in number, k < 2, or no true column varies.
        OptionError: If there are fewer than two bins.

    Example:
        >>> z = np.random.default_rng(0).integers(0, 4, size=(5000, 2))
        >>> round(mig(z, z).value, 2), round(mig(z, np.column_stack([z, z])).value, 2)
        (1.0, 0.0)
    """
    if bins < 2:
        raise OptionError(f"bins is 2 or more, got {bins}")
    x, z = paired(true, estimated)
    _check_two_latents(z, "mig")
    x, z = standardized(x), standardized(z)
    kept, _ = kept_columns(x)
    of_true, of_latent = _codes(x[:, kept], bins), _codes(z, bins)
    joint = np.empty((len(of_true), len(of_latent), bins * bins), np.int64)
    for i, a in enumerate(of_true * bins):
        for j, b in enumerate(of_latent):
            joint[i, j] = np.bincount(a + b, minlength=bins * bins)
    tables = joint.reshape(*joint.shape[:2], bins, bins)
    h_true, h_latent = _entropy(tables[:, 0].sum(axis=2)), _entropy(tables[0].sum(axis=1))
    information = h_true[:, None] + h_latent - _entropy(joint)
    return Score.of(_gaps(information / h_true[:, None]), kept, x.shape[1])


def sap(true: ArrayLike, estimated: ArrayLike) -> Score:
    """The separated attribute predictability: mean over variables of R2(best latent) - R2(second latent).

    Higher is better. R2 is the squared correlation, the paper's score for continuous variables; its classifier for
    categorical ones is left out, so code a binary variable as 0 and 1 and leave unordered categories to `mig`.

    Args:
        true: (n, d); constant columns are dropped and reported.
        estimated: (n, k) with k >= 2.

    Raises:
        DataError: If a value is not finite, the rows differ in number, k < 2, or no true column varies.

    Example:
        >>> z = np.random.default_rng(0).normal(size=(5000, 2))
        >>> round(sap(z, z).value, 2)
        1.0
    """
    x, z = paired(true, estimated)
    _check_two_latents(z, "sap")
    x, z = standardized(x), standardized(z)
    kept, _ = kept_columns(x)
    return Score.of(_gaps((x[:, kept].T @ z / len(x)) ** 2), kept, x.shape[1])


@dataclass(frozen=True)
class IRS:
    """An interventional robustness score and the terms of its mean.

    Args:
        value: Mean over latents, weighted by how far each one moves at all; in [0, 1], higher is better.
        per_latent: The score of each estimated column; 0 for a constant one.
        held: For each estimated column the true column whose holding steadies it most.
        dropped: The true columns, by index, that are constant and so left out.
    """

    value: float
    per_latent: tuple[float, ...]
    held: tuple[int, ...]
    dropped: tuple[int, ...] = ()


def irs(true: ArrayLike, estimated: ArrayLike, *, bins: int = 20, quantile: float = 0.99) -> IRS:
    """The interventional robustness score: 1 - (movement while one true variable is held) / (movement at all).

    Movement is the `quantile` of a latent's distance to its mean, in place of the paper's maximum, which one outlier
    decides. Holding is observed, not done: rows with one value of the variable, weighted by their number, which equals
    the intervention where the true variables are independent. A latent's score is for the variable that steadies it
    most. Higher is better. Unlike the paper's code, both movements use the same quantile, so that a latent independent
    of all variables scores near 0. Bins leave some movement: a perfect code of discrete variables scores 1, of uniform
    ones 1 - 1/bins, of variables with tails less. It needs many rows per bin: with few, holding looks steady by chance.

    Args:
        true: (n, d); at most `bins` distinct values count as discrete, others are cut into bins of equal width.
        estimated: (n, k). Weights follow the scale of the columns.
        bins: How many, 2 or more.
        quantile: In (0, 1]; 1 is the maximum.

    Raises:
        DataError: If a value is not finite, the rows differ in number, or no true column varies.
        OptionError: If there are fewer than two bins or the quantile lies outside (0, 1].

    Example:
        >>> z = np.random.default_rng(0).integers(0, 4, size=(2000, 2))
        >>> found = irs(z, z[:, ::-1])
        >>> found.value, found.held
        (1.0, (1, 0))
    """
    if bins < 2:
        raise OptionError(f"bins is 2 or more, got {bins}")
    if not 0 < quantile <= 1:
        raise OptionError(f"quantile lies in (0, 1], got {quantile}")
    x, z = paired(true, estimated)
    constant = ~standardized(z).any(axis=0)
    kept, dropped = kept_columns(standardized(x))
    overall = np.where(constant, 0.0, np.quantile(np.abs(z - z.mean(axis=0)), quantile, axis=0))
    moved = np.zeros((len(kept), z.shape[1]))
    for i, codes in enumerate(_codes(x[:, kept], bins)):
        counts = np.bincount(codes)
        groups = np.split(z[np.argsort(codes, kind="stable")], np.cumsum(counts)[:-1])
        for rows in (group for group in groups if len(group)):
            moved[i] += np.quantile(np.abs(rows - rows.mean(axis=0)), quantile, axis=0) * (len(rows) / len(z))
    robust = np.where(overall > 0, np.clip(1 - moved / np.where(overall > 0, overall, 1.0), 0, 1), 0.0)
    scores = robust.max(axis=0)
    value = float(scores @ overall / overall.sum()) if overall.any() else 0.0
    held = tuple(kept[i] for i in robust.argmax(axis=0))
    return IRS(value, tuple(float(s) for s in scores), held, dropped)

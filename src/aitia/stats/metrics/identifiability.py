"""How well estimated latents recover the true ones, up to the ambiguities that the theory leaves.

    permutation and scale        mcc            one latent per true variable, linear (pearson) or monotone (spearman)
    one linear map               weak_mcc       between two runs, or against the truth
    an invertible map per block  r2, block_identifiability, block_accuracy

In every function `true` is (n, d) and `estimated` (n, k), or (n,) for one column, and row i of both is the same row.

Sources:
    Hyvärinen and Morioka, Unsupervised feature extraction by time-contrastive learning and nonlinear ICA, NIPS 2016
    (MCC).
    Khemakhem, Monti, Kingma and Hyvärinen, ICE-BeeM: identifiable conditional energy-based deep models, NeurIPS 2020
    (weak MCC).
    von Kügelgen, Sharma, Gresele, Brendel, Schölkopf, Besserve and Locatello, Self-supervised learning with data
    augmentations provably isolates content from style, NeurIPS 2021 (block-identifiability by kernel ridge R2).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from aitia.errors import DataError, OptionError
from aitia.stats.metrics._checks import (
    Values,
    halves,
    kept_columns,
    location_scale,
    paired,
    standardized,
)
from aitia.stats.metrics._regression import REGRESSORS, least_squares, prediction
from aitia.stats.metrics.score import Score

__all__ = ["MCC", "best_correlation_mean", "block_identifiability", "mcc", "r2", "weak_mcc"]

Correlation = Literal["pearson", "spearman"]
Regressor = Literal["kernel-ridge", "linear", "mlp"]


@dataclass(frozen=True)
class MCC:
    """A mean correlation coefficient and the matching behind it.

    Args:
        value: The mean over the true variables that vary, in [0, 1]; higher is better.
        matching: For each true column the estimated column it was matched to, None where dropped.
        correlations: For each true column its absolute correlation with that column, None where dropped.
        dropped: The true columns, by index, that are constant and so left out.
    """

    value: float
    matching: tuple[int | None, ...]
    correlations: tuple[float | None, ...]
    dropped: tuple[int, ...] = ()


def _correlations(true: Values, estimated: Values, correlation: str) -> tuple[Values, list[int], tuple[int, ...]]:
    """Absolute correlation of each varying true column (rows) with each estimated one; the columns kept and dropped."""
    if correlation not in ("pearson", "spearman"):
        raise OptionError(f"correlation is 'pearson' or 'spearman', got {correlation!r}")
    z_true, z_estimated = standardized(true), standardized(estimated)
    kept, dropped = kept_columns(z_true)
    if correlation == "spearman":
        from scipy.stats import rankdata

        # Ranks of the values themselves: standardising first would tie the small values of a long tail.
        z_true, z_estimated = (
            standardized(rankdata(np.where(z.any(axis=0), values, 0.0), axis=0))
            for z, values in ((z_true, true), (z_estimated, estimated))
        )
    matrix = np.abs(z_true[:, kept].T @ z_estimated) / len(true)
    return np.minimum(matrix, 1.0), kept, dropped


def mcc(
    true: ArrayLike, estimated: ArrayLike, *, correlation: Correlation = "pearson", over_complete: bool = True
) -> MCC:
    """The mean correlation coefficient: the best one-to-one matching of latents to true variables. Higher is better.

    Sign, scale, offset and order of the latents do not matter; with "spearman" neither does any increasing map of one.
    A constant estimated column correlates 0 with everything. A constant true column is dropped and reported.

    Args:
        true: (n, d).
        estimated: (n, k) with k >= d.
        correlation: "pearson", or "spearman" for ranks.
        over_complete: Whether k > d is allowed: the d latents that match best are kept and the others ignored, which
            raises the value, by chance too, as k grows.

    Raises:
        DataError: If a value is not finite (column and row are named), the rows differ in number, every true column is
            constant, k < d, or k > d without `over_complete`.
        OptionError: If the correlation has another name.

    Example:
        >>> z = np.random.default_rng(0).normal(size=(100, 3))
        >>> found = mcc(z, z[:, [2, 0, 1]] * [1, -5, 2])
        >>> round(found.value, 6), found.matching
        (1.0, (1, 2, 0))
    """
    from scipy.optimize import linear_sum_assignment

    x, y = paired(true, estimated)
    matrix, kept, dropped = _correlations(x, y, correlation)
    d, k = x.shape[1], y.shape[1]
    if k < len(kept):
        raise DataError(
            f"estimated has {k} columns for {len(kept)} true variables that vary: a one-to-one matching needs as many;"
            f" r2() scores latents of any number"
        )
    if k > d and not over_complete:
        raise DataError(f"estimated has {k} columns for {d} true variables: over_complete=True keeps the best {d}")
    rows, places = linear_sum_assignment(matrix, maximize=True)
    matching: list[int | None] = [None] * d
    correlations: list[float | None] = [None] * d
    for row, place in zip(rows, places, strict=True):
        matching[kept[row]], correlations[kept[row]] = int(place), float(matrix[row, place])
    return MCC(float(matrix[rows, places].mean()), tuple(matching), tuple(correlations), dropped)


def best_correlation_mean(true: ArrayLike, estimated: ArrayLike, *, correlation: Correlation = "pearson") -> float:
    """NOT the MCC: the mean over the true variables of the best absolute correlation with any latent. Higher is better.

    One latent may serve several true variables, so a single latent can score high on correlated truths and the value is
    never below the MCC. Some published video benchmarks report this number; it is here to compare with theirs alone.

    Args:
        true: (n, d); constant columns are left out.
        estimated: (n, k), any k.
        correlation: "pearson" or "spearman".

    Raises:
        DataError: If a value is not finite, the rows differ in number, or every true column is constant.
        OptionError: If the correlation has another name.

    Example:
        >>> x = np.arange(5.0)
        >>> round(best_correlation_mean(np.column_stack([x, -x]), x), 6)
        1.0
    """
    matrix, _, _ = _correlations(*paired(true, estimated), correlation)
    return float(matrix.max(axis=1).mean())


def _canonical_maps(a: Values, b: Values) -> tuple[Values, Values]:
    """The maps (d, d) and (k, d) to canonical variates of two centred tables, k >= d; null directions map to 0."""

    def whitened(x: Values) -> tuple[Values, Values]:
        u, s, vt = np.linalg.svd(x, full_matrices=False)
        solid = s > max(x.shape) * np.finfo(np.float64).eps * s[0] if s[0] > 0 else np.zeros(len(s), bool)
        return u * solid, vt.T * np.where(solid, 1 / np.where(solid, s, 1.0), 0.0)

    (u_a, map_a), (u_b, map_b) = whitened(a), whitened(b)
    left, _, right = np.linalg.svd(u_a.T @ u_b)
    return map_a @ left, map_b @ right.T[:, : len(left)]


def weak_mcc(a: ArrayLike, b: ArrayLike, *, alignment: Literal["cca", "regression"] = "cca", seed: int = 0) -> MCC:
    """The MCC that is left after the best linear map, fitted on half of the rows and scored on the other half.

    Between the latents of two seeds it says whether they agree up to a linear map. Higher is better.

    Args:
        a: (n, d); with the truth among the two, the truth.
        b: (n, k) with k >= d; any k for "regression".
        alignment: "cca" maps both tables to their canonical variates, as published (ICE-BeeM); the answer's columns are
            then variates, not those of a. "regression" maps b to each column of a by least squares.
        seed: Of the halves.

    Raises:
        DataError: If a value is not finite, the rows differ in number, are too few for either half to have more rows
            than columns, every column of a is constant, or k < d under "cca".
        OptionError: If the alignment has another name.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> z = rng.normal(size=(400, 3))
        >>> round(weak_mcc(z, z @ rng.normal(size=(3, 3))).value, 6)
        1.0
    """
    if alignment not in ("cca", "regression"):
        raise OptionError(f"alignment is 'cca' or 'regression', got {alignment!r}")
    x, y = paired(a, b, ("a", "b"))
    d, k = x.shape[1], y.shape[1]
    if len(x) < 2 * (max(d, k) + 2):
        raise DataError(f"a and b have {len(x)} rows, a linear map of {max(d, k)} columns needs {2 * (max(d, k) + 2)}")
    if alignment == "cca" and k < d:
        raise DataError(f"b has {k} columns and a {d}: canonical variates need as many in b; swap them or drop some")
    fit, test = halves(len(x), seed)
    if alignment == "regression":
        return mcc(x[test], least_squares(y[fit], x[fit], y[test]))
    # Common scales first, so that the rank is judged fairly; they cancel in the maps.
    z_x, z_y = standardized(x), standardized(y)
    z_x, z_y = z_x - z_x[fit].mean(axis=0), z_y - z_y[fit].mean(axis=0)
    map_x, map_y = _canonical_maps(z_x[fit], z_y[fit])
    return mcc(z_x[test] @ map_x, z_y[test] @ map_y)


def _r2(true: Values, estimated: Values, kept: Sequence[int], regressor: str, seed: int) -> Values:
    fit, test = halves(len(true), seed)
    y = true[:, list(kept)]
    if (still := location_scale(y[test])[1] == 0).any():
        j = kept[int(np.flatnonzero(still)[0])]
        raise DataError(f"true column {j} varies in too few rows: it is constant in the half that is scored")
    spread = ((y[test] - y[test].mean(axis=0)) ** 2).sum(axis=0)
    residual = y[test] - prediction(regressor, estimated[fit], y[fit], estimated[test], seed)
    scores: Values = 1 - (residual**2).sum(axis=0) / spread
    return scores


def _check_regressor(regressor: str) -> None:
    if regressor not in REGRESSORS:
        raise OptionError(f"regressor is one of {', '.join(REGRESSORS)}, got {regressor!r}")


def r2(true: ArrayLike, estimated: ArrayLike, *, regressor: Regressor = "kernel-ridge", seed: int = 0) -> Score:
    """R2 of each true variable regressed on all latents together: what the latents know. Higher is better, at most 1.

    Fitted on a random half of the rows, scored on the other half; 0 is as good as the mean, below 0 is worse.
    1 everywhere is identifiability of the block up to an invertible map, and says nothing about one-to-one matching.
    Angles go in as `as_sin_cos`; categories have `block_accuracy`.

    Args:
        true: (n, d); constant columns are dropped and reported.
        estimated: (n, k), any k.
        regressor: "kernel-ridge" has an RBF kernel exp(-gamma ‖a - b‖^2) on standardised latents; ridge 1 to 1e-3 and
            gamma 1e-2 to 1e2 are chosen per true variable on a fifth of the fitting half, of which it uses at most
            1000 rows. "linear" is least squares. "mlp" has two hidden layers of 128 (scikit-learn).
        seed: Of the halves, and of the network.

    Raises:
        DataError: If a value is not finite, the rows differ in number or are fewer than 20, or no true column varies.
        OptionError: If the regressor has another name.
        MissingExtraError: If "mlp" was asked for without scikit-learn.

    Example:
        >>> z = np.random.default_rng(0).normal(size=(400, 2))
        >>> r2(z[:, 0] ** 2, z).value > 0.95, r2(z[:, 0] ** 2, z, regressor="linear").value < 0.1
        (True, True)
    """
    _check_regressor(regressor)
    x, y = paired(true, estimated, least=20)
    kept, _ = kept_columns(standardized(x))
    return Score.of(_r2(x, y, kept, regressor, seed), kept, x.shape[1])


def block_identifiability(
    true: ArrayLike,
    estimated: ArrayLike,
    true_blocks: Mapping[str, Sequence[int]],
    estimated_blocks: Mapping[str, Sequence[int]],
    *,
    regressor: Regressor = "kernel-ridge",
    seed: int = 0,
) -> Values:
    """R2 from each estimated block (row) to each true block (column), both in the order of their mappings.

    Identified blocks show as an entry near 1 per column; that the other entries are near 0 is disentanglement, where
    the true blocks are independent. An entry is the mean of `r2` over the block's columns that vary.

    Args:
        true: (n, d).
        estimated: (n, k).
        true_blocks: Name of each block to its columns of `true`.
        estimated_blocks: Name of each block to its columns of `estimated`.
        regressor: As in `r2`.
        seed: As in `r2`.

    Returns:
        (number of estimated blocks, number of true blocks).

    Raises:
        DataError: As `r2`; or if a true block has only constant columns.
        OptionError: If a block is empty or names a column that is not there, or the regressor has another name.

    Example:
        >>> z = np.random.default_rng(0).normal(size=(400, 3))
        >>> blocks = {"content": [0, 1], "style": [2]}
        >>> block_identifiability(z, z, blocks, blocks, regressor="linear").round(1).tolist()
        [[1.0, -0.0], [-0.0, 1.0]]
    """
    _check_regressor(regressor)
    x, y = paired(true, estimated, least=20)
    for what, blocks, width in (("true", true_blocks, x.shape[1]), ("estimated", estimated_blocks, y.shape[1])):
        if not blocks:
            raise OptionError(f"{what}_blocks is empty: name at least one block")
        for name, members in blocks.items():
            if not len(members) or not all(0 <= j < width for j in members):
                raise OptionError(
                    f"{what} block {name!r} has columns {list(members)}, expected some of 0 to {width - 1}"
                )
    varying, _ = kept_columns(standardized(x))
    for name, members in true_blocks.items():
        if not set(members) & set(varying):
            raise DataError(f"true block {name!r} has only constant columns: leave it out")
    wanted = [j for j in varying if any(j in members for members in true_blocks.values())]
    matrix = np.empty((len(estimated_blocks), len(true_blocks)))
    for row, members in enumerate(estimated_blocks.values()):
        scores = dict(zip(wanted, _r2(x, y[:, list(members)], wanted, regressor, seed), strict=True))
        matrix[row] = [np.mean([scores[j] for j in block if j in scores]) for block in true_blocks.values()]
    return matrix

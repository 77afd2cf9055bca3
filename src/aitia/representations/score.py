"""How codes are scored against the truth.

Two numbers go by the name MCC in the causalverse suite, and both are here under names of their own: the mean over a
one-to-one matching, and the mean over the best latent of each true variable, whichever others it serves. R2 is that of
a kernel ridge regression of each true variable on all latents, its settings chosen inside the half that it is fitted
on. Angles are compared by sine and cosine, categories by accuracy, and constant variables are left out and named.

Source:
    Chen, Deng, Zhu, Li, Shen, Li and Zhang, CausalVerse: benchmarking causal representation learning with configurable
    high-fidelity simulations, NeurIPS 2025.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aitia.errors import DataError
from aitia.representations.rows import Rows, label_kind
from aitia.stats.metrics import as_sin_cos, best_correlation_mean, block_accuracy, mcc, r2

__all__ = ["CodeScore", "score"]

_MOST_ROWS = 4000


@dataclass(frozen=True)
class CodeScore:
    """What codes know of the true variables; higher is better.

    Args:
        mcc: Mean correlation under the best one-to-one matching; None where there are fewer latents than variables.
        best_correlation: Mean over the true columns of the best correlation with any latent. The suite's code for
            videos calls this MCC.
        r2: Mean over the true columns.
        r2_by_variable: Of each; `sin NAME` and `cos NAME` of an angle.
        accuracy: Of each categorical variable.
        majority: The accuracy of always naming the most frequent category.
        dropped: Variables that are constant.
    """

    mcc: float | None
    best_correlation: float
    r2: float
    r2_by_variable: Mapping[str, float]
    accuracy: Mapping[str, float]
    majority: Mapping[str, float]
    dropped: tuple[str, ...]


def score(codes: ArrayLike, truth: Rows, seed: int = 0) -> CodeScore:
    """The score of codes of the rows of `truth`.

    Args:
        codes: (n, k), or (n, frames, k) of clips.
        truth: The rows that were encoded, with labels.
        seed: Of the halves that regressions are fitted and scored on.

    Raises:
        DataError: If there are no labels, or other numbers of rows, or no variable varies.
    """
    if truth.labels is None:
        raise DataError(f"a score needs labels (values of the true variables): {truth.source} offers none")
    z = np.asarray(codes, dtype=np.float64)
    if z.ndim != (2 if truth.frames is None else 3) or len(z) != len(truth):
        raise DataError(f"codes have shape {z.shape}, expected one row for each of the {len(truth)} that were encoded")
    numbers, categories, dropped = _columns(truth)
    flat, pick = z.reshape(-1, z.shape[-1]), _some(z.size // z.shape[-1], seed)
    if not numbers and not categories:
        raise DataError(f"every label of {truth.source} is constant: there is nothing to score")
    told = {name: block_accuracy(c[pick], flat[pick], classifier="knn") for name, c in categories.items()}
    names, value, best, each = list(numbers), None, 0.0, {}
    if numbers:
        true = np.stack(list(numbers.values()), axis=1)
        value = mcc(true, flat).value if flat.shape[1] >= len(names) else None
        best = best_correlation_mean(true, flat)
        terms = r2(true[pick], flat[pick], seed=seed).per_variable
        each = {name: float(term) for name, term in zip(names, terms, strict=True) if term is not None}
    return CodeScore(
        mcc=value,
        best_correlation=best,
        r2=float(np.mean(list(each.values()))) if each else 0.0,
        r2_by_variable=each,
        accuracy={name: t.value for name, t in told.items()},
        majority={name: t.majority for name, t in told.items()},
        dropped=dropped,
    )


def _some(n: int, seed: int) -> NDArray[np.int64]:
    """The rows that regressions see."""
    order = np.random.default_rng([seed, 63]).permutation(n)
    return np.sort(order[:_MOST_ROWS])


def _columns(
    truth: Rows,
) -> tuple[dict[str, NDArray[np.float64]], dict[str, NDArray[np.float64]], tuple[str, ...]]:
    """The true columns to correlate, the codes of the categories, and the constant variables; (n * frames,) each."""
    assert truth.labels is not None
    numbers: dict[str, NDArray[np.float64]] = {}
    categories: dict[str, NDArray[np.float64]] = {}
    dropped = []
    for name in truth.labels.names:
        values, kind = truth.labels.column(name), label_kind(truth, name)
        if truth.frames is not None:
            values = np.broadcast_to(values if values.ndim > 1 else values[:, None], (len(truth), truth.frames))
        column = np.asarray(values, dtype=np.float64).ravel()
        if np.ptp(column) == 0:
            dropped.append(name)
        elif kind == "categorical":
            categories[name] = column
        elif kind == "angle":
            turned = as_sin_cos(column)
            numbers |= {f"sin {name}": turned[:, 0], f"cos {name}": turned[:, 1]}
        else:
            numbers[name] = column
    return numbers, categories, tuple(dropped)

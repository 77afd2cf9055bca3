"""What CADET is fitted to, checked: labels, styles, targets and the annotators' confidence as codes and numbers."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aitia.errors import DataError, join_names

__all__ = [
    "confidences",
    "held_out",
    "label_codes",
    "macro_f1",
    "open_transfer",
    "style_codes",
    "target_codes",
]

Codes = NDArray[np.int64]
Values = NDArray[np.float64]

MOST_TARGETS = 200


def label_codes(label: ArrayLike, n: int, classes: NDArray[Any] | None = None) -> tuple[NDArray[Any], Codes]:
    """The two labels, sorted, and the code of each row; classes that are known already are kept.

    Raises:
        DataError: If there is not one label a text, or they have not two values.
    """
    given = np.asarray(label)
    if n == 0:
        raise DataError("there are no texts to fit")
    if given.shape != (n,):
        raise DataError(f"there is one label a text, got {n} texts and labels of shape {given.shape}")
    found, codes = np.unique(given, return_inverse=True)
    if classes is None:
        if len(found) != 2:
            raise DataError(f"labels have two values, got {len(found)}: {join_names(found.tolist())}")
        return found, codes.astype(np.int64)
    if unknown := sorted(set(found.tolist()) - set(classes.tolist())):
        raise DataError(f"validation texts have the label {unknown[0]!r}, which no training text has")
    if len(found) < 2:
        raise DataError(f"every validation text has the label {found[0].item()!r}: give texts of both labels")
    return classes, np.searchsorted(classes, given).astype(np.int64)


def style_codes(style: ArrayLike | None, n: int, threshold: float | None) -> Codes | None:
    """0 or 1 for each text; None where no style is given.

    Raises:
        DataError: If there is not one number a text, or one is neither 0 nor 1 and no threshold is set.
    """
    if style is None:
        return None
    given = np.asarray(style, dtype=np.float64)
    if given.shape != (n,) or not np.isfinite(given).all():
        raise DataError(f"style is one finite number a text, got {n} texts and styles of shape {given.shape}")
    if threshold is not None:
        return (given >= threshold).astype(np.int64)
    if (odd := given[(given != 0) & (given != 1)]).size:
        raise DataError(f"style is 0 or 1, got {odd[0]:g}: set style_threshold where it is a score")
    return given.astype(np.int64)


def target_codes(target: Any, n: int) -> tuple[tuple[Any, ...], Codes]:
    """The values of the target, sorted, and the code of each row; none where no target is given.

    Raises:
        DataError: If there is not one target a text, or there are too many values.
    """
    if target is None:
        return (), np.zeros(n, dtype=np.int64)
    given = np.asarray(target)
    if given.shape != (n,):
        raise DataError(f"there is one target a text, got {n} texts and targets of shape {given.shape}")
    kinds, codes = np.unique(given, return_inverse=True)
    if len(kinds) > MOST_TARGETS:
        raise DataError(f"a target has at most {MOST_TARGETS} values, got {len(kinds)}: group them")
    return tuple(kinds.tolist()), codes.astype(np.int64)


def confidences(confidence: ArrayLike | None, n: int, least: float) -> Values:
    """(n,) weights of the targets: the confidence, and 0 below the least.

    Raises:
        DataError: If there is not one number in [0, 1] a text.
    """
    if confidence is None:
        return np.ones(n)
    given = np.asarray(confidence, dtype=np.float64)
    if given.shape != (n,) or not ((given >= 0) & (given <= 1)).all():
        raise DataError(f"confidence is one number in [0, 1] a text, got {n} texts and shape {given.shape}")
    return np.where(given >= least, given, 0.0)


def open_transfer(style: Codes, label: Codes, classes: NDArray[Any]) -> str | None:
    """The warning that within a style every text has one label, with the table of counts; None where it is not so."""
    counts = np.array([[int(((style == s) & (label == y)).sum()) for y in (0, 1)] for s in (0, 1)])
    if (counts > 0).all():
        return None
    table = "; ".join(
        f"style {s}: {counts[s, 0]} {classes[0]}, {counts[s, 1]} {classes[1]}" for s in (0, 1) if counts[s].any()
    )
    return f"within a style every text has one label, so what style and label owe to each other stays open ({table})"


def held_out(style: Codes, label: Codes, share: float, seed: int) -> tuple[Codes, Codes]:
    """Rows to train on and rows held out: of every pair of style and label this share, and one at least.

    Raises:
        DataError: If there are too few rows to hold one of each label out.
    """
    rng = np.random.default_rng(seed)
    held: list[int] = []
    for pair in range(4):
        rows = rng.permutation(np.flatnonzero(2 * style + label == pair))
        if len(rows) > 1:
            held += rows[: max(round(share * len(rows)), 1)].tolist()
    if len(np.unique(label[held])) < 2:
        raise DataError(f"{len(label)} texts are too few to hold one of each label out: give validation texts")
    kept = np.setdiff1d(np.arange(len(label)), held)
    return kept, np.array(sorted(held), dtype=np.int64)


def macro_f1(label: Codes, said: NDArray[np.bool_], weight: Values) -> float:
    """The mean of the F1 of both classes, rows weighted.

    Example:
        >>> macro_f1(np.array([0, 0, 1, 1]), np.array([False, True, True, True]), np.ones(4))
        0.7333333333333334
    """
    found = []
    for value in (0, 1):
        true, claimed = label == value, said == bool(value)
        both = weight[true & claimed].sum()
        found.append(2 * both / max(weight[true].sum() + weight[claimed].sum(), 1e-12))
    return float(np.mean(found))

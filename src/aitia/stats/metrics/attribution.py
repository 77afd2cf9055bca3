"""How good a map of an image is that says where a class comes from: whether it holds still, and whether it is right.

    L(x) = max_k ||a(x) - a(x + e_k)|| / ||e_k||,     e_k normal noise                                             (1)
    IROF(x) = mean_{s = 0..S} p_c(x with its s highest segments at their mean) / p_c(x)                            (2)

Lower is better in both: of (1) because near images get near maps, of (2) because the class falls soon where the map is
high. A smooth map has a low (1) whatever it shows, so the two belong together.

Source:
    (1): Alvarez-Melis and Jaakkola, On the robustness of interpretability methods, 2018. (2): Rieger and Hansen, IROF:
    a low resource evaluation metric for explanation methods, 2020, with square segments in place of superpixels, and as
    the area under the curve, not over it.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aitia.errors import DataError, OptionError
from aitia.stats.metrics._checks import Values, numbers

__all__ = ["auroc", "irof", "local_lipschitz", "square_segments"]


def local_lipschitz(
    attribute: Callable[[Values], Values],
    images: ArrayLike,
    *,
    draws: int = 10,
    mean: float = 0.1,
    sd: float = 0.1,
    seed: int = 0,
) -> Values:
    """(1) for each image, (n,).

    Args:
        attribute: From images (n, ...) to maps, n first.
        images: (n, ...).
        draws: Noises an image.
        mean: Of the noise.
        sd: Of the noise.
        seed: Of the noise.

    Raises:
        DataError: If images are no finite numbers.
        OptionError: If there is no draw, or the noise is none.

    Example:
        >>> local_lipschitz(lambda x: 3 * x, np.zeros((2, 4, 4))).round(6).tolist()
        [3.0, 3.0]
    """
    x = numbers(images, "images")
    if draws < 1 or sd < 0 or (sd == 0 and mean == 0):
        raise OptionError(f"noise needs at least one draw and a size, got {draws} draws of mean {mean} and sd {sd}")
    rng = np.random.default_rng(seed)
    at, worst = attribute(x), np.zeros(len(x))
    for _ in range(draws):
        noise = rng.normal(mean, sd, x.shape)
        moved = attribute(x + noise)
        ratio = _norm(moved - at) / _norm(noise)
        worst = np.maximum(worst, ratio)
    return worst


def irof(
    predict: Callable[[Values], Values], images: ArrayLike, maps: ArrayLike, segments: ArrayLike | None = None
) -> Values:
    """(2) for each image, (n,).

    Args:
        predict: From images to the probability of the class, (n,).
        images: (n, channels, height, width).
        maps: (n, height, width); a segment counts by its mean.
        segments: (height, width) whole numbers; None takes squares of a quarter of the sides.

    Raises:
        DataError: If shapes do not fit, or a number is not finite.

    Example:
        >>> image = np.zeros((1, 1, 4, 4)); image[0, 0, 0, 0] = 1.0
        >>> probability = lambda x: 0.1 + 0.9 * (x[:, 0, 0, 0] == 1)
        >>> good, bad = image[:, 0], 1 - image[:, 0]
        >>> float(irof(probability, image, good)[0]) < float(irof(probability, image, bad)[0])
        True
    """
    x, a = numbers(images, "images").copy(), numbers(maps, "maps")
    if x.ndim != 4 or a.shape != (len(x), *x.shape[2:]):
        raise DataError(
            f"images are (n, channels, height, width) and maps (n, height, width), got {x.shape}, {a.shape}"
        )
    pieces = square_segments(*x.shape[2:]) if segments is None else np.asarray(segments)
    if pieces.shape != x.shape[2:]:
        raise DataError(f"segments number the cells of an image, {x.shape[2:]}, got {pieces.shape}")
    number = np.unique(pieces)
    inside = np.stack([pieces == k for k in number])
    height = (a[:, None] * inside).sum(axis=(2, 3)) / inside.sum(axis=(1, 2))
    order = np.argsort(-height, axis=1, kind="stable")
    means = x.mean(axis=(2, 3))
    first = np.maximum(predict(x), 1e-12)
    curve = [np.ones(len(x))]
    for step in range(len(number)):
        cells = inside[order[:, step]][:, None]
        x = np.where(cells, means[:, :, None, None], x)
        curve.append(predict(x) / first)
    area: Values = np.mean(curve, axis=0)
    return area


def square_segments(height: int, width: int, side: int | None = None) -> NDArray[np.int64]:
    """Numbers (height, width) of square segments.

    Args:
        height: Of the image.
        width: Of the image.
        side: Of a square; None takes a quarter of the smaller side.

    Example:
        >>> square_segments(2, 4, 2).tolist()
        [[0, 0, 1, 1], [0, 0, 1, 1]]
    """
    step = side or max(min(height, width) // 4, 1)
    rows, columns = np.arange(height) // step, np.arange(width) // step
    numbered: NDArray[np.int64] = rows[:, None] * (columns[-1] + 1) + columns[None]
    return numbered


def auroc(scores: ArrayLike, positive: ArrayLike) -> float:
    """Area under the receiver operating curve: how often a positive row scores above a negative one, ties count half.

    Args:
        scores: (n,).
        positive: (n,) booleans.

    Raises:
        DataError: If rows do not match, are not finite, or one kind is missing.

    Example:
        >>> auroc([0.1, 0.4, 0.35, 0.8], [False, False, True, True])
        0.75
    """
    from scipy.stats import rankdata

    values, marks = numbers(scores, "scores"), np.asarray(positive, dtype=bool)
    if values.ndim != 1 or marks.shape != values.shape:
        raise DataError(f"scores and marks are one a row, got {values.shape} and {marks.shape}")
    n = int(marks.sum())
    if not 0 < n < len(marks):
        raise DataError(f"AUROC needs positive and negative rows, got {n} positive of {len(marks)}")
    ranks = rankdata(values)
    return float((ranks[marks].sum() - n * (n + 1) / 2) / (n * (len(marks) - n)))


def _norm(values: Values) -> Values:
    flat: Values = np.sqrt((values.reshape(len(values), -1) ** 2).sum(axis=1))
    return flat

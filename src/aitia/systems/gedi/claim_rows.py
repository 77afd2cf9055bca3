"""What the claim is measured on, who reads its draws, and a rival for sums."""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.data.table import Table
from aitia.systems.gedi.groups import KMeans
from aitia.worlds.digits import digits, pictures

__all__ = [
    "away", "dealt", "nearest", "pairs", "pixels_of", "read_as", "reader", "reader_note", "regressed", "thinned",
    "two_moons",
]  # fmt: skip

Values = NDArray[np.float64]
RARE = 0.2
"""Of the digits five to nine, what is kept where classes are uneven."""


def two_moons(n: int, seed: int) -> tuple[Values, NDArray[np.int64]]:
    """Rows (n, 2) on two half circles that reach into each other, and which one, (n,)."""
    random = np.random.default_rng([seed, 1])
    which = random.integers(0, 2, n)
    turn = random.uniform(0, np.pi, n)
    x = np.where(which == 0, np.cos(turn), 1 - np.cos(turn))
    y = np.where(which == 0, np.sin(turn), 0.5 - np.sin(turn))
    return np.stack([x, y], 1) + 0.05 * random.standard_normal((n, 2)), which


def away(rows: Values, n: int, seed: int) -> Values:
    """n points of the box around rows that are more than a quarter from each of them."""
    random = np.random.default_rng([seed, 2])
    tried = random.uniform(rows.min(0) - 0.5, rows.max(0) + 0.5, (20 * n, 2))
    far = np.sqrt(((tried[:, None] - rows[None]) ** 2).sum(-1)).min(1) > 0.25
    found: Values = tried[far][:n]
    return found


@lru_cache(maxsize=2)
def dealt(seed: int) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.uint8], NDArray[np.int64]]:
    """Pictures and digits to learn from, and those held back."""
    parts = digits("train"), digits("test")
    images = np.concatenate([part.images for part in parts])
    digit = np.concatenate([part.digit for part in parts])
    order = np.random.default_rng([seed, 3]).permutation(len(images))
    first, last = order[:1400], order[1400:]
    return pictures(images[first]), digit[first], pictures(images[last]), digit[last]


def pixels_of(images: NDArray[np.uint8]) -> Values:
    """Grey pictures of bytes as rows (n, d) of -1 to 1."""
    values: Values = images[..., 0].reshape(len(images), -1) / 127.5 - 1
    return values


@lru_cache(maxsize=2)
def reader(seed: int) -> Any:
    """Says which digit a picture shows; it has learnt from labels that no training here sees."""
    from sklearn.svm import SVC

    fitted, digit, _, _ = dealt(seed)
    return SVC(gamma=0.03).fit(pixels_of(fitted), digit)


def reader_note() -> str:
    """How right the reader is on fresh digits."""
    _, _, fresh, digit = dealt(0)
    right = float((reader(0).predict(pixels_of(fresh)) == digit).mean())
    return f"Read by a support vector machine that is right on {right:.1%} of fresh digits and guided nothing."


def read_as(
    drawn: Values, asked: NDArray[np.int64], cluster: NDArray[np.int64], digit: NDArray[np.int64], seed: int
) -> float:
    """A cluster without rows has no digit: its draws are read as none."""
    most = [np.bincount(digit[cluster == k], minlength=10).argmax() if (cluster == k).any() else -1 for k in range(10)]
    return float((reader(seed).predict(drawn) == np.array(most)[asked]).mean())


def nearest(rows: Values, others: Values) -> Values:
    """Distance of each row to the nearest of others, (n,)."""
    near: Values = np.sqrt(((rows[:, None] - others[None]) ** 2).sum(-1)).min(1)
    return near


def thinned(digit: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """Which rows are kept: all of zero to four, and of the others every fifth or so."""
    random = np.random.default_rng([seed, 6])
    return np.flatnonzero((digit < 5) | (random.random(len(digit)) < RARE))


def pairs(images: NDArray[np.uint8], total: NDArray[np.int64], known: int) -> Table:
    """Pairs (2, n, height, width, 3) as rows, of which the first so many know the sum of their digits."""
    sums = [str(value) if k < known else None for k, value in enumerate(total.tolist())]
    kinds = {"image": "picture", "other_image": "picture", "cluster_sum": "label"}
    return Table.of({"image": images[0], "other_image": images[1], "cluster_sum": sums}, kinds=kinds)


def regressed(
    fitted: NDArray[np.uint8], pair: NDArray[np.int64], total: NDArray[np.int64], fresh: NDArray[np.uint8],
    true: NDArray[np.int64], seed: int,
) -> float:  # fmt: skip
    """Clusters of k-means on all pictures; the number of each is what explains the known sums best."""
    x = pixels_of(fitted)
    means = KMeans(x, 10, seed)
    cluster = np.eye(10)[means.predict(x)][pair].sum(0)
    numbers = np.linalg.lstsq(cluster, total.astype(float), rcond=None)[0].round().clip(0, 9)
    return float((numbers[means.predict(pixels_of(fresh))] == true).mean())

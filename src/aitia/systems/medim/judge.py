"""How near made reports and images are to those of pairs that the fit has not seen, beside what needs no model.

Images are compared by the Fréchet distance of their projections on the first principal components of the training
images, pixels as shares of full brightness: the weights of the Inception network, which an FID takes, come with no
package. The numbers compare with one another and with no FID.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from aitia.stats.metrics import bleu, frechet_distance, meteor
from aitia.system import Given, Score, Scores
from aitia.systems.medim.reading import images_of, reports_of
from aitia.systems.medim.words import sentences

if TYPE_CHECKING:
    from aitia.systems.medim.layout import Pair
    from aitia.systems.medim.model import Medim

__all__ = ["judged", "nearest_image", "nearest_report", "pixel_features", "spaced"]

Images = NDArray[np.uint8]
COMPONENTS = 16
MOST = 200
"""Pairs that are asked about."""


def judged(model: "Medim", fresh: Given, seen: Given) -> Scores:
    """METEOR and BLEU-2 of reports from images, and the Fréchet distance of images from reports."""
    fresh, seen = (given.take(np.arange(min(len(given), 4 * MOST))) for given in (fresh, seen))
    fresh = fresh.take(np.arange(min(len(fresh), MOST)))
    true, shown = ([spaced(model, report or "") for report in reports_of(given)] for given in (fresh, seen))
    images, others = images_of(fresh)[0], images_of(seen)[0]
    pairs = model.pairs(fresh)
    made = model.made([replace(pair, report=None) for pair in pairs])
    said = [model.said(pair) for pair in made]
    common = Counter(shown).most_common(1)[0][0]
    near = [shown[k] for k in nearest_image(images, others)]
    trivial = {"the commonest report": [common] * len(true), "the report of the nearest image": near}
    scores = {
        "METEOR": Score(
            meteor(said, true), "higher", f"Of {len(true)} reports made from their images; words as they are.",
            {name: meteor(texts, true) for name, texts in trivial.items()},
        ),
        "BLEU-2": Score(
            bleu(said, true, 2), "higher", "The same by pairs of words.",
            {name: bleu(texts, true, 2) for name, texts in trivial.items()},
        ),
    }  # fmt: skip
    if len(true) > 2 and len(others) > 2:
        drawn = model.seen_as([replace(pair, image=None) for pair in pairs])
        features = pixel_features(others)
        patches = _shuffled_patches(model, model.pairs(seen), len(images))
        rivals = {
            "patches drawn by themselves": patches,
            "the image of the nearest report": others[nearest_report(true, shown)],
        }
        scores["Fréchet distance of images"] = Score(
            frechet_distance(features(drawn), features(images)), "lower",
            f"Of images made from reports, in {min(COMPONENTS, len(others) - 1)} components of pixels; no FID.",
            {name: frechet_distance(features(pictures), features(images)) for name, pictures in rivals.items()},
        )  # fmt: skip
    return scores


class _Projection:
    """Images as their shares in the principal components of others."""

    def __init__(self, images: Images) -> None:
        flat = images.reshape(len(images), -1) / 255.0
        self.mean = flat.mean(axis=0)
        count = min(COMPONENTS, len(images) - 1)
        self.axes = np.linalg.svd(flat - self.mean, full_matrices=False)[2][:count]

    def __call__(self, images: Images) -> NDArray[np.float64]:
        found: NDArray[np.float64] = (images.reshape(len(images), -1) / 255.0 - self.mean) @ self.axes.T
        return found


def pixel_features(images: Images) -> _Projection:
    """From images to (n, 16) projections on the first principal components of these."""
    return _Projection(images[:2000])


def nearest_image(images: Images, others: Images) -> NDArray[np.int64]:
    """For each image the number of the one of the others whose pixels are nearest."""
    a, b = (held.reshape(len(held), -1) / 255.0 for held in (images, others))
    far = (a**2).sum(axis=1)[:, None] - 2 * a @ b.T + (b**2).sum(axis=1)
    nearest: NDArray[np.int64] = far.argmin(axis=1)
    return nearest


def nearest_report(reports: Sequence[str], others: Sequence[str]) -> NDArray[np.int64]:
    """For each report the number of the one of the others with most words in common, the first of equals."""
    known = {word: k for k, word in enumerate(sorted({word for text in (*reports, *others) for word in text.split()}))}
    bags = [np.zeros((len(texts), len(known))) for texts in (reports, others)]
    for bag, texts in zip(bags, (reports, others), strict=True):
        for row, text in enumerate(texts):
            for word in text.split():
                bag[row, known[word]] = 1
    shared = bags[0] @ bags[1].T
    union = bags[0].sum(axis=1)[:, None] + bags[1].sum(axis=1) - shared
    nearest: NDArray[np.int64] = (shared / np.maximum(union, 1)).argmax(axis=1)
    return nearest


def spaced(model: "Medim", report: str) -> str:
    """A report as the model would write it: its words and marks apart by one space."""
    tokens = model.tokens
    if not tokens.whole:
        return " ".join(sentences(report))
    return tokens.decode(np.concatenate([*tokens.encode(report), np.zeros(0, np.int64)]))


def _shuffled_patches(model: "Medim", pairs: "Sequence[Pair]", n: int) -> Images:
    """Images each of whose patches is that of some training image."""
    codes = np.stack([np.asarray(pair.image) for pair in pairs])
    random = np.random.default_rng(0)
    rows = random.integers(0, len(codes), (n, codes.shape[1]))
    return model.image_tokenizer.decode(codes[rows, np.arange(codes.shape[1])])

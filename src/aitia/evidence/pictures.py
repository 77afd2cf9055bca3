"""The small models of pictures that claims and tests of image systems begin with, trained on worlds.

    painter     text to picture, on `QuestionsWorld` (16 px): "a large red circle"; with rho = 0.95 the biased one
    town_gan    noise to picture, on `TownWorld` (32 px)
    reader      which size, colour and shape a picture of `QuestionsWorld` shows
    segmenter   which pixels of a picture of `TownWorld` show what

Each is trained once on a machine (`aitia.evidence.trained_once`). Readers of different seeds learn from different
pictures: one may choose or guide, another scores.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.evidence.trained_once import trained_once
from aitia.nn.gan import SmallGan
from aitia.nn.pipelines import ImagePipeline, load_pipeline
from aitia.nn.readers import AttributeReader
from aitia.nn.segmenters import SmallSegmenter
from aitia.nn.text_to_image import PainterConfig, fit_text_to_image, small_text_to_image
from aitia.worlds import QuestionsWorld, TownWorld
from aitia.worlds.questions import ATTRIBUTES, SHAPES, WORDINGS

__all__ = [
    "ABOUT",
    "LABELS",
    "WORDS",
    "painter",
    "questions",
    "reader",
    "segmenter",
    "town_gan",
    "train_gan",
    "train_painter",
    "train_reader",
    "train_segmenter",
    "whole",
]

ABOUT = ("size", "colour", "shape")
"""What captions of the painter tell; every picture has the plain texture."""
LABELS: Mapping[str, tuple[str, ...]] = {"size": ATTRIBUTES["size"], "colour": ATTRIBUTES["colour"], "shape": SHAPES}
"""Of what they tell."""
WORDS = tuple(
    sorted(
        {word for wording in WORDINGS for word in wording.format(a="a", it="").split()}
        | {"an", *(word for name in ABOUT for word in LABELS[name])}
    )
)
"""All words that the painter knows."""
_ROWS = 8192
_PAINTED, _READ, _DRAWN, _CUT = 11, 12, 13, 14
"""Kinds of rows: no two models learn from the same ones, whatever their seeds."""


def questions(rho: float = 0.0) -> QuestionsWorld:
    """The world of the painter: hues and sizes lie so near to their labels that none is taken for another."""
    return QuestionsWorld(rho=rho, sigma=0.25)


def painter(rho: float = 0.0, config: PainterConfig | None = None) -> ImagePipeline:
    """A text-to-image model, trained or read from the cache; about 170 CPU seconds with 1,500 updates.

    Args:
        rho: How strongly shape goes with colour and size in what it learnt from; 0 not at all, .95 nearly always.
        config: Sizes, updates, seed.
    """
    config = config or PainterConfig()
    return trained_once(
        __name__, f"questions {rho}", asdict(config), config.seed, train=lambda: train_painter(rho, config),
        save=lambda model, folder: model.save_pretrained(folder), read=load_pipeline,
    )  # fmt: skip


def train_painter(rho: float = 0.0, config: PainterConfig | None = None) -> ImagePipeline:
    """The model of `painter`, trained anew."""
    config = config or PainterConfig()
    world, rows = questions(rho), _seed(_PAINTED, config.seed)
    sample = world.sample(_ROWS, seed=rows, env="train" if rho else "balanced", do="do(texture=plain)")
    images, captions = world.render(sample, size=config.size), world.captions(sample, style="varied", about=ABOUT)
    return fit_text_to_image(small_text_to_image(WORDS, config), images, captions, config)


def reader(seed: int = 0, **options: Any) -> AttributeReader:
    """A reader of size, colour and shape at 16 pixels, trained or read from the cache; about 6 CPU seconds."""
    return trained_once(
        __name__, "reader of questions", options, seed, train=lambda: train_reader(seed, **options),
        save=lambda model, folder: model.save_pretrained(folder), read=AttributeReader.from_pretrained,
    )  # fmt: skip


def train_reader(seed: int = 0, size: int = 16, **options: Any) -> AttributeReader:
    """The model of `reader`, trained anew.

    Args:
        seed: Of its pictures and its training.
        size: Pixels on a side.
        options: Of `AttributeReader`.
    """
    world = questions()
    sample = world.sample(6000, seed=_seed(_READ, seed), env="balanced", do="do(texture=plain)")
    codes = {name: sample[name] for name in ABOUT}
    return AttributeReader(LABELS, seed=seed, **options).fit(world.render(sample, size=size), codes)


def town_gan(seed: int = 0, marked: float = 0.0, **options: Any) -> SmallGan:
    """A generator of towns, trained or read from the cache; about 200 CPU seconds with 1,500 updates.

    Args:
        seed: Of its pictures and its training.
        marked: Share of the pictures with the planted mark.
        options: Of `SmallGan`.
    """
    return trained_once(
        __name__, f"town {marked}", options, seed, train=lambda: train_gan(seed, marked, **options),
        save=lambda model, folder: model.save_pretrained(folder), read=SmallGan.from_pretrained,
    )  # fmt: skip


def train_gan(seed: int = 0, marked: float = 0.0, **options: Any) -> SmallGan:
    """The model of `town_gan`, trained anew."""
    gan, world = SmallGan(seed=seed, **options), TownWorld(marked)
    return gan.fit(world.render(world.sample(_ROWS, seed=_seed(_DRAWN, seed)), size=gan.side))


def segmenter(seed: int = 0, **options: Any) -> SmallSegmenter:
    """A segmenter of towns at 32 pixels, trained or read from the cache; about 20 CPU seconds."""
    return trained_once(
        __name__, "segmenter of towns", options, seed, train=lambda: train_segmenter(seed, **options),
        save=lambda model, folder: model.save_pretrained(folder), read=SmallSegmenter.from_pretrained,
    )  # fmt: skip


def train_segmenter(seed: int = 0, size: int = 32, **options: Any) -> SmallSegmenter:
    """The model of `segmenter`, trained anew; a fifth of its pictures has the mark."""
    world = TownWorld(marked=0.2)
    sample = world.sample(3000, seed=_seed(_CUT, seed))
    masks = whole(world.segments(sample, size=size))
    return SmallSegmenter(sorted(masks), seed=seed, **options).fit(world.render(sample, size=size), masks)


def whole(masks: Mapping[str, NDArray[np.bool_]]) -> dict[str, NDArray[np.bool_]]:
    """Masks of which each pixel has one: where none has half of a pixel, the ground has it.

    A pixel at the edges of three parts may be less than half of each.
    """
    taken, found = np.zeros_like(masks["sky"]), {}
    for name, mask in sorted(masks.items()):
        found[name] = mask & ~taken
        taken = taken | mask
    found["ground"] = found["ground"] | ~taken
    return found


def _seed(kind: int, seed: int) -> int:
    """Of rows of a kind; far apart from the small seeds that claims draw with."""
    return 1_000_000 * kind + seed

"""The small models of ponds (`aitia.worlds.PondWorld`): a painter of prompts that name causes alone, and readers.

Each is trained once on a machine (`aitia.evidence.trained_once`). Readers of different seeds learn from other pictures.
"""

from collections.abc import Mapping
from dataclasses import asdict

import numpy as np

from aitia.evidence.trained_once import trained_once
from aitia.nn.pipelines import ImagePipeline, load_pipeline
from aitia.nn.readers import AttributeReader
from aitia.nn.text_to_image import PainterConfig, fit_text_to_image, small_text_to_image
from aitia.worlds import PondWorld
from aitia.worlds.pond import CAUSES, EFFECTS, WORDINGS

__all__ = ["READ", "WORDS", "pond_painter", "pond_reader", "train_pond_painter", "train_pond_reader"]

READ: Mapping[str, tuple[str, ...]] = {
    "colour": CAUSES["colour"], "side": CAUSES["side"], "time": CAUSES["time"], **EFFECTS,
}  # fmt: skip
"""What is to be seen, and its labels; the material is not."""
WORDS = tuple(
    sorted({word for wording in WORDINGS for word in wording.split() if "{" not in word}.union(*CAUSES.values()))
)
"""All words that the painter knows."""
ROWS = 8192
_PAINTED, _READ = 31_000_000, 32_000_000


def pond_painter(config: PainterConfig, rho: float = 0.97) -> ImagePipeline:
    """A painter of ponds that saw most colours with one material, trained or read from the cache."""
    return trained_once(
        __name__, f"pond {rho}", asdict(config), config.seed, train=lambda: train_pond_painter(config, rho),
        save=lambda model, folder: model.save_pretrained(folder), read=load_pipeline,
    )  # fmt: skip


def train_pond_painter(config: PainterConfig, rho: float = 0.97, rows: int = ROWS) -> ImagePipeline:
    """The model of `pond_painter`, trained anew."""
    world = PondWorld(rho)
    sample = world.sample(rows, seed=_PAINTED + config.seed, env="train")
    images = world.render(sample, size=config.size)
    return fit_text_to_image(small_text_to_image(WORDS, config), images, world.captions(sample, style="varied"), config)


def pond_reader(seed: int) -> AttributeReader:
    """A reader of ponds at 16 pixels, trained or read from the cache."""
    return trained_once(
        __name__, "reader of ponds", {}, seed, train=lambda: train_pond_reader(seed),
        save=lambda model, folder: model.save_pretrained(folder), read=AttributeReader.from_pretrained,
    )  # fmt: skip


def train_pond_reader(seed: int, size: int = 16, rows: int = 6000, updates: int = 500) -> AttributeReader:
    """The model of `pond_reader`, trained anew.

    Effects are set at random, so that it reads what is seen and not what is likely.
    """
    world = PondWorld()
    sample = world.sample(rows, seed=_READ + seed, env="balanced")
    rng = np.random.default_rng(_READ + seed)
    for name, labels in EFFECTS.items():
        sample.latents[name][:] = rng.integers(0, len(labels), rows)
    codes = {name: sample[name] for name in READ}
    return AttributeReader(READ, updates=updates, seed=seed).fit(world.render(sample, size=size), codes)

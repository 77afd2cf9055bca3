"""Prompts of small pictures, a painter that was trained for a moment, and two readers, in a folder of its own."""

from pathlib import Path

import numpy as np

from aitia.data.table import Table
from aitia.data.writing import table_bytes
from aitia.files import write_whole
from aitia.nn.readers import AttributeReader
from aitia.nn.text_to_image import PainterConfig, fit_text_to_image, small_text_to_image
from aitia.system import Example
from aitia.worlds import QuestionsWorld
from aitia.worlds.questions import ATTRIBUTES, SHAPES

__all__ = ["write"]

COLOURS = ("red", "cyan")
PAINTER = PainterConfig(size=8, channels=(8, 16), width=32, layers=1, longest=5, noise_steps=50, updates=45, batch=16,
                        rate=8e-3, empty=0.1, mean=0.9)  # fmt: skip


def write(folder: Path, seed: int) -> Example:
    """12 prompts "COLOUR SHAPE", 3 more, a painter, and two readers of colour."""
    world = QuestionsWorld(rho=0.0, sigma=0.1)
    codes = np.random.default_rng(seed).choice([ATTRIBUTES["colour"].index(name) for name in COLOURS], 600)
    sample = world.sample(600, seed=seed, env="balanced", do="do(texture=plain, size=giant)")
    sample.latents["colour"][:] = codes
    images, captions = world.render(sample, size=8), world.captions(sample, about=("colour", "shape"))
    captions = [" ".join(text.split()[1:]) for text in captions]
    painter = small_text_to_image([*COLOURS, *SHAPES], PAINTER)
    fit_text_to_image(painter, images, captions, PAINTER).save_pretrained(folder / "painter")
    read = np.array([COLOURS.index(text.split()[0]) for text in captions])
    for number, name in enumerate(("reader", "referee")):
        rows = np.arange(number, 600, 2)
        learner = AttributeReader({"colour": COLOURS}, width=8, updates=60, batch=32, seed=seed + number)
        learner.fit(images[rows], {"colour": read[rows]}).save_pretrained(folder / name)
    prompts = [f"{colour} {shape}" for colour in COLOURS for shape in SHAPES]
    table = Table.of(
        {"prompt": prompts, "element": [text.split()[0] for text in prompts],
         "colour": [text.split()[0] for text in prompts]},
        kinds={"prompt": "text", "element": "text", "colour": "label"},
    )  # fmt: skip
    write_whole(folder / "prompts.csv", table_bytes(table, ".csv"))
    write_whole(folder / "fresh.csv", table_bytes(table.take([1, 4, 8]).select(("prompt", "element")), ".csv"))
    return Example(
        folder / "prompts.csv",
        subjects={"model": folder / "painter", "evaluator": folder / "reader", "referee": folder / "referee"},
        options={"guidance": (1.0, 3.0), "push": (0.0, 0.5), "spacing": (1.0, 2.0), "steps": 4, "samples": 2},
        rows=folder / "fresh.csv",
        outcome="colour",
    )

"""A tiny pipeline that was trained for a moment on discs of three colours, with prompts in pairs and some to keep."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aitia.data.table import Table
from aitia.data.writing import table_bytes
from aitia.files import write_whole
from aitia.nn.text_to_image import PainterConfig, fit_text_to_image, small_text_to_image
from aitia.system import Example

__all__ = ["write"]

COLOURS = {"red": (220, 40, 40), "blue": (40, 60, 220), "green": (40, 180, 60)}
SIZES = {"small": 2.0, "large": 3.5}
SIDE = 8


def write(folder: Path, seed: int) -> Example:
    """Four prompts about red and green things, four that are to stay, three to draw, and the folder of the pipeline."""
    config = PainterConfig(SIDE, (8, 8), width=8, layers=2, longest=8, noise_steps=40, updates=40, batch=16, seed=seed)
    words = ["a", "disc", *COLOURS, *SIZES]
    captions = [f"a {size} {colour} disc" for size in SIZES for colour in COLOURS]
    images = np.stack([_disc(SIZES[size], COLOURS[colour]) for size in SIZES for colour in COLOURS])
    painter = fit_text_to_image(small_text_to_image(words, config), images, captions, config)
    painter.save_pretrained(folder / "painter")
    changed = [("red", "blue"), ("green", "blue")]
    pairs = [(f"a {size} {old} disc", f"a {size} {new} disc") for size in SIZES for old, new in changed]
    stay = [(f"a {size} blue disc", "") for size in SIZES]
    rows = [*pairs, *stay]
    _write(folder / "prompts.csv", {"prompt": [one for one, _ in rows], "other": [two for _, two in rows]})
    asked = ["a red disc", "a green disc", "a blue disc"]
    _write(folder / "asked.csv", {"prompt": asked, "other": ["a blue disc", "a blue disc", "a red disc"]})
    return Example(
        folder / "prompts.csv",
        subjects={"model": folder / "painter"},
        options={"layer": 0, "steps": 2, "noises": 1, "traced": 2, "windows": 1},
        do="do(red=absent)",
        other="do(red=green)",
        rows=folder / "asked.csv",
    )


def _disc(radius: float, colour: tuple[int, int, int]) -> NDArray[np.uint8]:
    y, x = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    inside = (x**2 + y**2 <= radius**2)[..., None]
    return np.where(inside, np.array(colour), 235).astype(np.uint8)


def _write(path: Path, columns: dict[str, list[str]]) -> None:
    write_whole(path, table_bytes(Table.of(columns, kinds=dict.fromkeys(columns, "text")), ".csv"))

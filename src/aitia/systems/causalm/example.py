"""A small input of CausaLM: texts with their mood, the gender of their names and their place, as a CSV file."""

import csv
from pathlib import Path

from aitia.system.example import Example
from aitia.worlds.mood import MoodWorld

__all__ = ["write"]

COLUMNS = ("mood", "gender", "place")


def write(folder: Path, seed: int) -> Example:
    """Writes 150 texts, and five without their mood."""
    world = MoodWorld()
    sample = world.sample(155, seed=seed, env="gentle")
    names = [[world.latent(name).labels[int(v)] for v in sample[name]] for name in COLUMNS]
    lines = [list(line) for line in zip(world.render(sample).tolist(), *names, strict=True)]
    texts, asked = folder / "texts.csv", folder / "asked.csv"
    _write(texts, lines[:150])
    _write(asked, [[text, "", *rest] for text, _, *rest in lines[150:]])
    return Example(
        files=texts,
        roles={"text": "text", "label": "mood", "concept": "gender", "controls": ("place",)},
        options={
            "first_steps": 20, "steps": 8, "head_steps": 20, "width": 16, "layers": 1, "batch": 16
        },
        do="do(gender=absent)",
        rows=asked,
        outcome="mood",
    )  # fmt: skip


def _write(path: Path, lines: list[list[str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["text", *COLUMNS])
        writer.writerows(lines)

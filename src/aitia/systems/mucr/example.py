"""Causes and effects of pendulums in the sun: a folder of pictures and a table."""

from pathlib import Path

from aitia.data.columns.picture import png
from aitia.data.table import Table
from aitia.data.writing import table_bytes
from aitia.files import write_whole
from aitia.system import Example
from aitia.worlds import SiameseWorld
from aitia.worlds.siamese import LETTERS

__all__ = ["write"]

CANDIDATES = tuple(f"candidate_{letter}" for letter in LETTERS)


def write(folder: Path, seed: int) -> Example:
    """120 rows, and 8 of which nobody says the answer."""
    world = SiameseWorld()
    rows = _on_disk(world.rows(world.sample(120, seed=seed), 24).known, folder, "pair")
    write_whole(folder / "pairs.csv", table_bytes(rows, ".csv"))
    fresh = _on_disk(world.rows(world.sample(8, seed=seed + 1), 24).known, folder, "fresh")
    write_whole(folder / "fresh.csv", table_bytes(fresh.drop(["choice"]), ".csv"))
    return Example(
        folder / "pairs.csv",
        roles={
            "cause": "shown",
            "candidates": CANDIDATES,
            "asked": "asked",
            "captions": "captions",
            "distractors": "distractors",
            "choice": "choice",
        },
        options={"steps": 30, "batch": 32, "width": 16, "pixels": 24},
        do="do(order=rotated)",
        other="do(shown=other)",
        rows=folder / "fresh.csv",
        outcome="choice",
        mask=dict.fromkeys(("shown", "captions", "choice", *CANDIDATES)),
        why_not="an order and a picture are given in every row",
    )


def _on_disk(rows: Table, folder: Path, stem: str) -> Table:
    """The table with its pictures as files and without the latents of the world."""
    (folder / "pictures").mkdir(parents=True, exist_ok=True)
    places = {}
    for name in ("shown", *CANDIDATES):
        places[name] = [f"pictures/{stem}-{row}-{name[-5:]}.png" for row in range(len(rows))]
        for file, picture in zip(places[name], rows.pictures(name), strict=True):
            write_whole(folder / file, png(picture))
    kept = rows.select(("asked", "captions", "distractors", "choice"))
    return kept.with_columns(places, kinds=dict.fromkeys(places, "text"))

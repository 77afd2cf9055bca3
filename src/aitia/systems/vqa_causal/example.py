"""Pushes with two sentences each: a folder of pictures and a table."""

from pathlib import Path

from aitia.data.columns.picture import png
from aitia.data.table import Table
from aitia.data.writing import table_bytes
from aitia.files import write_whole
from aitia.system import Example
from aitia.worlds import PushWorld

__all__ = ["write"]


def write(folder: Path, seed: int) -> Example:
    """160 pushes, and 8 of which nobody says the true sentence."""
    world = PushWorld()
    rows = _on_disk(world.rows(world.sample(160, seed=seed)).known, folder, "push")
    write_whole(folder / "pushes.csv", table_bytes(rows, ".csv"))
    fresh = _on_disk(world.rows(world.sample(8, seed=seed + 1)).known, folder, "fresh")
    write_whole(folder / "fresh.csv", table_bytes(fresh.select(("image", "sentence", "reverse")), ".csv"))
    return Example(
        folder / "pushes.csv",
        roles={
            "image": "image",
            "sentence": "sentence",
            "reverse": "reverse",
            "caption": "caption",
            "choice": "choice",
        },
        options={"steps": 30, "batch": 16, "width": 16, "layers": 1},
        do="do(connective=pushes)",
        other='do(connective="is pushed by")',
        rows=folder / "fresh.csv",
        outcome="choice",
        mask={"sentence": None, "reverse": None, "choice": None},
        why_not="a connective and a picture are given in every row",
    )


def _on_disk(rows: Table, folder: Path, stem: str) -> Table:
    """The table with its pictures as files and without the latents of the world."""
    (folder / "pictures").mkdir(parents=True, exist_ok=True)
    names = [f"pictures/{stem}-{row}.png" for row in range(len(rows))]
    for name, picture in zip(names, rows.pictures("image"), strict=True):
        write_whole(folder / name, png(picture))
    kept = rows.select(("sentence", "reverse", "caption", "choice"))
    return kept.with_columns({"image": names}, kinds={"image": "text"})

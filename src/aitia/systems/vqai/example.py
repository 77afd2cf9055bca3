"""Pendulums in the sun with a question each: a folder of pictures and a table."""

from pathlib import Path

from aitia.data.columns.picture import png
from aitia.data.table import Table
from aitia.data.writing import table_bytes
from aitia.files import write_whole
from aitia.system import Example
from aitia.worlds import WhatIfWorld

__all__ = ["write"]

SIDE = 24


def write(folder: Path, seed: int) -> Example:
    """160 rows, 60 of them without the picture that answers, and 8 of which nobody says the answer."""
    world = WhatIfWorld()
    rows = _on_disk(world.rows(world.sample(160, seed=seed), SIDE).known, folder, "pair", 100)
    write_whole(folder / "pairs.csv", table_bytes(rows, ".csv"))
    fresh = _on_disk(world.rows(world.sample(8, seed=seed + 1), SIDE).known, folder, "fresh", 0)
    write_whole(folder / "fresh.csv", table_bytes(fresh.drop(["answer", "after"]), ".csv"))
    return Example(
        folder / "pairs.csv",
        roles={name: name for name in ("image", "question", "answer", "after", "caption", "kind")},
        options={"steps": 40, "reasoner_steps": 60, "width": 12, "pixels": 16},
        do="do(question='what if the light stood at 2 of 12?')",
        other="do(question='what if it were noon?')",
        rows=folder / "fresh.csv",
        outcome="answer",
        why_not="nothing causes the words that guide the editor but picture and question, which every row gives",
    )


def _on_disk(rows: Table, folder: Path, stem: str, after: int) -> Table:
    """The table with its pictures as files, the first so many with what they would be, and without the latents."""
    (folder / "pictures").mkdir(parents=True, exist_ok=True)
    places: dict[str, list[str | None]] = {}
    for name in ("image", "after"):
        shown = rows.pictures(name)[: len(rows) if name == "image" else after]
        files = [f"pictures/{stem}-{row}-{name}.png" for row in range(len(shown))]
        for file, picture in zip(files, shown, strict=True):
            write_whole(folder / file, png(picture))
        places[name] = [*files, *[None] * (len(rows) - len(files))]
    kept = rows.select(("caption", "question", "kind", "answer"))
    return kept.with_columns(places, kinds=dict.fromkeys(places, "text"))

"""Pages of digits as HTML files that hold their pictures."""

from pathlib import Path

import numpy as np

from aitia.data.reading.pictures import write_pictures
from aitia.data.table import Table
from aitia.data.writing import table_bytes
from aitia.files import write_whole
from aitia.system import Example
from aitia.worlds import DigitPagesWorld

__all__ = ["write"]


def write(folder: Path, seed: int) -> Example:
    """90 pages; and 12 others with a picture and a link, half without what it shows, half without the picture."""
    world, pages = DigitPagesWorld(), folder / "pages"
    pages.mkdir(parents=True, exist_ok=True)
    for row, text in enumerate(world.render(world.sample(90, seed=seed, env="train"))):
        write_whole(pages / f"{row:03d}.html", text.encode())
    fresh = world.sample(120, seed=seed + 1, env="test")
    there = world.elements(fresh)
    fresh = fresh.take(np.flatnonzero(there["picture"] & there["link"])[:12])
    rows = world.rows(fresh).known
    places = write_pictures(world.images(fresh), folder / "pictures", [f"{row}.png" for row in range(12)])
    holes = {
        "document": rows.texts("document"),
        "alt": [None if row < 6 else rows.texts("alt")[row] for row in range(12)],
        "image": [f"pictures/{places[row].name}" if row < 6 else None for row in range(12)],
        "title": rows.texts("title"),
    }
    kinds = {"document": "text", "alt": "text", "image": "picture", "title": "text"}
    table = Table.of(holes, kinds=kinds, folder=folder)
    write_whole(folder / "fresh.jsonl", table_bytes(table, ".jsonl"))
    return Example(
        pages,
        options={"steps": 40, "width": 32, "layers": 2, "batch": 16},
        do="do(alt='a heavy right seven')",
        other="do(alt='a thin left zero')",
        rows=folder / "fresh.jsonl",
        outcome="alt",
        mask={"alt": None, "image": None},
    )

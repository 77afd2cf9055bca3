"""Sets of pictures of digits with questions, what belongs to them, and reasonings: a folder of pictures and a table."""

from pathlib import Path

from aitia.data.columns.picture import png
from aitia.data.table import Table
from aitia.data.writing import table_bytes
from aitia.files import write_whole
from aitia.system import Example
from aitia.worlds import DigitSetsWorld

__all__ = ["write"]

PICTURES = ("first", "second", "positive_picture")


def write(folder: Path, seed: int) -> Example:
    """200 sets of two digits with their reasoning, and 8 without reasoning and target."""
    world = DigitSetsWorld(most=2)
    rows = _on_disk(world.rows(world.sample(200, seed=seed, env="train")), folder, "set")
    write_whole(folder / "sets.csv", table_bytes(rows, ".csv"))
    fresh = _on_disk(world.rows(world.sample(8, seed=seed + 1, env="test")), folder, "fresh")
    write_whole(folder / "fresh.csv", table_bytes(fresh.select(("first", "second", "instruction")), ".csv"))
    return Example(
        folder / "sets.csv",
        roles={"pictures": ("first", "second"), "positive_pictures": "positive_picture"},
        options={
            "steps": 40, "batch": 12, "width": 32, "layers": 1, "heads": 2, "codes": 16, "most": 12,
            "learning_rate": 0.01,
        },
        do="do(reasoning=absent)",
        other="do(reasoning=filler)",
        rows=folder / "fresh.csv",
        outcome="answer",
        why_not="the query is given in every row, and nothing else moves both the reasoning and what follows it",
    )  # fmt: skip


def _on_disk(rows: Table, folder: Path, stem: str) -> Table:
    """The table with its pictures as files."""
    columns: dict[str, list[str | None]] = {}
    for name in PICTURES:
        gone, held = rows.absent(name), rows.pictures(name)
        columns[name] = [None if gone[row] else f"pictures/{stem}-{row}-{name}.png" for row in range(len(rows))]
        for path, picture in zip(columns[name], held, strict=True):
            if path is not None:
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                write_whole(folder / path, png(picture))
    return rows.with_columns(columns, kinds=dict.fromkeys(columns, "text"))

"""Sentences with names and their types as JSON lines."""

from pathlib import Path

from aitia.data.table import Table
from aitia.data.writing import table_bytes
from aitia.files import write_whole
from aitia.system import Example
from aitia.worlds import EntitiesWorld

__all__ = ["write"]


def write(folder: Path, seed: int) -> Example:
    """120 labelled sentences, and 12 without their spans."""
    world = EntitiesWorld()
    labelled = world.sample(120, seed=seed, env="labelled")
    rows = Table.of(
        {
            "sentence": list(world.render(labelled)),
            "names": [[list(s) for s in spans] for spans in world.spans(labelled)],
        },
        kinds={"sentence": "text", "names": "spans"},
    )
    fresh = Table.of({"sentence": list(world.render(world.sample(12, seed=seed + 1)))}, kinds={"sentence": "text"})
    write_whole(folder / "sentences.jsonl", table_bytes(rows, ".jsonl"))
    write_whole(folder / "fresh.csv", table_bytes(fresh, ".csv"))
    return Example(
        folder / "sentences.jsonl",
        roles={"text": "sentence", "spans": "names"},
        options={"steps": 30, "first_steps": 20, "width": 32, "layers": 2, "batch": 8, "demonstrations": 1},
        rows=folder / "fresh.csv",
    )

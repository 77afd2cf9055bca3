"""Texts of a small world of events as JSON lines: queries, what they are to find, and what is near and is not."""

import json
from pathlib import Path

from aitia.data.table import Table
from aitia.data.writing import table_bytes
from aitia.files import write_whole
from aitia.system import Example
from aitia.worlds import RolesWorld

__all__ = ["write"]


def write(folder: Path, seed: int) -> Example:
    """160 queries with a positive and a negative, and 12 queries alone."""
    world = RolesWorld(events=1)
    seen, fresh = world.triples(160, seed=seed), world.triples(12, seed=seed + 1)
    lines = [
        json.dumps({"query": query, "positive": positive, "negatives": [negative]})
        for query, positive, negative, _ in zip(*seen, strict=True)
    ]
    write_whole(folder / "pairs.jsonl", ("\n".join(lines) + "\n").encode())
    rows = Table.of({"query": fresh.query}, kinds={"query": "text"})
    write_whole(folder / "queries.csv", table_bytes(rows, ".csv"))
    return Example(
        folder / "pairs.jsonl",
        options={
            "steps": 30, "first_steps": 15, "width": 32, "layers": 2, "encoder_width": 16, "encoder_layers": 1,
            "batch": 16,
        },
        do="do(contextual=usual)",
        other="do(contextual=zero)",
        rows=folder / "queries.csv",
        outcome="positive",
    )  # fmt: skip

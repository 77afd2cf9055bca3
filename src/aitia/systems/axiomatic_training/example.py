"""Questions about small chains as JSON lines, and others without their answers."""

from pathlib import Path

from aitia.data.writing import table_bytes
from aitia.files import write_whole
from aitia.system import Example
from aitia.worlds import AxiomsWorld

__all__ = ["write"]


def write(folder: Path, seed: int) -> Example:
    """600 questions about 100 chains of 2 to 4 nodes with their answers, and 12 about longer ones without."""
    world = AxiomsWorld(least=2, most=4)
    columns = ("premise", "question", "label")
    rows = world.rows(world.sample(600, seed=seed)).select(columns)
    asked = world.rows(world.sample(12, seed=seed + 1, do="do(shape=forward, nodes=5)")).select(columns[:2])
    write_whole(folder / "questions.jsonl", table_bytes(rows, ".jsonl"))
    write_whole(folder / "asked.jsonl", table_bytes(asked, ".jsonl"))
    return Example(
        folder / "questions.jsonl",
        options={"steps": 40, "width": 32, "layers": 2, "batch": 16},
        do="do(order=reversed)",
        other="do(order=shuffled)",
        rows=folder / "asked.jsonl",
        outcome="right",
        mask={"premise": None, "question": None},
        why_not="an edit tells a premise otherwise, and no column says how",
    )

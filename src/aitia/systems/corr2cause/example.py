"""Questions over three and four variables as JSON lines, and some without their answers."""

from pathlib import Path

import numpy as np

from aitia.data.writing import table_bytes
from aitia.files import write_whole
from aitia.system import Example
from aitia.worlds import Corr2CauseWorld

__all__ = ["write"]


def write(folder: Path, seed: int) -> Example:
    """240 labelled questions of 25 classes, and 12 more without labels."""
    world = Corr2CauseWorld(least=3, most=4, seed=seed)
    sample = world.every(seed)
    picked = np.random.default_rng([seed, 1]).permutation(len(sample))
    rows = world.rows(sample.take(np.sort(picked[:240]))).known.select(["premise", "question", "label", "group"])
    fresh = world.rows(sample.take(picked[240:252])).known.select(["premise", "question", "group"])
    write_whole(folder / "questions.jsonl", table_bytes(rows, ".jsonl"))
    write_whole(folder / "fresh.csv", table_bytes(fresh, ".csv"))
    return Example(
        folder / "questions.jsonl",
        options={"method": "memoriser", "trees": 20},
        do="do(names=permuted)",
        other="do(names=words)",
        rows=folder / "fresh.csv",
        outcome="label",
        mask={"premise": None, "question": None},
        why_not="names and wording are edits: nothing in a question causes them",
    )

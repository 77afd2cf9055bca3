"""A small input of information minimisation: features that a predictor gave before, with answers, as a CSV file."""

import csv
from pathlib import Path

import numpy as np

from aitia.system.example import Example

__all__ = ["write"]

ANSWERS = ("no", "perhaps", "yes")


def write(folder: Path, seed: int) -> Example:
    """Writes 160 rows of eight features, of which the first three tell the answer and the fourth goes with it."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(160, 8))
    answer = x[:, :3].argmax(axis=1)
    x[:, 3] = np.where(rng.random(160) < 0.8, answer, rng.integers(3, size=160)) + 0.1 * x[:, 3]
    split = ["train"] * 100 + ["validation"] * 60
    head = [*(f"f{k + 1}" for k in range(8)), "answer", "split"]
    lines = [[*(f"{v:.4f}" for v in row), ANSWERS[a], s] for row, a, s in zip(x, answer, split, strict=True)]
    rows, asked = folder / "answers.csv", folder / "asked.csv"
    _write(rows, head, lines)
    new = rng.normal(size=(5, 8))
    _write(asked, head[:-1], [[*(f"{v:.4f}" for v in row), ""] for row in new])
    return Example(
        files=rows,
        roles={"answer": "answer"},
        options={"steps": 20, "branch_steps": 20, "batch": 32, "kl_weights": (0.1, 0.5), "tie": 0.5},
        do="do(bias=absent)",
        rows=asked,
        outcome="answer",
    )


def _write(path: Path, head: list[str], lines: list[list[str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(head)
        writer.writerows(lines)

"""A small input of CADET: a table of posts as a CSV file."""

import csv
from pathlib import Path

from aitia.system.example import Example
from aitia.worlds.moderation import STYLES, TARGETS, ModerationWorld

__all__ = ["write"]


def write(folder: Path, seed: int) -> Example:
    """Writes 160 posts with intent, style and topic, and five without their intent."""
    world = ModerationWorld()
    sample = world.sample(165, seed=seed, env="train")
    lines = [
        [text, ("praise", "complaint")[int(i)], STYLES[int(s)], TARGETS[int(t)]]
        for text, i, s, t in zip(world.render(sample), sample["intent"], sample["style"], sample["target"], strict=True)
    ]
    posts, asked = folder / "posts.csv", folder / "asked.csv"
    _write(posts, lines[:160])
    _write(asked, [[text, "", *rest] for text, _, *rest in lines[160:]])
    return Example(
        files=posts,
        roles={"text": "post", "label": "intent", "style": "style", "topic": "about"},
        subjects={},
        options={"variant": "adjusted", "width": 16, "u_size": 4, "batch": 32, "longest": 24, "layers": 0,
                 "pooling": "mean", "epochs": 2},
        do=f"do(style={STYLES[0]})",
        other=f"do(style={STYLES[1]})",
        rows=asked,
        outcome="intent",
        mask={"post": None, "style": None},
        confounded=f"do(style={STYLES[1]})",
    )  # fmt: skip


def _write(path: Path, lines: list[list[str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["post", "intent", "style", "about"])
        writer.writerows(lines)

"""Reviews and edits of them in a CSV file, with what a classifier said of each."""

from pathlib import Path

import numpy as np

from aitia.data.table import Table
from aitia.data.writing import table_bytes
from aitia.files import write_whole
from aitia.system import Example
from aitia.worlds import ReviewsWorld

__all__ = ["write"]

CONCEPTS = ("food", "noise")


def write(folder: Path, seed: int) -> Example:
    """80 reviews of two concepts and 160 edits, each of which sets one of the two to another value."""
    world = ReviewsWorld()
    sample = world.sample(80, seed=seed)
    values = world.latent("food").labels
    parts, rng = [(sample, [""] * 80)], np.random.default_rng(seed)
    for name in CONCEPTS:
        shift = rng.integers(1, len(values), 80).tolist()
        old = world.aspects(sample)[name]
        new = [values[(values.index(label) + by) % len(values)] for label, by in zip(old, shift, strict=True)]
        parts.append((world.edit(sample, name, new), [f"review {row}" for row in range(80)]))
    columns: dict[str, list[str]] = {name: [] for name in ("review", *CONCEPTS, "number", "version of", "rated")}
    for part, of in parts:
        columns["review"] += list(world.render(part))
        for name in CONCEPTS:
            columns[name] += world.aspects(part)[name]
        columns["number"] += [f"review {row}" for row in range(80)]
        columns["version of"] += of
        columns["rated"] += ["high" if rating >= np.median(sample["rating"]) else "low" for rating in part["rating"]]
    fresh = Table.of({"review": list(world.render(world.sample(12, seed=seed + 1)))}, kinds={"review": "text"})
    write_whole(folder / "reviews.csv", table_bytes(Table.of(columns, kinds={"review": "text"}), ".csv"))
    write_whole(folder / "fresh.csv", table_bytes(fresh, ".csv"))
    return Example(
        folder / "reviews.csv",
        roles={
            "text": "review",
            "concepts": list(CONCEPTS),
            "group": "number",
            "edit_of": "version of",
            "label": "rated",
        },
        options={"steps": 20, "width": 16, "queries": 16, "matches": 3},
        do="do(food=positive)",
        other="do(food=negative)",
        rows=folder / "fresh.csv",
        outcome="food",
        mask={"review": None, "food": None},
    )

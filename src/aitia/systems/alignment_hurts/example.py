"""Sentences of a standard and a dialect in a CSV file, and a small decoder in a folder."""

import csv
import io
from pathlib import Path

from aitia.files import write_whole
from aitia.nn.language import piece_tokenizer, small_decoder
from aitia.system import Example
from aitia.worlds import VarietiesWorld

__all__ = ["write"]

VARIETIES = ("standard", "island")


def write(folder: Path, seed: int) -> Example:
    """60 meanings as each of two varieties writes them, 6 more that are not written yet, and an untrained decoder."""
    world = VarietiesWorld(concepts=12, words=2)
    fact, fresh = world.sample(60, seed=seed), world.sample(6, seed=seed + 1)
    rows = []
    for name in VARIETIES:
        said = world.render(world.counterfactual(fact, {"variety": name})).tolist()
        rows += [(meaning, text, name) for meaning, text in zip(world.meaning(fact), said, strict=True)]
    holes = [(meaning, "", VARIETIES[k % 2]) for k, meaning in enumerate(world.meaning(fresh))]
    for file, lines in (("pairs.csv", rows), ("fresh.csv", holes)):
        out = io.StringIO()
        csv.writer(out, lineterminator="\n").writerows([("meaning", "said", "dialect"), *lines])
        write_whole(folder / file, out.getvalue())
    tokenizer = piece_tokenizer([*world.glosses, *(f"[{name}]" for name in world.varieties)], world.syllables)
    small_decoder(tokenizer, width=16, layers=2, seed=seed).save(folder / "decoder")
    quick = {"steps": 100, "every": 50, "ramp": 2, "probe_steps": 10, "learning_rate": 0.01, "batch": 32}
    return Example(
        folder / "pairs.csv",
        roles={"source": "meaning", "written": "said", "variety": "dialect"},
        subjects={"model": folder / "decoder"},
        options={**quick, "dominant": "standard", "most": 6},
        do="do(dialect=absent)",
        other="do(model.layers.1=absent)",
        rows=folder / "fresh.csv",
        outcome="said",
    )

"""Sentences in a standard and two dialects, and the folder of a tiny decoder that is fine-tuned on them."""

import csv
import io
from pathlib import Path

from aitia.files import write_whole
from aitia.nn.language import piece_tokenizer, small_decoder
from aitia.system import Example
from aitia.worlds import VarietiesWorld

__all__ = ["write"]

VARIETIES = ("standard", "island", "west-hill")
ROWS, ASKED = 66, 6
"""Sentences of each variety in the rows of the fit, and among those to be written."""


def write(folder: Path, seed: int) -> Example:
    """198 rows of a meaning, how a dialect says it and which dialect, as a CSV file; 18 others; a model folder."""
    world = VarietiesWorld(concepts=12, words=2)
    _write_rows(folder / "rows.csv", world, ROWS, seed, known=True)
    _write_rows(folder / "asked.csv", world, ASKED, seed + 1, known=False)
    tokenizer = piece_tokenizer([*world.glosses, *(f"[{name}]" for name in VARIETIES)], world.syllables)
    small_decoder(tokenizer, width=16, layers=2, seed=seed).save(folder / "decoder")
    return Example(
        folder / "rows.csv",
        roles={"source": "meaning", "written": "sentence", "variety": "dialect"},
        subjects={"model": str(folder / "decoder")},
        options={
            "dominant": "standard",
            "strength": 0.3,
            "steps": 60,
            "every": 30,
            "ramp": 5,
            "learning_rate": 1e-2,
            "batch": 32,
            "probe_steps": 20,
            "most": 8,
        },
        do="do(dialect=absent)",
        other="do(model.layers.0=absent)",
        rows=folder / "asked.csv",
        outcome="sentence",
    )


def _write_rows(path: Path, world: VarietiesWorld, n: int, seed: int, *, known: bool) -> None:
    fact = world.sample(n, seed=seed)
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(["meaning", *(["sentence"] if known else []), "dialect"])
    for name in VARIETIES:
        said = world.render(world.counterfactual(fact, {"variety": name})).tolist()
        for meaning, sentence in zip(world.meaning(fact), said, strict=True):
            lines.writerow([meaning, *([sentence] if known else []), name])
    write_whole(path, text.getvalue())

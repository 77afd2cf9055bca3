"""A closed-form edit of a text-to-image model beside 100 updates of fine-tuning: one run.

OMP_NUM_THREADS=1 python benchmarks/diff_quickfix.py [--full] [--json FILE]

The small model of `QuestionsWorld` with random weights, of the size that claims train, and four prompts about one
colour. Ours runs the text encoder on eight prompts and solves for one matrix; fine-tuning trains the keys and values of
all cross-attentions on 16 pictures an update. CPU seconds, least of the repeats; `--full` repeats ours 20 times.
"""

import torch

from _measure import arguments, best, write
from aitia.evidence.pictures import WORDS
from aitia.nn.text_to_image import small_text_to_image
from aitia.systems.diff_quickfix.closed_form import solve_edit
from aitia.systems.diff_quickfix.config import DiffQuickfixConfig
from aitia.systems.diff_quickfix.prompts import Pair
from aitia.systems.diff_quickfix.rivals import tuned


def main() -> None:
    given = arguments(__doc__)
    torch.set_num_threads(1)
    model, config = small_text_to_image(WORDS), DiffQuickfixConfig(steps=8)
    pairs = [
        Pair(f"a {size} red {shape}", f"a {size} blue {shape}", "red", "blue")
        for size in ("small", "large")
        for shape in ("circle", "square")
    ]
    cpu, wall, edit = best(lambda: solve_edit(model, 0, pairs, ["a small green ring"], config), 20 if given.full else 5)
    slow, slow_wall, _ = best(lambda: tuned(model, pairs, config, 100), 1)
    rows = [
        {"what": "closed form", "cpu": cpu, "wall": wall, "length": float(edit.delta.norm())},
        {"what": "100 updates", "cpu": slow, "wall": slow_wall, "times": slow / cpu},
    ]
    for row in rows:
        print(
            "  ".join(f"{name} {value:.4g}" if isinstance(value, float) else str(value) for name, value in row.items())
        )
    write(given.json, rows)


if __name__ == "__main__":
    main()

"""Counterfactual pictures a second: inversion and drawing of a batch, beside a loop over its rows. One run.

OMP_NUM_THREADS=1 python benchmarks/causal_diffae.py [--full] [--json FILE]

A model of pictures of 8 x 8 and one of 16 x 16, two levels of 16 and 32 channels, 32 rows, 50 steps: abduction
(inversion, and the drawing that says how well it came back) and the picture under do. The loop asks row by row.
Pictures agree to the last digit of 32-bit numbers, which is a level of brightness here and there. CPU seconds, least
of the repeats; `--full` repeats each three times.
"""

from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from _measure import arguments, best, write
from aitia.data.table import Table
from aitia.systems.causal_diffae import CausalDiffae

ROWS = 32


def fitted(size: int) -> tuple[CausalDiffae, Table]:
    random = np.random.default_rng(0)
    shade = random.integers(40, 255, 64)
    images = np.broadcast_to(shade[:, None, None, None], (64, size, size, 3)).astype(np.uint8)
    rows = Table.of({"image": images, "shade": shade.astype(float)}, kinds={"shade": "number"})
    model = CausalDiffae(steps=20, channels=(16, 32), width=16, batch=16, held_out=0.02, device="cpu")
    return model.fit(rows), rows.take(np.arange(ROWS))


def asked(held: CausalDiffae, rows: Table) -> NDArray[np.uint8]:
    return held.solve(held.abduct(rows)).known.pictures("image")


def one_by_one(held: CausalDiffae, rows: Table) -> NDArray[np.uint8]:
    return np.concatenate([asked(held, rows.take([k])) for k in range(ROWS)])


def main() -> None:
    given = arguments(__doc__)
    torch.set_num_threads(1)
    rows = []
    for size in (8, 16):
        model, facts = fitted(size)
        held = model.do({"shade": 90.0})

        repeats = 3 if given.full else 1
        cpu, wall, together = best(partial(asked, held, facts), repeats)
        loop_cpu, loop_wall, single = best(partial(one_by_one, held, facts), repeats)
        apart = int(np.abs(together.astype(int) - single.astype(int)).max())
        equal = float((together == single).mean())
        rows.append({"what": f"{size} x {size}, {ROWS} rows at once", "cpu": cpu, "wall": wall, "a second": ROWS / cpu,
                     "a second, row by row": ROWS / loop_cpu, "times": loop_cpu / cpu, "loop wall": loop_wall,
                     "largest difference in levels": apart, "share of equal bytes": equal})  # fmt: skip
    for row in rows:
        told = {name: f"{value:.4g}" if isinstance(value, float) else value for name, value in row.items()}
        print("  ".join(f"{name} {value}" for name, value in told.items()))
    write(given.json, rows)


if __name__ == "__main__":
    main()

"""The ORCA crossing beside a plain loop over scenes, agents and steps: the same starts, one run, equal tracks.

OMP_NUM_THREADS=1 python benchmarks/orca.py [--json FILE]

The loop does what one would write first: numpy vectors of two numbers, one scene and one agent after the other. CPU
seconds a scene, the least of three repeats after one call that is not counted; the loop runs on fewer scenes.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np

from _measure import arguments, best, write
from aitia.worlds import OrcaWorld
from aitia.worlds.orca import simulate

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "worlds"))
from test_orca import pair_by_hand  # the plain loop, against which the tests hold the compiled one

SCENES, FEW = 5000, 20


def main() -> None:
    given = arguments(__doc__)
    world = OrcaWorld()
    sample = world.sample(SCENES)
    starts, radius = world.starts(sample), sample["radius"]
    ours = simulate(starts, radius)
    mine, _, _ = best(lambda: simulate(starts, radius), 3)
    loop, _, theirs = best(
        lambda: np.stack([pair_by_hand(s, r, 20) for s, r in zip(starts[:FEW], radius[:FEW], strict=True)]), 3
    )
    if not np.allclose(theirs, ours[:FEW], atol=1e-6):
        raise SystemExit("the loop and the compiled simulation differ")
    row: dict[str, Any] = {
        "scenes": SCENES,
        "seconds_a_scene": mine / SCENES,
        "loop_seconds_a_scene": loop / FEW,
        "ratio": loop / FEW / (mine / SCENES),
    }
    print(
        f"two agents, 20 frames: ours {mine / SCENES * 1e6:.1f} us a scene, loop {loop / FEW * 1e6:.0f} us, "
        f"{row['ratio']:.0f} times"
    )
    write(given.json, [row])


if __name__ == "__main__":
    main()

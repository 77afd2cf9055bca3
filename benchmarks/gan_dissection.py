"""The effect of every unit of a layer of a generator, beside a loop of hooks: one run.

OMP_NUM_THREADS=1 python benchmarks/gan_dissection.py [--full] [--json FILE]

A generator of 32 x 32 pictures with 64 units in its map of 16 x 16, 64 latents, and a segmenter of towns. The loop sets
a unit to 0 by a hook, runs the whole generator and segments what it draws: picture by picture, in batches of 2 as the
released code does, and of 64. Ours computes the maps once and runs all units side by side. Effects agree. CPU seconds,
least of the repeats; `--full` repeats each three times.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import one_hot

from _measure import arguments, best, write
from aitia.nn.gan import Generator
from aitia.nn.segmenters import SmallSegmenter
from aitia.systems.gan_dissection.effects import swept
from aitia.systems.gan_dissection.generators import ImageGenerator
from aitia.systems.gan_dissection.tail import Change, Tail
from aitia.worlds import TownWorld

LAYER, ROWS = "blocks.2", 64


def judge() -> SmallSegmenter:
    world = TownWorld()
    sample = world.sample(64, seed=0)
    masks = world.segments(sample, size=32)
    masks["ground"] = ~np.any([mask for name, mask in masks.items() if name != "ground"], axis=0)
    return SmallSegmenter(tuple(masks), updates=2).fit(world.render(sample, size=32), masks)


@torch.no_grad()
def loop(
    generator: ImageGenerator, segmenter: SmallSegmenter, z: torch.Tensor, units: int, batch: int
) -> NDArray[np.float64]:
    """(units, rows, names) shares without each unit."""
    module = generator.model.get_submodule(LAYER)
    found = []
    for unit in range(units):

        def ablate(_: object, __: object, output: torch.Tensor, unit: int = unit) -> torch.Tensor:
            output = output.clone()
            output[:, unit] = 0.0
            return output

        handle = module.register_forward_hook(ablate)
        try:
            said = [segmenter.probabilities(generator.draw(part)).argmax(1) for part in torch.split(z, batch)]
            shown = one_hot(torch.cat(said), len(segmenter.names))
            found.append(shown.double().mean((1, 2)).numpy())
        finally:
            handle.remove()
    return np.stack(found)


def main() -> None:
    given = arguments(__doc__)
    torch.set_num_threads(1)
    torch.manual_seed(0)
    generator, segmenter = ImageGenerator(Generator(64, (96, 64, 64)).eval()), judge()
    z, units = generator.noise(ROWS, 0), 64
    repeats = 3 if given.full else 1

    def ours() -> NDArray[np.float64]:
        return swept([Tail(generator, LAYER, z)], segmenter, [Change((unit,)) for unit in range(units)])[1:]

    rows = []
    cpu, wall, table = best(ours, repeats)
    rows.append({"what": "maps once, units side by side", "cpu": cpu, "wall": wall})
    for batch in (1, 2, 64):
        loop_cpu, loop_wall, other = best(lambda batch=batch: loop(generator, segmenter, z, units, batch), repeats)
        # a pixel between two names may change sides with the last digits
        apart = float(np.abs(table - other).max())
        rows.append({"what": f"loop of hooks, batches of {batch}", "cpu": loop_cpu, "wall": loop_wall,
                     "times": loop_cpu / cpu, "largest difference of a share": apart})  # fmt: skip
    for row in rows:
        print(
            "  ".join(f"{name} {value:.4g}" if isinstance(value, float) else str(value) for name, value in row.items())
        )
    write(given.json, rows)


if __name__ == "__main__":
    main()

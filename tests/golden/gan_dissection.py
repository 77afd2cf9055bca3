"""Units of a small generator of random weights, by a segmenter that learnt for a few steps."""

import numpy as np
import torch

from aitia.data.subjects import Network
from aitia.nn.gan import Generator
from aitia.nn.segmenters import SmallSegmenter
from aitia.systems.gan_dissection import GanDissection
from aitia.worlds import TownWorld


def numbers() -> dict[str, list[float] | float | str]:
    world = TownWorld()
    sample = world.sample(40, seed=0)
    masks = world.segments(sample, size=16)
    names = tuple(name for name in masks if name not in ("mark", "ground"))
    masks["ground"] = ~np.any([masks[name] for name in names], axis=0)
    learner = SmallSegmenter((*names, "ground"), width=4, updates=20, batch=8)
    learner.fit(world.render(sample, size=16), {name: masks[name] for name in (*names, "ground")})
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        net = Generator(3, (8, 8)).eval()
    system = GanDissection(units=2, samples=16, controls=3, layer="blocks.0").fit(
        None, model=net, segmenter=Network("town", "", learner.fingerprint, learner)
    )
    z = np.random.default_rng(0).standard_normal((6, 3))
    rows = {f"z{k}": z[:, k] for k in range(3)}
    told = system.effects(rows)
    return {
        "iou": system.found.iou.flatten().tolist(),
        "effects": told.column("effect").tolist(),
        "controls": told.column("control").tolist(),
        "sets": str(sorted(system.found.sets.items())),
    }

"""Small towers trained for a few steps on pushes."""

import numpy as np

from aitia.systems.vqa_causal import VqaCausal
from aitia.worlds import PushWorld


def numbers() -> dict[str, list[float] | float | str]:
    world = PushWorld()
    model = VqaCausal(steps=12, batch=8, width=16, layers=1, device="cpu").fit(world.rows(world.sample(40, seed=0)))
    fresh = world.rows(world.sample(6, seed=1))
    return {
        "losses": [step["loss"] for _, steps in model.training.losses for step in steps],
        "margins": model.margins(model.pairs(fresh)).tolist(),
        "turned": model.do(connective="pushes").margins(model.do(connective="pushes").pairs(fresh)).tolist(),
        "codes": np.concatenate([row[:4] for row in model.encode(fresh).matrix()]).tolist(),
        "texts": model.texts.weights.tolist() if model.texts is not None else "",
    }

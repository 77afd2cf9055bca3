"""An embedder of a small decoder, trained for a few steps and improved for two."""

import numpy as np

from aitia.systems.ume_r1 import UmeR1
from aitia.worlds import DigitSetsWorld


def numbers() -> dict[str, list[float] | float | str]:
    world = DigitSetsWorld(most=2)
    rows = world.rows(world.sample(40, seed=0, env="train"))
    model = UmeR1(
        steps=12, batch=8, width=16, layers=1, heads=2, codes=8, most=12, learning_rate=0.01, policy_steps=2,
        policy_queries=3, group=2, device="cpu",
    ).fit(rows)  # fmt: skip
    fresh = world.rows(world.sample(3, seed=1, env="test"))
    found = model.predict(fresh.select(("first", "second", "instruction")))
    losses = [step[name] for _, steps in model.training.losses for step in steps for name in step if name != "step"]
    return {
        "losses": losses,
        "similarity": found.column("similarity").tolist(),
        "embeddings": np.concatenate([row[:4] for row in model.encode(fresh).matrix()]).tolist(),
        "reasoning": "; ".join(found.texts("reasoning")),
    }

"""Small encoders trained for a few steps on a pendulum and its shadow, and a network that reads changes."""

import numpy as np

from aitia.systems.mucr import Mucr
from aitia.worlds import SiameseWorld


def numbers() -> dict[str, list[float] | float | str]:
    world, changed = SiameseWorld(), SiameseWorld(level="sentence")
    options = {"steps": 12, "batch": 8, "width": 8, "pixels": 16, "device": "cpu"}
    model = Mucr(**options).fit(world.rows(world.sample(40, seed=0), 16))
    fresh = world.rows(world.sample(6, seed=1), 16)
    words = Mucr(**options, setting="words").fit(world.rows(world.sample(40, seed=0), 16))
    reader = Mucr(**options).fit(changed.rows(changed.sample(40, seed=0), 16))
    rows = changed.rows(changed.sample(4, seed=1), 16)
    return {
        "losses": [
            step["loss"] for one in (model, words, reader) for _, steps in one.training.losses for step in steps
        ],
        "scores": np.concatenate(model.answers(model.items(fresh)).scores).tolist(),
        "other": np.concatenate(model.answers(model.do(shown="other").items(fresh)).scores).tolist(),
        "words": np.concatenate(words.answers(words.items(fresh)).scores).tolist(),
        "reasons": "; ".join(reader.answers(reader.items(rows)).reasons),
    }

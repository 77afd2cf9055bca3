"""Posts of a world of moderation, and the model of them that writes texts well enough to be asked."""

import numpy as np

from aitia.systems.cadet import Cadet
from aitia.worlds import ModerationWorld
from aitia.worlds.moderation import TARGETS

WORLD = ModerationWorld()
SMALL = {"width": 16, "u_size": 4, "batch": 32, "longest": 24, "layers": 0, "pooling": "mean"}


def posts(n=240, seed=0, env="train"):
    sample = WORLD.sample(n, seed=seed, env=env)
    codes = {name: sample[name].astype(int) for name in ("intent", "style", "target")}
    return list(WORLD.render(sample)), codes["intent"], codes["style"], np.array(TARGETS)[codes["target"]]


def rows(n=240, seed=0, env="train"):
    return dict(zip(("text", "label", "style", "target"), posts(n, seed, env), strict=True))


def fitted(n=240, **options):
    return Cadet(**{**SMALL, "epochs": 1, **options}).fit(rows(n, env="train" if n > 1000 else "balanced"))


def build():
    return fitted(1200, variant="adjusted", width=32, epochs=6, encoder_rate=1e-2, head_rate=1e-2)

"""The generator with labelled causes: 20 steps on 100 pictures of a bar and its shadow."""

import numpy as np

from aitia.data.table import Table
from aitia.systems.causal_vae import CausalVae


def _pictures(n: int, seed: int) -> Table:
    rng = np.random.default_rng(seed)
    height, hue = rng.uniform(0.2, 0.9, n), rng.uniform(0, 1, n)
    length = 0.2 + 0.6 * height + 0.05 * rng.normal(size=n)
    y, x = np.mgrid[0:16, 0:16]
    images = np.zeros((n, 16, 16, 3))
    for k in range(n):
        bar = np.clip(height[k] * 10 - (13 - y), 0, 1) * (x >= 2) * (x < 5) * (y < 14)
        shadow = np.clip(length[k] * 12 - (x - 2), 0, 1) * (x >= 2) * (y >= 14)
        images[k] = bar[..., None] * [1 - hue[k], hue[k], 0.2] + shadow[..., None] * 0.6
    pixels = np.round(255 * np.clip(images, 0, 1)).astype(np.uint8)
    return Table.of({"image": pixels, "height": height, "length": length})


def numbers() -> dict[str, list[float] | float | str]:
    facts = _pictures(5, 5)
    model = CausalVae(graph="height -> length", steps=20, width=16, residual=2).fit(_pictures(100, 0))
    bare = facts.select(["image"])
    assert model.history is not None
    made: dict[str, list[float] | float | str] = {
        "loss": [part["loss"] for part in model.history.losses],
        "encode": model.encode(facts).matrix().ravel().tolist(),
        "encode_bare": model.encode(bare).matrix().ravel().tolist(),
    }
    for do in ("do()", "do(height=0.3)", "do(length=shift(0.1))"):
        answer = model.counterfactual(facts, do)
        made[f"{do}_height"] = answer.known.column("height").tolist()
        made[f"{do}_length"] = answer.known.column("length").tolist()
        made[f"{do}_pixels"] = [float(picture.mean()) for picture in answer.known.pictures("image").astype(float)]
    return made

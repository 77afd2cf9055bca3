"""The diffusion generator with labelled causes: 12 steps on 60 pictures of a bar and its shadow, half with labels."""

import numpy as np

from aitia.data.table import Table
from aitia.systems.causal_diffae import CausalDiffae


def _pictures(n: int, seed: int, labelled: int) -> Table:
    rng = np.random.default_rng(seed)
    height, hue = rng.uniform(0.1, 1, n), rng.uniform(0, 1, n)
    length = 0.1 + 0.7 * height + 0.05 * rng.normal(size=n)
    y, x = np.mgrid[0:8, 0:8]
    images = np.zeros((n, 8, 8, 3))
    for k in range(n):
        bar = np.clip(height[k] * 6 - (5 - y), 0, 1) * (x >= 1) * (x < 3) * (y < 6)
        shadow = np.clip(length[k] * 7 - (x - 1), 0, 1) * (x >= 1) * (y >= 6)
        images[k] = (bar + 0.8 * shadow)[..., None] * np.array([1 - hue[k], hue[k], 0.2])
    gone = np.arange(n) >= labelled
    labels = {"height": np.where(gone, np.nan, height), "length": np.where(gone, np.nan, length)}
    pixels = np.round(255 * np.clip(images, 0, 1)).astype(np.uint8)
    return Table.of({"image": pixels, **labels}, kinds=dict.fromkeys(labels, "number"))


def numbers() -> dict[str, list[float] | float | str]:
    facts = _pictures(4, 5, 4)
    model = CausalDiffae(
        graph="height -> length", steps=12, channels=(8, 16), width=8, hidden=16, batch=16, noise_steps=100,
        draw_steps=8, device="cpu",
    ).fit(_pictures(60, 0, 30))  # fmt: skip
    assert model.history is not None
    made: dict[str, list[float] | float | str] = {
        "loss": [part["loss"] for part in model.history.losses],
        "encode": model.encode(facts).matrix().ravel().tolist(),
        "bound": model.bound["image"],
        "inversion": model.inversion(facts).column("error").tolist(),
    }
    noise = model.abduct(facts)
    for do in ("do()", "do(height=0.3)", "do(length=shift(0.1))"):
        answer = model.do(do).solve(noise)
        made[f"{do}_length"] = answer.known.column("length").tolist()
        made[f"{do}_pixels"] = [float(picture.mean()) for picture in answer.known.pictures("image").astype(float)]
    return made

"""Bars and their shadows at 8 pixels, whose hue no label tells, and the model of them that the tests ask."""

import numpy as np

from aitia.data.table import Table
from aitia.systems.causal_diffae import CausalDiffae

GRAPH = "height -> length"
SIDE = 8


def scene(height, length, hue):
    """A bar of this height on the left (0 to 1), a shadow of this length under it, and a sky of this hue."""
    y, x = np.mgrid[0:SIDE, 0:SIDE]
    images = np.zeros((len(height), SIDE, SIDE, 3))
    for k in range(len(height)):
        bar = np.clip(height[k] * 6 - (5 - y), 0, 1) * (x >= 1) * (x < 3) * (y < 6)
        shadow = np.clip(length[k] * 7 - (x - 1), 0, 1) * (x >= 1) * (y >= 6)
        sky = 0.4 * (y < 6) * (x >= 4)
        images[k] = (bar + 0.8 * shadow)[..., None] + sky[..., None] * np.array([hue[k], 0.2, 1 - hue[k]])
    return np.round(255 * np.clip(images, 0, 1)).astype(np.uint8)


def draw(n, seed):
    rng = np.random.default_rng(seed)
    height, noise, hue = rng.uniform(0.1, 1, n), rng.normal(size=n), rng.uniform(0, 1, n)
    return height, noise, hue


def length_of(height, noise):
    return 0.1 + 0.7 * height + 0.05 * noise


def image_set(n, seed, labelled=1.0):
    """Rows, of which a share has labels."""
    height, noise, hue = draw(n, seed)
    length = length_of(height, noise)
    gone = np.arange(n) >= labelled * n
    labels = {"height": np.where(gone, np.nan, height), "length": np.where(gone, np.nan, length)}
    return Table.of({"image": scene(height, length, hue), **labels}, kinds=dict.fromkeys(labels, "number"))


def small(**options):
    """A model of 8 by 8 pictures that is trained for a moment, unless told otherwise."""
    given = {"graph": GRAPH, "steps": 4, "channels": (8, 16), "width": 8, "hidden": 16, "batch": 16, "mean": 0.98,
             "learning_rate": 5e-3, "noise_steps": 100, "draw_steps": 6, "device": "cpu", **options}  # fmt: skip
    return CausalDiffae(**given)


def build():
    return small(steps=700, draw_steps=20).fit(image_set(1500, 0, labelled=0.5))

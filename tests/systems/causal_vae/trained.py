"""Bars and their shadows, and the model of them that the tests ask."""

import numpy as np

from aitia.data.table import Table
from aitia.systems.causal_vae import CausalVae

GRAPH = "height -> length"


def scene(height, length, hue):
    """A bar of this height on the left (0 to 1), and a shadow of this length under it; hue has no label."""
    size = 16
    y, x = np.mgrid[0:size, 0:size]
    images = np.zeros((len(height), size, size, 3))
    for k in range(len(height)):
        bar = np.clip(height[k] * 10 - (13 - y), 0, 1) * (x >= 2) * (x < 5) * (y < 14)
        shadow = np.clip(length[k] * 12 - (x - 2), 0, 1) * (x >= 2) * (y >= 14)
        images[k] = bar[..., None] * [1 - hue[k], hue[k], 0.2] + shadow[..., None] * 0.6
    return np.round(255 * np.clip(images, 0, 1)).astype(np.uint8)


def draw(n, seed):
    rng = np.random.default_rng(seed)
    height, noise, hue = rng.uniform(0.2, 0.9, n), rng.normal(size=n), rng.uniform(0, 1, n)
    return height, noise, hue


def length_of(height, noise):
    return 0.2 + 0.6 * height + 0.05 * noise


def image_set(n, seed):
    height, noise, hue = draw(n, seed)
    length = length_of(height, noise)
    labels = {"height": height, "length": length}
    return Table.of({"image": scene(height, length, hue), **labels}, kinds=dict.fromkeys(labels, "number"))


def build():
    return CausalVae(graph=GRAPH, steps=800, width=16, residual=2).fit(image_set(2000, 0))

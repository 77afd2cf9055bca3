"""Images of a cart and its pole, drawn by gymnasium: a world and a renderer that we did not make.

CartPole is Barto, Sutton and Anderson's (1983). Where the cart stands and how the pole leans are set; their means and
spreads are those of one of ten environments. Velocities show in no single picture and are zero.
"""

import importlib
import os
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.representations import rows_of
from aitia.systems.causalverse.seen import SeenRows, features

__all__ = ["NEEDS", "has_cart", "images_of_cart"]

NEEDS = "Not run here: needs gymnasium and pygame (`pip install gymnasium pygame`)."
ENVIRONMENTS = 10
FARTHEST = {"position": 0.8, "lean": 0.6}
"""Metres and radians: in wider pictures the two are not found as a block either, by any method."""
TOP, CELL = 100, 25
"""Rows of the picture above which there is nothing; its pixels of 400 x 600 are averaged in squares."""


def has_cart() -> bool:
    """Whether the packages are there."""
    return all(find_spec(name) is not None for name in ("gymnasium", "pygame"))


def images_of_cart(n: int, seed: int) -> SeenRows:
    """Features of n images, with the place of the cart and the lean of its pole as labels."""
    rng = np.random.default_rng([seed, 11])
    domain = rng.integers(ENVIRONMENTS, size=n)
    truth = {}
    for name, most in FARTHEST.items():
        middle, spread = rng.uniform(-0.5, 0.5, ENVIRONMENTS), rng.uniform(0.1, 0.5, ENVIRONMENTS)
        drawn = middle[domain] + spread[domain] * rng.normal(size=n)
        truth[name] = most * np.clip(drawn, -1, 1)
    seen = features(_drawn(*truth.values()), seed)
    names = [f"x{k + 1}" for k in range(seen.shape[1])]
    data = rows_of(seen, truth, domain=[f"e{k}" for k in domain])
    return SeenRows(data, {"feature": names, "truth": list(truth)}, np.arange(n).astype(str))


def _drawn(position: NDArray[np.float64], lean: NDArray[np.float64]) -> NDArray[np.uint8]:
    """(n, 12, 24, 3)."""
    os.environ.setdefault("SDL_VIDEODRIVER", "dummy")  # it opens no window
    world: Any = importlib.import_module("gymnasium").make("CartPole-v1", render_mode="rgb_array")
    world.reset(seed=0)
    images = np.empty((len(position), (400 - TOP) // CELL, 600 // CELL, 3), np.uint8)
    for k, (x, angle) in enumerate(zip(position, lean, strict=True)):
        world.unwrapped.state = np.array([x, 0.0, angle, 0.0])
        picture = world.render()[TOP:]
        squares = picture.reshape(images.shape[1], CELL, images.shape[2], CELL, 3)
        images[k] = np.round(squares.mean(axis=(1, 3)))
    world.close()
    return images

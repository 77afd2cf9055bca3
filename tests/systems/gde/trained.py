"""Populations of Gaussians, and the embedding of them that the tests ask."""

import numpy as np

from aitia.systems.gde import GDE


def populations(count=12, n=60, seed=0, d=2):
    """Gaussians whose spreads differ."""
    rng = np.random.default_rng(seed)
    return {f"p{k}": rng.normal(size=(n, d)) * rng.uniform(0.3, 3, d) + 5 for k in range(count)}


def build():
    return GDE(steps=300, batch=16, points=32, width=32, latents=8, learning_rate=5e-3).fit(populations(120, 200))

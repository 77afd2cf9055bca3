"""Two places of agents that avoid each other, and the forecaster of them that the tests ask."""

from aitia.systems.gcrl import GCRL
from aitia.worlds import OrcaWorld

WORLD = OrcaWorld((0.1, 0.5))


def scenes(n, seed=0, env=None):
    sample = WORLD.sample(n, seed=seed, env=env)
    return WORLD.render(sample), sample.labels


def build():
    """Four frames of the past show no radius; the reference scenes do."""
    return GCRL(observed=4, style="references", steps=500, batch=16, width=32).fit(*scenes(600))

"""Two places of agents that avoid each other, and the forecaster of them that the tests ask."""

from aitia.systems.causal_motion import CausalMotion
from aitia.worlds import OrcaWorld

WORLD = OrcaWorld((0.1, 0.5))


def scenes(n, seed=0, env=None):
    sample = WORLD.sample(n, seed=seed, env=env)
    return WORLD.render(sample), sample.labels


def build():
    tracks, labels = scenes(1000)
    return CausalMotion(observed=4, steps=400, batch=32, width=32, learning_rate=3e-3).fit(tracks, labels)

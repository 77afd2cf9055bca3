"""Simulators with known truth.

`World` is their contract: named latents, a graph, `sample`, `do`, exact `counterfactual`, `render`, environments, time.
The worlds of tables (`HeterogeneousWorld` and its kin) have a `graph` and draw a `Table` with `sample(n, seed)`.
"""

from aitia.worlds.heterogeneous import ChainWorld, DriftWorld, HeterogeneousWorld, PairWorld
from aitia.worlds.latent_domains import LatentDomainsWorld
from aitia.worlds.world import Latent, Sample, TemporalWorld, World

__all__ = [
    "ChainWorld",
    "DriftWorld",
    "HeterogeneousWorld",
    "Latent",
    "LatentDomainsWorld",
    "PairWorld",
    "Sample",
    "TemporalWorld",
    "World",
]

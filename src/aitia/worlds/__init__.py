"""Simulators with known truth: each has a `graph` and draws a `Table` with `sample(n, seed)`."""

from aitia.worlds.heterogeneous import ChainWorld, DriftWorld, HeterogeneousWorld, PairWorld

__all__ = ["ChainWorld", "DriftWorld", "HeterogeneousWorld", "PairWorld"]

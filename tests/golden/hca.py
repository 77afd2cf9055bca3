"""Hierarchical component analysis of 600 rows of the capabilities world, with its interventions."""

import numpy as np

from aitia.data.table import Table
from aitia.systems.hca import HCA
from aitia.worlds import CapabilitiesWorld


def numbers() -> dict[str, list[float] | float | str]:
    world = CapabilitiesWorld(seed=3)
    sample = world.sample(600, seed=0)
    scores = Table.of(world.render(sample), names=[f"score_{k + 1}" for k in range(6)])
    model = HCA(resamples=3, null_draws=20, starts=3).fit(scores, sample.labels)
    group = model.groups_[0]
    rows = scores.take(np.asarray(sample.labels) == group).take(range(3))
    latent = model.latents_[0]
    effects = model.shift_effects(latent, group, spreads=0.5)
    made = {
        "groups": " ".join(model.groups_),
        "named": " ".join(model.named_),
        "columns": " ".join(model.columns_),
        "distances": model.distances_.ravel().tolist(),
        "mixing": model.mixing_.ravel().tolist(),
        "unmixing": model.unmixing_.ravel().tolist(),
        "transform": model.encode(rows).matrix().ravel().tolist(),
        "graph": str(model.union_graph()),
    }
    moved = model.counterfactual(rows, f"do({latent}=0.5)", base=[group] * 3)
    return {
        **made,
        "graph_of_group": str(model.set_params(least_edge=0.2).graphs()[group]),
        "changes": [e.change for e in effects],
        "intervals": [v for e in effects for v in (e.low, e.high)],
        "counterfactual": moved.matrix(model.columns_).ravel().tolist(),
        "positions": " ".join(f"{z} {score}" for z, shares in model.position_shares().items() for score in shares),
        "position_shares": [v for shares in model.position_shares().values() for v in shares.values()],
        "doubts": " ".join(model.doubts_),
    }

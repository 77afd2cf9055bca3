"""Hierarchical component analysis of 600 rows of the capabilities world, with its interventions."""

import numpy as np

from aitia.systems.hca import HCA
from aitia.worlds import CapabilitiesWorld


def numbers() -> dict[str, list[float] | float | str]:
    world = CapabilitiesWorld(seed=3)
    sample = world.sample(600, seed=0)
    scores = world.render(sample)
    model = HCA(resamples=3, draws=20, starts=3).fit(scores, sample.labels)
    group = model.groups_[0]
    rows = scores[np.asarray(sample.labels) == group][:3]
    latent = model.latents_[0]
    effects = model.shift_effects(latent, group, spreads=0.5)
    return {
        "groups": " ".join(model.groups_),
        "named": " ".join(model.named_),
        "columns": " ".join(model.columns_),
        "distances": model.distances_.ravel().tolist(),
        "mixing": model.mixing_.ravel().tolist(),
        "unmixing": model.unmixing_.ravel().tolist(),
        "transform": model.transform(rows).ravel().tolist(),
        "graph": str(model.graph()),
        "graph_of_group": str(model.graph(group, least=0.2)),
        "changes": [e.change for e in effects],
        "intervals": [v for e in effects for v in (e.low, e.high)],
        "counterfactual": model.counterfactual(rows, f"do({latent}=0.5)", group=group).ravel().tolist(),
        "positions": " ".join(f"{z} {score}" for z, shares in model.position_shares().items() for score in shares),
        "position_shares": [v for shares in model.position_shares().values() for v in shares.values()],
        "doubts": " ".join(model.doubts_),
    }

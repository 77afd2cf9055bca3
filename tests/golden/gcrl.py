"""The forecaster with two latents: six updates on 100 scenes of the ORCA world, for pairs and for groups."""

import warnings

import numpy as np

from aitia.systems.gcrl import GCRL
from aitia.worlds import OrcaWorld


def numbers() -> dict[str, list[float] | float | str]:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "s has collapsed", RuntimeWarning)
        return _numbers()


def _numbers() -> dict[str, list[float] | float | str]:
    world = OrcaWorld((0.1, 0.5))
    sample, few = world.sample(100, seed=0), world.render(world.sample(20, seed=8, env="0.5"))
    tracks, past = world.render(sample), world.render(world.sample(4, seed=5, env="0.1"))
    made: dict[str, list[float] | float | str] = {}
    quick = {"steps": 6, "batch": 16, "width": 16}
    arms: dict[str, dict[str, str]] = {
        "joint": {},
        "weighted": {"objective": "weighted"},
        "decoupled": {"objective": "decoupled"},
        "group": {"form": "group"},
        "references": {"style": "references"},
    }
    for name, options in arms.items():
        model = GCRL(**quick, **options).fit(tracks, sample.labels)
        shown = few if name == "references" else None
        found = model.forecast(past, shown, draws=5)
        made[f"{name}_loss"] = model.history.losses[-1]["loss"]
        made[f"{name}_mean"] = found.mean[0].ravel()[::6].tolist()
        made[f"{name}_spread"] = [float(np.mean(found.spread)), float(np.mean(found.draws))]
        made[f"{name}_s"] = model.latents(past).s[:2].ravel().tolist()
        made[f"{name}_z"] = model.latents(past).z[0].ravel()[:4].tolist()
        if name == "joint":
            adapted = model.adapt(few, "other", steps=2)
            made["counterfactual"] = (
                model.do('do(environment="0.5")').forecast(past, draws=5).mean[0].ravel()[::6].tolist()
            )
            made["environments"] = " ".join(adapted.environments)
            made["adapted"] = adapted.forecast(past, draws=5).mean[0].ravel()[::6].tolist()
    return made

"""How good forecasts are, as they are and in the style of each other place."""

from typing import TYPE_CHECKING

import numpy as np

from aitia.data.tracks import Tracks
from aitia.stats.forecasts import ABOUT, forecast_errors
from aitia.system import Given, Score, Scores

if TYPE_CHECKING:
    from aitia.systems.gcrl.model import GCRL

__all__ = ["judged"]


def judged(model: "GCRL", fresh: Given) -> Scores:
    """Of the mean of 20 draws; in another style where a world says what would have come."""
    asked = []
    for label in model.environments if "environment" in model.targets.names else ():
        away = np.flatnonzero(fresh.labels("environment") != label)
        truth = fresh.take(away).truth(environment=label) if len(away) else None
        if truth is not None:
            scenes = fresh.take(away)
            answer = model.do({"environment": label}).forecast(scenes).mean
            asked.append((Tracks.of(scenes.data), answer, Tracks.of(truth)))
    found = forecast_errors(Tracks.of(fresh.data), model.forecast(fresh).mean, model.config.observed, asked)
    return {name: Score(value, "lower", ABOUT[name], others) for name, (value, others) in found.items()}

"""How good forecasts are, as they are and in the style of each other place."""

from typing import TYPE_CHECKING

import numpy as np

from aitia.data.tracks import Tracks
from aitia.forecasters.distances import ABOUT, forecast_errors
from aitia.system import Given, Score, Scores

if TYPE_CHECKING:
    from aitia.forecasters.base import Forecaster

__all__ = ["judged"]


def judged(model: "Forecaster", fresh: Given) -> Scores:
    """In the style of each scene's own environment, and in another where a world says what would have come."""
    asked = []
    for label in model.environments if model.place in model.targets.names else ():
        away = np.flatnonzero(fresh.labels("environment") != label)
        truth = fresh.take(away).truth(environment=label) if len(away) else None
        if truth is not None:
            scenes = fresh.take(away)
            answer = model.do({model.place: label}).expected(scenes)
            asked.append((Tracks.of(scenes.data), answer, Tracks.of(truth)))
    found = forecast_errors(Tracks.of(fresh.data), model.expected(fresh), model.config.observed, asked)
    return {name: Score(value, "lower", ABOUT[name], others) for name, (value, others) in found.items()}

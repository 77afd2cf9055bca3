"""What the report shows: a scene of each place, as it is forecast and in the style of each of the others."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from aitia.data.tracks import Tracks
from aitia.do import Intervention
from aitia.report import Block
from aitia.system import Given

if TYPE_CHECKING:
    from aitia.forecasters.base import Forecaster

__all__ = ["blocks"]

SHOWN = 4
"""Scenes in the picture, and places."""


def blocks(model: "Forecaster", given: Given) -> Sequence[Block]:
    """What is forecast beside what came, and what a world says would have come."""
    labels = given.labels("environment")
    first = [int(np.flatnonzero(labels == label)[0]) for label in sorted(set(labels.tolist()))[:SHOWN]]
    rows = given.take(first)
    scenes = Tracks.of(rows.data)

    def told(model: "Forecaster") -> Tracks:
        return scenes.with_future(model.config.observed, model.expected(rows))

    shown = {"fact": scenes}
    if model.knows(rows):
        shown["forecast"] = told(model)
    for label in model.environments[:SHOWN] if model.place in model.targets.names else ():
        do = Intervention({model.place: label})
        shown[str(do)] = told(model.do(do))
        truth = model.truth(rows, do)
        if truth is not None:
            shown[f"{do}\ntruth"] = Tracks.of(truth)
    about = "Scenes that the fit has not seen, each as it came and in the style of each place; metres, up is up."
    return scenes.draw(shown, [f"from {label}" for label in rows.labels("environment")], about)

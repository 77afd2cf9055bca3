"""What the report shows: a scene of each place, as it is forecast and in the style of each of the others."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from aitia.data.tracks import Tracks
from aitia.do import Intervention
from aitia.report import Block
from aitia.system import Given

if TYPE_CHECKING:
    from aitia.systems.causal_motion.model import CausalMotion

__all__ = ["blocks"]

SHOWN = 4
"""Scenes in the picture, and places."""


def blocks(model: "CausalMotion", given: Given) -> Sequence[Block]:
    """What is forecast beside what came, and what a world says would have come."""
    labels = given.labels("environment")
    first = [int(np.flatnonzero(labels == label)[0]) for label in sorted(set(labels.tolist()))[:SHOWN]]
    rows = given.take(first)
    shown = {"fact": Tracks.of(rows.data)}
    known = set(rows.labels("environment").tolist()) <= set(model.environments)
    if known or model.config.style != "modular":
        shown["forecast"] = Tracks.of(model.predict(rows))
    for label in model.environments[:SHOWN] if model.targets else ():
        do = Intervention({"style": label})
        shown[str(do)] = Tracks.of(model.do(do).predict(rows))
        truth = model.truth(rows, do)
        if truth is not None:
            shown[f"{do}\ntruth"] = Tracks.of(truth)
    about = "Scenes that the fit has not seen, each as it came and in the style of each place; metres, up is up."
    return rows.data.draw(shown, [f"from {label}" for label in rows.labels("environment")], about)

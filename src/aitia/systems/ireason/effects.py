"""What each part of what is known does to the scores of the pairs that are said to be cause and effect."""

from typing import TYPE_CHECKING

import numpy as np

from aitia.data.table import Table
from aitia.errors import DataError
from aitia.systems.ireason.judge import over_videos
from aitia.systems.ireason.scoring import Hold, interchanged, scores_of

if TYPE_CHECKING:
    from aitia.system import Given
    from aitia.systems.ireason.model import Ireason

__all__ = ["effects_of"]

OUTCOME = "score"


def effects_of(model: "Ireason", given: "Given", target: str | None, outcome: str | None) -> Table:
    """A line for each target: the mean change of the score of the first candidate of each effect.

    Sentences and all that is seen are made absent; an object is exchanged for the same object of other clips. `control`
    is the mean change over the other objects. Intervals are over videos.

    Raises:
        DataError: If no clip has an event before another.
    """
    read = model.read(given)
    pairs, network = read.pairs, model.need_network()
    codes = model.codes_of(pairs.sentences)
    scores = scores_of(network, pairs, codes)
    if not len(pairs):
        raise DataError("no clip has an event before another: there is no pair to explain")
    top = np.array([rows[scores[rows].argmax()] for rows in pairs.effects])
    videos = read.videos[top]
    moved = {
        "text": (scores_of(network, pairs, codes, Hold(text="both")) - scores)[top],
        "context": (scores_of(network, pairs, codes, Hold(context=True)) - scores)[top],
    }
    fall = -interchanged(network, pairs, codes, rows=top, seed=model.config.seed)
    objects = {f"object[{name}]": fall[:, k] for k, name in enumerate(pairs.looks.names)}
    means = {name: float(np.nanmean(v)) for name, v in objects.items() if np.isfinite(v).any()}
    lines: list[tuple[str, str, float, float, float, float, float]] = []
    for name, change in {**moved, **{name: objects[name] for name in means}}.items():
        if target in (None, name) and outcome in (None, OUTCOME):
            there = np.isfinite(change)
            mean, low, high = over_videos(change[there], videos[there])
            others = [value for other, value in means.items() if other != name]
            lines.append(
                (name, OUTCOME, mean, low, high, float(np.mean(others)) if others else 0.0, float(there.sum()))
            )
    heads = ("target", "outcome", "effect", "low", "high", "control", "pairs")
    columns = {head: [line[k] for line in lines] for k, head in enumerate(heads)}
    return Table.of(columns, kinds={"target": "label", "outcome": "label"})

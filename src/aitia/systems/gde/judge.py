"""How good drawn sets are: their distance from fresh rows of the same set, beside what needs no vector."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from aitia.system import Given, Score, Scores
from aitia.systems.gde.sets import rows_of
from aitia.systems.gde.transport import directions, sliced_w2

if TYPE_CHECKING:
    from aitia.systems.gde.model import GDE

__all__ = ["MOST", "judged"]

Values = NDArray[np.float64]
MOST = 1000
"""Rows of a set that are scored at most."""
_ABOUT: Mapping[str, tuple[Literal["lower", "higher"], str]] = {
    "SW2 over floor": (
        "lower",
        "Squared sliced Wasserstein distance of drawn sets from fresh rows of the same set, over that of the rows "
        "of the fit; columns have variance 1. At 1 a drawn set is as good as the rows themselves.",
    ),
    "SW2": ("lower", "The same distance itself, mean over sets."),
}


def judged(model: "GDE", fresh: Given, seen: Given) -> Scores:
    """Beside rows of all sets together, as they are and moved to the mean of the set; empty without common sets."""
    if not set(fresh.labels("population").tolist()) & set(model.labels):
        return {}
    drawn = {label: model.draw(label, MOST, seed=k) for k, label in enumerate(model.labels)}
    rows, labels = rows_of(seen.table, model.columns, what=seen.name)[0], seen.labels("population")
    pooled = rows[np.random.default_rng(0).permutation(len(rows))[:MOST]]
    means = {label: rows[labels == label].mean(0) for label in sorted(set(labels.tolist()))}
    moved = {label: pooled - pooled.mean(0) + mean for label, mean in means.items()}
    new = rows_of(fresh.table, model.columns, what=fresh.name)[0]

    def scored(answers: Mapping[str, Values]) -> dict[str, float]:
        return _distances(answers, (rows, labels), (new, fresh.labels("population")))

    ours = scored(drawn)
    others = {"all sets together": scored(dict.fromkeys(means, pooled)), "moved to the mean": scored(moved)}
    return {
        name: Score(ours[name], better, about, {who: of[name] for who, of in others.items()})
        for name, (better, about) in _ABOUT.items()
    }


def _distances(
    answers: Mapping[str, Values], seen: tuple[Values, NDArray[np.str_]], fresh: tuple[Values, NDArray[np.str_]]
) -> dict[str, float]:
    """Of drawn rows by the set they stand for, over the sets that have fresh rows."""
    middle, spread = seen[0].mean(0), np.maximum(seen[0].std(0), 1e-12)
    distances, floors = [], []
    for label in sorted(set(fresh[1].tolist()) & set(answers)):
        truth, known = fresh[0][fresh[1] == label][:MOST], seen[0][seen[1] == label][:MOST]
        distances.append(_sliced((answers[label] - middle) / spread, (truth - middle) / spread))
        floors.append(_sliced((known - middle) / spread, (truth - middle) / spread))
    return {"SW2 over floor": float(np.sum(distances) / np.sum(floors)), "SW2": float(np.mean(distances))}


def _sliced(x: Values, y: Values) -> float:
    along = directions(100, x.shape[1], torch.Generator().manual_seed(0)).double()
    return float(sliced_w2(torch.from_numpy(x), torch.from_numpy(y), along))

"""How well motifs say the affinities of pairs of other animals that were hidden."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from aitia.data.recordings import Recordings
from aitia.system import Score, Scores
from aitia.systems.dynamic_connectomes.affinity import Affinity

if TYPE_CHECKING:
    from aitia.systems.dynamic_connectomes.model import DynamicConnectomes

__all__ = ["judged"]

Values = NDArray[Any]
HIDDEN = 0.2
"""Share of the pairs of each animal that is hidden to be scored on."""
_ABOUT: Mapping[str, tuple[Literal["lower", "higher"], str]] = {
    "hidden R2": ("higher", "Of the affinities of pairs that were hidden, a fifth of those of each animal."),
    "hidden RMSE": ("lower", "Root mean squared error of the same affinities."),
}


def judged(model: "DynamicConnectomes", fresh: Recordings, seen: Recordings) -> Scores:
    """Beside averages: of the pair and bin over the animals of the fit, of the pair over all bins, of everything."""
    known = model.affinity(seen)
    affinity = model.affinity(fresh.of_units(model.units_))
    hidden, shape = _hidden(affinity, model.config.seed), affinity.tensor.shape
    count = np.maximum(known.mask.sum(axis=0), 1)
    everything = float(known.tensor.sum() / (known.mask.sum() * known.bins))
    by_bin = np.where(known.mask.any(axis=0), known.tensor.sum(axis=1) / count, everything)
    answers = {
        "mean of the pair in the bin": np.broadcast_to(by_bin[:, None], shape),
        "mean of the pair": np.broadcast_to(by_bin.mean(axis=0), shape),
        "mean of all": np.full(shape, everything),
    }
    ours = _scores(model.affinities(affinity, hidden=hidden), affinity.tensor, hidden)
    others = {name: _scores(answer, affinity.tensor, hidden) for name, answer in answers.items()}
    return {
        name: Score(ours[name], better, about, {who: of[name] for who, of in others.items()})
        for name, (better, about) in _ABOUT.items()
        if name in ours
    }


def _hidden(affinity: Affinity, seed: int) -> NDArray[np.bool_]:
    """Which pairs of each animal are hidden, (animals, pairs)."""
    hidden = affinity.mask & (np.random.default_rng([seed, 17]).random(affinity.mask.shape) < HIDDEN)
    return hidden if hidden.any() else affinity.mask


def _scores(answer: Values, tensor: Values, hidden: NDArray[np.bool_]) -> dict[str, float]:
    wanted = tensor[:, hidden].astype(np.float64)
    error = float(((answer[:, hidden] - wanted) ** 2).mean())
    spread = float(wanted.var())
    scores = {"hidden RMSE": error**0.5}
    return {"hidden R2": 1 - error / spread, **scores} if spread > 0 else scores

"""How good an explanation is on rows that it has not seen: is its graph needed for the class, and is it enough?"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from aitia.stats.metrics import auroc
from aitia.system import Score, Scores

if TYPE_CHECKING:
    from aitia.systems.path_interventions.model import PathInterventions

__all__ = ["judged"]

DRAWS = 5
"""Random choices of paths behind a baseline."""


def judged(system: "PathInterventions", images: Tensor, true: NDArray[np.int64] | None) -> Scores:
    """The probability that the class loses where the network says it, and how its graph alone tells it from others.

    Last whether the network itself knows the labels, where there are any: the causes of what is said at random are
    causes of nothing that the rows show.

    Args:
        system: The explanation.
        images: Of the rows.
        true: The class of each, -1 where none is known; None without labels.
    """
    on, number = system.explained, system.found.target

    def shares(kept: Mapping[str, Tensor]) -> NDArray[np.float64]:
        found: NDArray[np.float64] = torch.softmax(system.logits(images, kept).double(), dim=1).cpu().numpy()
        return found

    whole = shares({})
    said, plain = whole.argmax(axis=1) == number, whole[:, number]
    known = {} if true is None or not (true >= 0).any() else {"accuracy of the network": _accuracy(whole, true)}
    if not said.any():
        return known
    without = on.kept_without()
    random = [shares(on.kept_at_random(without, seed))[:, number] for seed in range(DRAWS)]
    scores = {
        "probability lost": Score(
            float((plain - shares(without)[:, number])[said].mean()), "higher",
            "What the class loses, where it was said, when the paths of the graph are cut.",
            {
                "as many paths at random": float(np.mean([(plain - other)[said].mean() for other in random])),
                "nothing cut": 0.0,
            },
        )
    }  # fmt: skip
    if not said.all():
        scores["AUROC of the graph alone"] = Score(
            auroc(shares(on.kept_by_only())[:, number], said), "higher",
            "How the class's probability with the paths of the graph alone tells its rows from others.",
            {"chance": 0.5},
        )  # fmt: skip
    return scores | known


def _accuracy(shares: NDArray[np.float64], true: NDArray[np.int64]) -> Score:
    there = true >= 0
    right = float((shares.argmax(axis=1) == true)[there].mean())
    often = float(np.bincount(true[there]).max() / there.sum())
    about = "Share of rows whose label the explained network says."
    return Score(right, "higher", about, {"most frequent label": often}, ("most frequent label",))

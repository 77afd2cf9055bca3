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


def judged(system: "PathInterventions", images: Tensor) -> Scores:
    """The probability that the class loses where the network says it, and how its graph alone tells it from others."""
    on, number = system.explained, system.found.target

    def shares(kept: Mapping[str, Tensor]) -> NDArray[np.float64]:
        found: NDArray[np.float64] = torch.softmax(system.logits(images, kept).double(), dim=1).cpu().numpy()
        return found

    whole = shares({})
    said, plain = whole.argmax(axis=1) == number, whole[:, number]
    if not said.any():
        return {}
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
    return scores

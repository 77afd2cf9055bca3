"""How well a debiased predictor answers rows that it has not seen, and how far the bias explains its answers."""

from typing import TYPE_CHECKING

import numpy as np
import torch

from aitia.system import Given, Score, Scores
from aitia.systems.causal_info_min.network import accuracy
from aitia.systems.causal_info_min.rows import answered, targets_of

if TYPE_CHECKING:
    from aitia.systems.causal_info_min.model import CausalInfoMin

__all__ = ["judged"]


def judged(model: "CausalInfoMin", fresh: Given, seen: Given) -> Scores:
    """Accuracy beside the most frequent answer, the head before debiasing and the bias alone; and the sufficiency."""
    fresh, seen = (rows.take(np.flatnonzero(answered(rows))) for rows in (fresh, seen))
    if len(fresh) == 0:
        return {}
    target = targets_of(fresh, model.vocabulary)
    often = int(targets_of(seen, model.vocabulary).sum(dim=0).argmax()) if len(seen) else 0
    others = {"most frequent answer": float(target[:, often].mean())}
    if model.full_accuracy is not None:
        others["before debiasing"] = accuracy(torch.from_numpy(model.biased(fresh)), target)
    knows = model.tie_weight is not None
    if knows:
        others["the bias alone"] = accuracy(torch.from_numpy(model.bias(fresh)), target)
    scores = {
        "accuracy": Score(
            accuracy(torch.from_numpy(model.predict_proba(fresh)), target),
            "higher",
            "Mean score of the answers.",
            others,
            ("most frequent answer",),
        )
    }
    if knows:
        before = {}
        if model.full_accuracy is not None:
            before["before debiasing"] = model.sufficiency(fresh, before=True).chosen_probability
        scores["sufficiency"] = Score(
            model.sufficiency(fresh).chosen_probability,
            "lower",
            "Mean probability of the chosen answer by the bias alone.",
            before,
        )
    return scores

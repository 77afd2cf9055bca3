"""How good the two classifiers are on new texts, and what is left of the concept in the one that should not know it."""

from typing import TYPE_CHECKING

import numpy as np

from aitia.stats.concept_effects import effect_size, icace
from aitia.system import Given, Score, Scores
from aitia.systems.causalm.reading import labelled, rewritten_texts, with_texts

if TYPE_CHECKING:
    from aitia.systems.causalm.model import CausaLM

__all__ = ["judged"]


def judged(model: "CausaLM", fresh: Given, seen: Given) -> Scores:
    """Accuracy with and without the concept, beside the most frequent label; where texts with the concept set anew are
    there, how far they still move the classifier that should not know it.
    """
    known = set(map(str, model.classes))
    pick = [int(k) for k in np.flatnonzero(labelled(fresh)) if fresh.labels("label")[k] in known]
    scores: dict[str, Score] = {}
    if pick:
        rows = fresh.take(pick)
        labels, often = seen.labels("label"), rows.labels("label")
        values, counts = np.unique(labels[labelled(seen)], return_counts=True)
        trivial = {"most frequent label": float((often == values[counts.argmax()]).mean())}
        names = {"placebo": "a shuffled concept out", "LEACE": "LEACE", "INLP": "INLP"}
        others = {told: model.accuracy(rows, of=of) for of, told in names.items() if of in model.classifiers}
        scores["accuracy"] = Score(
            model.accuracy(rows, of="original"), "higher", "Share of texts whose label is told.", trivial
        )
        scores[f"accuracy without {model.concept}"] = Score(
            model.accuracy(rows, of="counterfactual"),
            "higher",
            "The same of the classifier on the encoder that has unlearnt the concept.",
            {**trivial, **others},
        )
    edited = rewritten_texts(fresh, model.concept)
    if edited is not None:
        other = with_texts(fresh, edited)

        def moved(of: str) -> float:
            return float(effect_size(icace(model.predict_proba(fresh, of=of), model.predict_proba(other, of=of))))

        scores[f"left of {model.concept}"] = Score(
            moved("counterfactual"),
            "lower",
            "How far texts with the concept set anew move the classifier that should not know it, 0 to 2.",
            {"the classifier that knows it": moved("original")},
        )
    return scores

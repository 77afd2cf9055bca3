"""How often the true sentence is chosen: by direction of the connective, beside texts alone and other pictures."""

from typing import TYPE_CHECKING

import numpy as np

from aitia.evidence.intervals import wilson
from aitia.system import Given, Score, Scores
from aitia.systems.vqa_causal.controls import no_pronoun_first, share_right, shorter

if TYPE_CHECKING:
    from aitia.systems.vqa_causal.model import VqaCausal

__all__ = ["judged"]


def judged(model: "VqaCausal", fresh: Given) -> Scores:
    """The share right, ties half, over the rows that have a picture and a label."""
    pairs = model.pairs(fresh)
    pairs = pairs.take(np.flatnonzero((pairs.right >= 0) & (pairs.seen | model.config.blind)))
    if not len(pairs):
        return {}
    right = share_right(model.margins(pairs), pairs.right)
    trivial = {"a coin": 0.5}
    if model.texts is not None:
        trivial["texts alone, learnt on the fit"] = float(share_right(model.texts.margins(pairs), pairs.right).mean())
    trivial["not a pronoun first"] = float(share_right(no_pronoun_first(pairs), pairs.right).mean())
    trivial["the shorter sentence"] = float(share_right(shorter(pairs), pairs.right).mean())
    if "client" not in model.subjects and len(pairs) > 1:
        other = pairs.take(range(len(pairs)))
        shown = other.under(type(model.held)({model.picture: "other"}), model.picture, model.connectives)
        trivial["the picture of another row"] = float(share_right(model.margins(shown), pairs.right).mean())
    interval = wilson(float(right.sum()), len(right))
    between = (
        "" if interval is None else f" 95 % interval {interval.low:.3f} to {interval.high:.3f}, {len(right)} rows."
    )
    found: dict[str, Score] = {
        "order": Score(
            float(right.mean()), "higher", f"The true of two sentences is chosen; ties count half.{between}", trivial
        )
    }
    for way, name in ((1, "cause first"), (0, "effect first")):
        rows = pairs.forward == way
        if rows.any():
            about = f"The same of the {int(rows.sum())} rows whose connective has the {name.split()[0]} before it."
            found[f"order, {name}"] = Score(float(right[rows].mean()), "higher", about)
    found["ties"] = Score(
        float((right == 0.5).mean()), "lower", "Rows without a choice: ties, or no answer that counts."
    )
    return found

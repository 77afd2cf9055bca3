"""How good an edit of a model's answers is: does it hold, does it carry over, does it leave the rest alone.

    efficacy, generalisation   success: P(new) > P(old) after the edit;  change: P(new) after - P(new) before
    locality                   success: the first choice is what it was; change: its P after - its P before

Efficacy is measured on the edited prompt, generalisation on paraphrases, locality on neighbours. Means are over
prompts, their intervals from the bootstrap over prompts; one prompt alone has none.

Source:
    Meng, Bau, Andonian and Belinkov, Locating and editing factual associations in GPT, NeurIPS 2022, section 3.3, whose
    scores of success and of magnitude these are; locality there compares with the new answer, here with the old first
    choice, which also sees a neighbour drift to a third answer.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from aitia.errors import DataError
from aitia.stats.effects import mean_effects

__all__ = ["EditScore", "edit_score"]


@dataclass(frozen=True)
class EditScore:
    """A mean over prompts of one kind.

    Args:
        what: `efficacy`, `generalisation` or `locality`.
        prompts: How many.
        success: Share of prompts on which the edit does what it should.
        success_interval: Of it, both None for one prompt.
        change: Mean change of the probability.
        change_interval: Of it.
    """

    what: str
    prompts: int
    success: float
    success_interval: tuple[float | None, float | None]
    change: float
    change_interval: tuple[float | None, float | None]


def edit_score(what: str, succeeded: ArrayLike, before: ArrayLike, after: ArrayLike, *, seed: int = 0) -> EditScore:
    """The score of one kind of prompts.

    Args:
        what: Its name.
        succeeded: (prompts,) whether the edited model does what it should.
        before: (prompts,) probability in the unedited model.
        after: (prompts,) probability of the same in the edited model.
        seed: Of the bootstrap.

    Raises:
        DataError: If the three differ in length, there are none, or a probability is not between 0 and 1.

    Example:
        >>> score = edit_score("generalisation", [True, True, False, True], [0.0, 0.1, 0.0, 0.2], [0.9, 0.7, 0.0, 0.8])
        >>> score.success, round(score.change, 3)
        (0.75, 0.525)
    """
    good, old, new = (np.asarray(values, dtype=np.float64) for values in (succeeded, before, after))
    if good.ndim != 1 or not len(good) or good.shape != old.shape or good.shape != new.shape:
        raise DataError(f"{what} needs as many outcomes as probabilities, got {good.shape}, {old.shape}, {new.shape}")
    if not all(np.isfinite(p).all() and (p >= 0).all() and (p <= 1 + 1e-9).all() for p in (old, new)):
        raise DataError(f"{what} has a probability that is not between 0 and 1: the model gives no finite numbers")
    means = (float(good.mean()), float((new - old).mean()))
    if len(good) == 1:
        return EditScore(what, 1, means[0], (None, None), means[1], (None, None))
    table = mean_effects([good, new - old], ["success", "change"], seed=seed)
    (a, b), (c, d) = zip(table.column("low"), table.column("high"), strict=True)
    return EditScore(what, len(good), means[0], (float(a), float(b)), means[1], (float(c), float(d)))

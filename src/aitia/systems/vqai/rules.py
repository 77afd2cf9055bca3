"""What is drawn without any reasoning: the picture as it is, and the answer of the nearest row that was seen.

nearest:   y_j of the row j with the most words of the question in common, of these the one whose picture is nearest
           by squared distance                                                                                 (1)
another:   the question of the row half of all further on, for which the same model draws                      (2)
"""

import numpy as np
from numpy.typing import NDArray

from aitia.systems.vqai.networks import terms_of
from aitia.systems.vqai.reading import Items

__all__ = ["COPY", "NEAREST", "SHUFFLED", "errors_of", "nearest", "with_other_questions"]

Pictures = NDArray[np.uint8]
Values = NDArray[np.float64]
COPY, NEAREST, SHUFFLED = "the picture as it is", "the nearest row of the fit", "the question of another row"


def nearest(seen: Items, items: Items) -> Pictures:
    """(1), of rows whose picture after is known."""
    there = seen.take(np.flatnonzero(seen.known))
    bags = [frozenset(terms_of(text)) for text in there.questions]
    flat = there.pictures.reshape(len(there), -1).astype(np.float32)
    found = np.empty_like(items.pictures)
    alike: dict[str, NDArray[np.int64]] = {}
    for row, question in enumerate(items.questions):
        if question not in alike:
            own = frozenset(terms_of(question))
            common = np.array([len(own & bag) / max(len(own | bag), 1) for bag in bags])
            alike[question] = np.flatnonzero(common == common.max())
        rows = alike[question]
        apart = ((flat[rows] - items.pictures[row].reshape(-1).astype(np.float32)) ** 2).sum(axis=1)
        found[row] = there.after[rows[apart.argmin()]]
    return found


def with_other_questions(items: Items) -> Items:
    """(2): each row with the question of another, and nothing else that is known of its answer."""
    n = len(items)
    other = np.roll(np.arange(n), -max(1, n // 2))
    asked = items.asking("")
    return Items(**{**vars(asked), "questions": tuple(items.questions[k] for k in other)})


def errors_of(drawn: Pictures, items: Items) -> dict[str, Values]:
    """Mean squared error of colours of 0 to 1, by row.

    Returns:
        `changed`: over the pixels that truly change, nan where none does; `kept`: over the others, nan where there are
        none; `all`: over all. Nan where no picture after is known.
    """
    gap = ((drawn.astype(np.float64) - items.after) / 255) ** 2
    changed, by_pixel = items.changed, gap.mean(axis=-1)
    found = {}
    for name, where in (("changed", changed), ("kept", ~changed), ("all", np.ones_like(changed))):
        count = (where & items.known[:, None, None]).sum(axis=(1, 2))
        total = (by_pixel * where).sum(axis=(1, 2))
        found[name] = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return found

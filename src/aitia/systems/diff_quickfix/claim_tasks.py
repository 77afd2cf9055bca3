"""What the claim of diff-quickfix asks of the small text-to-image model: prompts, drawn by a seed.

A frame is a size with a label of the attribute that is not edited. Edits are made from six frames, scored on twelve
others, and spare prompts of sixteen more; no frame is in two of these. Two values of the edited attribute are in no
prompt of the edit, not even among those that it spares.
"""

from dataclasses import dataclass

import numpy as np

from aitia.evidence.pictures import LABELS
from aitia.systems.diff_quickfix.prompts import Pair
from aitia.worlds.questions import WORDINGS

__all__ = ["ATTRIBUTES", "Task", "task_of"]

ATTRIBUTES = ("colour", "shape")
MADE, ASKED, STAY, USUAL = 6, 12, 12, 16
"""Prompts that an edit is made from, that it is scored on, whose neighbours are scored; and frames of usual prompts."""
FRESH = 2
"""Values in no prompt of an edit."""


@dataclass(frozen=True)
class Task:
    """A value and another in its place, and prompts.

    Args:
        attribute: Whose value is edited.
        rest: The attribute that is to stay.
        pairs: The edit is made from.
        asked: It is scored on, of other frames.
        reworded: The same in other wordings, of which one was in no caption that the model learnt from.
        usual: To be spared, of all other values but two.
        usual_of_all: The same of all other values.
        neighbours: Of all other values, on frames of `asked`.
        values: Of the neighbours.
        fresh: The two values of which `usual` has no prompt.
        seed: Of all that is drawn.
    """

    attribute: str
    rest: str
    pairs: tuple[Pair, ...]
    asked: tuple[Pair, ...]
    reworded: tuple[Pair, ...]
    usual: tuple[str, ...]
    usual_of_all: tuple[str, ...]
    neighbours: tuple[str, ...]
    values: tuple[str, ...]
    fresh: tuple[str, ...]
    seed: int


def task_of(attribute: str, seed: int) -> Task:
    """The task of an attribute and a seed."""
    random = np.random.default_rng([seed, ATTRIBUTES.index(attribute)])
    rest = "shape" if attribute == "colour" else "colour"
    old, new, *others = (str(label) for label in random.permutation(LABELS[attribute]))
    frames = [(str(size), str(label)) for size in LABELS["size"] for label in LABELS[rest]]
    order = [frames[k] for k in random.permutation(len(frames))]

    def told(frame: int, value: str, wording: int = 0) -> str:
        size, label = order[frame]
        colour, shape = (value, label) if attribute == "colour" else (label, value)
        article = "an" if size[0] in "aeiou" else "a"
        return WORDINGS[wording].format(a=article, it=f"{size} {colour} {shape}")

    def pair(frame: int, wording: int = 0) -> Pair:
        return Pair(told(frame, old, wording), told(frame, new, wording), old, new)

    asked = range(MADE, MADE + ASKED)
    values = tuple(others[k % len(others)] for k in range(STAY))
    frames_to_spare = range(MADE + ASKED, MADE + ASKED + USUAL)
    return Task(
        attribute,
        rest,
        tuple(pair(k) for k in range(MADE)),
        tuple(pair(k) for k in asked),
        tuple(pair(k, 1 + k % (len(WORDINGS) - 1)) for k in asked),
        tuple(told(k, value) for k in frames_to_spare for value in others[FRESH:]),
        tuple(told(k, value) for k in frames_to_spare for value in others),
        tuple(told(MADE + k % ASKED, value) for k, value in enumerate(values)),
        values,
        tuple(others[:FRESH]),
        seed,
    )

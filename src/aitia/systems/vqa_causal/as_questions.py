"""Rows as questions that any model can be asked, and other harnesses run."""

from pathlib import Path

from aitia.system import Given
from aitia.systems.vqa_causal.asking import _question
from aitia.systems.vqa_causal.model import VqaCausal
from aitia.text import Question

__all__ = ["questions"]


def questions(given: Given, folder: Path) -> list[Question]:
    """Which of two sentences says cause and effect as the picture shows it; of a row without one, which is likelier.

    Rows whose two sentences are the same ask nothing.

    Args:
        given: Rows.
        folder: The pictures are written here.
    """
    pairs = VqaCausal().pairs(given)
    return [
        _question(pairs, row, folder, blind=pairs.pictures[row] is None)
        for row in range(len(pairs))
        if not pairs.same[row]
    ]

"""Rows as questions that any model can be asked, and other harnesses run."""

from pathlib import Path

from aitia.system import Given
from aitia.systems.axiomatic_training.corpus import questions_of
from aitia.systems.axiomatic_training.reasoner import text_questions
from aitia.text import Question

__all__ = ["questions"]


def questions(given: Given, folder: Path) -> list[Question]:
    """The question of each row, yes or no; those of a premise are a group.

    Args:
        given: Rows.
        folder: For pictures, of which there are none.

    Raises:
        DataError: If a row cannot be read; names it.
    """
    return text_questions(questions_of(given))

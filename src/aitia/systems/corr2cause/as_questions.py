"""Rows as questions that any model can be asked, and other harnesses run."""

from pathlib import Path

from aitia.system import Given
from aitia.systems.corr2cause.asking import questions_of
from aitia.systems.corr2cause.model import Corr2Cause
from aitia.systems.corr2cause.reading import asked_of, labels_of, texts_of
from aitia.text import Question

__all__ = ["questions"]


def questions(given: Given, folder: Path) -> list[Question]:
    """Whether each hypothesis follows, yes or no; questions of a class are a group.

    Args:
        given: Rows.
        folder: For pictures, of which there are none.

    Raises:
        DataError: If a row cannot be read; names it.
    """
    texts = texts_of(given)
    return questions_of(texts, labels_of(given), Corr2Cause().groups(given, asked_of(texts)).tolist())

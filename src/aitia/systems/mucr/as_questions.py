"""Rows as questions that any model can be asked, and other harnesses run."""

from pathlib import Path

from aitia.system import Given
from aitia.systems.mucr.asking import questions_in_words
from aitia.systems.mucr.model import Mucr
from aitia.text import Question

__all__ = ["questions"]


def questions(given: Given, folder: Path) -> list[Question]:
    """The rows in words; those that ask for a sentence, or whose options do not differ in words, are left out.

    Args:
        given: Rows with captions.
        folder: For pictures, of which there are none.

    Raises:
        DataError: If a row cannot be read, or lacks a caption; names it.
    """
    return [one for one in questions_in_words(Mucr(setting="words").items(given)) if one is not None]

"""Rows as questions that any model can be asked, and other harnesses run."""

from dataclasses import replace
from pathlib import Path

from aitia.system import Given
from aitia.systems.pywhy_llm.judge import known_answers
from aitia.systems.pywhy_llm.model import PywhyLlm
from aitia.systems.pywhy_llm.wording import ANSWERS, two_way_question
from aitia.text import Question

__all__ = ["questions"]


def questions(given: Given, folder: Path) -> list[Question]:
    """Which of two named variables causes the other, or neither.

    Args:
        given: Rows.
        folder: For pictures, of which there are none.

    Raises:
        DataError: If a row has no name, or an answer that is none; names it.
    """
    model, known = PywhyLlm(), known_answers(given)
    found = []
    for row, pair in enumerate(model.pairs(given)):
        asked = two_way_question(pair, model.config.wording, f"row {row}")
        label = None if row not in known else asked.options[ANSWERS.index(known[row])]
        found.append(replace(asked, label=label, derived="" if label is None else "column answer"))
    return found

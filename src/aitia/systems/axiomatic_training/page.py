"""The report: accuracy by cell beside the best rule, labels that the graph disputes, and some questions."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from aitia.report import Block, TableBlock, Text
from aitia.systems.axiomatic_training.cells import balanced, cells_of, far_both
from aitia.systems.axiomatic_training.corpus import Question, questions_of, truth_of
from aitia.worlds.axiom_items import ANSWERS

if TYPE_CHECKING:
    from aitia.system import Given
    from aitia.systems.axiomatic_training.model import AxiomaticTraining

__all__ = ["blocks"]

SHOWN, ASKED = 12, 600
"""Questions that a report shows, and those that its accuracies are of, at most."""


def blocks(system: "AxiomaticTraining", given: "Given") -> list[Block]:
    """Of these rows."""
    questions = questions_of(given)
    scored = [question for question in questions if question.answer is not None][:ASKED]
    found: list[Block] = [
        Text(
            "Where a rule that follows no path is as often right as the model, the score shows no reasoning. Yes and "
            "no are scored by distance. Always yes has every far yes: it counts beside as many far no."
        )
    ]
    if scored:
        found += _cells(system, scored)
    disputed = [(q, true) for q in scored if (true := truth_of(q.item)) is not None and true != q.answer]
    if disputed:
        lines = [[q.row, q.item.premise, q.item.question, _word(bool(q.answer)), _word(true)] for q, true in disputed]
        about = f"{len(disputed)} of {len(scored)} labels are not what the graph of their premise says."
        found.append(TableBlock(["row", "premise", "question", "label", "graph"], lines[:SHOWN], about))
    shown = questions[:SHOWN]
    odds = system.log_odds([question.item for question in shown], system.config.seed)
    lines = [
        [
            q.row, q.item.premise, q.item.question, _word(bool(value > 0)), f"{1 / (1 + np.exp(-value)):.2f}",
            "" if q.answer is None else _word(q.answer),
        ]
        for q, value in zip(shown, odds, strict=True)
    ]  # fmt: skip
    found.append(TableBlock(["row", "premise", "question", "answer", "p yes", "label"], lines, "Some of the rows."))
    return found


def _cells(system: "AxiomaticTraining", scored: Sequence[Question]) -> list[Block]:
    items = [question.item for question in scored]
    answers = np.array([bool(question.answer) for question in scored])
    said = system.log_odds(items, system.config.seed) > 0
    cells = cells_of(items, answers, said)
    cells += [cell for cell in (balanced(items, answers, said), far_both(items, answers, said)) if cell is not None]
    lines = [
        [
            cell.name, cell.questions, round(cell.yes, 2), round(cell.accuracy, 2),
            f"{cell.low:.2f}\u00a0to\u00a0{cell.high:.2f}", round(cell.rules[cell.best], 2), cell.best,
        ]
        for cell in cells
    ]  # fmt: skip
    about = f"Of {len(scored)} questions with answers; intervals are Wilson's of 95 %. All rules stand below."
    return [TableBlock(["cell", "questions", "yes", "model", "between", "best rule", "which"], lines, about)]


def _word(yes: bool) -> str:
    return ANSWERS[0 if yes else 1]

"""The report: accuracy by cell beside every rule, the loss, labels that the graph disputes, and some questions."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from aitia.report import Block, Line, Picture, TableBlock, Text, line_chart
from aitia.systems.axiomatic_training.cells import balanced, cells_of
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
            "no are scored by distance: a far yes is what the training did not tell."
        )
    ]
    if scored:
        found += _cells(system, scored)
    if system._losses:
        points = system._losses[-1][1]
        chart = line_chart(
            [float(point["step"]) for point in points], [Line("loss", [float(point["loss"]) for point in points])],
            x_label="step", y_label="loss",
        )  # fmt: skip
        found.append(Picture(chart, "The loss of an answer in nats; log 2 is guessing."))
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
    even = balanced(items, answers, said)
    rules = list(cells[0].rules)
    lines = [
        [
            cell.name, cell.questions, f"{cell.yes:.2f}", f"{cell.accuracy:.2f} ({cell.low:.2f} to {cell.high:.2f})",
            *(f"{cell.rules[rule]:.2f}" for rule in rules),
        ]
        for cell in (*cells, *([] if even is None else [even]))
    ]  # fmt: skip
    about = f"Of {len(scored)} questions with answers; intervals are Wilson's of 95 %."
    return [TableBlock(["cell", "questions", "yes", "model", *rules], lines, about)]


def _word(yes: bool) -> str:
    return ANSWERS[0 if yes else 1]

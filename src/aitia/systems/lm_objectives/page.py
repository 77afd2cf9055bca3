"""The report of a comparison: the arms with both of their budgets and last losses, and prompts with their answers."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from aitia.report import Block, TableBlock, Text
from aitia.systems.lm_objectives.judge import accuracy
from aitia.systems.lm_objectives.tasks import ranked, tasks_of, told_apart

if TYPE_CHECKING:
    from aitia.system import Given
    from aitia.systems.lm_objectives.model import LmObjectives

__all__ = ["blocks"]

SHOWN = 12
"""Prompts that a report shows."""
ASKED = 200
"""Prompts that its accuracies are of, at most."""


def blocks(system: "LmObjectives", given: "Given") -> list[Block]:
    """Arms with their last losses, and some of the prompts of these rows."""
    tasks = told_apart(system.answering.model, [task for task in tasks_of(given) if task.options])
    known = [task for task in tasks if task.answer is not None][:ASKED]
    heads = ["arm", "parameters", "steps", "tokens read", "tokens with loss", "last loss"]
    lines: list[list[object]] = []
    for name, arm in system.arms.items():
        parameters = sum(p.numel() for p in arm.model.model.parameters())
        steps = sum(phase.steps for phase in arm.phases)
        last = f"{arm.phases[-1].losses[-1][1]:.3f}"
        right = [f"{value:.2f}" for value in accuracy(arm.model, known)] if known else []
        lines.append([name, parameters, steps, arm.processed, arm.carrying, last, *right])
    about = "A loss is that of the arm's own objective: losses of two objectives are not compared."
    found: list[Block] = [
        Text("Arms at the same budget, and how many of their tokens carried loss."),
        TableBlock([*heads, *(["right by sum", "right by mean"] if known else [])], lines, about),
    ]
    if tasks:
        shown = tasks[:SHOWN]
        scores = ranked(system.answering.model, shown)
        table: list[Sequence[object]] = [
            [
                task.row, task.prompt, task.options[int(s.total.argmax())], task.options[int(s.mean.argmax())],
                task.answer or "",
            ]
            for task, s in zip(shown, scores, strict=True)
        ]  # fmt: skip
        found.append(TableBlock(["row", "prompt", "by sum", "by mean", "right"], table, "Of the arm that answers."))
    return found

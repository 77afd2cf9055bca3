"""How often answers are right, beside the rules that follow no path."""

from typing import TYPE_CHECKING

import numpy as np

from aitia.system import Given, Score, Scores
from aitia.systems.axiomatic_training.cells import Cell, balanced, cells_of, far_both
from aitia.systems.axiomatic_training.corpus import questions_of
from aitia.systems.axiomatic_training.reasoner import reasoner_score

if TYPE_CHECKING:
    from aitia.systems.axiomatic_training.model import AxiomaticTraining

__all__ = ["judged"]


def judged(model: "AxiomaticTraining", fresh: Given, seen: Given) -> Scores:
    """Accuracy of all questions and by cell, of as many premises told forward as backward, and of the far yes: by
    itself, which always yes has, and beside as many far no.

    The trivial answers are the rules and the answer that was more common in training.
    """
    questions = [question for question in questions_of(fresh) if question.answer is not None]
    if not questions:
        return {}
    model._check(questions)
    items = [question.item for question in questions]
    answers = np.array([bool(question.answer) for question in questions])
    said = model.log_odds(items, model.config.seed) > 0
    learnt = [question.answer for question in questions_of(seen) if question.answer is not None]
    common = bool(np.mean(learnt) >= 0.5) if learnt else True
    scores: dict[str, Score] = {}
    cells = {cell.name: cell for cell in cells_of(items, answers, said)}
    scores["accuracy"] = _score(cells["all"], float((answers == common).mean()))
    if (even := balanced(items, answers, said)) is not None:
        scores["accuracy, told both ways alike"] = _score(even)
    if (far := far_both(items, answers, said)) is not None:
        scores[f"accuracy, {far.name}"] = _score(far)
    for name, cell in cells.items():
        if name.startswith(("yes,", "no,")):
            scores[f"accuracy, {name}"] = _score(cell)
    if "client" in model.subjects:
        some = questions[: model.config.asked]
        scores["accuracy of the client"] = reasoner_score(model.subjects["client"], some)
    return scores


def _score(cell: Cell, common: float | None = None) -> Score:
    trivial = {**cell.rules, **({} if common is None else {"the commoner answer": common})}
    about = f"Of {cell.questions} questions, {cell.yes:.0%} of them yes; between {cell.low:.2f} and {cell.high:.2f}."
    return Score(cell.accuracy, "higher", about, trivial)

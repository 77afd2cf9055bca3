"""How far the drawn pictures are from the true ones, beside what no reasoning draws; and how often words are right."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from aitia.system import Given, Score, Scores
from aitia.systems.vqai.networks import slots_of
from aitia.systems.vqai.reading import Items
from aitia.systems.vqai.rules import COPY, NEAREST, SHUFFLED, errors_of, nearest, with_other_questions

if TYPE_CHECKING:
    from aitia.systems.vqai.model import Vqai

__all__ = ["judged", "judged_items", "parts_right"]

Pictures = NDArray[np.uint8]
Values = NDArray[np.float64]
CAPTION = "what the picture shows now"


def judged(model: "Vqai", fresh: Given, seen: Given) -> Scores:
    """Of the rows whose picture after, or whose answer, is known."""
    items = model.items(fresh)
    return judged_items(model, items, model.answers(items.asked_anew).answers, model.items(seen))


def judged_items(model: "Vqai", items: Items, answers: Sequence[str], seen: Items | None) -> dict[str, Score]:
    """The same of rows whose answers were reasoned already.

    Args:
        model: Fitted.
        items: Rows.
        answers: What was reasoned, as if nothing of the answers were known.
        seen: The rows of the fit; None where these are they, of which each is its own nearest.
    """
    found: dict[str, Score] = {}
    known = np.flatnonzero(items.known).tolist()
    if len(known):
        found |= _pictures(model, items.take(known), [answers[row] for row in known], seen)
    told = np.flatnonzero([bool(answer) for answer in items.answers]).tolist()
    if len(told) and model.reasons:
        found |= _words(items.take(told), [answers[row] for row in told])
    return found


def _pictures(model: "Vqai", items: Items, answers: Sequence[str], seen: Items | None) -> dict[str, Score]:
    """Of rows that are asked as if nothing of their answer were known; a client is not asked another row's question."""
    drawn = {"": model.pictures(items, answers), COPY: items.pictures}
    if seen is not None and seen.known.any() and seen.pictures.shape[1:] == items.pictures.shape[1:]:
        drawn[NEAREST] = nearest(seen, items)
    if len(set(items.questions)) > 1 and "client" not in model.subjects:
        drawn[SHUFFLED] = model.pictures(with_other_questions(items))
    errors = {name: errors_of(pictures, items) for name, pictures in drawn.items()}
    about = "Mean squared error of colours of 0 to 1, over the pixels that {}."
    found = {
        "changed": _score(errors, "changed", about.format("truly change")),
        "kept": _score(errors, "kept", about.format("truly stay")),
    }
    kinds = sorted(set(items.kinds) - {""})
    for kind in kinds if len(kinds) > 1 else []:
        rows = np.array([one == kind for one in items.kinds])
        part = {name: {"changed": values["changed"][rows]} for name, values in errors.items()}
        found[f"changed, {kind}"] = _score(part, "changed", f"The same of {int(rows.sum())} rows of kind {kind}.")
    return {name: score for name, score in found.items() if np.isfinite(score.value)}


def _score(errors: dict[str, dict[str, Values]], which: str, about: str) -> Score:
    means = {name: _mean(values[which]) for name, values in errors.items()}
    rows = int(np.isfinite(errors[""][which]).sum())
    return Score(means.pop(""), "lower", f"{about} {rows} rows.", means)


def _mean(values: Values) -> float:
    there = values[np.isfinite(values)]
    return float(there.mean()) if len(there) else float("nan")


def _words(items: Items, answers: Sequence[str]) -> dict[str, Score]:
    right = parts_right(answers, items.answers)
    beside = {"the most frequent answer": parts_right([_usual(items.answers)] * len(items), items.answers)}
    if all(items.captions):
        beside[CAPTION] = parts_right(items.captions, items.answers)
    about = f"Share of the parts of an answer that are right. {len(items)} rows."
    return {"words": Score(float(right.mean()), "higher", about, {k: float(v.mean()) for k, v in beside.items()})}


def _usual(answers: tuple[str, ...]) -> str:
    return min(sorted(set(answers)), key=lambda answer: (-answers.count(answer), answer))


def parts_right(told: Sequence[str], true: Sequence[str]) -> Values:
    """(n,) the share of the parts of each true answer that are told."""
    found = []
    for one, other in zip(told, true, strict=True):
        parts, said = slots_of(other), set(slots_of(one))
        found.append(float(np.mean([part in said for part in parts])) if parts else float("nan"))
    return np.array(found)

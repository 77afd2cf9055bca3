"""How well a classifier does on texts that it has not seen: beside the most frequent label, and the style alone."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from aitia.do import Intervention
from aitia.system import Given, Score, Scores
from aitia.systems.cadet.inputs import macro_f1

if TYPE_CHECKING:
    from aitia.systems.cadet.model import Cadet

__all__ = ["judged"]

Codes = NDArray[np.int64]
Values = NDArray[np.float64]


def judged(model: "Cadet", fresh: Given, seen: Given) -> Scores:
    """Macro-F1, accuracy, and where a world knows the very texts in another style, how far those move the answer."""
    there = _labelled(model, fresh)
    fresh = fresh.take(there)
    if len(fresh) == 0:
        return {}
    truth = _codes(model, fresh)
    second = model.predict_proba(fresh)[:, 1]
    guesses = {
        "most frequent label": np.full(len(fresh), _most_frequent(_codes(model, seen.take(_labelled(model, seen)))))
    }
    if fresh.column("style") is not None and seen.column("style") is not None:
        guesses["style alone"] = _by_style(model, fresh, seen)
    ours = second >= model.threshold
    ones = np.ones(len(fresh))
    scores = {
        "macro-F1": Score(
            macro_f1(truth, ours, ones),
            "higher",
            "Mean of the F1 of both labels.",
            {name: macro_f1(truth, guess == 1, ones) for name, guess in guesses.items()},
            ("most frequent label",),
        ),
        "accuracy": Score(
            float((ours == truth).mean()),
            "higher",
            "Share of texts whose label is told.",
            {name: float((guess == truth).mean()) for name, guess in guesses.items()},
        ),
    }
    moved = _moved_by_style(model, fresh, second)
    if moved is not None:
        scores["effect of style"] = Score(
            moved, "lower", "How far the world's text in each other style moves the probability.", {"one answer": 0.0}
        )
    return scores


def _labelled(model: "Cadet", given: Given) -> Codes:
    column = given.column("label")
    if column is None:
        return np.empty(0, dtype=np.int64)
    known = set(map(str, model.classes_.tolist()))
    return np.array([k for k, label in enumerate(given.labels("label").tolist()) if label in known], dtype=np.int64)


def _codes(model: "Cadet", given: Given) -> Codes:
    codes: Codes = (given.labels("label") == str(model.classes_[1])).astype(np.int64)
    return codes


def _most_frequent(codes: Codes) -> int:
    return int(codes.mean() > 0.5) if len(codes) else 0


def _by_style(model: "Cadet", fresh: Given, seen: Given) -> Codes:
    """The label that most texts of this style had in the training."""
    seen = seen.take(_labelled(model, seen))
    codes, styles, most = _codes(model, seen), seen.labels("style"), _most_frequent(_codes(model, seen))
    of_style = {style: _most_frequent(codes[styles == style]) for style in sorted(set(styles.tolist()))}
    return np.array([of_style.get(style, most) for style in fresh.labels("style").tolist()], dtype=np.int64)


def _moved_by_style(model: "Cadet", fresh: Given, second: Values) -> float | None:
    """Mean absolute change of the probability under the world's own texts in another style; None where none knows."""
    column, moved = fresh.column("style"), []
    if column is None:
        return None
    for style in sorted(set(fresh.labels("style").tolist())):
        away = np.flatnonzero(fresh.labels("style") != style)
        if len(away) == 0:
            continue
        other = fresh.take(away).truth(Intervention({column: style}))
        if other is None:
            return None
        moved += np.abs(model.predict_proba(fresh.with_rows(other))[:, 1] - second[away]).tolist()
    return float(np.mean(moved)) if moved else None

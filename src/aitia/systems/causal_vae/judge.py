"""How good answers are: against the world where one knows, against a regression on pictures, and against themselves."""

import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from aitia.data.base import Data
from aitia.do import Intervention
from aitia.errors import RangeWarning
from aitia.stats.features import coarse
from aitia.stats.metrics import composition_error, counterfactual_mse, effectiveness, reversibility_error
from aitia.system import Given, Score, Scores

if TYPE_CHECKING:
    from aitia.systems.causal_vae.model import CausalVae

__all__ = ["judged"]

Values = NDArray[np.float64]
Answers = Sequence[tuple[str, float, Values]]
BACK = 20
"""Rows that are moved and moved back."""


def judged(model: "CausalVae", fresh: Given, seen: Given) -> Scores:
    """Every cause is set to a low and a high value of its range; beside it what doing nothing is worth."""
    column = fresh.column("image") or "image"
    facts = _pixels(fresh.data, column)
    questions = [
        (name, float(value)) for name in model.causes for value in np.quantile(seen.table.column(name), (0.2, 0.8))
    ]
    judge = _Judge(model, fresh, seen, column)
    answers = [(name, value, _pixels(_asked(model, fresh, name, value), column)) for name, value in questions]
    ours = judge.of(answers)
    ours["composition error"] = composition_error(facts, _pixels(model.counterfactual(fresh), column))
    ours["reversibility error"] = float(
        np.mean(
            [_back(model, fresh.take([row]), name, value, column) for name, value in questions for row in _few(fresh)]
        )
    )
    nothing = judge.of([(name, value, facts) for name, value in questions])
    others = {"do nothing": {**nothing, "composition error": 0.0, "reversibility error": 0.0}}
    truths = [(name, value, fresh.truth(Intervention({name: value}))) for name, value in questions]
    known = [(name, value, _pixels(truth, column)) for name, value, truth in truths if truth is not None]
    if known:
        others["the truth itself"] = {"effectiveness": judge.of(known)["effectiveness"]}
    return {
        name: Score(
            ours[name],
            better,
            about,
            {who: of[name] for who, of in others.items() if name in of},
            ("do nothing",) if name in ("counterfactual MSE", "effectiveness") else (),
        )
        for name, (better, about) in _ABOUT.items()
        if name in ours
    }


_ABOUT: Mapping[str, tuple[Literal["lower", "higher"], str]] = {
    "counterfactual MSE": ("lower", "Mean squared error against the world's own counterfactual."),
    "effectiveness": (
        "lower",
        "From the value asked for to the one that a regression reads off the answer, in standard deviations of it.",
    ),
    "composition error": ("lower", "Mean absolute change of an image under do()."),
    "reversibility error": ("lower", "Mean absolute change of an image whose cause is set, and set back."),
}


class _Judge:
    """Reads the causes off images, from the rows of the fit: trees on coarse patches, known to no generator."""

    def __init__(self, model: "CausalVae", fresh: Given, seen: Given, column: str) -> None:
        from sklearn.ensemble import ExtraTreesRegressor

        self._names, self._fresh, self._column = model.causes, fresh, column
        causes = seen.table.matrix(self._names)
        self._spread = dict(zip(self._names, causes.std(axis=0), strict=True))
        self._reader = ExtraTreesRegressor(60, random_state=0, n_jobs=1)
        self._reader.fit(coarse(_pixels(seen.data, column)), causes[:, 0] if len(self._names) == 1 else causes)

    def of(self, answers: Answers) -> dict[str, float]:
        """What answers are worth."""
        errors, apart = [], []
        for name, value, answer in answers:
            read = np.asarray(self._reader.predict(coarse(answer))).reshape(len(answer), -1)
            told = read[:, self._names.index(name)]
            wanted = np.full(len(answer), value)
            apart.append(effectiveness(told, wanted, "continuous") / self._spread[name])
            truth = self._fresh.truth(Intervention({name: value}))
            if truth is not None:
                errors.append(counterfactual_mse(answer, _pixels(truth, self._column)).value)
        scores = {"counterfactual MSE": float(np.mean(errors))} if errors else {}
        return {**scores, "effectiveness": float(np.mean(apart))}


def _back(model: "CausalVae", one: Given, name: str, value: float, column: str) -> float:
    """How far a row is from itself after its cause was set and set back."""
    home = float(one.table.column(name)[0])
    there = one.with_rows(_asked(model, one, name, value))
    return reversibility_error(_pixels(one.data, column), _pixels(_asked(model, there, name, home), column))


def _asked(model: "CausalVae", rows: Given, name: str, value: float) -> Data:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RangeWarning)  # fresh rows may lie outside of those of the fit
        return model.counterfactual(rows, {name: value})


def _few(rows: Given) -> range:
    return range(min(BACK, len(rows)))


def _pixels(rows: Data, column: str) -> Values:
    return np.asarray(rows.known.pictures(column) / np.float32(255))

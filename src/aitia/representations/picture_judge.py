"""How good answers are: against the world where one knows, against a regression on pictures, and against themselves."""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from aitia.data.base import Data
from aitia.do import Intervention
from aitia.errors import RangeWarning
from aitia.representations.labelled_causes import labels_of
from aitia.stats.features import coarse
from aitia.stats.metrics import composition_error, counterfactual_mse, effectiveness, reversibility_error
from aitia.system import Given, Noise, Score, Scores

__all__ = ["LabelledGenerator", "judged"]

Values = NDArray[np.float64]
Answers = Sequence[tuple[str, float, Values]]
BACK = 20
"""Rows that are moved and moved back."""


class LabelledGenerator(Protocol):
    """A generator of pictures whose causes have labels."""

    @property
    def causes(self) -> tuple[str, ...]:
        """Their names."""
        ...

    def do(self, intervention: Any, /) -> Any:
        """The same under an intervention."""
        ...

    def abduct(self, rows: Any, /) -> Noise:
        """What is each row's own."""
        ...

    def solve(self, noise: Noise, /) -> Data:
        """The rows of it."""
        ...

    def encode(self, rows: Any, /) -> Any:
        """The causes that pictures show."""
        ...

    def truth(self, given: Given, intervention: Intervention, /) -> Data | None:
        """What a world knows."""
        ...


def judged(model: LabelledGenerator, fresh: Given, seen: Given, back: int = BACK) -> Scores:
    """Every cause is set to a low and a high value of its range; beside it what doing nothing is worth.

    Args:
        model: What is judged.
        fresh: Rows that it has not seen.
        seen: Those of the fit; where a cause has no value in some, the others teach the reader.
        back: Rows that are moved and moved back, each by itself.
    """
    column = fresh.column("image") or "image"
    facts = _pixels(fresh.data, column)
    questions = [
        (name, float(value)) for name in model.causes for value in np.nanquantile(_known(seen, name), (0.2, 0.8))
    ]
    judge = _Judge(model, fresh, seen, column)
    noise, some = model.abduct(fresh), fresh.take(range(min(back, len(fresh))))
    answers = [(name, value, _pixels(_asked(model, noise, name, value), column)) for name, value in questions]
    ours = judge.of(answers)
    ours["composition error"] = composition_error(facts, _pixels(model.solve(noise), column))
    ours["reversibility error"] = float(np.mean([_back(model, some, name, value, column) for name, value in questions]))
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

    def __init__(self, model: LabelledGenerator, fresh: Given, seen: Given, column: str) -> None:
        from sklearn.ensemble import ExtraTreesRegressor

        self._names, self._fresh, self._column = model.causes, fresh, column
        causes = np.stack([_known(seen, name) for name in self._names], axis=1)
        told = ~np.isnan(causes).any(axis=1)
        causes = causes[told]
        self._spread = dict(zip(self._names, causes.std(axis=0), strict=True))
        self._reader = ExtraTreesRegressor(60, random_state=0, n_jobs=1)
        pictures = coarse(_pixels(seen.data, column)[told])
        self._reader.fit(pictures, causes[:, 0] if len(self._names) == 1 else causes)

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


def _back(model: LabelledGenerator, rows: Given, name: str, value: float, column: str) -> float:
    """How far rows are from themselves after their cause was set and set back, each to its own value."""
    home, facts = _known(rows, name), _pixels(rows.data, column)
    there = rows.with_rows(_asked(model, model.abduct(rows), name, value))
    found = []
    for k in np.flatnonzero(~np.isnan(home)).tolist():
        again = _asked(model, model.abduct(there.take([k])), name, float(home[k]))
        found.append(reversibility_error(facts[k : k + 1], _pixels(again, column)))
    return float(np.mean(found)) if found else 0.0


def _asked(model: LabelledGenerator, noise: Noise, name: str, value: float) -> Data:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RangeWarning)  # fresh rows may lie outside of those of the fit
        answer: Data = model.do({name: value}).solve(noise)
        return answer


def _known(rows: Given, name: str) -> Values:
    """The values of a cause, NaN where a row has none."""
    return labels_of(rows, (name,))[:, 0]


def _pixels(rows: Data, column: str) -> Values:
    return np.asarray(rows.known.pictures(column) / np.float32(255))

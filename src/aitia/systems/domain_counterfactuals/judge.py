"""How good answers are: against the world where one knows, against a classifier of domains, and against themselves."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from aitia.data.base import Data
from aitia.stats.features import coarse
from aitia.stats.metrics import composition_error, counterfactual_mse, reversibility_error
from aitia.system import Given, Score, Scores

if TYPE_CHECKING:
    from aitia.systems.domain_counterfactuals.model import DomainCounterfactuals

__all__ = ["judged"]

Values = NDArray[np.float64]


def judged(model: "DomainCounterfactuals", fresh: Given, seen: Given) -> Scores:
    """The errors of answers into every domain, beside those of doing nothing and of the mean of that domain."""
    facts = _values(fresh.data, fresh)
    there = {domain: model.counterfactual(fresh, {model.targets[0].name: domain}) for domain in model.domains}
    ours = _asked(seen, fresh, {domain: _values(rows, fresh) for domain, rows in there.items()})
    back = []
    labels = fresh.labels("domain")
    for home in sorted(set(labels.tolist())):
        from_here = np.flatnonzero(labels == home)
        for domain in model.domains:
            if domain != home:
                moved = fresh.with_rows(there[domain].take(from_here))
                again = _values(model.counterfactual(moved, {model.targets[0].name: home}), fresh)
                back.append(reversibility_error(facts[from_here], again))
    ours["composition error"] = composition_error(facts, _values(model.counterfactual(fresh), fresh))
    ours["reversibility error"] = float(np.mean(back))
    known, of = _values(seen.data, seen), seen.labels("domain")
    means = {d: np.broadcast_to(known[of == d].mean(axis=0), facts.shape) for d in model.domains}
    nothing = _asked(seen, fresh, dict.fromkeys(model.domains, facts))
    others = {
        "do nothing": {**nothing, "composition error": 0.0, "reversibility error": 0.0},
        "mean of the domain": _asked(seen, fresh, means),
    }
    return {
        name: Score(
            ours[name],
            better,
            about,
            {who: of[name] for who, of in others.items() if name in of},
            ("do nothing",) if name in ("counterfactual MSE", "looks like the target") else (),
        )
        for name, (better, about) in _ABOUT.items()
        if name in ours
    }


_ABOUT: Mapping[str, tuple[Literal["lower", "higher"], str]] = {
    "counterfactual MSE": ("lower", "Mean squared error against the world's own counterfactual."),
    "looks like the target": ("higher", "Share of answers that a classifier takes for the domain asked for."),
    "composition error": ("lower", "Mean absolute change of a row under do()."),
    "reversibility error": ("lower", "Mean absolute change of a row moved to another domain and back."),
}


def _asked(seen: Given, fresh: Given, answers: Mapping[str, Values]) -> dict[str, float]:
    """What the counterfactuals into each domain are worth, over the rows that are not from it."""
    classifier = _Classifier(_values(seen.data, seen), seen.labels("domain"))
    labels = fresh.labels("domain")
    errors, taken = [], []
    for domain, answer in answers.items():
        away = np.flatnonzero(labels != domain)
        if not len(away):
            continue
        taken.append(float(np.mean(classifier.says(answer[away]) == domain)))
        truth = fresh.take(away).truth(environment=domain)
        if truth is not None:
            errors.append(counterfactual_mse(answer[away], _values(truth, fresh)).value)
    scores = {"counterfactual MSE": float(np.mean(errors))} if errors else {}
    return {**scores, "looks like the target": float(np.mean(taken))}


class _Classifier:
    """Tells the domain of a row, from the rows that a model was fitted to: logistic regression."""

    def __init__(self, rows: Values, labels: NDArray[np.str_]) -> None:
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        self._model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))
        self._model.fit(coarse(rows), labels)

    def says(self, rows: Values) -> NDArray[np.str_]:
        """The domain of each row."""
        said: NDArray[np.str_] = self._model.predict(coarse(rows))
        return said


def _values(rows: Data, given: Given) -> Values:
    """Pictures as shares of full brightness, (n, height, width, 3); a table as its numbers, (n, m)."""
    column = given.column("image")
    if column is not None:
        return rows.known.pictures(column) / 255.0
    return rows.known.matrix(given.columns("variables"))

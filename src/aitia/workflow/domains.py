"""Methods that answer what a row would have been in another domain: `do(domain=LABEL)`, on images and tables."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from aitia.data.images import ImageSet
from aitia.data.table import Table
from aitia.do import Intervention, Value
from aitia.engine import Progress
from aitia.errors import OptionError, join_names
from aitia.report import Block
from aitia.stats.features import coarse
from aitia.stats.metrics import composition_error, counterfactual_mse, reversibility_error
from aitia.workflow.contract import Adapter, Form, Measure, Scores, Target, Training, columns
from aitia.workflow.observed import Observed, Rows
from aitia.workflow.pictures import Question, image_rows, table_rows

__all__ = ["DomainAdapter"]

Values = NDArray[np.float64]
SHOWN = 6
"""Rows in the report's picture."""


class DomainAdapter(Adapter):
    """Fitted to rows and the domain of each; see the module."""

    forms: tuple[Form, ...] = ("images", "table")
    measures: ClassVar[tuple[Measure, ...]] = (
        Measure("counterfactual MSE", "lower", "Mean squared error against the world's own counterfactual."),
        Measure(
            "looks like the target", "higher", "Share of answers that a classifier takes for the domain asked for."
        ),
        Measure("composition error", "lower", "Mean absolute change of a row under do()."),
        Measure("reversibility error", "lower", "Mean absolute change of a row moved to another domain and back."),
    )

    def check(self, data: Observed, config: Any) -> None:
        """Wants a column of domains, two domains or more, and square images."""
        form = self.form(data)
        if data.environment is None:
            table = data.table
            names = () if table is None else table.names
            raise OptionError(
                f"{self.slug} compares domains: say which column tells them (--environment); there are "
                f"{join_names(names) or 'none'}"
            )
        if len(data.environments) < 2:
            raise OptionError(f"{self.slug} compares domains: {data.name} has only {data.environments[0]!r}")
        if form == "table" and not _numeric(data):
            raise OptionError(f"{data.name} has no column of numbers beside {data.environment!r}")

    def work(self, data: Observed, config: Any) -> str:
        """Trainings, steps and rows."""
        latents = config.latents if self.form(data) == "images" else len(_numeric(data))
        sparse = config.structure in ("relaxed", "canonical")
        trainings = latents - 1 if config.changing == "auto" and sparse else 1
        many = f"{trainings} trainings of " if trainings > 1 else ""
        return (
            f"{many}{config.steps} steps, each of {config.batch} rows from every one of "
            f"{len(data.environments)} domains ({len(data)} rows in all)"
        )

    def fit(self, data: Observed, config: Any, *, checkpoint: Path | None, progress: Progress | None) -> Any:
        """The fitted model."""
        return self.cls(config).fit(data.rows, data.environment, checkpoint=checkpoint, progress=progress)

    def training(self, model: Any) -> Training:
        """Losses, the choice of k, and warnings."""
        notes = []
        if model.sparsity is not None:
            tried = ", ".join(
                f"{k}: {loss:.4g}" for k, loss in zip(model.sparsity.tried, model.sparsity.losses, strict=True)
            )
            notes.append(
                f"{model.sparsity.chosen} mechanisms change between domains: the fewest whose loss on held-out rows is "
                f"within one standard error of the best ({tried})."
            )  # fmt: skip
        return Training((("training", tuple(model.history.losses)),), tuple(notes), tuple(model.warnings))

    # -- asking --------------------------------------------------------------------------------------------------------

    def targets(self, model: Any, data: Observed) -> tuple[Target, ...]:
        """The domain."""
        return (Target(model.target, tuple(model.domains)),)

    def counterfactual(self, model: Any, data: Observed, do: Intervention) -> Rows:
        """The rows in the other domain."""
        answer: Rows = model.counterfactual(data.rows, do, domain=data.labels)
        return answer

    def truth(self, data: Observed, do: Intervention) -> Rows | None:
        """The world's rows in that environment."""
        if not do:
            return data.rows
        (action,) = do.values()
        return data.truth(environment=str(action.value)) if isinstance(action, Value) else None

    def latents(self, model: Any, data: Observed, do: Intervention) -> Table | None:
        """The noise of each row, which it keeps in every domain."""
        return columns("noise", model.encode(data.rows, data.labels))

    # -- judging -------------------------------------------------------------------------------------------------------

    def score(self, model: Any, data: Observed, fresh: Observed) -> Scores:
        """See `measures`; the error needs a world."""

        def move(rows: Observed, domain: str, labels: NDArray[np.str_]) -> Values:
            return _numbers(model.counterfactual(rows.rows, f'do({model.target}="{domain}")', domain=labels), rows)

        facts, there, back = _numbers(fresh.rows, fresh), {}, []
        for domain in data.environments:
            there[domain] = model.counterfactual(fresh.rows, f'do({model.target}="{domain}")', domain=fresh.labels)
        scores = self._judged(data, fresh, {d: _numbers(rows, fresh) for d, rows in there.items()})
        for home in fresh.environments:
            from_here = np.flatnonzero(fresh.labels == home)
            for domain in data.environments:
                if domain != home:
                    moved = there[domain].take(from_here)
                    again = move(_with_rows(fresh, moved), home, np.full(len(from_here), domain))
                    back.append(reversibility_error(facts[from_here], again))
        still = model.counterfactual(fresh.rows, Intervention(), domain=fresh.labels)
        scores["composition error"] = composition_error(facts, _numbers(still, fresh))
        scores["reversibility error"] = float(np.mean(back))
        return scores

    def baselines(self, config: Any, data: Observed, fresh: Observed) -> dict[str, Scores]:
        """Leaving the row as it is, and the mean of the domain asked for."""
        facts, seen = _numbers(fresh.rows, fresh), _numbers(data.rows, data)
        means = {d: np.broadcast_to(seen[data.labels == d].mean(axis=0), facts.shape) for d in data.environments}
        nothing = {
            **self._judged(data, fresh, dict.fromkeys(data.environments, facts)),
            "composition error": 0.0,
            "reversibility error": 0.0,
        }
        return {"do nothing": nothing, "mean of the domain": self._judged(data, fresh, means)}

    def _judged(self, data: Observed, fresh: Observed, answers: dict[str, Values]) -> Scores:
        """What the counterfactuals into each domain are worth, over the rows that are not from it."""
        classifier = _Classifier(_numbers(data.rows, data), data.labels)
        errors, taken = [], []
        for domain, answer in answers.items():
            away = np.flatnonzero(fresh.labels != domain)
            if not len(away):
                continue
            taken.append(float(np.mean(classifier.says(answer[away]) == domain)))
            truth = fresh.take(away).truth(environment=domain)
            if truth is not None:
                errors.append(counterfactual_mse(answer[away], _numbers(truth, fresh)).value)
        scores = {"counterfactual MSE": float(np.mean(errors))} if errors else {}
        return {**scores, "looks like the target": float(np.mean(taken))}

    def pictures(self, model: Any, fresh: Observed) -> Sequence[Block]:
        """Some rows of every domain, moved to each of the others, with the truth below where there is one."""
        rows = fresh.take(_spread(fresh.labels, SHOWN))
        questions = []
        for domain in model.domains:
            do = Intervention({model.target: domain})
            questions.append(Question(str(do), self.counterfactual(model, rows, do), self.truth(rows, do)))
        names = [f"from {label}" for label in rows.labels]
        about = "Each row is one sample that the fit has not seen, and what it would have been in each domain."
        if self.form(fresh) == "images":
            return [image_rows(rows.rows, questions, names, about)]
        return [table_rows(rows.rows, questions, names, _numeric(fresh), about)]


class _Classifier:
    """Tells the domain of a row, from the rows that a method was fitted to: logistic regression."""

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


def _numeric(data: Observed) -> tuple[str, ...]:
    table = data.table
    assert table is not None
    return tuple(n for n in table.names if n != data.environment and table.continuous(n))


def _numbers(rows: Rows, data: Observed) -> Values:
    """Images as shares of full brightness, (n, height, width, 3); a table as its numbers, (n, m)."""
    if isinstance(rows, ImageSet):
        return rows.images / 255.0
    assert isinstance(rows, Table)
    return rows.matrix(_numeric(data))


def _with_rows(data: Observed, rows: Rows) -> Observed:
    return Observed(rows, data.environment, data.name)


def _spread(labels: NDArray[np.str_], most: int) -> NDArray[np.int64]:
    """The first rows of every label in turn, at most so many."""
    rank = np.zeros(len(labels), int)
    for label in set(labels.tolist()):
        rank[labels == label] = np.arange(int((labels == label).sum()))
    order = np.lexsort((np.arange(len(labels)), labels, rank))
    return np.sort(order[:most])

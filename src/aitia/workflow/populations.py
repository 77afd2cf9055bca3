"""Hierarchical component analysis of a table whose rows come in groups: `do(z2=...)` in the group that a row is of."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from aitia.data.table import Table
from aitia.do import Intervention
from aitia.engine import Progress
from aitia.errors import DataError, OptionError, join_names
from aitia.report import Block
from aitia.systems.hca import HCA
from aitia.systems.hca.chance import unrelated_groups
from aitia.systems.hca.page import latent_effects, latent_names, order_certainty, order_graphs
from aitia.workflow.contract import Adapter, Form, Measure, Scores, Target, Training, columns
from aitia.workflow.observed import Observed, Rows

__all__ = ["PopulationAdapter"]

Values = NDArray[np.float64]


class PopulationAdapter(Adapter):
    """Fitted to scores and the group of each row; see the module."""

    forms: tuple[Form, ...] = ("table",)
    measures: ClassVar[tuple[Measure, ...]] = (
        Measure("inexactness", "lower", "How far one order is from exact in the group where it is furthest; 0 to 1."),
        Measure("explained", "higher", "Share of the spread within groups that the latents hold, on fresh rows."),
    )

    def check(self, data: Observed, config: Any) -> None:
        """Wants a column of groups, and columns of numbers."""
        self.form(data)
        assert isinstance(data.rows, Table)
        if data.environment is None:
            raise OptionError(
                f"{self.slug} compares groups: say which column tells them (--environment); there are "
                f"{join_names(data.rows.names)}"
            )
        if len(_names(data)) <= config.factors:
            raise OptionError(
                f"{config.factors} latents need more than {config.factors} columns of numbers, {data.name} has "
                f"{len(_names(data))}"
            )

    def work(self, data: Observed, config: Any) -> str:
        """Orders that are looked for."""
        orders = 1 + config.draws + config.permutations + config.resamples
        return (
            f"{orders} orders of {config.factors} latents behind {len(_names(data))} columns, in "
            f"{len(data.environments)} groups ({len(data)} rows)"
        )

    def fit(self, data: Observed, config: Any, *, checkpoint: Path | None, progress: Progress | None) -> Any:
        """The fitted model; it takes seconds, so a run that was killed begins anew."""
        return self.cls(**asdict(config)).fit(_scores(data), data.labels, progress)

    def training(self, model: HCA) -> Training:
        """What the latents are called, which groups were left out, and what speaks against the order."""
        chain = " -> ".join(f"{z} ({name})" for z, name in zip(model.latents_, model.named_, strict=True))
        notes = [f"{chain}: each is named after the column that it is best aligned with, given those before it."]
        notes += [f"{group} was left out: {why}." for group, why in model.left_out_.items()]
        return Training((), tuple(notes), tuple(f"{doubt[0].upper()}{doubt[1:]}." for doubt in model.doubts_))

    # -- asking --------------------------------------------------------------------------------------------------------

    def targets(self, model: HCA, data: Observed) -> tuple[Target, ...]:
        """The latents, each on the scale of the column that it is named after."""
        z = model.transform(_scores(_used(model, data)))
        return tuple(Target.of_values(name, z[:, k]) for k, name in enumerate(model.latents_))

    def counterfactual(self, model: HCA, data: Observed, do: Intervention) -> Rows:
        """The rows with other scores; every row by the weights of its own group.

        Raises:
            DataError: If a row is of a group that the fit left out or has not seen.
        """
        assert isinstance(data.rows, Table)
        labels, scores = data.labels, _scores(data)
        if odd := sorted(set(labels.tolist()) - set(model.groups_)):
            why = model.left_out_.get(odd[0], "the fit has not seen it")
            raise DataError(
                f"row {int(np.flatnonzero(labels == odd[0])[0])} is of {odd[0]!r}, which has no weights: {why}; ask "
                f"for rows of {join_names(model.groups_)}"
            )
        answer = np.empty((len(labels), len(model.columns_)))
        for group in sorted(set(labels.tolist())):
            here = np.flatnonzero(labels == group)
            answer[here] = model.counterfactual(scores.take(here), do, group=group)
        kinds = dict.fromkeys(model.columns_, "number")
        return data.rows.with_columns(dict(zip(model.columns_, answer.T, strict=True)), kinds=kinds)

    def truth(self, data: Observed, do: Intervention) -> Rows | None:
        """None: a latent has the scale of a column here, which no world knows."""
        return None if do else data.rows

    def latents(self, model: HCA, data: Observed, do: Intervention) -> Table | None:
        """Those of each row."""
        rows = self.counterfactual(model, data, do)
        assert isinstance(rows, Table)
        return columns("z", model.transform(rows.select(model.columns_)))

    # -- judging -------------------------------------------------------------------------------------------------------

    def score(self, model: HCA, data: Observed, fresh: Observed) -> Scores:
        """See `measures`."""
        projector = model.mixing_ @ model.unmixing_
        return {"inexactness": model.mic_, "explained": _explained(projector, model.groups_, data, fresh)}

    def baselines(self, config: Any, data: Observed, fresh: Observed) -> dict[str, Scores]:
        """Groups that have nothing to do with each other, and as many principal components of all rows."""
        seen, labels = _matrix(data), data.labels
        groups = [group for group in data.environments if int((labels == group).sum()) >= config.least_rows]
        rows = [seen[labels == group] for group in groups]
        rng = np.random.default_rng(config.seed)
        chance = unrelated_groups(rows, config.factors, config.draws, rng, beam=config.beam)
        _, _, right = np.linalg.svd(np.concatenate([part - part.mean(axis=0) for part in rows]), full_matrices=False)
        projector = right[: config.factors].T @ right[: config.factors]
        return {
            "unrelated groups (median)": {"inexactness": float(np.median(chance))},
            "principal components": {"explained": _explained(projector, groups, data, fresh)},
            "means of the groups": {"explained": 0.0},
        }

    def pictures(self, model: HCA, fresh: Observed) -> Sequence[Block]:
        """The graph of every group, what a step in a latent changes, how sure the order is, and the names."""
        return [*order_graphs(model), *latent_effects(model), *order_certainty(model), *latent_names(model)]


def _names(data: Observed) -> tuple[str, ...]:
    """Columns of numbers."""
    assert isinstance(data.rows, Table)
    return tuple(n for n in data.rows.names if n not in (data.environment, "id") and data.rows.continuous(n))


def _scores(data: Observed) -> Table:
    assert isinstance(data.rows, Table)
    return data.rows.select(_names(data))


def _matrix(data: Observed) -> Values:
    return _scores(data).matrix(_names(data))


def _used(model: HCA, data: Observed) -> Observed:
    """The rows of groups that have weights."""
    return data.take(np.flatnonzero(np.isin(data.labels, model.groups_)))


def _explained(projector: Values, groups: Sequence[str], data: Observed, fresh: Observed) -> float:
    """Share of the squares of fresh rows about the mean of their group in the fit that lies in the latents' space."""
    seen, rows = _matrix(data), _matrix(fresh)
    total = left = 0.0
    for group in groups:
        about = rows[fresh.labels == group] - seen[data.labels == group].mean(axis=0)
        total += float((about**2).sum())
        left += float(((about - about @ projector.T) ** 2).sum())
    return 1 - left / max(total, 1e-300)

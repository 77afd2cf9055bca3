"""Methods that embed populations: `do(COLUMN=LABEL)` asks what a row would have been, had it been of another set."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from aitia.data.table import Kind, Table
from aitia.do import Intervention, Value
from aitia.engine import Progress
from aitia.errors import InterventionError, OptionError, join_names
from aitia.report import Block, Picture, ScatterPanel, scatter_panels, shaded_matrix
from aitia.workflow.contract import Adapter, Form, Measure, Scores, Target, Training, columns
from aitia.workflow.observed import Observed, Rows

__all__ = ["SetAdapter"]

Values = NDArray[np.float64]
SHOWN, NAMED, WRITTEN = 3, 12, 30
"""Sets with their rows in the report, in the matrix, and with their names on the map."""
MOST = 1000
"""Rows of a set that are scored at most."""


class SetAdapter(Adapter):
    """Fitted to a table and the set that each row is of; see the module.

    A row of another set is a draw from it, made of the noise of this row. The noise depends on the numbers of the row
    alone, so that it is the same in every question. Nothing says which row of the other set it would truly have been.
    """

    forms: tuple[Form, ...] = ("table",)
    measures: ClassVar[tuple[Measure, ...]] = (
        Measure(
            "SW2 over floor",
            "lower",
            "Squared sliced Wasserstein distance of drawn sets from fresh rows of the same set, over that of the rows "
            "of the fit; columns have variance 1. At 1 a drawn set is as good as the rows themselves.",
        ),
        Measure("SW2", "lower", "The same distance itself, mean over sets."),
    )

    def check(self, data: Observed, config: Any) -> None:
        """Wants a column of sets, two sets or more of 2 rows or more, and columns of numbers."""
        from aitia.systems.gde.sets import read_sets

        self.form(data)
        if data.environment is None:
            names = () if data.table is None else data.table.names
            raise OptionError(
                f"{self.slug} embeds sets of rows: say which column tells them apart (--environment); there are "
                f"{join_names(names) or 'none'}"
            )
        if len(data.environments) < 2:
            raise OptionError(f"{self.slug} compares sets of rows: {data.name} has only {data.environments[0]!r}")
        read_sets(data.rows, data.environment, least=2)

    def work(self, data: Observed, config: Any) -> str:
        """Steps and rows."""
        return (
            f"{config.steps} steps, each of {config.batch} sets out of {len(data.environments)}, with {config.points} "
            f"rows encoded and as many met ({len(data)} rows in all)"
        )

    def fit(self, data: Observed, config: Any, *, checkpoint: Path | None, progress: Progress | None) -> Any:
        """The fitted model."""
        return self.cls(config).fit(data.rows, data.environment, checkpoint=checkpoint, progress=progress)

    def training(self, model: Any) -> Training:
        """Losses and warnings."""
        return Training((("training", tuple(model.history.losses)),), (), tuple(model.warnings))

    # -- asking --------------------------------------------------------------------------------------------------------

    def targets(self, model: Any, data: Observed) -> tuple[Target, ...]:
        """The column of the sets."""
        return (Target(model.group, tuple(model.labels)),)

    def counterfactual(self, model: Any, data: Observed, do: Intervention) -> Rows:
        """For each row the draw that its noise makes in the set asked for; in its own without an intervention."""
        assert isinstance(data.rows, Table)
        labels, noise = self._to(model, data, do), self._noise(model, data)
        made = np.zeros((len(data), len(model.columns)))
        for label in set(labels.tolist()):
            rows = np.flatnonzero(labels == label)
            made[rows] = model.draw(label, noise[rows])
        answer = {name: made[:, k] for k, name in enumerate(model.columns)}
        kinds: dict[str, Kind | str] = dict.fromkeys(model.columns, Kind.NUMBER)
        return data.rows.with_columns({**answer, model.group: labels}, kinds={**kinds, model.group: Kind.LABEL})

    def truth(self, data: Observed, do: Intervention) -> Rows | None:
        """None: no row of another set belongs to this row."""
        return None

    def latents(self, model: Any, data: Observed, do: Intervention) -> Table | None:
        """The vector of the set that each row is of under the intervention."""
        return columns("z", np.stack([model.vector(label) for label in self._to(model, data, do).tolist()]))

    def _to(self, model: Any, data: Observed, do: Intervention) -> NDArray[np.str_]:
        if not do:
            return data.labels
        (action,) = do.values()
        if not isinstance(action, Value):
            raise InterventionError(f"{model.group!r} is set to a label, got {action}")
        return np.full(len(data), str(action.value))

    def _noise(self, model: Any, data: Observed) -> Values:
        """The noise of each row, from its numbers."""
        rows = _numbers(data, model.columns)
        seeds = [int.from_bytes(hashlib.sha256(row.astype("<f8").tobytes()).digest()[:8], "little") for row in rows]
        return np.concatenate([model.noise(1, seed=seed) for seed in seeds])

    # -- judging -------------------------------------------------------------------------------------------------------

    def score(self, model: Any, data: Observed, fresh: Observed) -> Scores:
        """See `measures`."""
        drawn = {label: model.sample(label, MOST, seed=k) for k, label in enumerate(model.labels)}
        return self._judged(drawn, data, fresh)

    def baselines(self, config: Any, data: Observed, fresh: Observed) -> dict[str, Scores]:
        """Rows of all sets together, as they are, and moved to the mean of the set."""
        rows = _numbers(data, _names(data))
        pooled = rows[np.random.default_rng(0).permutation(len(rows))[:MOST]]
        means = {label: rows[data.labels == label].mean(0) for label in data.environments}
        moved = {label: pooled - pooled.mean(0) + mean for label, mean in means.items()}
        return {
            "all sets together": self._judged(dict.fromkeys(data.environments, pooled), data, fresh),
            "moved to the mean": self._judged(moved, data, fresh),
        }

    def _judged(self, answers: dict[str, Values], data: Observed, fresh: Observed) -> Scores:
        """Of drawn rows by the set they stand for, over the sets that have fresh rows."""
        seen, new = _numbers(data, _names(data)), _numbers(fresh, _names(data))
        middle, spread = seen.mean(0), np.maximum(seen.std(0), 1e-12)
        distances, floors = [], []
        for label in set(fresh.labels.tolist()) & set(answers):
            truth, known = new[fresh.labels == label][:MOST], seen[data.labels == label][:MOST]
            distances.append(_sliced((answers[label] - middle) / spread, (truth - middle) / spread))
            floors.append(_sliced((known - middle) / spread, (truth - middle) / spread))
        return {"SW2 over floor": float(np.sum(distances) / np.sum(floors)), "SW2": float(np.mean(distances))}

    def pictures(self, model: Any, fresh: Observed) -> Sequence[Block]:
        """The map of the vectors, real beside drawn rows of some sets, and how far sets are apart."""
        z = model.latents - model.latents.mean(0)
        plane = z @ np.linalg.svd(z, full_matrices=False)[2][:2].T
        plane = np.pad(plane, ((0, 0), (0, 2 - plane.shape[1])))
        named = tuple(map(_short, model.labels))
        axes = ("first component of z", "second component of z")
        overview = ScatterPanel("sets", {"set": plane}, named if len(named) <= WRITTEN else (), axes)
        apart = np.linalg.norm(model.latents[:NAMED, None] - model.latents[None, :NAMED], axis=-1)
        first = f" The first {NAMED} of {len(named)} sets." if len(named) > NAMED else ""
        return [
            Picture(
                scatter_panels([overview], scale=1.7, equal=True),
                "Each dot is a set: the nearer two dots, the more alike are the rows of the two sets.",
            ),
            *_beside(model, fresh, plane[:, 0]),
            Picture(
                shaded_matrix(named[:NAMED], named[:NAMED], apart), f"Distances of the vectors of the sets.{first}"
            ),
        ]


def _beside(model: Any, fresh: Observed, along: Values) -> list[Block]:
    """Real beside drawn rows of sets spread along the map; nothing where there is one column only."""
    labels, rows = fresh.labels, _numbers(fresh, model.columns)
    if len(model.columns) < 2:
        return []
    means = np.stack([rows[labels == label].mean(0) for label in sorted(set(labels.tolist()))])
    a, b = np.sort(np.argsort(-(means.std(0) / np.maximum(rows.std(0), 1e-12)), kind="stable")[:2])
    there = [k for k in np.argsort(along, kind="stable") if (labels == model.labels[k]).any()]
    panels = []
    for k in dict.fromkeys(there[place] for place in np.linspace(0, len(there) - 1, SHOWN).round().astype(int)):
        real = rows[labels == model.labels[k]][:MOST]
        drawn = model.sample(model.labels[k], len(real), seed=0)
        both = {"rows not seen in the fit": real[:, [a, b]], "drawn from the vector": drawn[:, [a, b]]}
        panels.append(ScatterPanel(_short(model.labels[k]), both, (), (model.columns[a], model.columns[b])))
    told = "Real rows beside as many drawn ones, of sets from the left, the middle and the right of the map"
    more = ", in the two columns whose means differ most between sets." if len(model.columns) > 2 else "."
    return [Picture(scatter_panels(panels, same=True), told + more)]


def _names(data: Observed) -> tuple[str, ...]:
    assert isinstance(data.rows, Table)
    return tuple(name for name in data.rows.names if name != data.environment)


def _numbers(data: Observed, names: Sequence[str]) -> Values:
    from aitia.systems.gde.sets import rows_of

    rows: Values = rows_of(data.rows, names, what=data.name)[0]
    return rows


def _short(name: str) -> str:
    return name if len(name) <= 16 else f"{name[:15]}…"


def _sliced(x: Values, y: Values) -> float:
    import torch

    from aitia.nn.transport import directions, sliced_w2

    along = directions(100, x.shape[1], torch.Generator().manual_seed(0)).double()
    return float(sliced_w2(torch.from_numpy(x), torch.from_numpy(y), along))

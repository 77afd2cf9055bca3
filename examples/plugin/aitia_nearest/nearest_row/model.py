"""The label of the nearest row of the fit: argmin_i || x - x_i ||_p.

Source:
    Cover and Hart, Nearest neighbour pattern classification, IEEE Transactions on Information Theory 13 (1967).
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from aitia.data.base import Data
from aitia.do import Value
from aitia.errors import DataError, OptionError
from aitia.runs import RunStore
from aitia.saving import SavedArrays
from aitia.system import Given, Predicts, Score, Scores, Target, Targets
from aitia_nearest.nearest_row.card import CARD
from aitia_nearest.nearest_row.config import NearestRowConfig

__all__ = ["NearestRow"]


class NearestRow(SavedArrays, Predicts):
    """Fills the label of each row with that of the nearest row of the fit."""

    card = CARD
    Config = NearestRowConfig
    config: NearestRowConfig
    names: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    seen: NDArray[np.float64] = np.empty((0, 0))

    def _fit(self, given: Given, run: RunStore) -> None:
        self.names, self.seen = given.columns("features"), given.numbers("features")
        if np.isnan(self.seen).any():
            raise DataError(f"{given.name} lacks numbers: drop or fill them")
        self.answers = tuple(given.labels("label").tolist())

    @property
    def targets(self) -> Targets:
        """The columns that it predicts from."""
        return Targets(Target.of_values(name, self.seen[:, k]) for k, name in enumerate(self.names))

    def _predict(self, given: Given, draws: int, seed: int) -> Data:
        if not self.names:
            raise OptionError("this NearestRow has not been fitted: call fit first")
        x = given.table.matrix(self.names).copy()
        for k, name in enumerate(self.names):
            action = self.held.get(name)
            if action is not None:
                x[:, k] = action.value if isinstance(action, Value) else action.apply(x[:, k], np.zeros(len(x)))
        rows = given.take(np.repeat(np.arange(len(given)), draws))
        near = [int((np.abs(self.seen - row) ** self.config.power).sum(axis=1).argmin()) for row in x]
        told = [self.answers[k] for k in near for _ in range(draws)]
        held = {name: np.repeat(x[:, k], draws) for k, name in enumerate(self.names) if name in self.held}
        column = given.column("label") or "label"
        return rows.data.with_known({**held, column: told}, {**dict.fromkeys(held, "number"), column: "label"})

    def judge(self, fresh: Given, seen: Given) -> Scores:
        """Share of right labels, beside that of the most frequent one."""
        told, right = self.predict(fresh), fresh.labels("label")
        labels, counts = np.unique(seen.labels("label"), return_counts=True)
        column = fresh.column("label") or "label"
        ours = float(np.mean(told.known.labels(column).astype(str) == right))
        often = float(np.mean(right == labels[counts.argmax()]))
        return {"accuracy": Score(ours, "higher", "Share of right labels.", {"most frequent": often})}

    def _state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        options = {"config": asdict(self.config), "names": list(self.names), "answers": list(self.answers)}
        return options, {"seen": self.seen}

    @classmethod
    def _restored(cls, options: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Self:
        model = cls(NearestRowConfig(**options["config"]))
        model.names, model.answers = tuple(options["names"]), tuple(options["answers"])
        model.seen = arrays["seen"]
        return model

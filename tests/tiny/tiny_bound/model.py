import re
from dataclasses import dataclass

import numpy as np

from aitia.data.table import Table
from aitia.saving import SavedArrays
from aitia.system import Explains, Target, Targets

from .card import CARD


@dataclass(frozen=True)
class BoundConfig:
    """Options.

    Args:
        units: How many.
    """

    units: int = 4


class TinyBound(SavedArrays, Explains):
    """The effect of unit k is k, and what is held is added."""

    card = CARD
    Config = BoundConfig

    def _fit(self, given, run):
        self.name = given.subjects["model"].id

    @property
    def targets(self):
        def find(text):
            found = re.fullmatch(r"unit\.(\d+)", text)
            return Target(text) if found and int(found.group(1)) < self.config.units else None

        return Targets((), find, "unit.K")

    def _effects(self, given, target, outcome):
        names = [target] if target else [f"unit.{k}" for k in range(self.config.units)]
        added = sum(float(action.value) for action in self.held.values())
        told = np.array([float(name.split(".")[1]) for name in names]) + added
        columns = {"effect": told, "low": told - 1, "high": told + 1, "control": 0 * told}
        return Table.of(
            {"target": names, "outcome": ["answer"] * len(names), **columns}, kinds=dict.fromkeys(columns, "number")
        )

    def _state(self):
        return {"units": self.config.units, "name": self.name}, {"none": np.zeros(1)}

    @classmethod
    def _restored(cls, options, arrays):
        model = cls(units=options["units"])
        model.name = options["name"]
        return model

"""The base of systems that forecast tracks of several places."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.data.base import Data
from aitia.data.tracks import Tracks
from aitia.do import Intervention, Value
from aitia.forecasters.judge import judged
from aitia.forecasters.page import blocks
from aitia.nn.scenes import need_pairs, training_work, whole_scenes
from aitia.report import Block
from aitia.system import Encodes, Given, Predicts, Scores

__all__ = ["Forecaster", "scenes_of"]

Values = NDArray[np.float64]


def scenes_of(given: Given) -> Tracks:
    """The scenes with the environments that the role says."""
    return replace(Tracks.of(given.data), environment=given.labels("environment"))


class Forecaster(Predicts, Encodes):
    """Forecasts scenes of several environments; `do` on the column of the environment asks for the style of another.

    Its card has a role `environment` and its Config `observed`, `future`, `form`, `steps` and `batch`.

    Attributes:
        environments: Labels of the environments whose style is known.
    """

    environments: tuple[str, ...] = ()

    @classmethod
    def reads(cls, config: Any) -> dict[str, Any]:
        """Frames of the past and of the future in a scene."""
        return {"window": (config.observed, config.future)}

    def work(self, given: Given) -> str:
        """Steps and scenes."""
        return training_work(self.config.steps, self.config.batch, scenes_of(given))

    @property
    def place(self) -> str:
        """The column of the environments in the fit, by whose name `do` sets the style."""
        return str(self.roles.get("environment", "environment"))

    def set_place(self, intervention: Intervention) -> str | None:
        """The environment whose style an intervention asks for; None where it asks for none."""
        action = intervention.get(self.place)
        return str(action.value) if isinstance(action, Value) else None

    @abstractmethod
    def expected(self, given: Given) -> Values:
        """The one future that is said of each scene, (scenes, agents, future, 2), under what is held."""

    def knows(self, given: Given) -> bool:
        """Whether it can forecast scenes of these places with nothing held."""
        return True

    def truth(self, given: Given, intervention: Intervention) -> Data | None:
        """The world's scenes from the same starts in that environment; as they are where nothing is done."""
        if not intervention:
            return given.rows
        label = self.set_place(intervention)
        return None if label is None or len(intervention) > 1 else given.truth(environment=label)

    def judge(self, fresh: Given, seen: Given) -> Scores:
        """Distances from what came, and from what a world says would have come; see `judge.py`."""
        return judged(self, fresh)

    def report(self, given: Given) -> Sequence[Block]:
        """A scene of each place, in the style of each of the others."""
        return blocks(self, given)

    def whole(self, scenes: Tracks) -> Tracks:
        """The scenes that a training takes, cut to their length."""
        whole = whole_scenes(scenes, self.config.observed, self.config.future)
        self.check_agents(whole)
        return whole

    def check_agents(self, scenes: Tracks) -> None:
        """Refuses scenes of other agents than the form takes."""
        if self.config.form == "pair":
            need_pairs(scenes)

"""Worlds in time: (1) is solved frame by frame, and an intervention may hold for some of the frames."""

import copy
from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from aitia.do import Intervention
from aitia.errors import InterventionError, OptionError

if TYPE_CHECKING:
    pass
from aitia.worlds.world import Sample, World, _as_intervention

__all__ = ["TemporalWorld"]

Values = NDArray[np.float64]


class TemporalWorld(World):
    """A world that is solved frame by frame; a mechanism sees the past of every parent and of the latent itself.

    A subclass gives `step` in place of `mechanism`. `hold` keeps an intervention to some of the frames.
    """

    _frames_done: tuple[tuple[Intervention, int, int], ...] = ()

    @abstractmethod
    def step(
        self,
        name: str,
        t: int,
        now: Mapping[str, Values],
        past: Mapping[str, Values],
        noise: Values,
        env: NDArray[np.int64],
    ) -> Values:
        """The value of a latent at frame t.

        Args:
            name: The latent.
            t: The frame, from 0.
            now: Latents of this frame that are solved already, (n,) each; the constant ones are always there.
            past: Every latent that varies at frames 0 to t-1, (n, t) each.
            noise: Of this latent at this frame, (n,).
            env: Environment of each row.
        """

    def mechanism(self, name: str, parents: Mapping[str, Values], noise: Values, env: NDArray[np.int64]) -> Values:
        """A temporal world is solved by `step`; only latents that do not vary come here."""
        return self.step(name, 0, parents, {}, noise, env)

    def hold(self, intervention: Intervention | Mapping[str, Any] | str, start: int, stop: int) -> Self:
        """The world in which an intervention holds from frame `start` up to, not including, frame `stop`.

        Raises:
            OptionError: If the frames are not in the world.
            InterventionError: If a target does not vary.
        """
        action = _as_intervention(intervention)
        if not 0 <= start < stop <= self.frames:
            raise OptionError(f"frames {start} to {stop} are not among the {self.frames} of this world")
        for target in action:
            if not self.latent(target).varies:
                raise InterventionError(f"{target!r} is constant over the frames: use do")
        self.do(action)
        world = copy.copy(self)
        world._frames_done = (*self._frames_done, (action, start, stop))
        return world

    def _solve(self, noise: Mapping[str, Values], env: NDArray[np.int64], u: Mapping[str, Values]) -> Sample:
        n, order = len(env), self.graph.topological_order()
        varying = [name for name in order if self.latent(name).varies]
        z: dict[str, Values] = {name: np.zeros((n, self.frames)) for name in varying}
        constant: dict[str, Values] = {}
        for name in order:
            if name not in z:
                action = self._done.get(name)
                value = np.zeros(n)
                if action is None or not action.cuts:
                    value = np.asarray(self.mechanism(name, constant, noise[name], env), dtype=np.float64)
                constant[name] = value if action is None else self._act(action, name, value, u)
        for t in range(self.frames):
            now = dict(constant)
            past = {name: z[name][:, :t] for name in varying}
            for name in varying:
                actions = [self._done[name]] if name in self._done else []
                actions += [a[name] for a, start, stop in self._frames_done if start <= t < stop and name in a]
                action = actions[-1] if actions else None
                value = np.zeros(n)
                if action is None or not action.cuts:
                    value = np.asarray(self.step(name, t, now, past, noise[name][:, t], env), dtype=np.float64)
                value = value if action is None else self._act(action, name, value, u)
                now[name] = z[name][:, t] = value
        return self._sample({**constant, **z}, noise, env, u)

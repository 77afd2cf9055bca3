"""Worlds that move: every path is solved frame by frame, and an intervention may hold for some of the frames.

    z_i(t) = f_i(z_pa(i)(t), z_pa(i)(0..t-1), z_i(0..t-1), u_i(t); e)                                               (1)

The graph has one node for a latent with its past, and no cycle. Latents are therefore solved one after the other, each
over all frames. The noise of a frame belongs to that frame and stays with the row: what is done from frame t on changes
nothing before t, and a counterfactual keeps all noise.

Source:
    Pearl, Causality, 2nd ed. (2009), section 4.4, for plans of actions in time; section 7.1 for counterfactuals.
"""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from aitia.do import Intervention
from aitia.errors import InterventionError, OptionError
from aitia.worlds.world import World, as_intervention

__all__ = ["Frame", "Rollout"]

Values = NDArray[np.float64]
Rows = NDArray[np.int64]
Named = Mapping[str, Values]


@dataclass(frozen=True, eq=False)
class Frame:
    """What the mechanism of a latent is given at one frame of n rows.

    Args:
        t: The frame, from 0.
        parents: Values of the parents: (n,) of one that is constant over the frames, else (n, frames).
        paths: Those that vary, and the latent's own path, which is filled up to frame t - 1.
        noise: Of the latent at this frame, (n,).
        env: Number of the environment of each row, (n,).
    """

    t: int
    parents: Named
    paths: Named
    noise: Values
    env: Rows

    def __len__(self) -> int:
        return len(self.noise)

    def __getitem__(self, parent: str) -> Values:
        """A parent at this frame, (n,)."""
        values = self.parents[parent]
        return values if values.ndim == 1 else np.ascontiguousarray(values[:, self.t])

    def before(self, name: str, lag: int = 1) -> Values:
        """A parent or the latent itself, this many frames ago, (n,).

        Raises:
            IndexError: If that is before the first frame.
        """
        if not 1 <= lag <= self.t:
            raise IndexError(f"frame {self.t} has no frame {lag} before it")
        return self.paths[name][:, self.t - lag]

    def past(self, name: str) -> Values:
        """A parent or the latent itself at all earlier frames, (n, t)."""
        return self.paths[name][:, : self.t]


class Rollout(World):
    """A world that moves; see the module. `hold` keeps an intervention to some of the frames.

    A subclass gives `step` for the latents that vary and `mechanism` for those that do not. Where no latent depends on
    its own past it may leave out `step`: then `mechanism` gives whole paths, (n, frames).

    Example:
        >>> from aitia.worlds import WalkersWorld
        >>> world = WalkersWorld()
        >>> fact = world.sample(3, seed=0)
        >>> still = world.hold("turning=0", 8, 12).counterfactual(fact)
        >>> bool((still["heading"][:, :8] == fact["heading"][:, :8]).all()), still["turning"][0, 8:12].tolist()
        (True, [0.0, 0.0, 0.0, 0.0])
    """

    _held: tuple[tuple[Intervention, int, int], ...] = ()

    def step(self, name: str, frame: Frame) -> Values:
        """The value of a latent that varies at one frame, (n,): (1)."""
        raise NotImplementedError(f"{type(self).__name__} says nothing of {name!r} at a frame")

    def mechanism(self, name: str, parents: Mapping[str, Values], noise: Values, env: NDArray[np.int64]) -> Values:
        """The value of a latent that is constant over the frames, (n,); a whole path where there is no `step`."""
        raise NotImplementedError(f"{type(self).__name__} says nothing of {name!r}")

    @property
    def held(self) -> tuple[tuple[Intervention, int, int], ...]:
        """What `hold` has done: each intervention, its first frame, and the frame after its last."""
        return self._held

    def hold(self, intervention: Intervention | Mapping[str, Any] | str, start: int, stop: int) -> Self:
        """The world in which an intervention holds from frame `start` up to, not including, frame `stop`.

        There it wins over `do` and over what was held before.

        Raises:
            OptionError: If the frames are not in the world.
            UnknownVariableError: If there is no such latent.
            InterventionError: If a target does not vary, or an action means nothing for it.
        """
        action = as_intervention(intervention)
        if not 0 <= start < stop <= self.frames:
            raise OptionError(f"frames {start} to {stop} are not among the {self.frames} of this world")
        for target in action:
            if not self.latent(target).varies:
                raise InterventionError(f"{target!r} is constant over the frames: use do")
        self.do(action)
        world = copy.copy(self)
        world._held = (*self._held, (action, start, stop))
        return world

    def _draws(self, name: str) -> bool:
        return super()._draws(name) or any(name in action and action[name].random for action, _, _ in self._held)

    def _value(self, name: str, parents: Named, noise: Values, env: Rows, u: Named) -> Values:
        if self.latent(name).varies and type(self).step is not Rollout.step:
            return self._rolled(name, parents, noise, env, u)
        path = super()._value(name, parents, noise, env, u)
        if held := [(action[name], start, stop) for action, start, stop in self._held if name in action]:
            path = path.copy()
            natural = np.asarray(self.mechanism(name, parents, noise, env), dtype=np.float64)
            for action, start, stop in held:
                path[:, start:stop] = self._act(action, name, natural[:, start:stop], u)
        return path

    def _rolled(self, name: str, parents: Named, noise: Values, env: Rows, u: Named) -> Values:
        path = np.zeros((len(env), self.frames))
        paths = {parent: values for parent, values in parents.items() if values.ndim == 2} | {name: path}
        for t in range(self.frames):
            held = [action[name] for action, start, stop in self._held if start <= t < stop and name in action]
            action = held[-1] if held else self._done.get(name)
            value = np.zeros(len(env))
            if action is None or not action.cuts:
                frame = Frame(t, parents, paths, noise[:, t], env)
                value = np.asarray(self.step(name, frame), dtype=np.float64)
            path[:, t] = value if action is None else self._act(action, name, value, u)
        return path

"""The contract of a world: a simulator whose graph, latents, noise and exact counterfactuals are known.

    z_i = f_i(z_pa(i), u_i; e),    u_i independent,    x = render(z)                 (1)

Every latent has its own stream of noise, keyed by its name, so a seed draws the same noise whatever is done and
wherever. A `Sample` carries the noise of its rows; a counterfactual solves (1) again with that noise, under an
intervention, in another environment, or both. It is therefore exact, also where (1) is not invertible.

A latent is one number a row, or one number a frame where the world has frames. `Rollout` solves (1) frame by frame and
lets an intervention hold for some of the frames only.

Source:
    Pearl, Causality, 2nd ed. (2009), section 7.1.
"""

import copy
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray

from aitia.data.base import Data
from aitia.data.table import Table
from aitia.do import Action, Intervention, LawTable
from aitia.errors import DataError, InterventionError, OptionError, unknown_variable
from aitia.graph.graph import Graph
from aitia.worlds.sample import NOISE, Latent, Sample, stream

if TYPE_CHECKING:
    from aitia.worlds.pairs import PairKind, Pairs

__all__ = ["Form", "Seen", "World", "as_intervention"]

Values = NDArray[np.float64]
Rows = NDArray[np.int64]
Named = Mapping[str, Values]
Image = NDArray[np.uint8]
Form = Literal["simple", "complex"]
Seen = Literal["image", "video", "vector", "tracks", "text", "signals"]


class World(ABC):
    """A simulator with known truth; see the module. Immutable: `do` returns another world.

    A subclass gives `name`, `latents`, `graph`, `mechanism` and `render`; where it has them, also `environments`,
    `draw` and `frames`.
    """

    name: ClassVar[str]
    seen: ClassVar[Seen] = "image"
    environments: tuple[str, ...] = ("all",)
    """Names of the settings whose mechanisms differ; a single one means that none do."""
    frames: int = 1
    """Time steps of a row; 1 for a world that stands still."""
    changes: Mapping[str, tuple[str, ...]] = {}
    """For each environment but the first, the latents whose mechanism differs from that of the first."""
    views: tuple[str, ...] = ()
    """Names of the views that `render` takes, the first being what it shows by itself; none where there is one view."""

    _done: Intervention = Intervention()

    # -- what a subclass gives -----------------------------------------------------------------------------------------

    @property
    @abstractmethod
    def latents(self) -> tuple[Latent, ...]:
        """The variables, in any order."""

    @property
    @abstractmethod
    def graph(self) -> Graph:
        """The DAG over the latents, with nothing done. A latent that varies is one node, its past included."""

    @abstractmethod
    def mechanism(self, name: str, parents: Mapping[str, Values], noise: Values, env: NDArray[np.int64]) -> Values:
        """f_i of (1): the values of a latent from those of its parents, its noise and the environment of each row."""

    @abstractmethod
    def render(self, sample: Sample, *, size: int = 64, view: str | None = None) -> NDArray[Any]:
        """What is seen of the rows: images (n, size, size, 3), videos (n, frames, size, size, 3), or as `seen` says."""

    def rows(self, sample: Sample, size: int = 64) -> Data:
        """What is seen of a sample, in the kind that a user's files have: pictures as `image`, texts as `text`.

        Args:
            sample: Rows of this world.
            size: Pixels on a side of pictures.
        """
        from aitia.worlds.seen import seen_rows

        return seen_rows(self, sample, size)

    def draw(self, name: str, n: int, rng: np.random.Generator) -> Values:
        """Noise u_i of n rows, standard normal unless a subclass differs; (n, frames) where the latent varies."""
        return rng.standard_normal((n, self.frames) if self.latent(name).varies else n)

    # -- what it is ----------------------------------------------------------------------------------------------------

    @cached_property
    def _by_name(self) -> dict[str, Latent]:
        return {latent.name: latent for latent in self.latents}

    @property
    def names(self) -> tuple[str, ...]:
        """Of the latents."""
        return tuple(self._by_name)

    @property
    def visible(self) -> tuple[str, ...]:
        """The latents whose values are handed out as labels."""
        return tuple(latent.name for latent in self.latents if latent.visible)

    @property
    def intervention(self) -> Intervention:
        """What has been done."""
        return self._done

    @property
    def held(self) -> tuple[tuple[Intervention, int, int], ...]:
        """What holds for some of the frames only: each intervention, its first frame, and the frame after its last."""
        return ()

    def latent(self, name: str) -> Latent:
        """The latent of this name.

        Raises:
            UnknownVariableError: If there is none.
        """
        if name not in self._by_name:
            raise unknown_variable(name, self.names, "world")
        return self._by_name[name]

    def environment(self, label: str) -> int:
        """The number of an environment.

        Raises:
            OptionError: If there is none of this name.
        """
        if label not in self.environments:
            raise OptionError(f"there is no environment {label!r}; this world has {', '.join(self.environments)}")
        return self.environments.index(label)

    # -- the verbs -----------------------------------------------------------------------------------------------------

    def do(self, intervention: Intervention, /) -> Self:
        """The world under an intervention, on top of what was done before; the latest wins on a shared latent.

        Raises:
            UnknownVariableError: If there is no such latent.
            InterventionError: If an action means nothing for its latent.
        """
        for target, action in intervention.items():
            latent = self.latent(target)
            action.check(target, latent.labels)
            if isinstance(getattr(action, "value", None), tuple):
                raise InterventionError(f"{target!r} is held at one number, got {action}")
        world = copy.copy(self)
        world._done = self._done | intervention
        return world

    def sample(
        self,
        n: int,
        *,
        seed: int = 0,
        env: str | Sequence[str] | None = None,
        do: Intervention | Mapping[str, Any] | str | None = None,
    ) -> Sample:
        """n rows. A seed draws the same noise for each latent, whatever is done and in whatever environment.

        Args:
            n: Number of rows.
            seed: Of the noise.
            env: An environment for all rows, one for each row, or None for all environments in turn.
            do: An intervention, on top of what was done to the world.

        Raises:
            OptionError: If n is below 1, the seed negative, or an environment unknown.
            UnknownVariableError: If the intervention names a latent that is not there.
        """
        if n < 1:
            raise OptionError(f"the number of rows is at least 1, got {n}")
        if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
            raise OptionError(f"a seed is a whole number, zero or more, got {seed!r}")
        world = self if do is None else self.do(as_intervention(do))
        noise = {name: self.draw(name, n, stream(seed, name)) for name in self.names}
        u = {name: stream(seed, f"do {name}").random(n) for name in self.names if world._draws(name)}
        return world._solve(noise, world._environments_of(env, n), u)

    def counterfactual(
        self,
        rows: Any,
        do: Intervention | Mapping[str, Any] | str | None = None,
        *,
        env: str | Sequence[str] | None = None,
    ) -> Any:
        """What these rows would have been: their noise is kept and (1) solved again.

        Args:
            rows: A `Sample`, or a table that `Sample.table(noise=True)` made.
            do: An intervention, on top of what was done to the world.
            env: The environment to move the rows to; None leaves each where it is.

        Returns:
            A `Sample`, or a table with the same columns where rows was one.

        Raises:
            DataError: If a table lacks the noise of its rows.
        """
        world = self if do is None else self.do(as_intervention(do))
        sample = rows if isinstance(rows, Sample) else self._from_table(Table.of(rows))
        number = sample.env if env is None else world._environments_of(env, len(sample))
        again = set() if do is None else set(as_intervention(do))
        u = {
            name: sample.acted[name]
            if name in sample.acted and name not in again
            else stream(0, f"do {name}").random(len(sample))
            for name in self.names
            if world._draws(name)
        }
        answer = world._solve(sample.noise, number, u)
        return answer if isinstance(rows, Sample) else answer.table(noise=True)

    def pairs(
        self,
        kind: "PairKind" = "intervention",
        n: int = 1000,
        *,
        seed: int = 0,
        env: str | Sequence[str] | None = None,
        targets: Sequence[str] | None = None,
    ) -> "Pairs":
        """Rows twice: before and after an intervention with its target, or from two views.

        Args:
            kind: `intervention`: each row has one latent set anew, evenly in its range or among its labels, its noise
                kept; `views`: the same rows from two different views.
            n: Number of pairs.
            seed: Of the rows, targets, values and views.
            env: As in `sample`.
            targets: The latents that interventions may hit; None takes all.

        Raises:
            OptionError: If the kind is unknown, or the world has one view.
            UnknownVariableError: If a target is no latent.
        """
        from aitia.worlds.pairs import draw_pairs

        return draw_pairs(self, kind, n, seed=seed, env=env, targets=targets)

    def manifest(self) -> dict[str, Any]:
        """What is known of the world, for JSON: graph, latents, laws of the noise, environments, views, assumptions."""
        from aitia.worlds.manifest import manifest

        return manifest(self, self.sample(64 * len(self.environments)))

    # -- their parts ---------------------------------------------------------------------------------------------------

    def _solve(self, noise: Named, env: Rows, u: Named) -> Sample:
        z: dict[str, Values] = {}
        for name in self.graph.topological_order():
            parents = {parent: z[parent] for parent in self.graph.parents(name)}
            z[name] = self._value(name, parents, noise[name], env, u)
        return self._sample(z, noise, env, u)

    def _value(self, name: str, parents: Named, noise: Values, env: Rows, u: Named) -> Values:
        """A latent under what is done to it."""
        shape = (len(env), self.frames) if self.latent(name).varies else (len(env),)
        action = self._done.get(name)
        natural = np.zeros(shape)
        if action is None or not action.cuts:
            natural = np.asarray(self.mechanism(name, parents, noise, env), dtype=np.float64).reshape(shape)
        return natural if action is None else self._act(action, name, natural, u)

    def _draws(self, name: str) -> bool:
        """Whether what is done to a latent needs chance."""
        return name in self._done and self._done[name].random

    def _act(self, action: Action, name: str, natural: Values, u: Mapping[str, Values]) -> Values:
        given = u[name].reshape(-1, *[1] * (natural.ndim - 1)) if name in u else natural
        return action.apply(natural, np.broadcast_to(given, natural.shape), self.latent(name).labels)

    def _sample(self, z: Named, noise: Named, env: Rows, acted: Named) -> Sample:
        categories = {latent.name: latent.labels for latent in self.latents if latent.labels}
        latents = {name: z[name] for name in self.names}
        return Sample(latents, dict(noise), env, self.environments, categories, dict(acted))

    def _environments_of(self, env: str | Sequence[str] | None, n: int) -> NDArray[np.int64]:
        if env is None:
            return np.arange(n) % len(self.environments)
        if isinstance(env, str):
            return np.full(n, self.environment(env))
        if len(env) != n:
            raise OptionError(f"env names one environment a row: {n} rows, {len(env)} names")
        return np.array([self.environment(str(label)) for label in env])

    def _from_table(self, table: Table) -> Sample:
        missing = [name for name in self.names if NOISE + name not in table]
        if missing:
            raise DataError(f"the rows lack the noise of {', '.join(missing)}: take them with sample.table(noise=True)")
        env = self._environments_of(
            list(table.labels("environment")) if len(self.environments) > 1 else self.environments[0], table.n
        )
        noise = {name: table.column(NOISE + name) for name in self.names}
        return self._sample({name: table.column(name) for name in self.names}, noise, env, {})

    # -- the laws ------------------------------------------------------------------------------------------------------

    def check(self, *, n: int = 200, seed: int = 0) -> LawTable:
        """Runs the laws of `do` and `counterfactual` on the world, and those of rendering."""
        from aitia.worlds.laws import check_world

        return check_world(self, n, seed)


def as_intervention(given: Intervention | Mapping[str, Any] | str) -> Intervention:
    """What is done, given as text, mapping or `Intervention`."""
    return Intervention.parse(given) if isinstance(given, str) else Intervention(given)

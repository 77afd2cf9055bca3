"""Pictures of things that stand still: causes with laws of their own, and what physics makes of them.

    z_i = c_i + h_i tanh( f_i(t_pa(i)) + m_i(e) + s_i(e) s ε_i ),   t = (z - c) / h           causes                (1)
    z_j = law_j(z_pa(j), δ u_j),    u_j uniform on [-1, 1]                                    effects               (2)

A cause stays within its range c ± h, whatever the environment: its law has the mean m and the scale s of the
environment e, up to the smooth tanh. f is zero unless the user adds edges or the scene has some of its own; what an
environment changes is m, s or f of some causes. An effect follows from its parents by a formula of physics, up to a
deviation such as that of rough ground: at most δ, relative to the value or, where that may be zero, to a length of the
scene. With δ = 0 it is exact. `do` on an effect overrules physics, and the picture shows it.

The range of an effect is read off a grid over all that causes it.
"""

import math
import re
import zlib
from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar, get_args

import numpy as np
from numpy.typing import NDArray

from aitia.errors import GraphError, OptionError, join_names, unknown_variable
from aitia.graph.graph import Graph
from aitia.worlds.canvas import Canvas
from aitia.worlds.captions import Style, Told, captions_of
from aitia.worlds.configured import directed_cycle
from aitia.worlds.layers import Layers
from aitia.worlds.mechanisms import NOISE_LAWS, Mechanism, Parameters, draw_noise
from aitia.worlds.options import one_of
from aitia.worlds.painting import film, share
from aitia.worlds.sample import Latent, Sample
from aitia.worlds.scene_config import SceneConfig
from aitia.worlds.shifts import DomainShift, check_shifts, environment_names, shift_rows
from aitia.worlds.views import VIEWS, check_view, seen_from
from aitia.worlds.world import Form, Seen, World

__all__ = ["Effect", "StaticWorld", "in_parts"]

Values = NDArray[np.float64]
Image = NDArray[np.uint8]

_EDGE = re.compile(r"\s*(\S+)\s*->\s*(\S+)\s*")
_IN_PARTS = "pendulum, flow, figure, fall, slope, spring and refraction are painted in parts"
_GRID = 50_000
"""Most points of the grid from which the range of an effect is read."""


@dataclass(frozen=True)
class Effect:
    """A latent that physics sets: its parents, in the order of the law, and its unit."""

    parents: tuple[str, ...]
    unit: str = ""


def in_parts(world: World) -> "StaticWorld":
    """The world, whose parts can be drawn alone.

    Raises:
        OptionError: If it is none of these; the message says which are.
    """
    if not isinstance(world, StaticWorld):
        raise OptionError(f"{world.name} cannot be drawn in parts; {_IN_PARTS}")
    world.layers()
    return world


class StaticWorld(World):
    """A scene that stands still, seen as an image from four views; see the module.

    A subclass gives `causes`, `effects`, `law`, `paint`, and where it has them `own_edges`, `changing` and `told`; if
    it paints on `Layers`, parts of the scene can be drawn alone and found in the picture.

    Args:
        form: `simple` or `complex`, the latter with more latents.
        config: Graph, mechanisms and environments; None takes the scene as it is.

    Raises:
        GraphError: If an edge is no text `a -> b`, leads into an effect, is not there to be removed, or closes a cycle;
            the message names the cycle.
        UnknownVariableError: If the configuration names a latent that is not there.
        OptionError: If an option is out of range, or a mechanism has another arity than its parents.
    """

    seen: ClassVar[Seen] = "image"
    views: tuple[str, ...] = tuple(VIEWS)
    own_edges: ClassVar[tuple[tuple[str, str], ...]] = ()
    """Edges between causes that the scene has by itself."""
    told: ClassVar[Mapping[str, Told]] = {}
    """How each latent is told in captions."""

    def __init__(self, form: Form = "simple", *, config: SceneConfig | None = None) -> None:
        one_of("form", form, get_args(Form))
        self.form: Form = form
        self.config = SceneConfig() if config is None else config
        self.environments = environment_names(self.config.environments)
        self._check_config()
        self.changes = {
            label: tuple(dict.fromkeys(shift.latent for shift in self._shifts if shift.environment == label))
            for label in self.environments[1:]
        }

    # -- what a subclass gives -----------------------------------------------------------------------------------------

    @property
    @abstractmethod
    def causes(self) -> tuple[Latent, ...]:
        """The latents with laws of their own."""

    @property
    @abstractmethod
    def effects(self) -> Mapping[str, Effect]:
        """The latents that physics sets, causes of others first."""

    @property
    def changing(self) -> tuple[str, ...]:
        """The causes that differ between environments, unless the configuration says otherwise: all."""
        return tuple(cause.name for cause in self.causes)

    @abstractmethod
    def law(self, name: str, z: Mapping[str, Values], noise: Values) -> Values:
        """(2): the values of an effect from those of its parents; `noise` is δ u."""

    @abstractmethod
    def paint(self, z: Mapping[str, Values], size: int) -> Canvas:
        """The pictures of these latents from the front."""

    # -- what it is ----------------------------------------------------------------------------------------------------

    @property
    def is_complex(self) -> bool:
        """Whether the form is `complex`."""
        return self.form == "complex"

    @cached_property
    def latents(self) -> tuple[Latent, ...]:
        """Causes, then effects with the range that they reach."""
        ends = {name: self._reach(name) for name in self.effects}
        return (*self.causes, *(Latent(name, *ends[name], effect.unit) for name, effect in self.effects.items()))

    @cached_property
    def graph(self) -> Graph:
        """Edges between causes, and physics."""
        edges = [(parent, name) for name, effect in self.effects.items() for parent in effect.parents]
        return Graph([*self._edges, *edges], [*self._cause, *self.effects])

    @property
    def noise_laws(self) -> Mapping[str, str]:
        """The law of each latent's noise, as text."""
        return {
            **dict.fromkeys(self._cause, NOISE_LAWS[self.config.noise]),
            **dict.fromkeys(self.effects, "uniform on [-1, 1]"),
        }

    def draw(self, name: str, n: int, rng: np.random.Generator) -> Values:
        """ε of (1) for a cause, u of (2) for an effect."""
        return draw_noise(self.config.noise, n, rng) if name in self._cause else rng.uniform(-1.0, 1.0, n)

    def mechanism(self, name: str, parents: Mapping[str, Values], noise: Values, env: NDArray[np.int64]) -> Values:
        """(1) or (2)."""
        if name in self.effects:
            return self.law(name, parents, self.config.deviation * noise)
        cause = self._cause[name]
        given = np.zeros((len(noise), len(parents)))
        for column, (parent, values) in enumerate(parents.items()):
            given[:, column] = 2 * share(self.latent(parent), values) - 1
        score, scale = self._function(name, "", given), np.full(len(noise), self.config.noise_scale)
        own = [shift for shift in self._shifts if shift.latent == name]
        shift_rows(
            score, scale, own, self.environments, env, lambda label, here: self._function(name, label, given[here])
        )
        place: Values = (1 + np.tanh(score + scale * noise)) / 2
        if cause.labels:
            return np.minimum(np.floor(len(cause.labels) * place), len(cause.labels) - 1.0)
        return cause.low + (cause.high - cause.low) * place

    def render(
        self, sample: Sample, *, size: int = 64, view: str | None = None, only: Collection[str] | None = None
    ) -> Image:
        """Pictures, (n, size, size, 3).

        Args:
            sample: Rows.
            size: Pixels on a side.
            view: `front` (also None), `left`, `back` or `bird`.
            only: Latents. Then nothing is to be seen of any other: parts that show none of these are left out, and
                where a part, or the scenery, shows others as well, these are drawn in the middle of their range.

        Raises:
            OptionError: If there is no such view, or the world has no parts.
            UnknownVariableError: If `only` names a latent that is not there.
        """
        check_view(view, self.views)
        if only is None:
            return seen_from(film(sample, 1, size, self.paint)[:, 0], view)
        for name in only:
            self.latent(name)
        hidden = {name: np.full(len(sample), value) for name, value in self._middle.items() if name not in only}
        shown = replace(sample, latents={**sample.latents, **hidden})
        return seen_from(film(shown, 1, size, lambda z, side: self.layers(z, side).only(only))[:, 0], view)

    def layers(self, z: Mapping[str, Values] | None = None, size: int = 1) -> Layers:
        """The painted scene in its parts; `layers().parts` says which there are, and the latents that each shows.

        Args:
            z: Latents, (n,) each; None takes one row in the middle of all ranges.
            size: Pixels on a side.

        Raises:
            OptionError: If the world has no parts.
        """
        z = {name: np.array([value]) for name, value in self._middle.items()} if z is None else z
        painted = self.paint(z, size)
        if not isinstance(painted, Layers):
            raise OptionError(f"{self.name} is painted in one piece; {_IN_PARTS}")
        return painted

    def segments(self, sample: Sample, *, size: int = 64, view: str | None = None) -> dict[str, NDArray[np.bool_]]:
        """For each part the pixels, (n, size, size), of which at least half shows it; what hides it is not counted.

        Raises:
            OptionError: If there is no such view, or the world has no parts.
        """
        check_view(view, self.views)
        found = {}
        for part in self.layers().parts:

            def white(z: Mapping[str, Values], side: int, part: str = part) -> Canvas:
                return self.layers(z, side).seen(part)

            found[part] = seen_from(film(sample, 1, size, white)[:, 0], view)[..., 0] >= 128
        return found

    def captions(self, sample: Sample, *, style: Style = "plain", about: Sequence[str] | None = None) -> list[str]:
        """What is true of each picture, in words; see `aitia.worlds.captions`.

        Args:
            sample: Rows.
            style: `plain`, `varied`, or `unseen`: a wording that `varied` never has.
            about: The latents that are told; None tells all.

        Raises:
            OptionError: If there is no such style, or the world has no words for its latents.
            UnknownVariableError: If a latent cannot be told.
        """
        if not self.told:
            raise OptionError(f"{self.name} has no words for its latents: give it `told`")
        return captions_of(sample, self.latents, self.told, style, about)

    def share_of(self, name: str, z: Mapping[str, Values]) -> Values:
        """Where the values of a latent lie in its range, 0 to 1."""
        return share(self.latent(name), z[name])

    @cached_property
    def _middle(self) -> dict[str, float]:
        """Of the range of each latent."""
        middle = {latent.name: (latent.low + latent.high) / 2 for latent in self.latents}
        return {name: math.floor(value) if self.latent(name).labels else value for name, value in middle.items()}

    # -- its configuration ---------------------------------------------------------------------------------------------

    @cached_property
    def _cause(self) -> dict[str, Latent]:
        return {cause.name: cause for cause in self.causes}

    @cached_property
    def _edges(self) -> tuple[tuple[str, str], ...]:
        """Into causes."""
        edges = dict.fromkeys(edge for edge in self.own_edges if set(edge) <= {*self._cause, *self.effects})
        for text in self.config.remove:
            if (edge := self._edge(text)) not in edges:
                raise GraphError(f"the edge {text!r} cannot be removed: it is not there")
            del edges[edge]
        return tuple(edges | dict.fromkeys(map(self._edge, self.config.add)))

    def _edge(self, text: str) -> tuple[str, str]:
        match = _EDGE.fullmatch(text) if isinstance(text, str) else None
        if match is None:
            raise GraphError(f"an edge is text such as 'light -> angle', got {text!r}")
        cause, effect = match[1], match[2]
        for name in (cause, effect):
            self._known(name)
        if effect in self.effects:
            raise GraphError(
                f"{effect!r} follows from {join_names(self.effects[effect].parents)} by physics: edges into it stay as "
                f"they are, got {text!r}"
            )
        return cause, effect

    def _known(self, name: str, *, cause: bool = False) -> None:
        names = tuple(self._cause) if cause else (*self._cause, *self.effects)
        if name not in names:
            raise unknown_variable(name, names, "scene")

    def _check_config(self) -> None:
        for name in (*self.config.mechanisms, *(self.config.changing or ())):
            self._known(name, cause=True)
        check_shifts(self.config.shifts or (), tuple(self._cause), self.environments, "scene")
        physics = {(parent, name) for name, effect in self.effects.items() for parent in effect.parents}
        if loop := [cause for cause, effect in self._edges if cause == effect]:
            raise GraphError(f"the edges make the cycle {loop[0]} -> {loop[0]}: remove it")
        if cycle := directed_cycle((*self._cause, *self.effects), {*self._edges, *physics}):
            raise GraphError(f"the edges make the cycle {' -> '.join(cycle)}: remove one that was added")
        for name in self._cause:
            self._mechanism_of(name).check(name, self.graph.parents(name))

    def _mechanism_of(self, name: str) -> Mechanism:
        return self.config.mechanisms.get(name, Mechanism(self.config.mechanism))

    @cached_property
    def _shifts(self) -> tuple[DomainShift, ...]:
        """What differs between environments, given or drawn."""
        if self.config.shifts is not None:
            return self.config.shifts
        drawn = []
        for place, label in enumerate(self.environments[1:], 1):
            for name in self.changing if self.config.changing is None else self.config.changing:
                rng = np.random.default_rng([self.config.world_seed, 61, place, zlib.crc32(name.encode())])
                mean, scale = rng.choice([-1.0, 1.0]) * rng.uniform(0.2, 0.9), math.exp(rng.uniform(-1.2, 0.2))
                drawn.append(DomainShift(label, name, float(mean), scale))
        return tuple(drawn)

    @cached_property
    def _drawn(self) -> dict[tuple[str, str], Parameters]:
        return {}

    def _function(self, name: str, label: str, given: Values) -> Values:
        """f of (1); drawn for an environment where it has a label."""
        if not given.shape[1]:
            return np.zeros(len(given))
        mechanism = self._mechanism_of(name)
        if (name, label) not in self._drawn:
            keys = [self.config.world_seed, 62, *(zlib.crc32(text.encode()) for text in (name, label))]
            own = [False] * given.shape[1]
            self._drawn[name, label] = mechanism.parameters(own, np.random.default_rng(keys), anew=bool(label))
        return mechanism.values(self._drawn[name, label], given)

    def _reach(self, name: str) -> tuple[float, float]:
        """Least and largest value of an effect over a grid of its causes and deviations, to three figures, outward."""
        above = self._physics_above(name)
        roots = [cause for cause in self._cause if cause in above]
        passed = [effect for effect in self.effects if effect in above]
        levels = int((_GRID / 2 ** len(passed)) ** (1 / max(1, len(roots))))
        levels = max(3, min(levels, 65)) // 2 * 2 + 1  # odd, so that the middle is among them
        axes = [np.linspace(self._cause[root].low, self._cause[root].high, levels) for root in roots]
        axes += [self.config.deviation * np.array([-1.0, 1.0])] * len(passed)
        grid = [axis.ravel() for axis in np.meshgrid(*axes, indexing="ij")]
        z = dict(zip(roots, grid, strict=False))
        for effect, noise in zip(passed, grid[len(roots) :], strict=True):
            z[effect] = self.law(effect, z, noise)
        low, high = float(z[name].min()), float(z[name].max())
        step = 10.0 ** (math.floor(math.log10(high - low)) - 2)
        return round(math.floor(low / step) * step, 9), round(math.ceil(high / step) * step, 9)

    def _physics_above(self, name: str) -> Sequence[str]:
        """An effect with all that acts on it by physics."""
        if name not in self.effects:
            return [name]
        return [name, *(above for parent in self.effects[name].parents for above in self._physics_above(parent))]

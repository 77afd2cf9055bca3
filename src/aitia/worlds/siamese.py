"""Siamese pictures: a cause and its effects apart, beside what the same row would have been.

    x = render(z; causes alone),    y = render(z; effects alone),    y_k = render(z(do(c = v_k)); effects alone)     (1)

z is a row of another world, c one of its causes, and v_k even in the range of c and no nearer to its value than a
twentieth of it. The row's own noise stays, so that nothing but the link tells the true effect y from the y_k. Where the
distractors are `random`, every cause is drawn anew, as in another row.

A row asks one question, and `choice` is the letter of its answer, even among the letters:

    effect    `shown` is a cause: which of four pictures is its effect
    cause     `shown` is an effect: which of four pictures is its cause
    cue       `before` and `after` show the effects of a row and of do(c = v) on it: which cause moved, and which way
    reason    the same, in a sentence: what has moved, which way, and which effect follows it which way

Source:
    Li, Wang, Liu, Zhang, Ma, Long and Cai, Multimodal causal reasoning benchmark, Findings of ACL 2025, for the three
    levels; pictures and distractors are ours.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any, ClassVar, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from aitia.data.base import Data
from aitia.data.table import Table
from aitia.errors import OptionError
from aitia.graph.graph import Graph
from aitia.worlds.fall import FallWorld
from aitia.worlds.options import one_of
from aitia.worlds.pendulum import PendulumWorld
from aitia.worlds.refraction import RefractionWorld
from aitia.worlds.sample import Latent, Sample
from aitia.worlds.slope import SlopeWorld
from aitia.worlds.spring import SpringWorld
from aitia.worlds.static_scenes import StaticWorld, in_parts
from aitia.worlds.texts import code_of
from aitia.worlds.world import Image, World

__all__ = ["LETTERS", "Level", "SiameseWorld"]

Values = NDArray[np.float64]
Level = Literal["image", "phrase", "sentence"]

BASES: Mapping[str, type[StaticWorld]] = {
    world.name: world for world in (PendulumWorld, SpringWorld, SlopeWorld, RefractionWorld, FallWorld)
}
LETTERS = ("a", "b", "c", "d")
"""Of the candidates."""
RANDOM = "random"
GAP = 0.05
"""Least distance of what is set from what it was, as a share of the range."""
LEVELS = 24
"""Steps of a range that captions tell."""
HELD = ("all", "low", "high")
"""Where in its range the first cause lies."""


class SiameseWorld(World):
    """Causes and effects of another world in pictures of their own; see the module.

    Args:
        base: The world: `pendulum`, `spring`, `slope`, `refraction` or `fall`.
        level: `image`, `phrase` or `sentence`: what its rows ask.
        half: Of the range of the first cause, what rows and distractors are from: `all`, `low` or `high`.

    Raises:
        OptionError: If there is no such world, level or half; a world that is not painted in parts says which are.

    Example:
        >>> world = SiameseWorld()
        >>> rows = world.rows(world.sample(2, seed=0), 16)
        >>> rows.pictures("shown").shape, str(rows.labels("choice")[0])
        ((2, 16, 16, 3), 'b')
        >>> SiameseWorld(level="phrase").rows(world.sample(1, seed=0), 16).lists("cues")[0]
        ['light rises', 'angle falls', 'angle rises', 'light falls']
    """

    name: ClassVar[str] = "siamese"

    def __init__(self, base: str = "pendulum", level: Level = "image", half: str = "all") -> None:
        one_of("the world of siamese pictures", base, tuple(BASES))
        one_of("level", level, get_args(Level))
        one_of("half", half, HELD)
        self.base = in_parts(BASES[base]())
        self.level: Level = level
        self.half = half

    # -- what it is ----------------------------------------------------------------------------------------------------

    @cached_property
    def sides(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The causes, and the effects, of the other world."""
        return tuple(cause.name for cause in self.base.causes), tuple(self.base.effects)

    @cached_property
    def movable(self) -> tuple[str, ...]:
        """The causes that distractors set: those that have a range and act on an effect."""
        above = {name for effect in self.sides[1] for name in self.base.graph.ancestors(effect)}
        return tuple(cause.name for cause in self.base.causes if not cause.labels and cause.name in above)

    @cached_property
    def latents(self) -> tuple[Latent, ...]:
        """Those of the other world; what is asked, what distractors are made by, where the answer stands."""
        kinds = (RANDOM, *self.movable)
        drawn = [Latent(f"draw {k} of {name}", 0.0, 1.0, visible=False) for name in self.movable for k in range(3)]
        return (
            *self.base.latents,
            Latent("turn", 0.0, 1.0, kind="categorical", labels=("effect", "cause"), visible=False),
            Latent("made", 0.0, len(kinds) - 1.0, kind="categorical", labels=kinds, visible=False),
            Latent("choice", 0.0, len(LETTERS) - 1.0, kind="categorical", labels=LETTERS),
            *drawn,
        )

    @cached_property
    def graph(self) -> Graph:
        """That of the other world, beside it what is drawn for the question."""
        edges = [(parent, name) for name in self.base.names for parent in self.base.graph.parents(name)]
        return Graph(edges, nodes=self.names)

    @property
    def noise_laws(self) -> Mapping[str, str]:
        """Those of the other world, but for the causes that are moved; what a question is made of is even."""
        own = {name: law for name, law in self.base.noise_laws.items() if name not in self.movable}
        return dict.fromkeys(self.names, "even in [0, 1)") | own

    def draw(self, name: str, n: int, rng: np.random.Generator) -> Values:
        """As the other world draws, or even in [0, 1)."""
        own = name in self.base.names and name not in self.movable
        return self.base.draw(name, n, rng) if own else rng.random(n)

    def mechanism(self, name: str, parents: Mapping[str, Values], noise: Values, env: NDArray[np.int64]) -> Values:
        """Causes that are moved are even in their range: no answer is more typical than others."""
        if name in self.movable:
            low, high = self._range(name)
            return low + (high - low) * noise
        if name in self.base.names:
            return self.base.mechanism(name, parents, noise, env)
        latent = self.latent(name)
        return code_of(noise, np.full(len(latent.labels), 1 / len(latent.labels))) if latent.labels else noise

    def _range(self, name: str) -> tuple[float, float]:
        latent = self.base.latent(name)
        middle = (latent.low + latent.high) / 2
        if name != self.movable[0] or self.half == "all":
            return latent.low, latent.high
        return (latent.low, middle) if self.half == "low" else (middle, latent.high)

    # -- what would have been ------------------------------------------------------------------------------------------

    def others(self, sample: Sample) -> tuple[Sample, ...]:
        """Three counterfactuals of each row, as rows of the other world: (1), what `made` says set to what is drawn."""
        own = self._own(sample)
        found = []
        for k in range(3):
            values = {}
            for number, name in enumerate(self.movable, 1):
                hit = (sample["made"] == 0) | (sample["made"] == number)
                values[name] = np.where(hit, self._moved(name, own[name], sample[f"draw {k} of {name}"]), own[name])
            found.append(self._solved(own, values))
        return tuple(found)

    def moved(self, sample: Sample) -> tuple[Sample, Sample, NDArray[np.int64], NDArray[np.bool_]]:
        """Each row, what it would be with one cause moved, the number of that cause in `movable`, whether it rises."""
        own, count = self._own(sample), len(self.movable)
        which = np.minimum(sample[f"draw 1 of {self.movable[0]}"] * count, count - 1).astype(np.int64)
        values, rises = {}, np.zeros(len(sample), dtype=bool)
        for number, name in enumerate(self.movable):
            moved = self._moved(name, own[name], sample[f"draw 0 of {name}"])
            values[name] = np.where(which == number, moved, own[name])
            rises |= (which == number) & (moved > own[name])
        return own, self._solved(own, values), which, rises

    def _moved(self, name: str, own: Values, u: Values) -> Values:
        """Even in the range, but for what lies within `GAP` of what it was."""
        low, high = self._range(name)
        gap = GAP * (high - low)
        below, above = np.clip(own - gap - low, 0, high - low), np.clip(high - own - gap, 0, high - low)
        place = u * (below + above)
        return np.where(place < below, low + place, high - above + place - below)

    def _own(self, sample: Sample) -> Sample:
        """The rows as some of the other world."""
        names = self.base.names
        return Sample(
            {name: sample[name] for name in names}, {name: sample.noise[name] for name in names}, sample.env,
            self.base.environments, {k: v for k, v in sample.categories.items() if k in names},
        )  # fmt: skip

    def _solved(self, own: Sample, values: Mapping[str, Values]) -> Sample:
        """The rows with these values, their noise kept; a latent that is not what its law gives was set, and stays."""
        z: dict[str, Values] = {}
        for name in self.base.graph.topological_order():
            if name in values:
                z[name] = values[name]
                continue
            before, after = (
                self.base.mechanism(name, {p: of[p] for p in self.base.graph.parents(name)}, own.noise[name], own.env)
                for of in (own.latents, z)
            )
            z[name] = np.where(np.isclose(before, own[name], rtol=1e-9, atol=1e-12), after, own[name])
        return replace(own, latents={name: z[name] for name in self.base.names})

    # -- what is seen --------------------------------------------------------------------------------------------------

    def render(self, sample: Sample, *, size: int = 64, view: str | None = None) -> Image:
        """The whole scene, causes and effects, (n, size, size, 3).

        Raises:
            OptionError: If a view is asked for.
        """
        if view is not None:
            raise OptionError(f"{self.name} has one view, the picture: leave out view={view!r}")
        return self.base.render(self._own(sample), size=size)

    def picture(self, rows: Sample, side: int, size: int) -> Image:
        """Rows of the other world with their causes alone (side 0) or their effects alone (1)."""
        return self.base.render(rows, size=size, only=self.sides[side])

    def told(self, rows: Sample, side: int) -> list[str]:
        """The values of one side in words: "light 7 of 24, angle 20 of 24"."""
        names = self.sides[side]
        steps = [self._steps(name, rows[name]) for name in names]
        return [
            ", ".join(f"{_plain(name)} {step}" for name, step in zip(names, row, strict=True))
            for row in zip(*steps, strict=True)
        ]

    def _steps(self, name: str, values: Values) -> list[str]:
        latent = self.base.latent(name)
        if latent.labels:
            return [latent.labels[int(k)] for k in values]
        place = np.clip(self.base.share_of(name, {name: values}) * LEVELS, 0, LEVELS - 1).astype(int)
        return [f"{k + 1} of {LEVELS}" for k in place]

    def rows(self, sample: Sample, size: int = 64) -> Data:
        """Questions of the level, with their answer and the latents that are handed out; see the module."""
        table = self._pictured(sample, size) if self.level == "image" else self._changed(sample, size)
        known = sample.table(names=self.visible)
        kept = [name for name in known.names if name not in table]
        return table.with_columns({n: known.labels(n) for n in kept}, {n: known.kind(n) for n in kept})

    def _pictured(self, sample: Sample, size: int) -> Table:
        """Level `image`."""
        n, turn, place = len(sample), sample["turn"].astype(int), sample["choice"].astype(int)
        every = (self._own(sample), *self.others(sample))
        seen = np.stack([[self.picture(one, side, size) for one in every] for side in (0, 1)])
        said = [[self.told(one, side) for one in every] for side in (0, 1)]
        rows = np.arange(n)
        columns: dict[str, Any] = {
            "asked": [("effect", "cause")[k] for k in turn],
            "shown": seen[turn, 0, rows],
        }
        order = [[0 if k == place[row] else 1 + (k - place[row] - 1) % 4 for k in range(4)] for row in rows]
        for k, letter in enumerate(LETTERS):
            columns[f"candidate_{letter}"] = seen[1 - turn, [places[k] for places in order], rows]
        columns["captions"] = [
            [said[turn[row]][0][row], *(said[1 - turn[row]][k][row] for k in order[row])] for row in rows
        ]
        columns["distractors"] = [self.latent("made").labels[int(k)] for k in sample["made"]]
        columns["choice"] = [LETTERS[k] for k in place]
        kinds = dict.fromkeys(columns, "label")
        kinds |= {name: "picture" for name in columns if name == "shown" or name.startswith("candidate_")}
        return Table.of(columns, kinds=kinds | {"captions": "list"})

    def _changed(self, sample: Sample, size: int) -> Table:
        """Levels `phrase` and `sentence`."""
        before, after, which, rises = self.moved(sample)
        columns: dict[str, Any] = {
            "before": self.picture(before, 1, size),
            "after": self.picture(after, 1, size),
            "captions": [list(pair) for pair in zip(self.told(before, 1), self.told(after, 1), strict=True)],
        }
        kinds = {"before": "picture", "after": "picture", "captions": "list"}
        if self.level == "sentence":
            columns["reason"] = self._reasons(before, after, which, rises)
            return Table.of(columns, kinds={**kinds, "reason": "text"})
        place, cues = sample["choice"].astype(int), []
        for row, number in enumerate(which):
            pair = sorted({self.movable[number], self.movable[(number + 1) % len(self.movable)]})
            every = [f"{_plain(name)} {way}" for name in pair for way in ("falls", "rises")]
            true = every.index(f"{_plain(self.movable[number])} {_way(rises[row])}")
            cues.append([every[(true + k - place[row]) % len(every)] for k in range(len(every))])
        columns["cues"] = cues
        columns["choice"] = [LETTERS[k] for k in place]
        return Table.of(columns, kinds={**kinds, "cues": "list", "choice": "label"})

    def _reasons(self, before: Sample, after: Sample, which: NDArray[np.int64], rises: NDArray[np.bool_]) -> list[str]:
        """What moved, which way, and the effect that moved farthest in its range, and which way."""
        names = self.sides[1]
        ends = {name: self.base.latent(name) for name in names}
        change = np.stack([(after[k] - before[k]) / (ends[k].high - ends[k].low) for k in names])
        farthest = np.abs(change).argmax(axis=0)
        return [
            f"{_plain(self.movable[which[row]])} {_way(rises[row])}, so {_plain(names[k])} {_way(change[k, row] > 0)}"
            for row, k in enumerate(farthest)
        ]


def _plain(name: str) -> str:
    return name.replace("_", " ")


def _way(rises: bool | np.bool_) -> str:
    return "rises" if rises else "falls"

"""Pictures with a causal question, and the picture that answers it.

    x = render(z),    q asks "what if V were v?",    y = render(z under do(V = v), all noise of the row kept)        (1)

z is a row of another world. `y` is exact: what follows from v has moved with it (a shadow, the door of a house), and
what does not has stayed. The answer in words tells what is true of y, in parts that stand apart by commas.

On the pendulum the light or the angle is asked for at one of `LEVELS` steps, or the light by the hour ("what if it were
noon?"). On the town there are five kinds of change: the scenery, more things, fewer things, another thing in the place
of the house, and the state of the house, which is where it stands. A row is asked only what changes its picture.

`asks` leaves out questions, so that a model can be asked what it has never seen asked: `seen` has none of `BETWEEN` and
none by the hour, `between` those of `BETWEEN` alone, `indirect` those by the hour alone.

Source:
    Li, Fan, Zhang, Jin, Wang, Guo, Zhao and Li, Image content generation with causal reasoning, AAAI 2024, for the
    task and the five kinds of change; the questions are ours.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Any, ClassVar, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from aitia.data.base import Data
from aitia.data.table import Table
from aitia.graph.graph import Graph
from aitia.worlds.captions import ACROSS
from aitia.worlds.options import one_of
from aitia.worlds.pendulum import PendulumWorld
from aitia.worlds.sample import Latent, Sample
from aitia.worlds.texts import Wording
from aitia.worlds.town import TownWorld
from aitia.worlds.world import Image, World

__all__ = ["BETWEEN", "LEVELS", "Asks", "WhatIf", "WhatIfWorld"]

Values = NDArray[np.float64]
Asks = Literal["all", "seen", "between", "indirect"]
Base = Literal["pendulum", "town"]
LEVELS = 12
"""Steps of a range that the pendulum's questions and answers tell."""
BETWEEN = (2, 5, 8, 11)
"""The steps that are asked for in `between` alone."""
QUESTION, WORDING = "draw of the question", "wording of the question"
_HOURS = {
    "early in the morning": 0.08,
    "mid-morning": 0.29,
    "noon": 0.5,
    "mid-afternoon": 0.71,
    "late in the afternoon": 0.92,
}
"""Where in its range the light then is."""
_SIZE = 0.3
"""Of a tree that a question puts there."""
_PENDULUM = {
    "light": ("what if the light stood at {}?", "suppose the light were at {}", "imagine the light came from {}"),
    "angle": ("what if the pendulum hung at {}?", "suppose the rod pointed to {}", "imagine the ball held at {}"),
}
_HOUR = ("what if it were {}?", "suppose it were {}", "imagine the same {}")
_DAYS = {"dark": 0.1, "dull": 0.5, "bright": 0.9}


@dataclass(frozen=True)
class WhatIf:
    """A question that can be asked.

    Args:
        kind: Of the change.
        words: Wordings.
        do: What is asked: values, or labels, of latents.
        needs: Labels that a row must have for it.
        part: Where it is asked: `seen`, `between` or `indirect`.
        near: A row whose values lie so near to what is asked, as a share of their range, is not asked.
    """

    kind: str
    words: tuple[str, ...]
    do: Mapping[str, float | str]
    needs: Mapping[str, str] = field(default_factory=dict)
    part: str = "seen"
    near: float = 0.06


class WhatIfWorld(World):
    """Questions of (1); see the module.

    Args:
        base: The world that is asked about: `pendulum` or `town`.
        asks: Which questions: `all`, `seen`, `between` or `indirect`.

    Raises:
        OptionError: If there is no such world, or no such questions; the town's are all `seen`.

    Example:
        >>> world = WhatIfWorld()
        >>> rows = world.rows(world.sample(2, seed=0), 16)
        >>> rows.texts("question")[0], rows.texts("answer")[0]
        ('suppose the rod pointed to 2 of 12', 'light 2, angle 2, shadow length 9, shadow position 7')
        >>> rows.pictures("after").shape
        (2, 16, 16, 3)
    """

    name: ClassVar[str] = "what-if"

    def __init__(self, base: Base = "pendulum", asks: Asks = "all") -> None:
        one_of("the world of questions", base, get_args(Base))
        one_of("asks", asks, get_args(Asks) if base == "pendulum" else ("all", "seen"))
        self.base: World = PendulumWorld() if base == "pendulum" else TownWorld()
        self.asks = asks
        every = _of_pendulum(self.base) if base == "pendulum" else _of_town(self.base)
        self.questions: tuple[WhatIf, ...] = tuple(one for one in every if asks in ("all", one.part))
        self.kinds: tuple[str, ...] = tuple(dict.fromkeys(one.kind for one in self.questions))

    # -- what it is ----------------------------------------------------------------------------------------------------

    @cached_property
    def latents(self) -> tuple[Latent, ...]:
        """Those of the other world; which question is drawn, and how it is put."""
        return (*self.base.latents, *(Latent(name, 0.0, 1.0, visible=False) for name in (QUESTION, WORDING)))

    @cached_property
    def graph(self) -> Graph:
        """That of the other world, beside it what is drawn for the question."""
        edges = [(parent, name) for name in self.base.names for parent in self.base.graph.parents(name)]
        return Graph(edges, nodes=self.names)

    @property
    def noise_laws(self) -> Mapping[str, str]:
        """Those of the other world; what a question is drawn by is even."""
        own: Mapping[str, str] = self.base.noise_laws  # type: ignore[attr-defined]  # both of the worlds have it
        return dict(own) | dict.fromkeys((QUESTION, WORDING), "even in [0, 1)")

    def draw(self, name: str, n: int, rng: np.random.Generator) -> Values:
        """As the other world draws, or even in [0, 1)."""
        return self.base.draw(name, n, rng) if name in self.base.names else rng.random(n)

    def mechanism(self, name: str, parents: Mapping[str, Values], noise: Values, env: NDArray[np.int64]) -> Values:
        """As in the other world."""
        return self.base.mechanism(name, parents, noise, env) if name in self.base.names else noise

    # -- what is asked, and what would have been -----------------------------------------------------------------------

    def asked(self, sample: Sample) -> NDArray[np.int64]:
        """(n,) the number of the question of each row, even among those that change what it shows; -1 where none does.

        A question whose every value is near to what it was, or that the things of a row do not allow, changes nothing.
        """
        fits = np.stack([self._fits(one, sample) for one in self.questions])
        order = np.cumsum(fits, axis=0)
        count = order[-1]
        place = np.minimum((sample[QUESTION] * count).astype(np.int64), np.maximum(count - 1, 0)) + 1
        found = (order >= place).argmax(axis=0)
        return np.where(count > 0, found, -1)

    def after(self, sample: Sample) -> Sample:
        """What each row would have been under its question, as rows of the other world; itself where none is asked."""
        own, which = self.own(sample), self.asked(sample)
        z = {name: values.copy() for name, values in own.latents.items()}
        for number in np.unique(which[which >= 0]):
            rows = np.flatnonzero(which == number)
            other = self.base.counterfactual(own.take(rows), dict(self.questions[number].do))
            for name in z:
                z[name][rows] = other[name]
        return Sample(z, own.noise, own.env, own.environments, own.categories)

    def own(self, sample: Sample) -> Sample:
        """The rows as some of the other world."""
        names = self.base.names
        return Sample(
            {name: sample[name] for name in names}, {name: sample.noise[name] for name in names}, sample.env,
            self.base.environments, {k: v for k, v in sample.categories.items() if k in names},
        )  # fmt: skip

    def told(self, rows: Sample) -> list[str]:
        """What is true of rows of the other world, in words: "light 9, angle 10, ..."."""
        parts = self._steps(rows) if isinstance(self.base, PendulumWorld) else _things(rows)
        return [", ".join(row) for row in zip(*parts, strict=True)]

    def _steps(self, rows: Sample) -> list[list[str]]:
        return [[f"{name.replace('_', ' ')} {k + 1}" for k in _step(self.base, name, rows[name])] for name in
                self.base.names]  # fmt: skip

    def _fits(self, one: WhatIf, sample: Sample) -> NDArray[np.bool_]:
        found = np.ones(len(sample), dtype=bool)
        for name, label in one.needs.items():
            found &= sample[name] == self.base.latent(name).labels.index(label)
        values = {name: value for name, value in one.do.items() if not isinstance(value, str)}
        if values and len(values) == len(one.do):
            far = [abs(sample[name] - value) > one.near * _width(self.base, name) for name, value in values.items()]
            found &= np.any(far, axis=0)
        return found

    # -- what is seen --------------------------------------------------------------------------------------------------

    def render(self, sample: Sample, *, size: int = 64, view: str | None = None) -> Image:
        """The pictures that are asked about, (n, size, size, 3).

        Raises:
            OptionError: If there is no such view.
        """
        found: Image = self.base.render(self.own(sample), size=size, view=view)
        return found

    def rows(self, sample: Sample, size: int = 64) -> Data:
        """`image`, `caption`, `question`, `kind`, `answer`, `after`, and the latents that are handed out."""
        which, wording, after = self.asked(sample), Wording(sample[WORDING]), self.after(sample)
        said = []
        for number, draw in zip(which, wording.number("wording"), strict=True):
            words = self.questions[number].words if number >= 0 else ("what if nothing were changed?",)
            said.append(words[int(draw * len(words))])
        columns: dict[str, Any] = {
            "image": self.render(sample, size=size),
            "caption": self.told(self.own(sample)),
            "question": said,
            "kind": [self.questions[number].kind if number >= 0 else "nothing" for number in which],
            "answer": self.told(after),
            "after": self.base.render(after, size=size),
        }
        kinds = {"image": "picture", "after": "picture", "kind": "label"}
        table = Table.of(columns, kinds=kinds | dict.fromkeys(("caption", "question", "answer"), "text"))
        known = sample.table(names=self.visible)
        return table.with_columns({n: known.labels(n) for n in known.names}, {n: known.kind(n) for n in known.names})


def _width(base: World, name: str) -> float:
    latent = base.latent(name)
    return latent.high - latent.low


def _step(base: World, name: str, values: Values) -> NDArray[np.int64]:
    """0 to LEVELS - 1."""
    share = (values - base.latent(name).low) / _width(base, name)
    found: NDArray[np.int64] = np.clip(share * LEVELS, 0, LEVELS - 1).astype(np.int64)
    return found


def _of_pendulum(base: World) -> list[WhatIf]:
    found = []
    for name, words in _PENDULUM.items():
        low, width = base.latent(name).low, _width(base, name)
        for k in range(LEVELS):
            part = "between" if k in BETWEEN else "seen"
            said = tuple(text.format(f"{k + 1} of {LEVELS}") for text in words)
            found.append(WhatIf(name, said, {name: low + (k + 0.5) / LEVELS * width}, part=part))
    low, width = base.latent("light").low, _width(base, "light")
    for hour, share in _HOURS.items():
        said = tuple(text.format(hour) for text in _HOUR)
        found.append(WhatIf("hour", said, {"light": low + share * width}, part="indirect"))
    return found


def _middles(base: World, name: str) -> dict[str, float]:
    """Of the places that words tell."""
    ends = np.linspace(base.latent(name).low, base.latent(name).high, len(ACROSS) + 1)
    return {word: float(a + b) / 2 for word, (a, b) in zip(ACROSS, pairwise(ends), strict=True)}


def _of_town(base: World) -> list[WhatIf]:
    """The five kinds."""
    found = [
        WhatIf("scenery", (f"what if it were a {word} day?", f"suppose the day were {word}"), {"day": value}, near=0.3)
        for word, value in _DAYS.items()
    ]
    trees, suns, houses = (_middles(base, f"{name}_x") for name in ("tree", "sun", "house"))
    for place, value in trees.items():
        said = (f"what if a tree grew {place}?", f"suppose there were a tree {place}")
        found.append(WhatIf("more", said, {"tree": "present", "tree_x": value, "tree_size": _SIZE},
                            {"tree": "absent"}))  # fmt: skip
        said = (f"what if a tree grew {place} and no house stood there?", f"suppose a tree {place}, not a house")
        needs = {"tree": "absent", "house": "present"}
        found.append(WhatIf("other", said, {"house": "absent", "tree": "present", "tree_x": value, "tree_size": _SIZE},
                            needs))  # fmt: skip
    for place, value in suns.items():
        said = (f"what if the sun shone {place}?", f"suppose there were a sun {place}")
        found.append(WhatIf("more", said, {"sun": "present", "sun_x": value}, {"sun": "absent"}))
    found.append(
        WhatIf("more", ("what if the house had a door?", "suppose the house had a door"), {"door": "present"},
               {"house": "present", "door": "absent"})
    )  # fmt: skip
    for name in ("house", "tree", "sun", "door"):
        said = (f"what if the {name} were gone?", f"suppose there were no {name}")
        found.append(WhatIf("fewer", said, {name: "absent"}, {name: "present"}))
    for place, value in houses.items():
        said = (f"what if the house stood {place}?", f"suppose the house were {place}")
        found.append(WhatIf("state", said, {"house_x": value}, {"house": "present"}, near=0.15))
    return found


def _things(rows: Sample) -> list[Sequence[str]]:
    """What is there, and where, and how bright the day is."""
    places = {"house": (-0.5, 0.5), "tree": (-0.75, 0.75), "sun": (-0.75, 0.75)}
    found: list[Sequence[str]] = []
    for name, (low, high) in places.items():
        step = np.clip((rows[f"{name}_x"] - low) / (high - low) * len(ACROSS), 0, len(ACROSS) - 1).astype(int)
        found.append([f"{name} {ACROSS[k]}" if there else f"no {name}" for k, there in zip(step, rows[name] > 0,
                                                                                       strict=True)])  # fmt: skip
    found.append(["a door" if there else "no door" for there in rows["door"] > 0])
    words = tuple(_DAYS)
    found.append([f"a {words[k]} day" for k in np.clip(rows["day"] * len(words), 0, len(words) - 1).astype(int)])
    return found

"""Clips in which things move, topple, light up; what happens is told, and which event caused which is known.

    ball, cart present with probability 0.9;  start even in 0, 1, 2
    aim = past with probability 0.2, else the favourite target with probability rho, else the other                 (1)
    a target falls two frames after a present mover that aims at it has reached it,
    and by itself, from a frame that is drawn evenly on, with probability s                                        (2)
    lamp and flag start by themselves, each with probability 1/2, at a frame that is drawn evenly

The ball's favourite is the box, the cart's the tower. In `train` rho is 0.85, in `even` 0.5, in `turned` 0.15: from
texts alone no more than (1) can be learnt, which misleads in `turned`.

Of a pair of events, e1 before e2, where e2 is the fall of a target: e1 caused e2 exactly if the target would not have
fallen had the thing of e1 not been there (or, of the other target, not fallen), all noise kept. A target that two
movers hit, or that would have fallen anyway, has no single cause.

Source:
    Chadha and Jain, iReason: multimodal commonsense reasoning using videos and natural language with interpretability,
    2021, for causes of events that a clip decides and a text does not; the generator is ours.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any, ClassVar, get_args

import numpy as np
from numpy.typing import NDArray

from aitia.data.base import Data
from aitia.data.clips import Clips
from aitia.errors import OptionError
from aitia.graph.graph import Graph
from aitia.worlds.canvas import Canvas
from aitia.worlds.captions import Style
from aitia.worlds.motion import VideoWorld
from aitia.worlds.options import one_of
from aitia.worlds.rollout import Frame
from aitia.worlds.sample import Latent, Sample
from aitia.worlds.texts import WORDING, Wording, code_of

__all__ = ["ClipsWorld", "Event", "Link"]

Values = NDArray[np.float64]

MOVERS, TARGETS, BYSTANDERS = ("ball", "cart"), ("box", "tower"), ("lamp", "flag")
AIMS = (*TARGETS, "past")
LEFT, CONTACT = -0.9, 0.35
"""Where movers start, and where they touch a target."""
SAID: Mapping[str, tuple[str, tuple[str, ...]]] = MappingProxyType(
    {
        "ball": ("red ball", ("rolls", "runs", "goes")),
        "cart": ("blue cart", ("drives", "travels", "moves")),
        "box": ("grey box", ("topples", "falls over", "tips over")),
        "tower": ("green tower", ("tumbles", "comes down", "collapses")),
        "lamp": ("yellow lamp", ("lights up", "goes on", "starts to shine")),
        "flag": ("violet flag", ("waves", "flutters", "flaps")),
    }
)
"""What each thing is called, and what is said to happen; the last wording is kept for the style `unseen`."""
PATHS: Mapping[str, str] = MappingProxyType(
    {
        "ball": "x_ball", "cart": "x_cart", "box": "fallen_box", "tower": "fallen_tower",
        "lamp": "lit", "flag": "waving",
    }
)  # fmt: skip
"""The latent that tells when the event of a thing happens."""
ABSENT: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "ball": {"ball": "absent"}, "cart": {"cart": "absent"}, "lamp": {"lamp": "still"}, "flag": {"flag": "still"},
        "box": {"fallen_box": 0.0}, "tower": {"fallen_tower": 0.0},
    }
)  # fmt: skip
"""The intervention under which the event of a thing does not happen."""


@dataclass(frozen=True)
class Event:
    """What happens to a thing, from frame `start` up to, not including, frame `stop`."""

    start: int
    stop: int
    sentence: str
    thing: str


@dataclass(frozen=True)
class Link:
    """A pair of events of a clip, the first before the second.

    Args:
        row: Of the sample.
        cause: Number of the first among the clip's events.
        effect: Number of the second, the fall of a target.
        caused: Whether the second would not have happened without the first.
        hit: Whether the first is of a mover that hit the target before it fell.
    """

    row: int
    cause: int
    effect: int
    caused: bool
    hit: bool


class ClipsWorld(VideoWorld):
    """Clips with events; see the module. `render` gives the frames, `events` what happens, `links` what caused what.

    Args:
        own: s of (2).
        strength: rho of (1) in `train`; one minus it in `turned`.
        frames: Of a clip, 8 or more.

    Raises:
        OptionError: If a number is out of range.

    Example:
        >>> world = ClipsWorld()
        >>> fact = world.sample(1, seed=3, env="train")
        >>> world.captions(fact)
        ['the yellow lamp lights up, the blue cart drives, the violet flag waves, the green tower tumbles']
        >>> [(link.cause, link.effect) for link in world.links(fact) if link.caused]
        [(1, 3)]
        >>> world.captions(world.counterfactual(fact, "do(aim_cart=past)"))
        ['the yellow lamp lights up, the blue cart drives, the violet flag waves']
    """

    name: ClassVar[str] = "clips"
    environments = ("train", "even", "turned")
    changes: Mapping[str, tuple[str, ...]] = MappingProxyType(
        {"even": ("aim_ball", "aim_cart"), "turned": ("aim_ball", "aim_cart")}
    )

    def __init__(self, own: float = 0.25, strength: float = 0.85, *, frames: int = 8) -> None:
        if not 0 <= own <= 1:
            raise OptionError(f"own is a probability, from 0 to 1, got {own}")
        if not 0.5 <= strength <= 1:
            raise OptionError(f"strength lies in [0.5, 1], got {strength}")
        if frames < 8:
            raise OptionError(f"a clip has at least 8 frames, so that what is hit can fall, got {frames}")
        self.own, self.strength, self.frames = float(own), float(strength), frames

    @cached_property
    def latents(self) -> tuple[Latent, ...]:
        """Who is there and where to, what happens by itself, and how all of it goes."""
        last = self.frames - 1.0

        def one_of_two(name: str, no: str, yes: str) -> Latent:
            return Latent(name, 0.0, 1.0, kind="categorical", labels=(no, yes))

        return (
            *(one_of_two(name, "absent", "present") for name in MOVERS),
            *(Latent(f"aim_{name}", 0.0, 2.0, kind="categorical", labels=AIMS) for name in MOVERS),
            *(Latent(f"start_{name}", 0.0, 2.0, "frames") for name in MOVERS),
            *(one_of_two(f"own_{name}", "stands", "falls") for name in TARGETS),
            *(one_of_two(name, "still", "starts") for name in BYSTANDERS),
            *(Latent(f"when_{name}", 1.0, last, "frames") for name in (*TARGETS, *BYSTANDERS)),
            *(Latent(PATHS[name], LEFT, 2.0 * self.frames, varies=True) for name in MOVERS),
            *(Latent(PATHS[name], 0.0, 1.0, varies=True) for name in (*TARGETS, *BYSTANDERS)),
            Latent(WORDING, 0.0, 1.0, visible=False),
        )

    @cached_property
    def graph(self) -> Graph:
        """Start and aim -> path of a mover; presence, aims, paths, and its own end -> fall of a target."""
        edges = [(f"{what}_{name}", PATHS[name]) for name in MOVERS for what in ("start", "aim")]
        for target in TARGETS:
            for mover in MOVERS:
                edges += [(cause, PATHS[target]) for cause in (mover, f"aim_{mover}", PATHS[mover])]
            edges += [(f"{what}_{target}", PATHS[target]) for what in ("own", "when")]
        for name in BYSTANDERS:
            edges += [(name, PATHS[name]), (f"when_{name}", PATHS[name])]
        return Graph(edges, self.names)

    @property
    def noise_laws(self) -> Mapping[str, str]:
        """The law of each latent's noise, as text."""
        return dict.fromkeys(self.names, "even in [0, 1)")

    def draw(self, name: str, n: int, rng: np.random.Generator) -> Values:
        """Even in [0, 1); a path has none of its own."""
        return np.zeros((n, self.frames)) if self.latent(name).varies else rng.random(n)

    def mechanism(self, name: str, parents: Mapping[str, Values], noise: Values, env: NDArray[np.int64]) -> Values:
        """(1), and what happens by itself."""
        what, _, of = name.partition("_")
        if what == "aim":
            rho = np.array([self.strength, 0.5, 1 - self.strength])[env]
            shares = 0.8 * np.stack([rho, 1 - rho], axis=1)
            shares = shares if of == "ball" else shares[:, ::-1]
            return code_of(noise, np.column_stack([shares, np.full(len(noise), 0.2)]))
        if what == "start":
            return np.floor(3 * noise)
        if what == "when":
            first = 2 if of in TARGETS else 1
            return first + np.floor((self.frames - first) * noise)
        if name == WORDING:
            return noise
        chance = {"own": self.own, "lamp": 0.5, "flag": 0.5}.get(what, 0.9)
        return code_of(noise, [1 - chance, chance])

    def step(self, name: str, frame: Frame) -> Values:
        """The path of a mover, or whether what can happen has happened: (2)."""
        what, _, of = name.partition("_")
        if what == "x":
            if not frame.t:
                return np.full(len(frame), LEFT)
            gone = frame.before(name) + np.where(frame.t > frame[f"start_{of}"], (CONTACT - LEFT) / 2, 0.0)
            return np.where(frame[f"aim_{of}"] < 2, np.minimum(gone, CONTACT), gone)
        if what != "fallen":
            thing = {path: thing for thing, path in PATHS.items()}[name]
            return ((frame[thing] > 0) & (frame.t >= frame[f"when_{thing}"])).astype(np.float64)
        falls = (frame[f"own_{of}"] > 0) & (frame.t >= frame[f"when_{of}"])
        if frame.t:
            falls |= frame.before(name) > 0
        for mover in MOVERS if frame.t >= 2 else ():
            aimed = (frame[mover] > 0) & (frame[f"aim_{mover}"] == TARGETS.index(of))
            falls |= aimed & (frame.before(PATHS[mover], 2) >= CONTACT - 1e-9)
        return falls.astype(np.float64)

    def paint(self, z: Mapping[str, Values], size: int) -> Canvas:
        """Movers on their way from the left, targets at the right, lamp and flag above."""
        canvas = Canvas(len(z["ball"]), size, (0.12, 0.12, 0.14))
        up = {"box": 0.45, "tower": -0.45}
        for name, color in (("box", (0.65, 0.65, 0.65)), ("tower", (0.1, 0.75, 0.3))):
            down = z[PATHS[name]]
            wide, high = 0.12 + 0.12 * down, 0.26 - 0.14 * down
            canvas.box(0.66 + 0.08 * down, up[name] - 0.12 * down, wide, high, 0.0, color)
        for name, begin, color in (("ball", 0.2, (0.95, 0.2, 0.15)), ("cart", -0.2, (0.2, 0.4, 1.0))):
            end = np.array([*up.values(), 0.0])[z[f"aim_{name}"].astype(np.int64)]
            x, present = z[PATHS[name]], (z[name] > 0).astype(np.float64)
            y = begin + (end - begin) * np.clip((x - LEFT) / (CONTACT - LEFT), 0.0, 1.0)
            if name == "ball":
                canvas.disc(x, y, 0.16, color, present)
            else:
                canvas.box(x, y, 0.17, 0.12, 0.0, color, present)
        for name, at, color in (("lamp", -0.6, (1.0, 0.9, 0.2)), ("flag", 0.0, (0.75, 0.3, 0.95))):
            canvas.box(at, 0.85, 0.13, 0.13, 0.0, np.outer(0.3 + 0.7 * z[PATHS[name]], color))
        return canvas

    # -- what is told and what is true ---------------------------------------------------------------------------------

    def events(self, sample: Sample, *, style: Style = "varied") -> list[list[Event]]:
        """What happens in each clip, the earliest first; no sentence says what caused it.

        Args:
            sample: Rows.
            style: `plain`, `varied`, or `unseen`: a wording that `varied` never has.

        Raises:
            OptionError: If there is no such style.
        """
        one_of("the style of captions", style, get_args(Style))
        wording = Wording(sample[WORDING])
        fixed = {"plain": 0, "unseen": 2}.get(style)
        which = {thing: wording.pick(f"wording of {thing}", 2) for thing in SAID}
        spans = {thing: self._spans(sample, thing) for thing in SAID}
        found = []
        for row in range(len(sample)):
            events = []
            for thing, (noun, verbs) in SAID.items():
                start, stop = (int(end) for end in spans[thing][row])
                if start >= 0:
                    verb = verbs[int(which[thing][row]) if fixed is None else fixed]
                    events.append(Event(start, stop, f"the {noun} {verb}", thing))
            found.append(sorted(events, key=lambda event: (event.start, event.thing)))
        return found

    def captions(self, sample: Sample, *, style: Style = "plain") -> list[str]:
        """The events of each clip in a line, in their order."""
        return [", ".join(event.sentence for event in events) for events in self.events(sample, style=style)]

    def links(self, sample: Sample) -> list[Link]:
        """Every pair of events, the first before the second, the second the fall of a target; see the module."""
        without = {thing: self.counterfactual(sample, ABSENT[thing]) for thing in SAID}
        fell = {(thing, target): other[PATHS[target]][:, -1] > 0
                for thing, other in without.items() for target in TARGETS}  # fmt: skip
        found = []
        for row, events in enumerate(self.events(sample, style="plain")):
            for j, effect in enumerate(events):
                if effect.thing not in TARGETS:
                    continue
                for i, cause in enumerate(events):
                    if cause.start < effect.start:
                        caused = not fell[cause.thing, effect.thing][row]
                        found.append(Link(row, i, j, caused, self._hits(sample, row, cause, effect)))
        return found

    def rows(self, sample: Sample, size: int = 64) -> Data:
        """Clips with `events`, as spans of frames with their sentence, and `causes`, as pairs of numbers of events."""
        known = sample.table(names=self.visible)
        events = [[[e.start, e.stop, e.sentence] for e in row] for row in self.events(sample)]
        causes: list[list[Sequence[int]]] = [[] for _ in events]
        for link in self.links(sample):
            if link.caused:
                causes[link.row].append([link.cause, link.effect])
        told, kinds = {"events": events, "causes": causes}, {"events": "spans", "causes": "list"}
        return Clips(self.render(sample, size=size), known, self.name).with_known(told, kinds)

    def _spans(self, sample: Sample, thing: str) -> NDArray[np.int64]:
        """(n, 2) the frames of the event of a thing, -1 where there is none."""
        n, path = len(sample), sample[PATHS[thing]]
        if thing in MOVERS:
            moves = np.diff(path, axis=1) > 0
            there: NDArray[np.bool_] = (sample[thing] > 0) & moves.any(axis=1)
            start = moves.argmax(axis=1)
            stop = np.minimum(start + 3, self.frames)
        else:
            there = np.asarray((path > 0).any(axis=1))
            start = (path > 0).argmax(axis=1)
            stop = np.minimum(start + 1, self.frames) if thing in TARGETS else np.full(n, self.frames)
        return np.where(there[:, None], np.stack([start, stop], axis=1), -1)

    def _hits(self, sample: Sample, row: int, cause: Event, effect: Event) -> bool:
        if cause.thing not in MOVERS or sample[f"aim_{cause.thing}"][row] != TARGETS.index(effect.thing):
            return False
        return bool((sample[PATHS[cause.thing]][row, : effect.start + 1] >= CONTACT - 1e-9).any())

"""A robot arm in the plane that presses a button, which lights a lamp.

    torque_i(t) = 0.7 torque_i(t-1) + 0.3 u                        the motor, u uniform on [-1, 1]
    angle_i(t)  = angle_i(t-1) + (1 - friction) (angle_i(t-1) - angle_i(t-2))
                  + G torque_i(t) - S (angle_i(t-1) - rest_i)
    tip(t)      = base + Σ_i l_i (cos, sin)(angle_1(t) + ... + angle_i(t))
    contact(t)  = how far the tip is inside the button's disc, 0 to 1; times 1 - gripper(t) in the complex form
    lamp(t)     = 0.6 lamp(t-1) + 0.4 contact(t)

The joint speed is the difference of two angles, so the angle needs no further cause. The environments are rooms, which
differ in friction and in the colour of the wall. A log of what was done is a chain of `hold`.

Source:
    Lynch, Park, Modern Robotics (2017), section 4.1, for the forward kinematics of a planar chain.
"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from aitia.graph.graph import Graph
from aitia.worlds.canvas import Canvas, hue
from aitia.worlds.motion import MotionWorld, Range
from aitia.worlds.painting import shade, share
from aitia.worlds.rollout import Frame
from aitia.worlds.sample import Latent
from aitia.worlds.world import Form

__all__ = ["RobotWorld"]

Values = NDArray[np.float64]

_GAIN, _SPRING = 0.16, 0.12
_BASE = (-0.3, -0.75)
_LENGTHS = {2: (0.6, 0.5), 3: (0.5, 0.4, 0.3)}
_RESTS = {2: (1.9, -1.2), 3: (1.9, -0.7, -0.6)}


class RobotWorld(MotionWorld):
    """An arm of two links; in the complex form three links, a gripper, and a button that is placed anew in each row.

    Args:
        form: `simple` or `complex`.
        frames: Of a video.
        kicks: Standard deviation of the jitter of the joints, in radians a frame.

    Raises:
        OptionError: If an option is out of range.

    Example:
        >>> world = RobotWorld()
        >>> world.graph.parents("lamp"), world.graph.parents("tip_x")
        (('contact',), ('angle_1', 'angle_2'))
        >>> lit = world.hold("lamp=1", 4, 8).sample(3, seed=0)
        >>> lit["lamp"][:, 4:8].min()
        np.float64(1.0)
    """

    name: ClassVar[str] = "robot"
    dt: ClassVar[float] = 0.1
    environments = ("kitchen", "living", "study", "general")
    changes: Mapping[str, tuple[str, ...]] = {
        "living": ("friction", "wall"),
        "study": ("friction", "wall"),
        "general": ("friction", "wall"),
    }
    ranges: Mapping[str, Range | Mapping[str, Range]] = {
        "friction": {"kitchen": (0.2, 0.35), "living": (0.6, 0.8), "study": (0.4, 0.55), "general": (0.2, 0.8)},
        "wall": {"kitchen": (0.0, 0.2), "living": (0.25, 0.45), "study": (0.5, 0.7), "general": (0.0, 0.7)},
        "button_x": (-0.15, 0.25),
        "button_y": (-0.1, 0.3),
    }
    button: ClassVar[tuple[float, float]] = (0.0, 0.1)
    """Where the button of the simple form is."""
    reach: ClassVar[float] = 0.35
    """Radius of the disc around the button in which a tip presses it; at half of it, all the way."""

    def __init__(self, form: Form = "simple", *, frames: int = 16, kicks: float = 0.0) -> None:
        super().__init__(form, frames=frames, kicks=kicks)
        self.links = 3 if self.is_complex else 2

    @property
    def lengths(self) -> tuple[float, ...]:
        """Of the links, from the base."""
        return _LENGTHS[self.links]

    @property
    def latents(self) -> tuple[Latent, ...]:
        """The room, then the arm from the motors to the lamp."""
        joints = range(1, self.links + 1)
        rests = _RESTS[self.links]
        more = [self.constant("button_x"), self.constant("button_y")]
        gripper = [Latent("gripper", 0.0, 1.0, varies=True)]
        return (
            self.constant("friction"),
            self.constant("wall"),
            *(more if self.is_complex else []),
            *(Latent(f"torque_{i}", -1.0, 1.0, "N m", varies=True) for i in joints),
            *(
                Latent(f"angle_{i}", rests[i - 1] - 1.4, rests[i - 1] + 1.4, "rad", "angle", varies=True)
                for i in joints
            ),
            Latent("tip_x", _BASE[0] - 1.2, _BASE[0] + 1.2, varies=True),
            Latent("tip_y", _BASE[1], _BASE[1] + 1.25, varies=True),
            *(gripper if self.is_complex else []),
            Latent("contact", 0.0, 1.0, varies=True),
            Latent("lamp", 0.0, 1.0, varies=True),
        )

    @property
    def noise_laws(self) -> Mapping[str, str]:
        """The law of each latent's noise, as text."""
        motors = {latent.name: "uniform on [-1, 1], one a frame" for latent in self.latents if _driven(latent.name)}
        return {**super().noise_laws, **motors}

    @property
    def graph(self) -> Graph:
        """Torque -> angle -> tip -> contact -> lamp."""
        joints = range(1, self.links + 1)
        edges = [(f"torque_{i}", f"angle_{i}") for i in joints] + [("friction", f"angle_{i}") for i in joints]
        edges += [(f"angle_{i}", f"tip_{axis}") for i in joints for axis in "xy"]
        edges += [("tip_x", "contact"), ("tip_y", "contact"), ("contact", "lamp")]
        if self.is_complex:
            edges += [("gripper", "contact"), ("button_x", "contact"), ("button_y", "contact")]
        return Graph(edges, self.names)

    def draw(self, name: str, n: int, rng: np.random.Generator) -> Values:
        """Uniform on [-1, 1] at each frame for the motors and the gripper."""
        return rng.uniform(-1.0, 1.0, (n, self.frames)) if _driven(name) else super().draw(name, n, rng)

    def step(self, name: str, frame: Frame) -> Values:
        """One frame of the equations of the module."""
        if name.startswith("torque"):
            return frame.noise if frame.t == 0 else 0.7 * frame.before(name) + 0.3 * frame.noise
        if name == "gripper":
            # Triangle wave of a bounded walk: stays in [0, 1] and is continuous.
            start = (1 + frame.noise) / 2
            return start if frame.t == 0 else np.abs(_fold(frame.before(name) + 0.25 * frame.noise))
        if name.startswith("angle"):
            return self._angle(name, frame)
        if name.startswith("tip"):
            turn = np.cos if name == "tip_x" else np.sin
            angle, at = np.zeros(len(frame)), np.full(len(frame), _BASE["xy".index(name[-1])])
            for i, length in enumerate(self.lengths, 1):
                angle = angle + frame[f"angle_{i}"]
                at = at + length * turn(angle)
            return at
        if name == "contact":
            x, y = (frame["button_x"], frame["button_y"]) if self.is_complex else self.button
            near = np.clip(2 - 2 * np.hypot(frame["tip_x"] - x, frame["tip_y"] - y) / self.reach, 0.0, 1.0)
            return near * (1 - frame["gripper"]) if self.is_complex else near
        return (0.6 * frame.before("lamp") if frame.t else 0.0) + 0.4 * frame["contact"]

    def _angle(self, name: str, frame: Frame) -> Values:
        joint = name[-1]
        rest, push = _RESTS[self.links][int(joint) - 1], _GAIN * frame[f"torque_{joint}"]
        if frame.t == 0:
            # The arm starts where its noise says, within ±0.5 rad of the rest.
            return rest + 0.5 * np.tanh(frame.noise) + push
        angle = frame.before(name)
        speed = angle - frame.before(name, 2) if frame.t > 1 else np.zeros(len(frame))
        return angle + (1 - frame["friction"]) * speed + push - _SPRING * (angle - rest) + self.kicks * frame.noise

    def paint(self, z: Mapping[str, Values], size: int) -> Canvas:
        """The wall, the arm with a coloured motor at each joint, the tip, the button and the lamp."""
        friction = share(self.latent("friction"), z["friction"])
        canvas = Canvas(len(friction), size, 0.35 + 0.4 * hue(z["wall"]))
        canvas.box(0.0, -0.9, 1.0, 0.12, 0.0, shade((0.9, 0.9, 0.95), (0.3, 0.2, 0.1), friction))
        bx, by = (z["button_x"], z["button_y"]) if self.is_complex else self.button
        canvas.disc(bx, by, 0.13, (0.2, 0.2, 0.2))
        canvas.disc(bx, by, 0.09, shade((0.8, 0.1, 0.1), (0.2, 1.0, 0.2), z["contact"]))
        canvas.disc(0.75, 0.75, 0.2, (0.15, 0.15, 0.15))
        canvas.disc(0.75, 0.75, 0.16, shade((0.2, 0.15, 0.0), (1.0, 0.95, 0.5), z["lamp"]))
        x, y = np.full(len(friction), _BASE[0]), np.full(len(friction), _BASE[1])
        angle = np.zeros(len(friction))
        for i, length in enumerate(self.lengths, 1):
            angle = angle + z[f"angle_{i}"]
            end_x, end_y = x + length * np.cos(angle), y + length * np.sin(angle)
            canvas.segment(x, y, end_x, end_y, 0.1, (0.9, 0.9, 0.9))
            canvas.disc(x, y, 0.085, shade((0.1, 0.2, 1.0), (1.0, 0.2, 0.1), (1 + z[f"torque_{i}"]) / 2))
            x, y = end_x, end_y
        # The tool stands on its own, so that a tip that is moved by hand is seen to be.
        apart = 0.05 + 0.12 * z["gripper"] if self.is_complex else 0.05
        for side in (-1, 1):
            canvas.box(z["tip_x"] + side * apart, z["tip_y"], 0.03, 0.08, 0.0, (0.05, 0.05, 0.3))
        return canvas


def _driven(name: str) -> bool:
    return name.startswith("torque") or name == "gripper"


def _fold(x: Values) -> Values:
    """Reflects at 1; with the absolute value, also at 0."""
    return np.where(x > 1, 2 - x, x)

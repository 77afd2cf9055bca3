"""Four experiments after they have ended, each a picture of its start and its end.

    FallWorld        d = (2/3) ρ r v² / (P - (4/3) ρ r g),  v² = 2 g h     a ball of density ρ in sand of resistance P
    SlopeWorld       x = v T + a T²/2, or v²/(2|a|) if it stops before T,  v = J/m,  a = g (sin θ - μ cos θ)
    SpringWorld      x = m g / k,  period = 2π sqrt(x / g)
    RefractionWorld  sin(exit) = sin(incidence) / n,  displacement = t sin(incidence - exit) / cos(exit)

The ball is stopped by a constant pressure P on its cross-section: m g (h + d) = P π r² d. On the slope a push J sets
the block going, which is where its mass comes in, and the picture is taken after T = 0.8 s; a block that friction has
stopped stays. The simple forms have the card's latents, the complex ones more causes and an effect in between.

Source:
    Halliday, Resnick, Walker, Fundamentals of Physics, 10th ed. (2014), chapters 6, 7, 15 and 33.
"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from aitia.worlds.canvas import Canvas, hue
from aitia.worlds.motion import shade
from aitia.worlds.static_scenes import Effect, StaticWorld
from aitia.worlds.world import Latent

__all__ = ["FallWorld", "RefractionWorld", "SlopeWorld", "SpringWorld"]

Values = NDArray[np.float64]
GRAVITY = 9.81
"""In m/s², where it is no latent."""


def _positive(values: Values) -> Values:
    """What a formula divides by, kept off zero: `do` may hold a latent at any number."""
    return np.maximum(values, 1e-6)


class FallWorld(StaticWorld):
    """A ball dropped on sand: height, radius and gravity -> depth; the hue does nothing.

    The complex form adds the ball's density and the sand's resistance, and puts the speed of the impact in between.

    Args:
        form: `simple` or `complex`.
        config: Graph, mechanisms and environments; None takes the scene as it is.

    Raises:
        AitiaError: As `StaticWorld` does.

    Example:
        >>> FallWorld().graph.parents("depth"), FallWorld("complex").graph.parents("speed")
        (('height', 'radius', 'gravity'), ('height', 'gravity'))
    """

    name: ClassVar[str] = "fall"
    density: ClassVar[float] = 2000.0
    """ρ of the simple form, kg/m³."""
    resistance: ClassVar[float] = 1e5
    """P of the simple form, Pa."""

    @property
    def causes(self) -> tuple[Latent, ...]:
        """The ball, the planet, the sand."""
        more = (Latent("density", 1000.0, 3000.0, "kg/m³"), Latent("resistance", 1.5e5, 3.5e5, "Pa"))
        return (
            Latent("height", 1.0, 5.0, "m"),
            Latent("radius", 0.12, 0.3, "m"),
            Latent("hue", 0.0, 0.75),
            Latent("gravity", 4.0, 12.0, "m/s²"),
            *(more if self.is_complex else ()),
        )

    @property
    def effects(self) -> Mapping[str, Effect]:
        """How deep the ball goes."""
        if not self.is_complex:
            return {"depth": Effect(("height", "radius", "gravity"), "m")}
        return {
            "speed": Effect(("height", "gravity"), "m/s"),
            "depth": Effect(("radius", "gravity", "density", "resistance", "speed"), "m"),
        }

    def law(self, name: str, z: Mapping[str, Values], noise: Values) -> Values:
        """The module's formula; the sand is not even."""
        gravity = z["gravity"]
        if name == "speed":
            speed: Values = np.sqrt(2 * np.maximum(gravity * z["height"], 0.0)) * (1 + noise)
            return speed
        density = z["density"] if self.is_complex else np.full(len(noise), self.density)
        resistance = z["resistance"] if self.is_complex else np.full(len(noise), self.resistance)
        square = z["speed"] ** 2 if self.is_complex else 2 * np.maximum(gravity * z["height"], 0.0)
        work = 2 / 3 * density * z["radius"]
        # A ball whose weight alone is more than the sand bears sinks to a hundred times its stopping distance.
        net = np.maximum(resistance - 2 * work * gravity, 0.01 * np.abs(resistance))
        return work * square / _positive(net) * (1 + noise)

    def paint(self, z: Mapping[str, Values], size: int) -> Canvas:
        """The ball where it was let go, pale, and where it came to rest, in sand that is cut open."""
        gravity = self.share_of("gravity", z)
        n, sand = len(gravity), -0.2
        canvas = Canvas(n, size, shade((0.75, 0.88, 1.0), (0.96, 0.78, 0.62), gravity))
        hard = self.share_of("resistance", z) if self.is_complex else np.full(n, 0.3)
        canvas.box(0.0, sand - 0.6, 1.1, 0.6, 0.0, shade((0.9, 0.78, 0.5), (0.5, 0.36, 0.22), hard))
        radius, color = 0.65 * z["radius"], hue(z["hue"])
        start, end = 0.16 * z["height"], sand - 1.2 * z["depth"] + radius
        canvas.segment(0.0, start, 0.0, sand, 0.025, (0.35, 0.35, 0.4), 0.6)
        pit = np.maximum(sand - end, 0.0)
        canvas.box(0.0, sand - pit / 2 + 0.01, radius + 0.03, pit / 2 + 0.01, 0.0, (0.35, 0.25, 0.17))
        canvas.disc(0.0, start, radius, 0.45 * color + 0.55 * np.array([1.0, 1.0, 1.0]))
        canvas.disc(0.0, end, radius, color)
        _arrow_down(canvas, 0.75, 0.88, 0.12 + 0.7 * gravity)
        if self.is_complex:
            canvas.disc(0.0, end, 0.6 * radius, shade((1.0, 1.0, 1.0), (0.05, 0.05, 0.1), self.share_of("density", z)))
            canvas.segment(-0.7, sand, -0.7, sand + 0.1 + 0.9 * self.share_of("speed", z), 0.08, (0.15, 0.5, 0.3))
        return canvas


class SlopeWorld(StaticWorld):
    """A block pushed down a slope: angle, friction and mass -> travel.

    The complex form has the push as another cause and the final speed as another effect.

    Args:
        form: `simple` or `complex`.
        config: Graph, mechanisms and environments; None takes the scene as it is.

    Raises:
        AitiaError: As `StaticWorld` does.

    Example:
        >>> SlopeWorld().graph.parents("travel"), SlopeWorld("complex").graph.children("push")
        (('angle', 'friction', 'mass'), ('travel', 'speed'))
    """

    name: ClassVar[str] = "slope"
    push: ClassVar[float] = 1.0
    """J of the simple form, N s."""
    time: ClassVar[float] = 0.8
    """T, in seconds."""

    @property
    def causes(self) -> tuple[Latent, ...]:
        """The slope and the block."""
        return (
            Latent("angle", 0.25, 0.6, "rad"),
            Latent("friction", 0.05, 0.6),
            Latent("mass", 0.5, 2.0, "kg"),
            *((Latent("push", 0.5, 1.5, "N s"),) if self.is_complex else ()),
        )

    @property
    def effects(self) -> Mapping[str, Effect]:
        """How far the block goes, and in the complex form how fast it then is."""
        parents = ("angle", "friction", "mass", *(("push",) if self.is_complex else ()))
        return {"travel": Effect(parents, "m"), **({"speed": Effect(parents, "m/s")} if self.is_complex else {})}

    def law(self, name: str, z: Mapping[str, Values], noise: Values) -> Values:
        """The module's formula; the slope is not even."""
        push = z["push"] if self.is_complex else np.full(len(noise), self.push)
        start = np.maximum(push, 0.0) / _positive(z["mass"])
        rate = GRAVITY * (np.sin(z["angle"]) - z["friction"] * np.cos(z["angle"]))
        # A block that slows down moves until it stops, one that speeds up to the end.
        moving = np.where(rate < 0, np.minimum(start / _positive(-rate), self.time), self.time)
        exact = start + rate * moving if name == "speed" else start * moving + rate * moving**2 / 2
        travel: Values = np.maximum(exact, 0.0) * (1 + noise)
        return travel

    def paint(self, z: Mapping[str, Values], size: int) -> Canvas:
        """The slope, rougher where it is darker; the block where it started, pale, and where it is after T."""
        angle, n = z["angle"], len(z["angle"])
        along_x, along_y = np.cos(angle), -np.sin(angle)
        scale, half = 0.36, 0.115 * np.cbrt(np.maximum(z["mass"], 0.0))
        foot_x, foot_y, long = 0.95, -0.78, 1.85
        top_x, top_y = foot_x - long * along_x, foot_y - long * along_y
        canvas = Canvas(n, size, ((0.86, 0.92, 0.97), (0.97, 0.95, 0.9)))
        canvas.box(0.0, -0.94, 1.1, 0.16, 0.0, (0.55, 0.5, 0.45))
        corners_x = np.stack([np.full(n, foot_x), top_x, top_x], axis=1)
        corners_y = np.stack([np.full(n, foot_y), top_y, np.full(n, foot_y)], axis=1)
        rough = shade((0.75, 0.85, 0.95), (0.45, 0.2, 0.1), self.share_of("friction", z))
        canvas.triangle(corners_x, corners_y, (0.72, 0.68, 0.6))
        canvas.segment(top_x, top_y, foot_x, foot_y, 0.1, rough)

        def block(travel: Values | float, color: tuple[float, ...]) -> tuple[Values, Values]:
            """Draws the block this far from the start, in metres, and gives its centre."""
            way = 0.2 + scale * np.asarray(travel)
            x = top_x + way * along_x - (half + 0.03) * along_y
            y = top_y + way * along_y + (half + 0.03) * along_x
            canvas.box(x, y, half, half, -angle, color)
            return x, y

        start_x, start_y = block(0.0, (0.95, 0.75, 0.7))
        x, y = block(z["travel"], (0.8, 0.15, 0.15))
        if self.is_complex:
            push, speed = 0.3 * z["push"], 0.1 + 0.5 * self.share_of("speed", z)
            canvas.segment(-0.85, 0.86, -0.85 + push, 0.86, 0.08, (0.15, 0.45, 0.25))
            canvas.segment(0.1, 0.86, 0.1 + speed, 0.86, 0.08, (0.15, 0.2, 0.7))
            canvas.disc(start_x, start_y, 0.35 * half, (0.15, 0.45, 0.25))
            canvas.disc(x, y, 0.35 * half, (0.15, 0.2, 0.7))
        return canvas


class SpringWorld(StaticWorld):
    """A mass that hangs at rest on a spring: stiffness and mass -> extension.

    The complex form has gravity and the spring's own length as causes, and the period of small swings, which is shown
    by the hand of a dial, as an effect of extension and gravity.

    Args:
        form: `simple` or `complex`.
        config: Graph, mechanisms and environments; None takes the scene as it is.

    Raises:
        AitiaError: As `StaticWorld` does.

    Example:
        >>> SpringWorld().graph.parents("extension"), SpringWorld("complex").graph.parents("period")
        (('stiffness', 'mass'), ('gravity', 'extension'))
    """

    name: ClassVar[str] = "spring"
    length: ClassVar[float] = 0.4
    """Of the simple form's spring by itself, in metres."""

    @property
    def causes(self) -> tuple[Latent, ...]:
        """The spring, the mass, the planet."""
        more = (Latent("gravity", 4.0, 12.0, "m/s²"), Latent("length", 0.25, 0.55, "m"))
        return (
            Latent("stiffness", 20.0, 60.0, "N/m"),
            Latent("mass", 0.5, 2.0, "kg"),
            *(more if self.is_complex else ()),
        )

    @property
    def effects(self) -> Mapping[str, Effect]:
        """How far the spring is stretched, and in the complex form how slowly it would swing."""
        if not self.is_complex:
            return {"extension": Effect(("stiffness", "mass"), "m")}
        return {
            "extension": Effect(("stiffness", "mass", "gravity"), "m"),
            "period": Effect(("gravity", "extension"), "s"),
        }

    def law(self, name: str, z: Mapping[str, Values], noise: Values) -> Values:
        """The module's formula; no spring is quite linear."""
        gravity = z["gravity"] if self.is_complex else np.full(len(noise), GRAVITY)
        if name == "period":
            period: Values = 2 * np.pi * np.sqrt(np.maximum(z["extension"], 0.0) / _positive(gravity)) * (1 + noise)
            return period
        return z["mass"] * gravity / _positive(z["stiffness"]) * (1 + noise)

    def paint(self, z: Mapping[str, Values], size: int) -> Canvas:
        """The spring, stiffer where it is thick and dark; a tick where it would end by itself; the mass."""
        n, top, scale = len(z["mass"]), 0.82, 0.68
        stiff = self.share_of("stiffness", z)
        gravity = self.share_of("gravity", z) if self.is_complex else np.full(n, 0.4)
        canvas = Canvas(n, size, shade((0.8, 0.92, 1.0), (0.98, 0.84, 0.7), gravity))
        canvas.box(0.0, 0.92, 1.1, 0.1, 0.0, (0.4, 0.36, 0.34))
        length = z["length"] if self.is_complex else np.full(n, self.length)
        natural, end = top - scale * length, top - scale * (length + z["extension"])
        canvas.box(-0.38, natural, 0.13, 0.025, 0.0, (0.05, 0.4, 0.2))
        color, width = shade((0.55, 0.7, 0.6), (0.05, 0.2, 0.25), stiff), 0.03 + 0.05 * np.clip(stiff, -0.5, 1.5)
        turns = 9
        x0, y0 = np.zeros(n), np.full(n, top)
        for turn in range(1, turns + 1):
            x1 = np.full(n, 0.0 if turn == turns else 0.12 * (-1) ** turn)
            y1 = top + (end - top) * turn / turns
            canvas.segment(x0, y0, x1, y1, width, color)
            x0, y0 = x1, y1
        half = 0.16 * np.cbrt(np.maximum(z["mass"], 0.0))
        canvas.box(0.0, end - half, half, half, 0.0, (0.78, 0.2, 0.18))
        if self.is_complex:
            _arrow_down(canvas, 0.75, 0.72, 0.12 + 0.6 * gravity)
            hand = np.pi * (1.15 - 1.3 * self.share_of("period", z))
            canvas.disc(0.68, -0.66, 0.24, (1.0, 1.0, 1.0))
            canvas.segment(0.68, -0.66, 0.68 + 0.19 * np.cos(hand), -0.66 + 0.19 * np.sin(hand), 0.06, (0.1, 0.1, 0.2))
        return canvas


class RefractionWorld(StaticWorld):
    """Light that enters glass: index and incidence -> exit angle.

    In the complex form the glass is a slab: its thickness and the ray's angle within set how far the ray comes out
    beside its old line. Light of another hue is refracted otherwise, so the hue causes the index.

    Args:
        form: `simple` or `complex`.
        config: Graph, mechanisms and environments; None takes the scene as it is.

    Raises:
        AitiaError: As `StaticWorld` does.

    Example:
        >>> world = RefractionWorld("complex")
        >>> world.graph.parents("displacement"), world.graph.parents("index")
        (('incidence', 'thickness', 'exit_angle'), ('hue',))
    """

    name: ClassVar[str] = "refraction"
    own_edges: ClassVar[tuple[tuple[str, str], ...]] = (("hue", "index"),)

    @property
    def causes(self) -> tuple[Latent, ...]:
        """The glass and the ray."""
        more = (Latent("thickness", 0.4, 0.8, "m"), Latent("hue", 0.0, 0.75))
        return (
            Latent("index", 1.2, 2.0),
            Latent("incidence", 0.2, 1.1, "rad"),
            *(more if self.is_complex else ()),
        )

    @property
    def effects(self) -> Mapping[str, Effect]:
        """Where the ray goes."""
        bent = {"exit_angle": Effect(("index", "incidence"), "rad")}
        if not self.is_complex:
            return bent
        return {**bent, "displacement": Effect(("incidence", "thickness", "exit_angle"), "m")}

    def law(self, name: str, z: Mapping[str, Values], noise: Values) -> Values:
        """Snell's law; the surface is not quite flat."""
        incidence = z["incidence"]
        if name == "exit_angle":
            inside: Values = np.arcsin(np.clip(np.sin(incidence) / _positive(z["index"]), -1.0, 1.0)) * (1 + noise)
            return inside
        along = np.cos(z["exit_angle"])
        along = np.where(np.abs(along) < 1e-3, 1e-3, along)
        return z["thickness"] * np.sin(incidence - z["exit_angle"]) / along * (1 + noise)

    def paint(self, z: Mapping[str, Values], size: int) -> Canvas:
        """The glass, bluer where it is denser, the ray before, within and behind it, and where it would have gone."""
        n, x0, y0 = len(z["index"]), -0.2, 0.25
        canvas = Canvas(n, size, (0.2, 0.21, 0.27))
        thick = z["thickness"] if self.is_complex else np.full(n, 1.5)
        glass = shade((0.82, 0.93, 0.95), (0.12, 0.3, 0.62), self.share_of("index", z))
        canvas.box(0.0, y0 - thick / 2, 1.1, thick / 2, 0.0, glass)
        canvas.box(x0, 0.05, 0.012, 0.85, 0.0, (0.5, 0.5, 0.5))
        ray = hue(z["hue"], 0.75, 1.0) if self.is_complex else np.array([1.0, 0.35, 0.2])
        into_x, into_y = np.sin(z["incidence"]), -np.cos(z["incidence"])
        canvas.segment(x0, y0, x0 + 0.9 * into_x, y0 + 0.9 * into_y, 0.025, (0.65, 0.65, 0.65), 0.7)
        canvas.segment(x0 - 1.2 * into_x, y0 - 1.2 * into_y, x0, y0, 0.07, ray)
        down = thick / np.maximum(np.cos(np.clip(z["exit_angle"], -1.4, 1.4)), 0.1)
        inside = np.minimum(down, 1.25)
        canvas.segment(
            x0, y0, x0 + inside * np.sin(z["exit_angle"]), y0 - inside * np.cos(z["exit_angle"]), 0.07, ray * 0.8
        )
        if self.is_complex:
            # The line beside the old one at this distance, from the lower face on.
            aside = z["displacement"]
            passed = (thick - aside * into_x) / np.maximum(-into_y, 0.1)
            x = x0 + aside * into_y + passed * into_x
            y = y0 - aside * into_x + passed * into_y
            canvas.segment(x, y, x + 1.5 * into_x, y + 1.5 * into_y, 0.07, ray)
        return canvas


def _arrow_down(canvas: Canvas, x: float, top: float, long: Values) -> None:
    """An arrow of this length, from its upper end down."""
    color, end = (0.3, 0.12, 0.45), top - np.maximum(long, 0.0)
    canvas.segment(x, top, x, end, 0.07, color)
    corners_y = np.stack([end, end, end - 0.16], axis=1)
    canvas.triangle(np.array([x - 0.11, x + 0.11, x]), corners_y, color)

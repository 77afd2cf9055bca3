"""A pendulum in the sun and its shadow on the ground.

With the pivot at height H above the ground, a rod of length L at angle θ from the vertical, a ball of radius r at its
end, and light that falls at angle φ from the vertical, the rays put the pivot at -H tan φ and the ball's centre at

    s = L sin θ - (H - L cos θ) tan φ,    d = L sin(θ + φ) / cos φ further than the pivot,    w = r / cos φ          (1)

with the ball's shadow s ± w. The shadow of rod and ball is one interval, of length max(|d|, w) + w; its middle is
s - sign(d) (|d| - w) / 2 where the rod's shadow reaches out of the ball's, and s where it does not.

Source:
    Yang, Liu, Chen, Shen, Hao, Wang, CausalVAE: Disentangled Representation Learning via Neural Structural Causal
    Models, CVPR 2021, for the scene: light and angle cause the length and the position of the shadow. The drawing is
    ours, and the length is that of the whole shadow, also where the rod hangs along the light.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from aitia.worlds.captions import ACROSS, Told
from aitia.worlds.layers import Layers
from aitia.worlds.sample import Latent
from aitia.worlds.scene_config import SceneConfig
from aitia.worlds.static_scenes import Effect, StaticWorld

__all__ = ["PendulumWorld"]

Values = NDArray[np.float64]

_SKY = ("far to the left", "to the left", "straight above", "to the right", "far to the right")
_DOWN = ("far to the left", "to the left", "straight down", "to the right", "far to the right")
_LONG = ("very short", "short", "middling", "long", "very long")


class PendulumWorld(StaticWorld):
    """Light and pendulum angle -> shadow length and position; see the module. Lengths are in metres.

    Args:
        config: Graph, mechanisms and environments; None takes the scene as it is.

    Raises:
        AitiaError: As `StaticWorld` does.

    Example:
        >>> world = PendulumWorld()
        >>> world.graph.parents("shadow_length")
        ('light', 'angle')
        >>> fact = world.sample(2, seed=0)
        >>> held = world.counterfactual(fact, "do(light=0.5)")
        >>> bool((held["angle"] == fact["angle"]).all()), world.render(held).shape
        (True, (2, 64, 64, 3))
    """

    name: ClassVar[str] = "pendulum"
    height: ClassVar[float] = 1.0
    """H of (1)."""
    rod: ClassVar[float] = 0.7
    """L of (1)."""
    ball: ClassVar[float] = 0.12
    """r of (1)."""
    causes = (Latent("light", -0.6, 0.6, "rad"), Latent("angle", -0.6, 0.6, "rad"))
    told: ClassVar[Mapping[str, Told]] = MappingProxyType(
        {
            "light": Told(("the sun stands {}", "the sun is {}", "the sun shines {}"), _SKY),
            "angle": Told(("the pendulum hangs {}", "the rod points {}", "the ball is held {}"), _DOWN),
            "shadow_length": Told(("the shadow is {}", "the ball throws a {} shadow", "a {} shadow falls"), _LONG),
            "shadow_position": Told(("the shadow lies {}", "the shadow falls {}", "the ground is dark {}"), ACROSS),
        }
    )
    effects: Mapping[str, Effect] = MappingProxyType(
        {
            "shadow_length": Effect(("light", "angle"), "m"),
            "shadow_position": Effect(("light", "angle"), "m"),
        }
    )

    def __init__(self, *, config: SceneConfig | None = None) -> None:
        super().__init__(config=config)

    def law(self, name: str, z: Mapping[str, Values], noise: Values) -> Values:
        """(1); the ground is rough, which stretches or moves the shadow."""
        light, angle = z["light"], z["angle"]
        along = np.cos(light)
        along = np.where(np.abs(along) < 1e-3, 1e-3, along)  # light from the side throws no end of shadow
        center = self.rod * np.sin(angle) - (self.height - self.rod * np.cos(angle)) * np.sin(light) / along
        from_pivot = self.rod * np.sin(angle + light) / along
        half = np.abs(self.ball / along)
        beyond = np.maximum(np.abs(from_pivot) - half, 0.0)
        if name == "shadow_length":
            length: Values = (beyond + 2 * half) * (1 + noise)
            return length
        middle: Values = center - np.sign(from_pivot) * beyond / 2 + noise
        return middle

    def paint(self, z: Mapping[str, Values], size: int) -> Layers:
        """Sun, pendulum and ground with the shadow; a ray leads from the sun past the pivot."""
        n, ground, pivot, sky = len(z["light"]), -0.78, 0.22, 0.83
        canvas = Layers(n, size, ((0.42, 0.62, 0.9), (0.86, 0.93, 1.0)))
        sun = (sky - pivot) * np.tan(np.clip(z["light"], -1.3, 1.3))
        canvas.part("sun", "light")
        canvas.disc(sun, sky, 0.24, (1.0, 0.93, 0.6), 0.5)
        canvas.disc(sun, sky, 0.14, (1.0, 0.8, 0.15))
        canvas.part("ground")
        canvas.box(0.0, ground - 0.2, 1.1, 0.2, 0.0, (0.8, 0.72, 0.55))
        shadow = z["shadow_position"]
        canvas.part("shadow", "shadow_length", "shadow_position")
        canvas.box(shadow, ground - 0.09, z["shadow_length"] / 2, 0.045, 0.0, (0.25, 0.2, 0.18))
        x, y = self.rod * np.sin(z["angle"]), pivot - self.rod * np.cos(z["angle"])
        canvas.part("pendulum", "angle")
        canvas.segment(0.0, pivot, x, y, 0.05, (0.35, 0.25, 0.2))
        canvas.disc(0.0, pivot, 0.05, (0.2, 0.2, 0.25))
        canvas.disc(x, y, self.ball, (0.8, 0.15, 0.15))
        canvas.disc(x - 0.03, y + 0.035, 0.035, (1.0, 0.7, 0.65))
        return canvas

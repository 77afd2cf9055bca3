"""The pendulum with what no label tells: a haze over the picture, whose hue varies, and a bird in front of it.

Without them the labels say all that a picture shows, and a generator that ignores the picture answers as well as one
that keeps what is its own.
"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from aitia.worlds import PendulumWorld
from aitia.worlds.canvas import hue
from aitia.worlds.layers import Layers
from aitia.worlds.sample import Latent
from aitia.worlds.scene_config import SceneConfig

__all__ = ["NUISANCES", "HazyPendulum"]

Values = NDArray[np.float64]
NUISANCES = ("haze", "bird_x", "bird_y")
"""What no label tells."""


class HazyPendulum(PendulumWorld):
    """See the module; painted boldly, for pictures of few pixels. The bird flies to the left or right of the pivot."""

    name: ClassVar[str] = "hazy_pendulum"
    ball: ClassVar[float] = 0.2
    causes: tuple[Latent, ...] = (  # type: ignore[assignment]  # of the pendulum and more
        *PendulumWorld.causes,
        Latent("haze", 0.0, 0.7, visible=False),
        Latent("bird_x", -0.85, 0.85, visible=False),
        Latent("bird_y", 0.1, 0.5, visible=False),
    )

    def __init__(self) -> None:
        super().__init__(config=SceneConfig(noise_scale=1.0))

    def paint(self, z: Mapping[str, Values], size: int) -> Layers:
        """Sun, ground with the shadow and pendulum, under the haze; the bird in front of all."""
        ground, pivot, sky = -0.6, 0.22, 0.8
        canvas = Layers(len(z["light"]), size, ((0.42, 0.62, 0.9), (0.86, 0.93, 1.0)))
        canvas.part("sun", "light")
        canvas.disc((sky - pivot) * np.tan(np.clip(z["light"], -1.3, 1.3)) * 1.4, sky, 0.24, (1.0, 0.85, 0.1))
        canvas.part("ground")
        canvas.box(0.0, ground - 0.3, 1.1, 0.3, 0.0, (0.85, 0.78, 0.6))
        canvas.part("shadow", "shadow_length", "shadow_position")
        canvas.box(z["shadow_position"], ground - 0.2, z["shadow_length"] / 2, 0.12, 0.0, (0.2, 0.15, 0.15))
        x, y = self.rod * np.sin(z["angle"]), pivot - self.rod * np.cos(z["angle"])
        canvas.part("pendulum", "angle")
        canvas.segment(0.0, pivot, x, y, 0.12, (0.3, 0.2, 0.2))
        canvas.disc(x, y, self.ball, (0.8, 0.1, 0.1))
        canvas.part("haze", "haze")
        canvas.box(0.0, 0.0, 1.1, 1.1, 0.0, hue(z["haze"], 0.9), 0.3)
        canvas.part("bird", "bird_x", "bird_y")
        canvas.ellipse(z["bird_x"], z["bird_y"], 0.16, 0.12, 0.0, (0.05, 0.05, 0.1))
        return canvas

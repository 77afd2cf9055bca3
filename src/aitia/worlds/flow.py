"""A tank with a ball in it, and the water that leaves through a hole in its wall.

A ball of radius r that lies under water raises the surface by its volume over the tank's floor area A, and Torricelli's
jet from a hole at height y, with the tank's floor D above the ground, lands at a distance that does not depend on
gravity:

    height = fill + (4/3) π r³ / A,     speed² = 2 g (height - y),    flow = 2 sqrt( (height - y) (y + D) )          (1)

Source:
    Yang, Liu, Chen, Shen, Hao, Wang, CausalVAE: Disentangled Representation Learning via Neural Structural Causal
    Models, CVPR 2021, for the scene: the ball's size causes the water height, which with the hole causes the flow. The
    drawing and the numbers are ours.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from aitia.worlds.captions import AMOUNT, Told
from aitia.worlds.layers import Layers
from aitia.worlds.sample import Latent
from aitia.worlds.scene_config import SceneConfig
from aitia.worlds.static_scenes import Effect, StaticWorld

__all__ = ["FlowWorld"]

Values = NDArray[np.float64]

_PIECES = 9
"""Straight pieces of which the jet is drawn."""
_HIGH = ("very low", "low", "middling", "high", "very high")
_FAR = ("very short", "short", "middling", "long", "very long")


class FlowWorld(StaticWorld):
    """Ball size -> water height -> water flow <- hole position; see the module. Lengths are in metres.

    Args:
        config: Graph, mechanisms and environments; None takes the scene as it is.

    Raises:
        AitiaError: As `StaticWorld` does.

    Example:
        >>> world = FlowWorld()
        >>> world.graph.parents("water_flow")
        ('hole', 'water_height')
        >>> dry = world.sample(2, do="do(water_height=0)")
        >>> dry["water_flow"].tolist()
        [0.0, 0.0]
    """

    name: ClassVar[str] = "flow"
    told: ClassVar[Mapping[str, Told]] = MappingProxyType(
        {
            "ball_size": Told(("the ball is {}", "a {} ball lies in the tank", "in the water is a {} sphere"), AMOUNT),
            "hole": Told(("the hole is {}", "the tank has a {} hole", "it is pierced {} up"), _HIGH),
            "water_height": Told(("the water stands {}", "the water is {}", "the level is {}"), _HIGH),
            "water_flow": Told(("the jet is {}", "it throws a {} jet", "the water goes a {} way"), _FAR),
        }
    )
    side: ClassVar[float] = 0.56
    """Of the tank's square floor."""
    fill: ClassVar[float] = 0.54
    """Height of the water without a ball."""
    drop: ClassVar[float] = 0.35
    """D of (1)."""
    causes = (Latent("ball_size", 0.08, 0.25, "m"), Latent("hole", 0.1, 0.42, "m"))
    effects: Mapping[str, Effect] = MappingProxyType(
        {
            "water_height": Effect(("ball_size",), "m"),
            "water_flow": Effect(("hole", "water_height"), "m"),
        }
    )

    def __init__(self, *, config: SceneConfig | None = None) -> None:
        super().__init__(config=config)

    def law(self, name: str, z: Mapping[str, Values], noise: Values) -> Values:
        """(1); the tank is not filled to the same height each time, and the hole slows the jet down or not."""
        if name == "water_height":
            height: Values = self.fill * (1 + noise) + 4 / 3 * np.pi * z["ball_size"] ** 3 / self.side**2
            return height
        above = np.maximum(z["water_height"] - z["hole"], 0.0)
        flow: Values = 2 * np.sqrt(above * np.maximum(z["hole"] + self.drop, 0.0)) * (1 + noise)
        return flow

    def paint(self, z: Mapping[str, Values], size: int) -> Layers:
        """The tank on its table, the ball on its floor, the jet and the puddle where it lands."""
        n, floor, left = len(z["hole"]), -0.42, -0.92
        ground, wall, middle = floor - self.drop, left + self.side, left + self.side / 2
        glass, water = (0.55, 0.6, 0.65), (0.2, 0.5, 0.9)
        canvas = Layers(n, size, ((0.97, 0.95, 0.9), (0.9, 0.86, 0.8)))
        canvas.part("table")
        canvas.box(0.0, ground - 0.2, 1.1, 0.2, 0.0, (0.6, 0.55, 0.48))
        canvas.box(
            middle, (floor + ground) / 2 - 0.02, self.side / 2 + 0.03, self.drop / 2 - 0.02, 0.0, (0.5, 0.35, 0.2)
        )
        height = z["water_height"]
        canvas.part("water", "water_height")
        canvas.box(middle, floor + height / 2, self.side / 2, height / 2, 0.0, water)
        canvas.part("ball", "ball_size")
        canvas.disc(middle, floor + z["ball_size"], z["ball_size"], (0.85, 0.25, 0.2))
        canvas.part("tank")
        for x in (left, wall):
            canvas.box(x, floor + 0.48, 0.02, 0.5, 0.0, glass)
        canvas.box(middle, floor - 0.01, self.side / 2 + 0.02, 0.025, 0.0, glass)
        flow, fall = z["water_flow"], z["hole"] + self.drop
        x0, y0 = np.full(n, wall), floor + z["hole"]
        runs = np.clip(flow / 0.05, 0.0, 1.0)  # no jet where nothing flows
        canvas.part("jet", "water_flow")
        for piece in range(1, _PIECES + 1):
            part = piece / _PIECES
            x1, y1 = wall + part * flow, floor + z["hole"] - part**2 * fall
            canvas.segment(x0, y0, x1, y1, 0.07, water, runs)
            x0, y0 = x1, y1
        canvas.ellipse(wall + flow, ground - 0.03, 0.13, 0.05, 0.0, water, runs)
        canvas.part("hole", "hole")
        canvas.disc(wall, floor + z["hole"], 0.055, (0.1, 0.12, 0.2))
        return canvas

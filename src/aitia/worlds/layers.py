"""A canvas whose draws belong to parts of a scene: to paint some of the parts alone, and to say where each is seen.

    seen_p = paint(white where a draw is of p, black where it is of another part, on black)                         (1)

What lies in front hides what is behind, in (1) as in the picture: a half covered pixel is half of the one and half of
the other.
"""

from collections.abc import Collection, Mapping
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aitia.worlds.canvas import Canvas

__all__ = ["Layers"]

Values = NDArray[np.float64]

SCENERY = "scenery"
"""The part of what is drawn before any part was named."""


class Layers(Canvas):
    """A canvas on which `part` says what the next draws are of.

    Example:
        >>> layers = Layers(1, size=8).part("ball", "radius").disc(0, 0, 0.5, (1, 0, 0))
        >>> layers.parts, layers.only(()).image().max().item()
        ({'ball': ('radius',)}, 0)
        >>> layers.seen("ball").image()[0, 4, 4].tolist()
        [255, 255, 255]
    """

    def __init__(self, n: int, size: int = 64, background: ArrayLike | tuple[ArrayLike, ArrayLike] = (0, 0, 0)) -> None:
        super().__init__(n, size, background)
        self._parts: dict[str, tuple[str, ...]] = {}
        self._of: list[str] = []
        self._now = SCENERY

    def part(self, name: str, *latents: str) -> Self:
        """What the next draws are of.

        Args:
            name: Of the part; it may come again.
            latents: Without which there is nothing of it to be seen; none of scenery.
        """
        self._parts.setdefault(name, latents)
        self._now = name
        return self

    @property
    def parts(self) -> Mapping[str, tuple[str, ...]]:
        """By name of each part the latents that it shows."""
        return dict(self._parts)

    def only(self, latents: Collection[str]) -> "Layers":
        """The same without the parts that show none of these latents; scenery stays."""
        gone = {name for name, shown in self._parts.items() if shown and not {*shown} & {*latents}}
        kept = [k for k, name in enumerate(self._of) if name not in gone]
        layers = self._with(kept)
        layers._top, layers._bottom = self._top, self._bottom
        return layers

    def seen(self, part: str) -> "Layers":
        """(1) for a part: white where it is seen."""
        layers = self._with(range(len(self._of)))
        for k, name in enumerate(layers._of):
            layers._colors[k] = layers._colors[k].copy()
            layers._colors[k][:, :3] = float(name == part)
        return layers

    def _with(self, kept: Collection[int]) -> "Layers":
        layers = Layers(self.n, self.size)
        layers._parts = self._parts
        layers._of = [self._of[k] for k in kept]
        layers._kinds = [self._kinds[k] for k in kept]
        layers._shapes = [self._shapes[k] for k in kept]
        layers._boxes = [self._boxes[k] for k in kept]
        layers._colors = [self._colors[k] for k in kept]
        return layers

    def _add(
        self,
        kind: int,
        shape: tuple[Values, ...],
        box: tuple[Values, ...],
        thin: Values,
        color: ArrayLike,
        opacity: ArrayLike,
    ) -> Self:
        self._of.append(self._now)
        return super()._add(kind, shape, box, thin, color, opacity)

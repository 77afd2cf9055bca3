"""The images of a ward: radiographs of discs and lines, tissue of dots. All places lie in [-1, 1], up is positive."""

from collections.abc import Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray

from aitia.worlds.sample import Sample
from aitia.worlds.texts import Wording

__all__ = ["Painted", "radiograph", "tissue"]

Values = NDArray[np.float64]

_LUNG = 0.45
"""How far from the middle a lung lies."""
_DOTS = (6, 14, 26)
"""Cells, by their label."""


def radiograph(sample: Sample, grain: Wording, size: int) -> "Painted":
    """Radiographs, bright where little gets through."""
    n, canvas = len(sample), Painted(len(sample), size, [(0.55,) * 3])
    off = [0.08 * (2 * grain.number(f"place {k}") - 1) for k in range(2)]
    canvas.part("lungs")
    for side in (-_LUNG, _LUNG):
        canvas.ellipse(np.full(n, side), np.full(n, 0.05), np.full(n, 0.36), np.full(n, 0.75), (0.15,) * 3)
    finding = sample["finding"].round()
    canvas.part("finding")
    # The patient faces us: the left lung stands on the right.
    x = np.where(sample["side"] == 0, _LUNG, -_LUNG)
    large = sample["extent"] == 1
    base = np.where(large, -0.1, -0.4)
    canvas.base(x, base + 0.5 * off[1], (0.9,) * 3, finding == 2)
    y = np.array([0.5, 0.05, -0.4])[sample["zone"].astype(np.int64)] + off[1]
    radius = np.where(large, 0.24, 0.14)
    canvas.ellipse(x + off[0], y, radius, radius, (0.95,) * 3, finding == 1)
    wide = np.where(large, 0.36, 0.26)
    canvas.ellipse(x + off[0], y, wide, 0.8 * wide, (0.5,) * 3, finding == 3)
    canvas.part("heart")
    heart = np.where(sample["heart"] == 1, 0.42, 0.22)
    canvas.ellipse(np.full(n, 0.06), np.full(n, -0.45), heart, np.full(n, 0.32), (0.75,) * 3)
    canvas.part("device")
    canvas.line(np.full(n, -0.04), 1.0, 0.1, 0.07, (1.0,) * 3, sample["device"] == 1)
    return canvas


def tissue(sample: Sample, grain: Wording, size: int) -> "Painted":
    """Tissue: dots for cells on a ground that the stain tints."""
    strong = sample["stain"] == 1
    ground = np.where(strong[:, None], (0.8, 0.5, 0.68), (0.96, 0.84, 0.9))
    canvas = Painted(len(sample), size, ground).part("cells")
    radius = np.where(sample["grade"] == 1, 0.15, 0.09)
    shade = np.where((sample["grade"] == 1)[:, None], (0.25, 0.08, 0.4), (0.5, 0.3, 0.6))
    count = np.array(_DOTS)[sample["cells"].astype(np.int64)]
    for k in range(max(_DOTS)):
        x, y = (1.84 * grain.number(f"cell {k} {axis}") - 0.92 for axis in "xy")
        canvas.ellipse(x, y, radius, radius, shade, count > k)
    canvas.part("necrosis")
    x, y = (0.5 * np.where(grain.chance(f"decay {axis}", 0.5), 1.0, -1.0) for axis in "xy")
    wide = np.full(len(sample), 0.45)
    canvas.ellipse(x, y, wide, wide, (0.98, 0.95, 0.75), sample["necrosis"] == 1)
    return canvas


class Painted:
    """Pictures of one size, painted all at once; an edge is as soft as a pixel.

    `pixels` are (n, size, size, 3) from 0 to 1; `shares`, (n, size, size) for each part, say how much of a pixel it is.
    """

    def __init__(self, n: int, size: int, ground: Values | Sequence[Sequence[float]]) -> None:
        self.pixels = np.broadcast_to(np.asarray(ground, dtype=np.float64)[:, None, None, :], (n, size, size, 3)).copy()
        place = (np.arange(size) + 0.5) / size * 2 - 1
        self.x, self.y, self.soft = place[None, None, :], -place[None, :, None], 2 / size
        self.shares: dict[str, Values] = {}
        self._now = ""

    def part(self, name: str) -> Self:
        """What is laid next is of this part."""
        self.shares[name], self._now = np.zeros(self.pixels.shape[:3]), name
        return self

    def ellipse(
        self, x: Values, y: Values, wide: Values, high: Values, color: Values | Sequence[float],
        where: NDArray[np.bool_] | None = None,
    ) -> None:  # fmt: skip
        """One in each picture, where there is one."""
        far = np.hypot((self.x - _wide(x)) / _wide(wide), (self.y - _wide(y)) / _wide(high))
        self._lay((1 - far) * _wide(np.minimum(wide, high)), color, where)

    def base(self, x: Values, level: Values, color: Sequence[float], where: NDArray[np.bool_]) -> None:
        """What fills a lung up to a level."""
        far = np.hypot((self.x - _wide(x)) / 0.36, (self.y - 0.05) / 0.75)
        self._lay(np.minimum((1 - far) * 0.36, _wide(level) - self.y), color, where)

    def line(
        self, x: Values, top: float, bottom: float, width: float, color: Sequence[float], where: NDArray[np.bool_]
    ) -> None:
        """From top to bottom."""
        inside = np.minimum(np.minimum(top - self.y, self.y - bottom), width - np.abs(self.x - _wide(x)))
        self._lay(inside, color, where)

    def _lay(self, inside: Values, color: Values | Sequence[float], where: NDArray[np.bool_] | None) -> None:
        """Lays a colour where `inside` is positive, half of it at the edge."""
        share = np.clip(0.5 + inside / self.soft, 0, 1)
        if where is not None:
            share = share * _wide(where.astype(np.float64))
        for name, seen in self.shares.items():
            self.shares[name] = seen * (1 - share) + (share if name == self._now else 0.0)
        tint = np.asarray(color, dtype=np.float64)
        tint = tint[:, None, None, :] if tint.ndim == 2 else tint
        self.pixels += share[..., None] * (tint - self.pixels)


def _wide(values: Values) -> Values:
    return values[:, None, None]

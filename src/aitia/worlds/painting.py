"""What worlds that are painted share: films, gauges, arrows, shades."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from aitia.worlds.canvas import Canvas
from aitia.worlds.sample import Latent, Sample

__all__ = ["arrow_down", "film", "gauge", "shade", "share"]

Values = NDArray[np.float64]
Image = NDArray[np.uint8]

_AT_ONCE = 512
"""Frames painted together: enough to be fast, few enough to stay in the cache."""


def film(sample: Sample, frames: int, size: int, paint: Callable[[Mapping[str, Values], int], Canvas]) -> Image:
    """The videos of a sample, (n, frames, size, size, 3).

    Args:
        sample: Rows whose latents are (n,) or (n, frames).
        frames: Of each video.
        size: Pixels on a side.
        paint: From latents, one value a picture, and the size to a canvas of these pictures.
    """
    rows, parts = max(1, _AT_ONCE // frames), []
    for start in range(0, len(sample), rows):
        part = sample.take(slice(start, start + rows))
        z = {
            name: (values if values.ndim == 2 else np.repeat(values, frames)).ravel()
            for name, values in part.latents.items()
        }
        parts.append(paint(z, size).image().reshape(len(part), frames, size, size, 3))
    return np.concatenate(parts)


def gauge(canvas: Canvas, place: int, share: Values | float, color: Sequence[float] | Values) -> None:
    """A bar at the left edge, filled to a share of its height: how a constant that has no shape is shown.

    Args:
        canvas: Where it is drawn.
        place: Number of the bar, from 0, left to right.
        share: Between 0 and 1, cut there.
        color: Of the bar.
    """
    x, height = -0.93 + 0.11 * place, 0.05 + 0.6 * np.clip(share, -0.05, 1.05)
    canvas.box(x, -0.95 + height / 2, 0.035, height / 2, 0.0, color)


def arrow_down(canvas: Canvas, x: float, top: float, long: Values) -> None:
    """An arrow of this length, from its upper end down."""
    color, end = (0.3, 0.12, 0.45), top - np.maximum(long, 0.0)
    canvas.segment(x, top, x, end, 0.07, color)
    corners_y = np.stack([end, end, end - 0.16], axis=1)
    canvas.triangle(np.array([x - 0.11, x + 0.11, x]), corners_y, color)


def share(latent: Latent, values: Values) -> Values:
    """Where values lie in the range of their latent, 0 to 1."""
    return (values - latent.low) / (latent.high - latent.low)


def shade(first: Sequence[float], second: Sequence[float], at: Values) -> Values:
    """Colours between two, (n, 3): the first where `at` is 0, the second where it is 1."""
    weight = np.clip(at, -0.1, 1.1)[:, None]
    mixed: Values = np.clip((1 - weight) * np.asarray(first) + weight * np.asarray(second), 0, 1)
    return mixed

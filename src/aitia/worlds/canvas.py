"""Pictures from signed distances: a canvas for many frames at once, on which every world paints.

    cover(p) = clip(1/2 - d(p) / 1.5, 0, 1),    picture = (1 - cover) picture + cover color                     (1)

d is the distance, in pixels, from the centre of a pixel to the shape, negative inside. An edge is therefore 1.5 pixels
wide, and a value that moves by a fraction of a pixel can be seen. A shape thinner than its edge fades in proportion to
its thickness and is gone at zero.

Scene coordinates go from -1 to 1, x to the right and y up. Draws are kept as numbers and painted by `image`, frame by
frame, so that a frame stays in the cache.

Source:
    Quilez, 2D distance functions, https://iquilezles.org/articles/distfunctions2d/; the distance to an ellipse is the
    first-order one, k0 (k0 - 1) / k1 with k0 = |p / r| and k1 = |p / r^2|.
"""

from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aitia.errors import OptionError

__all__ = ["Canvas", "hue"]

Values = NDArray[np.float64]
Image = NDArray[np.uint8]
_Floats = NDArray[np.float32]

_EDGE = 1.5
"""Width of a soft edge in pixels; `_canvas_kernel.EDGE` is the same number."""
_DISC, _ELLIPSE, _SEGMENT, _BOX, _TRIANGLE, _HALF_PLANE = range(6)


class Canvas:
    """n pictures that are painted together; each draw puts one shape on every picture, over what is there.

    Every argument is a number for all frames or an array (n,); a color is (3,) or (n, 3), clipped to 0 to 1, so that a
    value far out of range can still be painted.

    Args:
        n: Number of pictures.
        size: Pixels on a side.
        background: A color, or a tuple of two colors, of the top and of the bottom, for a gradient between them.

    Raises:
        OptionError: If n or size is below 1, or, from a draw, if an argument has another shape or is not finite.

    Example:
        >>> canvas = Canvas(2, size=16, background=(1, 1, 1)).disc(0, 0, [0.2, 0.5], (1, 0, 0))
        >>> image = canvas.image()
        >>> image.shape, image[1, 8, 8].tolist(), image[0, 0, 0].tolist()
        ((2, 16, 16, 3), [255, 0, 0], [255, 255, 255])
    """

    def __init__(self, n: int, size: int = 64, background: ArrayLike | tuple[ArrayLike, ArrayLike] = (0, 0, 0)) -> None:
        if n < 1 or size < 1:
            raise OptionError(f"a canvas has at least one frame of one pixel, got n={n}, size={size}")
        self.n, self.size = int(n), int(size)
        pair = background if isinstance(background, tuple) and len(background) == 2 else (background, background)
        self._top, self._bottom = (self._color("background", color) for color in pair)
        self._kinds: list[int] = []
        self._shapes: list[_Floats] = []
        self._boxes: list[_Floats] = []
        self._colors: list[_Floats] = []

    def disc(self, x: ArrayLike, y: ArrayLike, radius: ArrayLike, color: ArrayLike, opacity: ArrayLike = 1.0) -> Self:
        """A disc around (x, y)."""
        px, py = self._place("x", x), self._place("y", y)
        r = self._length("radius", radius)
        return self._add(_DISC, (px, py, r), (px - r, px + r, py - r, py + r), r, color, opacity)

    def ellipse(
        self,
        x: ArrayLike,
        y: ArrayLike,
        half_width: ArrayLike,
        half_height: ArrayLike,
        angle: ArrayLike,
        color: ArrayLike,
        opacity: ArrayLike = 1.0,
    ) -> Self:
        """An ellipse around (x, y), turned counter-clockwise by `angle` rad."""
        px, py, w, h, c, s = self._turned(x, y, half_width, half_height, angle)
        reach_x, reach_y = np.hypot(w * c, h * s), np.hypot(w * s, h * c)
        thin = np.minimum(w, h)
        shape = (px, py, np.maximum(w, 1e-3), np.maximum(h, 1e-3), c, s)
        box = (px - reach_x, px + reach_x, py - reach_y, py + reach_y)
        return self._add(_ELLIPSE, shape, box, thin, color, opacity)

    def segment(
        self,
        x0: ArrayLike,
        y0: ArrayLike,
        x1: ArrayLike,
        y1: ArrayLike,
        width: ArrayLike,
        color: ArrayLike,
        opacity: ArrayLike = 1.0,
    ) -> Self:
        """A line of this width from (x0, y0) to (x1, y1) with round ends."""
        ax, ay, bx, by = self._place("x0", x0), self._place("y0", y0), self._place("x1", x1), self._place("y1", y1)
        r = self._length("width", width) / 2
        box = (np.minimum(ax, bx) - r, np.maximum(ax, bx) + r, np.minimum(ay, by) - r, np.maximum(ay, by) + r)
        return self._add(_SEGMENT, (ax, ay, bx, by, r), box, r, color, opacity)

    def box(
        self,
        x: ArrayLike,
        y: ArrayLike,
        half_width: ArrayLike,
        half_height: ArrayLike,
        angle: ArrayLike,
        color: ArrayLike,
        opacity: ArrayLike = 1.0,
    ) -> Self:
        """A rectangle around (x, y), turned counter-clockwise by `angle` rad."""
        px, py, w, h, c, s = self._turned(x, y, half_width, half_height, angle)
        reach_x, reach_y = w * abs(c) + h * abs(s), w * abs(s) + h * abs(c)
        box = (px - reach_x, px + reach_x, py - reach_y, py + reach_y)
        return self._add(_BOX, (px, py, w, h, c, s), box, np.minimum(w, h), color, opacity)

    def triangle(self, x: ArrayLike, y: ArrayLike, color: ArrayLike, opacity: ArrayLike = 1.0) -> Self:
        """The triangle of three corners, in either order; x and y are (3,) or (n, 3)."""
        px, py = self._place("x", x, 3), self._place("y", y, 3)
        edge_x, edge_y = np.roll(px, -1, axis=1) - px, np.roll(py, -1, axis=1) - py
        area = abs(edge_x[:, 0] * edge_y[:, 1] - edge_y[:, 0] * edge_x[:, 1])  # twice it
        thin = area / np.maximum(np.hypot(edge_x, edge_y).sum(axis=1), 1e-9)  # radius of the inscribed circle
        shape = tuple(part[:, i] for i in range(3) for part in (px, py))
        box = (px.min(axis=1), px.max(axis=1), py.min(axis=1), py.max(axis=1))
        return self._add(_TRIANGLE, shape, box, thin, color, opacity)

    def half_plane(
        self, x: ArrayLike, y: ArrayLike, angle: ArrayLike, color: ArrayLike, opacity: ArrayLike = 1.0
    ) -> Self:
        """All that lies to the right of the line through (x, y) in direction `angle` rad: below it where angle is 0."""
        px, py, turn = self._place("x", x), self._place("y", y), self._numbers("angle", angle)
        whole, none = np.full(self.n, float(self.size)), np.zeros(self.n)
        return self._add(
            _HALF_PLANE, (px, py, np.cos(turn), np.sin(turn)), (none, whole, none, whole), whole, color, opacity
        )

    def image(self) -> Image:
        """The pictures, (n, size, size, 3) in 8 bits, row 0 at the top."""
        from aitia.worlds._canvas_kernel import paint

        count = len(self._kinds)
        kinds = np.array(self._kinds, dtype=np.int64)
        shapes, boxes, colors = (
            np.array(given, dtype=np.float32).reshape(count, self.n, width)
            for given, width in ((self._shapes, 6), (self._boxes, 4), (self._colors, 4))
        )
        painted: Image = paint(kinds, shapes, boxes, colors, self._top, self._bottom, self.size)
        return painted

    # -- what was given, as arrays -------------------------------------------------------------------------------------

    def _add(
        self,
        kind: int,
        shape: tuple[Values, ...],
        box: tuple[Values, ...],
        thin: Values,
        color: ArrayLike,
        opacity: ArrayLike,
    ) -> Self:
        numbers = np.zeros((self.n, 6), np.float32)
        for i, column in enumerate(shape):
            numbers[:, i] = column
        reach = np.stack(box, axis=1) + np.array([-1, 1, -1, 1]) * (_EDGE / 2)
        seen = np.clip(self._numbers("opacity", opacity), 0, 1) * np.clip(thin / (_EDGE / 2), 0, 1)
        self._kinds.append(kind)
        self._shapes.append(numbers)
        self._boxes.append(reach.astype(np.float32))
        self._colors.append(np.column_stack([self._color("color", color), seen]).astype(np.float32))
        return self

    def _numbers(self, what: str, given: ArrayLike, width: int = 0) -> Values:
        """(n,), or (n, width)."""
        values = np.asarray(given, dtype=np.float64)
        shape = (self.n, width) if width else (self.n,)
        if values.shape not in (shape, shape[1:]):
            raise OptionError(
                f"{what} has shape {values.shape}, a canvas of {self.n} frames takes {shape[1:] or 'one number'} or"
                f" {shape}"
            )
        if not np.isfinite(values).all():
            raise OptionError(f"{what} is not a finite number in {int((~np.isfinite(values)).sum())} places")
        return np.broadcast_to(values, shape)

    def _place(self, what: str, given: ArrayLike, width: int = 0) -> Values:
        return (self._numbers(what, given, width) + 1) * (self.size / 2)

    def _length(self, what: str, given: ArrayLike) -> Values:
        values: Values = np.maximum(self._numbers(what, given), 0) * (self.size / 2)
        return values

    def _turned(
        self, x: ArrayLike, y: ArrayLike, half_width: ArrayLike, half_height: ArrayLike, angle: ArrayLike
    ) -> tuple[Values, ...]:
        """Centre, half width and half height in pixels, cosine and sine."""
        turn = self._numbers("angle", angle)
        sides = self._length("half_width", half_width), self._length("half_height", half_height)
        return self._place("x", x), self._place("y", y), *sides, np.cos(turn), np.sin(turn)

    def _color(self, what: str, given: ArrayLike) -> _Floats:
        values = self._numbers(what, given, 3)
        return np.clip(values, 0, 1).astype(np.float32)


def hue(h: ArrayLike, saturation: ArrayLike = 0.8, value: ArrayLike = 0.9) -> Values:
    """Colors (..., 3) of these hues: 0 red, 1/3 green, 2/3 blue, 1 red again.

    Example:
        >>> hue([0, 1 / 3], saturation=1, value=1).round(6).tolist()
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    """
    turn, s, v = np.broadcast_arrays(np.asarray(h, np.float64), np.asarray(saturation), np.asarray(value))
    k = (np.array([5.0, 3.0, 1.0]) + 6 * turn[..., None]) % 6
    colors: Values = v[..., None] * (1 - s[..., None] * np.clip(np.minimum(k, 4 - k), 0, 1))
    return colors

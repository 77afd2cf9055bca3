"""The compiled canvas paints what a plain loop over pixels paints, and the geometry is right."""

import math

import numpy as np
import pytest

from aitia.errors import OptionError
from aitia.worlds.canvas import Canvas, hue


def distance_by_hand(kind, p, x, y):
    """Signed distance of a point to a shape, by the textbook, in pixels."""
    if kind == 0:  # disc
        return math.hypot(x - p[0], y - p[1]) - p[2]
    if kind == 1:  # ellipse, to first order
        dx, dy = x - p[0], y - p[1]
        u, v = (p[4] * dx + p[5] * dy) / p[2], (p[4] * dy - p[5] * dx) / p[3]
        k0, k1 = math.hypot(u, v), math.hypot(u / p[2], v / p[3])
        return -min(p[2], p[3]) if k1 < 1e-12 else k0 * (k0 - 1) / k1
    if kind == 2:  # segment
        return to_segment(x, y, *p[:4]) - p[4]
    if kind == 3:  # box
        dx, dy = x - p[0], y - p[1]
        u, v = abs(p[4] * dx + p[5] * dy) - p[2], abs(p[4] * dy - p[5] * dx) - p[3]
        return math.hypot(max(u, 0), max(v, 0)) + min(max(u, v), 0)
    if kind == 4:  # triangle
        corners = [(p[0], p[1]), (p[2], p[3]), (p[4], p[5])]
        sides = list(zip(corners, corners[1:] + corners[:1], strict=True))
        turns = [(b[0] - a[0]) * (y - a[1]) - (b[1] - a[1]) * (x - a[0]) for a, b in sides]
        near = min(to_segment(x, y, *a, *b) for a, b in sides)
        return -near if all(turn > 0 for turn in turns) or all(turn < 0 for turn in turns) else near
    return (y - p[1]) * p[2] - (x - p[0]) * p[3]  # half plane


def to_segment(x, y, x0, y0, x1, y1):
    ex, ey = x1 - x0, y1 - y0
    t = ((x - x0) * ex + (y - y0) * ey) / max(ex * ex + ey * ey, 1e-12)
    t = min(max(t, 0.0), 1.0)
    return math.hypot(x - x0 - t * ex, y - y0 - t * ey)


def painted_by_hand(canvas):
    """The pictures of a canvas, pixel by pixel and shape by shape."""
    size = canvas.size
    pictures = np.empty((canvas.n, size, size, 3), np.uint8)
    for k in range(canvas.n):
        shapes = [[float(number) for number in shape[k]] for shape in canvas._shapes]
        colors = [[float(number) for number in color[k]] for color in canvas._colors]
        for row in range(size):
            part = row / max(size - 1, 1)
            ground = [float(a + part * (b - a)) for a, b in zip(canvas._top[k], canvas._bottom[k], strict=True)]
            for column in range(size):
                red, green, blue = ground
                x, y = column + 0.5, size - row - 0.5
                for kind, shape, (r, g, b, opacity) in zip(canvas._kinds, shapes, colors, strict=True):
                    cover = min(max(0.5 - distance_by_hand(kind, shape, x, y) / 1.5, 0.0), 1.0) * opacity
                    red, green, blue = red + cover * (r - red), green + cover * (g - green), blue + cover * (b - blue)
                pictures[k, row, column] = [int(255 * level + 0.5) for level in (red, green, blue)]
    return pictures


def test_every_shape_is_painted_as_by_hand():
    rng, n = np.random.default_rng(0), 4
    canvas = Canvas(n, 24, ((0.9, 0.8, 0.7), (0.1, 0.2, 0.3)))
    for _ in range(3):
        x, y, u, v = rng.uniform(-0.9, 0.9, (4, n))
        long, wide, turn = rng.uniform(0.05, 0.6, n), rng.uniform(0.02, 0.5, n), rng.uniform(-4, 4, n)
        canvas.disc(x, y, wide, rng.random((n, 3)), rng.random(n))
        canvas.segment(x, y, u, v, wide, rng.random((n, 3)))
        canvas.box(u, v, long, wide, turn, rng.random((n, 3)), 0.7)
        canvas.triangle(rng.uniform(-1, 1, (n, 3)), rng.uniform(-1, 1, (n, 3)), rng.random((n, 3)), 0.8)
        canvas.half_plane(x, v, turn, rng.random((n, 3)), 0.3)
        canvas.ellipse(u, y, long, long * rng.uniform(0.6, 1.0, n), turn, rng.random((n, 3)))
    by_hand = painted_by_hand(canvas).astype(int)
    assert np.abs(canvas.image() - by_hand).max() <= 1


def test_the_area_of_a_disc_is_pi_r_squared():
    white = Canvas(3, 128).disc(0.1, -0.05, [0.2, 0.45, 0.8], (1, 1, 1)).image()[..., 0] / 255
    assert white.mean(axis=(1, 2)) * 4 == pytest.approx(np.pi * np.array([0.2, 0.45, 0.8]) ** 2, rel=0.01)


def test_a_shift_by_a_fraction_of_a_pixel_is_seen():
    x = np.linspace(0, 2 / 64, 21)  # over one pixel
    red = Canvas(21, 64).disc(x, 0.0, 0.3, (1, 0, 0)).image()[..., 0].astype(float)
    center = (red * np.arange(64)).sum(axis=(1, 2)) / red.sum(axis=(1, 2))
    assert (np.diff(center) > 0).all()
    # An edge of 1.5 pixels is sampled at one or two of them, which pulls the centre by at most a twentieth of a pixel.
    assert center == pytest.approx(31.5 + 32 * x, abs=0.05)


def test_a_color_of_a_full_turn_is_the_first_again():
    assert np.allclose(hue(0.0), hue(1.0))
    assert np.allclose(hue([1 / 3, 2 / 3], 1, 1), [[0, 1, 0], [0, 0, 1]])


def test_what_cannot_be_painted_is_refused():
    with pytest.raises(OptionError, match="at least one frame of one pixel"):
        Canvas(0)
    with pytest.raises(OptionError, match="radius has shape"):
        Canvas(2).disc(0, 0, [1, 2, 3], (1, 0, 0))
    with pytest.raises(OptionError, match="x is not a finite number in 1 places"):
        Canvas(2).disc([0, np.nan], 0, 1, (1, 0, 0))

"""The loop that paints, compiled: one frame after the other, each primitive within its bounding box."""

import numpy as np

from aitia.compiled import njit

__all__ = ["BOX", "DISC", "EDGE", "ELLIPSE", "HALF_PLANE", "SEGMENT", "TRIANGLE", "paint"]

DISC, ELLIPSE, SEGMENT, BOX, TRIANGLE, HALF_PLANE = range(6)
EDGE = 1.5
"""Width of a soft edge in pixels."""

_F = np.float32
_FLAGS = {"contract", "nnan", "ninf", "nsz", "reassoc", "arcp"}


@njit(nogil=True, fastmath=_FLAGS)
def _inside(at, size):  # type: ignore[no-untyped-def]
    return int(min(max(at, _F(0)), size))


@njit(nogil=True, fastmath=_FLAGS)
def _row(kind, p, y, first, last, scale, distance):  # type: ignore[no-untyped-def]
    """Signed distances, in pixels, of the centres of the pixels first to last-1 of one row; negative inside."""
    half, zero, one, tiny = _F(0.5), _F(0), _F(1), _F(1e-12)
    if kind == DISC:
        dy2 = (y - p[1]) * (y - p[1])
        for i in range(first, last):
            dx = _F(i) + half - p[0]
            distance[i] = np.sqrt(dx * dx + dy2) - p[2]
    elif kind == ELLIPSE:
        a, b, c, s = one / p[2], one / p[3], p[4], p[5]
        core = min(p[2], p[3])
        for i in range(first, last):
            dx, dy = _F(i) + half - p[0], y - p[1]
            u, v = (c * dx + s * dy) * a, (c * dy - s * dx) * b
            k0, k1 = np.sqrt(u * u + v * v), np.sqrt(u * u * a * a + v * v * b * b)
            distance[i] = -core if k1 < tiny else k0 * (k0 - one) / k1
    elif kind == SEGMENT:
        ex, ey, w = p[2] - p[0], p[3] - p[1], p[4]
        back = one / max(ex * ex + ey * ey, tiny)
        for i in range(first, last):
            dx, dy = _F(i) + half - p[0], y - p[1]
            t = min(max((dx * ex + dy * ey) * back, zero), one)
            dx, dy = dx - t * ex, dy - t * ey
            distance[i] = np.sqrt(dx * dx + dy * dy) - w
    elif kind == BOX:
        c, s = p[4], p[5]
        for i in range(first, last):
            dx, dy = _F(i) + half - p[0], y - p[1]
            u, v = abs(c * dx + s * dy) - p[2], abs(c * dy - s * dx) - p[3]
            u0, v0 = max(u, zero), max(v, zero)
            distance[i] = np.sqrt(u0 * u0 + v0 * v0) + min(max(u, v), zero)
    elif kind == TRIANGLE:
        ax, ay, bx, by, cx, cy = p[2] - p[0], p[3] - p[1], p[4] - p[2], p[5] - p[3], p[0] - p[4], p[1] - p[5]
        turn = one if ax * by - ay * bx > 0 else -one
        back_a = one / max(ax * ax + ay * ay, tiny)
        back_b = one / max(bx * bx + by * by, tiny)
        back_c = one / max(cx * cx + cy * cy, tiny)
        for i in range(first, last):
            x = _F(i) + half
            ux, uy, vx, vy, wx, wy = x - p[0], y - p[1], x - p[2], y - p[3], x - p[4], y - p[5]
            left = min(turn * (ax * uy - ay * ux), min(turn * (bx * vy - by * vx), turn * (cx * wy - cy * wx)))
            t = min(max((ux * ax + uy * ay) * back_a, zero), one)
            ux, uy = ux - t * ax, uy - t * ay
            t = min(max((vx * bx + vy * by) * back_b, zero), one)
            vx, vy = vx - t * bx, vy - t * by
            t = min(max((wx * cx + wy * cy) * back_c, zero), one)
            wx, wy = wx - t * cx, wy - t * cy
            near = np.sqrt(min(ux * ux + uy * uy, min(vx * vx + vy * vy, wx * wx + wy * wy)))
            distance[i] = -near if left > zero else near
    else:
        for i in range(first, last):
            distance[i] = (y - p[1]) * p[2] - (_F(i) + half - p[0]) * p[3]


@njit(nogil=True, fastmath=_FLAGS)
def paint(kinds, shapes, boxes, colors, top, bottom, size):  # type: ignore[no-untyped-def]
    """Pictures (n, size, size, 3) in 8 bits.

    Args:
        kinds: (p,), of each primitive.
        shapes: (p, n, 6) numbers that make it, in pixels from the lower left corner, y up.
        boxes: (p, n, 4) least and largest x and y that it reaches, soft edge included.
        colors: (p, n, 4) red, green, blue, opacity.
        top: (n, 3) background of the uppermost row.
        bottom: (n, 3) of the lowest.
        size: Pixels on a side.
    """
    n = top.shape[0]
    image = np.empty((n, size, size, 3), np.uint8)
    frame = np.empty((3, size, size), np.float32)
    cover = np.empty(size, np.float32)
    half, zero, one, edge, full = _F(0.5), _F(0), _F(1), _F(1.0 / EDGE), _F(255)
    whole = _F(size)
    for k in range(n):
        for channel in range(3):
            first, step = top[k, channel], (bottom[k, channel] - top[k, channel]) / _F(max(size - 1, 1))
            for row in range(size):
                frame[channel, row, :] = first + step * _F(row)
        for j in range(len(kinds)):
            opacity = colors[j, k, 3]
            if opacity <= zero:
                continue
            left, right = _inside(boxes[j, k, 0], whole), _inside(np.ceil(boxes[j, k, 1]), whole)
            upper, lower = _inside(whole - boxes[j, k, 3], whole), _inside(np.ceil(whole - boxes[j, k, 2]), whole)
            for row in range(upper, lower):
                _row(kinds[j], shapes[j, k], whole - _F(row) - half, left, right, whole, cover)
                for i in range(left, right):
                    cover[i] = min(max(half - cover[i] * edge, zero), one) * opacity
                for channel in range(3):
                    color, line = colors[j, k, channel], frame[channel, row]
                    for i in range(left, right):
                        line[i] += cover[i] * (color - line[i])
        for row in range(size):
            for i in range(size):
                for channel in range(3):
                    image[k, row, i, channel] = np.uint8(frame[channel, row, i] * full + half)
    return image

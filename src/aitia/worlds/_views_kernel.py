"""The loop that looks at pictures through a homography, compiled."""

import numpy as np

from aitia.compiled import njit

__all__ = ["warp"]


@njit(nogil=True)
def warp(images, h, around):  # type: ignore[no-untyped-def]
    """The pictures (n, size, size, 3) at the places that h gives to each pixel, bilinear; `around` outside of them."""
    n, size = images.shape[0], images.shape[1]
    out = np.empty_like(images)
    # Places and weights are the same for all pictures.
    column, row = np.empty((size, size), np.int64), np.empty((size, size), np.int64)
    right, down = np.empty((size, size), np.float32), np.empty((size, size), np.float32)
    inside = np.empty((size, size), np.float32)
    for i in range(size):
        for j in range(size):
            px, py = (j + 0.5) * 2 / size - 1, 1 - (i + 0.5) * 2 / size
            w = h[2, 0] * px + h[2, 1] * py + h[2, 2]
            x = ((h[0, 0] * px + h[0, 1] * py + h[0, 2]) / w + 1) * size / 2
            y = (1 - (h[1, 0] * px + h[1, 1] * py + h[1, 2]) / w) * size / 2
            # Pixels that the edge of the scene cuts are part scene, part wall.
            near = min(min(x, size - x), min(y, size - y)) + 0.5
            inside[i, j] = min(max(near, 0.0), 1.0)
            x, y = min(max(x - 0.5, 0.0), size - 1.0), min(max(y - 0.5, 0.0), size - 1.0)
            column[i, j], row[i, j] = min(int(x), max(size - 2, 0)), min(int(y), max(size - 2, 0))
            right[i, j], down[i, j] = x - column[i, j], y - row[i, j]
    last = size - 1
    for k in range(n):
        for i in range(size):
            for j in range(size):
                share = inside[i, j]
                r, c = row[i, j], column[i, j]
                r1, c1 = min(r + 1, last), min(c + 1, last)
                a, b = right[i, j], down[i, j]
                for channel in range(3):
                    wall = around[channel]
                    if share > 0:
                        upper = images[k, r, c, channel] * (1 - a) + images[k, r, c1, channel] * a
                        lower = images[k, r1, c, channel] * (1 - a) + images[k, r1, c1, channel] * a
                        wall += share * (upper * (1 - b) + lower * b - wall)
                    out[k, i, j, channel] = np.uint8(wall + np.float32(0.5))
    return out

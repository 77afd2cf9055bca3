"""A flat scene seen by cameras that stand elsewhere: front, left, back and bird.

A pinhole camera maps the plane of the picture by a homography, and that is what a view is: its pixel at p shows the
scene where H p is, between the four nearest pixels.

    (x, y) ~ H (p_x, p_y, 1),    H = (K [r1 r2 t])^-1                                                          (1)

with r1 and r2 the first two columns of the rotation and t the distance to the middle of the scene. `back` looks at it
from behind, which mirrors it. The whole scene stays within the picture; around it is a dark wall.

Source:
    Hartley, Zisserman, Multiple View Geometry in Computer Vision, 2nd ed. (2004), section 8.1.1.
"""

import math
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from aitia.errors import OptionError

__all__ = ["VIEWS", "check_view", "homography", "seen_from"]

Values = NDArray[np.float64]
Image = NDArray[np.uint8]

VIEWS = MappingProxyType(
    {"front": (0.0, 0.0, 0.0), "left": (-0.5, 0.05, 0.0), "back": (math.pi - 0.3, 0.0, 0.08), "bird": (0.1, 0.6, 0.0)}
)
"""Where each camera stands: yaw, pitch and roll in radians."""
_DISTANCE = 3.2
"""From the camera to the middle of the scene, which is 2 wide."""
_AROUND = (26, 26, 30)
"""Colour of what is not scene."""
_MARGIN = 0.97
"""Share of the picture that the scene takes in its larger direction."""


def check_view(view: str | None, views: tuple[str, ...]) -> None:
    """Refuses a view that there is not.

    Raises:
        OptionError: With the views that there are.
    """
    if view is not None and view not in views:
        raise OptionError(f"there is no view {view!r}; this world has {', '.join(views)}")


def homography(view: str) -> Values:
    """H of (1), (3, 3), in scene coordinates from -1 to 1, x to the right and y up; the identity for `front`.

    Args:
        view: One of `VIEWS`.
    """
    if view == "front":
        return np.eye(3)
    yaw, pitch, roll = VIEWS[view]
    c, s = math.cos(yaw), math.sin(yaw)
    around_y = np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])
    c, s = math.cos(pitch), math.sin(pitch)
    around_x = np.array([[1, 0, 0], [0, c, -s], [0, s, c]])
    c, s = math.cos(roll), math.sin(roll)
    around_z = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
    turned = around_z @ around_x @ around_y
    # The camera looks along -z: depth is the distance less the z of a point.
    to_picture = np.stack([turned[0], turned[1], -turned[2]])[:, :2]
    to_picture = np.column_stack([to_picture, [0.0, 0.0, _DISTANCE]])
    corners = to_picture @ np.array([[-1, 1, 1, -1], [-1, -1, 1, 1], [1, 1, 1, 1]])
    seen = corners[:2] / corners[2]
    low, high = seen.min(axis=1), seen.max(axis=1)
    middle, half = (low + high) / 2, (high - low).max() / 2 / _MARGIN
    frame = np.array([[1 / half, 0, -middle[0] / half], [0, 1 / half, -middle[1] / half], [0, 0, 1]])
    inverse: Values = np.linalg.inv(frame @ to_picture)
    return inverse


def seen_from(images: Image, view: str | None) -> Image:
    """The pictures as a camera elsewhere sees them.

    Args:
        images: (n, size, size, 3), seen from the front.
        view: One of `VIEWS`; None and `front` leave them as they are.

    Example:
        >>> images = np.full((1, 8, 8, 3), 200, np.uint8)
        >>> seen_from(images, "left")[0, 4, 4].tolist(), seen_from(images, "left")[0, 0, 0].tolist()
        ([200, 200, 200], [26, 26, 30])
    """
    if view is None or view == "front":
        return images
    from aitia.worlds._views_kernel import warp

    seen: Image = warp(np.ascontiguousarray(images), homography(view), np.array(_AROUND, dtype=np.float32))
    return seen

"""Which scenes of two sets of tracks overlap, so that no test scene is also a training scene."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.data.tracks import Tracks

__all__ = ["common_steps"]


def common_steps(a: Tracks, b: Tracks) -> NDArray[np.bool_]:
    """Which scenes of two sets have a step of an agent in common, as the same and overlapping windows do.

    A step is two consecutive positions that differ; they are compared as single-precision numbers.

    Returns:
        (scenes of a, scenes of b).

    Example:
        >>> walk = np.cumsum(np.ones((1, 1, 30, 2)), axis=2)
        >>> later, elsewhere = walk[:, :, 15:], walk[:, :, 15:] - 50
        >>> common_steps(Tracks.of(walk[:, :, :20]), Tracks.of(np.concatenate([later, elsewhere]))).tolist()
        [[True, False]]
    """
    (scene_a, steps_a), (scene_b, steps_b) = _steps(a), _steps(b)
    common = np.zeros((len(a), len(b)), dtype=bool)
    _, number = np.unique(np.concatenate([steps_a, steps_b]), return_inverse=True)
    in_a, in_b = number[: len(steps_a)], number[len(steps_a) :]
    order = np.argsort(in_b, kind="stable")
    first, last = (np.searchsorted(in_b[order], in_a, side=side) for side in ("left", "right"))
    counts = last - first
    place = np.repeat(first - np.cumsum(counts) + counts, counts) + np.arange(counts.sum())
    common[np.repeat(scene_a, counts), scene_b[order][place]] = True
    return common


def _steps(tracks: Tracks) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """The scene of every step of an agent that is there and moves, and the step as 16 bytes."""
    x = tracks.tracks.astype(np.float32) + np.float32(0)  # -0 and 0 are one number
    steps = np.concatenate([x[:, :, :-1], x[:, :, 1:]], axis=-1)
    moving = (steps[..., :2] != steps[..., 2:]).any(-1) & tracks.there[:, :, None]
    return np.nonzero(moving)[0], np.ascontiguousarray(steps[moving]).view("V16").ravel()

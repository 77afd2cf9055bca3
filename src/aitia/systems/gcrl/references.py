"""Scenes that s is read from in place of the past: never one that shares a step with the scene that is forecast."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from aitia.data.overlap import common_steps
from aitia.data.tracks import Tracks
from aitia.errors import DataError

__all__ = ["others", "pick", "refuse_common_steps"]


def pick(scenes: Tracks, references: Tracks, draws: int, *, paired: bool = False, overlap: bool = False) -> Tensor:
    """Which reference each draw of s is from, (draws, scenes).

    Args:
        scenes: What is asked about.
        references: Of which each draw takes a random one.
        draws: Draws a scene.
        paired: Whether reference i belongs to scene i.
        overlap: Whether a reference may share a step with the scene.

    Raises:
        DataError: If they are paired and not as many, or a scene shares a step with all that it may take.
    """
    n = len(scenes)
    if paired and len(references) != n:
        raise DataError(f"there are {n} scenes and {len(references)} references: paired, they are as many")
    apart: NDArray[np.bool_] = ~common_steps(scenes, references)
    if overlap:
        apart[:] = True
    allowed = apart.diagonal() if paired else apart.any(1)
    if not allowed.all():
        which = "its reference" if paired else "every reference"
        raise DataError(
            f"scene {np.argmin(allowed)} shares a step with {which}, which shows its future: give other scenes of the "
            "place"
        )
    if paired:
        return torch.arange(n).expand(draws, n)
    return torch.multinomial(torch.from_numpy(apart).float(), draws, replacement=True).T


def refuse_common_steps(scenes: Tracks) -> None:
    """Whole scenes that share a step would show each other's future."""
    for label in scenes.environments:
        place = scenes.of_environments(label)
        for begin in range(0, len(place), 1000):
            common = common_steps(place.take(slice(begin, begin + 1000)), place)
            common[np.arange(len(common)), begin + np.arange(len(common))] = False
            if common.any():
                one, other = np.argwhere(common)[0]
                raise DataError(
                    f"scenes {begin + one} and {other} of {label} share a step, so that one shows the other's future: "
                    "with style 'references' take windows that do not overlap"
                )


def others(scenes: Tracks) -> Tracks:
    """For each scene another one of its environment."""
    rows = np.arange(len(scenes))
    for label in scenes.environments:
        members = np.flatnonzero(scenes.environment == label)
        rows[members] = np.roll(members, 1)
    return scenes.take(rows)

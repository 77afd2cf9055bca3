"""Scenes of tracks as forecasters take them, and how far a forecast is off."""

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from aitia.data.tracks import Tracks
from aitia.errors import OptionError, join_names

__all__ = ["need_pairs", "one_place", "scene_error", "tensors", "training_work", "whole_scenes"]


def whole_scenes(scenes: Tracks, observed: int, future: int) -> Tracks:
    """The scenes, cut after their past and future.

    Raises:
        DataError: If they are too short.
    """
    scenes.need_frames(observed, future)
    return replace(scenes, tracks=scenes.tracks[:, :, : observed + future])


def need_pairs(scenes: Tracks) -> None:
    """Refuses what the pair form does not take.

    Raises:
        OptionError: If there are more or fewer agents than two, or one is missing.
    """
    agents = scenes.tracks.shape[1]
    if agents != 2 or not scenes.there.all():
        found = f"{agents}" if agents != 2 else "scenes where one is missing"
        raise OptionError(f"the pair form takes scenes of 2 agents, got {found}: take form='group'")


def one_place(scenes: Tracks, environment: str | None) -> Tracks:
    """The scenes as scenes of this environment; None takes the one that they are of.

    Raises:
        OptionError: If they are of several, and nobody says which.
    """
    if environment is not None:
        return replace(scenes, environment=np.full(len(scenes), environment))
    if len(scenes.environments) > 1:
        raise OptionError(
            f"adaptation is to one new environment, and the scenes are of {join_names(scenes.environments)}: "
            "say which it is"
        )
    return scenes


def tensors(scenes: Tracks, device: torch.device | None = None) -> tuple[Tensor, Tensor]:
    """Tracks (scenes, agents, frames, 2), in single precision, and presence (scenes, agents)."""
    return torch.from_numpy(scenes.tracks).float().to(device), torch.from_numpy(scenes.there).to(device)


def scene_error(forecast: Tensor, true: Tensor, present: Tensor) -> Tensor:
    """Mean squared distance of each scene over the agents that are there and frames, (...).

    Args:
        forecast: (..., agents, frames, 2).
        true: As forecast.
        present: (..., agents).
    """
    distance = (forecast - true).square().sum(-1).mean(-1) * present
    return distance.sum(-1) / present.sum(-1).clamp(min=1)


def training_work(steps: int, batch: int, scenes: Tracks) -> str:
    """What a training of so many steps does, in words."""
    places = len(scenes.environments)
    return (
        f"{steps} steps, each of {batch} scenes from every one of {places} environments ({len(scenes)} scenes in all)"
    )

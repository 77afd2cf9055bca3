"""What a training is fed with: scenes beside what is further known of them."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from aitia.data.tracks import Tracks
from aitia.errors import DataError, OptionError
from aitia.nn.scenes import tensors
from aitia.system import Given
from aitia.systems.causal_motion.config import CausalMotionConfig
from aitia.train import EnvironmentBatches

__all__ = ["channel_of", "known_styles", "smallest", "styles_of", "training_batches"]


def training_batches(
    config: CausalMotionConfig, scenes: Tracks, style: NDArray[np.float64] | None = None
) -> EnvironmentBatches:
    """Tracks, presence, channel, known style and first frame of scenes; twice as many where half are references.

    Args:
        config: Options.
        scenes: Whole ones, with the channel that the configuration asks for.
        style: (scenes,) known numbers, for style `given`.

    Raises:
        DataError: If an environment has too few scenes to take half as references, or something has another shape.
    """
    numbers = np.searchsorted(scenes.environments, scenes.environment)
    size = config.batch
    if config.style == "modular":
        label, least = smallest(scenes)
        if least < 4:
            raise DataError(f"environment {label} has {least} scenes: 2 to score and 2 references are the least")
        size = 2 * min(config.batch, least // 2)
    known = known_styles(style, len(scenes)) if config.style == "given" else np.zeros(len(scenes))
    further = channel_of(config, scenes)
    data = (
        *tensors(scenes),
        torch.zeros(len(scenes), 1) if further is None else further,
        torch.from_numpy(known).float(),
        torch.from_numpy(scenes.begins),
    )
    return EnvironmentBatches(data, torch.from_numpy(numbers), size, config.seed)


def smallest(scenes: Tracks) -> tuple[str, int]:
    """The environment with the fewest scenes, and how many it has."""
    labels, counts = np.unique(scenes.environment, return_counts=True)
    return str(labels[counts.argmin()]), int(counts.min())


def known_styles(style: NDArray[np.float64] | None, n: int) -> NDArray[np.float64]:
    """A number for each of n scenes.

    Raises:
        DataError: If they are not as many, or not finite.
    """
    given = style if style is not None else np.empty(0)
    if given.shape != (n,) or not np.isfinite(given).all():
        raise DataError(f"style 'given' takes a finite number for each of the {n} scenes, got shape {given.shape}")
    return given


def channel_of(config: CausalMotionConfig, scenes: Tracks) -> Tensor | None:
    """The further channel of scenes, (scenes, agents, observed); None where the configuration has none.

    Raises:
        OptionError: If there is one that the configuration does not ask for.
        DataError: If it has another shape, or is not finite.
    """
    shape = (*scenes.tracks.shape[:2], config.observed)
    if not config.channel:
        if scenes.channel is not None:
            raise OptionError("the configuration has no further channel: take channel=True")
        return None
    given = np.empty(0) if scenes.channel is None else scenes.channel[:, :, : config.observed]
    if given.shape != shape or not np.isfinite(given).all():
        raise DataError(f"the further channel is finite numbers of shape {shape}, got shape {given.shape}")
    return torch.from_numpy(given).float()


def styles_of(given: Given) -> NDArray[np.float64] | None:
    """The known style of each scene, (scenes,)."""
    return given.numbers("given_style")[:, 0] if given.columns("given_style") else None

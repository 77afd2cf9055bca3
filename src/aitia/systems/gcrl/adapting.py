"""The network for one more environment, from a few of its scenes."""

import copy
from collections.abc import Sequence
from math import ceil

import torch

from aitia.data.tracks import Tracks
from aitia.nn.scenes import tensors
from aitia.runs import RunStore
from aitia.systems.gcrl.config import GCRLConfig
from aitia.systems.gcrl.network import Network
from aitia.systems.gcrl.objective import Objective
from aitia.train import EnvironmentBatches, History, TrainConfig, train

__all__ = ["adapted", "training_config"]


def adapted(
    known: Network, config: GCRLConfig, scenes: Tracks, kept: Sequence[int], run: RunStore
) -> tuple[Network, History]:
    """A copy of the network that has the environments kept and, last, that of the scenes; and how its training went.

    Args:
        known: Stays as it is.
        config: What is updated, how often and at which rate are its `adapt_` options.
        scenes: Whole ones of the new environment.
        kept: Numbers of the environments that stay.
        run: Told how far it is.
    """
    net = copy.deepcopy(known)
    with torch.no_grad(), torch.random.fork_rng():
        torch.manual_seed(config.seed)
        net.choose(list(kept), net.shares(*tensors(scenes)).mean(0) if config.latents == "causal" else None)
    size = min(len(scenes), config.batch)
    steps = 100 * ceil(len(scenes) / size) if config.adapt_steps is None else config.adapt_steps
    history = train(
        Objective(net, config, first=len(kept), z_kl=config.adapt_update == "all"),
        EnvironmentBatches(tensors(scenes), torch.zeros(len(scenes), dtype=torch.int64), size, config.seed),
        training_config(config, steps, config.adapt_learning_rate),
        groups=[(net.updated(config.adapt_update), config.adapt_learning_rate)],
        progress=run.progress,
        what=f"adapting to {scenes.environments[0]}",
    )
    return net.cpu().eval(), history


def training_config(config: GCRLConfig, steps: int, rate: float) -> TrainConfig:
    """Adam at a rate that falls to zero, with clipped gradients."""
    return TrainConfig(
        steps=steps, learning_rate=rate, schedule="cosine", clip=10.0, seed=config.seed, device=config.device
    )

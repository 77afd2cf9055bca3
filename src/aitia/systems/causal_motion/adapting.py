"""How a phase is trained, and the network for one more environment, from a few of its scenes."""

import copy
from collections.abc import Sequence
from dataclasses import replace

from aitia.data.tracks import Tracks
from aitia.runs import RunStore
from aitia.systems.causal_motion.batches import training_batches
from aitia.systems.causal_motion.config import CausalMotionConfig
from aitia.systems.causal_motion.network import Network
from aitia.systems.causal_motion.objective import Objective, Phase
from aitia.train import EnvironmentBatches, History, TrainConfig, train

__all__ = ["BANK", "adapted", "train_phase"]

BANK = 64
"""Training scenes of each environment that a fitted model keeps, as references and as negatives of the contrast."""


def train_phase(
    net: Network, config: CausalMotionConfig, phase: Phase, batches: EnvironmentBatches, number: int, run: RunStore
) -> History:
    """Trains what the phase says; its state is kept as `phase-NUMBER.safetensors`."""
    if run.checkpoint is not None:
        run.checkpoint.mkdir(parents=True, exist_ok=True)
    return train(
        Objective(net, config, phase),
        batches,
        TrainConfig(
            steps=phase.steps,
            learning_rate=config.learning_rate,
            schedule="cosine" if phase.falling else "constant",
            seed=config.seed + 1000 * number,
            device=config.device,
        ),
        groups=phase.groups,
        checkpoint=None if run.checkpoint is None else run.checkpoint / f"phase-{number}.safetensors",
        progress=run.progress,
        what=phase.name,
    )


def adapted(
    known: Network, config: CausalMotionConfig, scenes: Tracks, environments: Sequence[str], run: RunStore
) -> tuple[Network, History]:
    """A copy of the network that has the other environments and, last, that of the scenes; and how its training went.

    Args:
        known: Stays as it is.
        config: What is updated, how often and at which rate are its `adapt_` options.
        scenes: Whole ones of the new environment.
        environments: Labels of those that the network knows.
        run: Told how far it is.
    """
    net, (label,) = copy.deepcopy(known), scenes.environments
    kept = [e for e in environments if e != label]
    if label in environments and config.style == "modular":
        net.bank.forget(list(environments).index(label))
    chosen = list(net.parameters() if config.adapt_update == "all" else net.forecaster.modulation.parameters())
    if config.adapt_update == "modulation and style":
        chosen += net.reader.parameters()
    phase = Phase(
        f"adapting to {label}",
        config.adapt_steps,
        [(chosen, config.adapt_learning_rate)],
        contrast=config.adapt_contrastive_weight,
        falling=True,
    )
    history = train_phase(net, config, phase, training_batches(config, scenes), 9, replace(run, checkpoint=None))
    if config.style == "modular":
        net.bank.keep(scenes, (label,), BANK, first=len(kept))
    return net.cpu().eval(), history

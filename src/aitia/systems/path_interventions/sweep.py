"""The effects of all units that lead into a layer, in batches.

Cost: a forward up to the layer once, and for each unit the part of the network above the layer, on all images. Memory:
that of `batch_size` rows above the layer.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from aitia.errors import InterventionError
from aitia.systems.path_interventions.config import Kind
from aitia.systems.path_interventions.units import Layer, UnitNetwork, changed_outputs, chunks, path_weights

__all__ = ["Sweep", "scores", "sweep"]

Values = NDArray[np.float64]
WIDTH = 0.01
"""Of the interval from which soft weights are drawn."""


@dataclass(frozen=True, eq=False)
class Sweep:
    """What interventions on paths do, unit by unit.

    Args:
        changes: (units, images) of the class's logit.
        log_changes: (units, images) of its log-probability.
        divergence: (units,) mean KL(p under the intervention || p) over the images, in nats.
    """

    changes: Values
    log_changes: Values
    divergence: Values


def scores(logits: Tensor, target: int) -> tuple[Values, Values, Tensor]:
    """Logit and log-probability of the class, and all log-probabilities.

    Raises:
        InterventionError: If a logit is not finite.
    """
    if not torch.isfinite(logits).all():
        row = int((~torch.isfinite(logits)).any(dim=1).nonzero()[0, 0])
        raise InterventionError(f"the logits of image {row} are not finite: the model gives no numbers there")
    log = torch.log_softmax(logits.double(), dim=1)
    return logits[:, target].double().cpu().numpy(), log[:, target].cpu().numpy(), log


def sweep(
    network: UnitNetwork,
    layer: Layer,
    effects: Sequence[int],
    tried: Sequence[int],
    images: Tensor,
    target: int,
    *,
    kind: Kind = "hard",
    beta: float = 0.0,
    seed: int = 0,
    references: Tensor | None = None,
    batch_size: int = 512,
    done: Callable[[int], None] | None = None,
) -> Sweep:
    """Sets the paths from each tried block to the effects, and measures the class.

    Args:
        network: The classifier.
        layer: Whose input units are tried.
        effects: Output units of the layer.
        tried: Numbers of blocks.
        images: (n, ...).
        target: The class.
        kind: `hard` sets weights to 0, `soft` draws them from [beta, beta + 0.01], `mean` holds what a unit hands on at
            its mean over the images.
        beta: Of soft weights.
        seed: Of their draw.
        references: For each image another one: a unit then hands on what it would of that image. Overrides `kind`.
        batch_size: Rows that run at once.
        done: Told how many blocks are through, image chunk by image chunk.
    """
    n = len(images)
    changes, log_changes, divergence = np.zeros((len(tried), n)), np.zeros((len(tried), n)), np.zeros(len(tried))
    rows = list(chunks(range(n), batch_size))
    mean = _mean_given(network, layer, images, rows) if kind == "mean" and references is None else None
    drawn = _drawn(layer, effects, tried, beta, seed) if kind == "soft" and references is None else None
    by_size: dict[int, list[int]] = {}
    for place, number in enumerate(tried):
        by_size.setdefault(len(layer.blocks[number]), []).append(place)
    for part in rows:
        upwards = network.upwards(layer.name, images[part[0] : part[-1] + 1])
        plain, plain_log, log = scores(upwards.run(upwards.gave, 1), target)
        other = mean if references is None else network.upwards(layer.name, references[part[0] : part[-1] + 1]).given
        for places in by_size.values():
            for chunk in chunks(places, batch_size // len(part)):
                blocks = [layer.blocks[tried[place]] for place in chunk]
                weights = None if drawn is None else torch.stack([drawn[place] for place in chunk])
                gave = changed_outputs(layer, upwards, effects, blocks, weights=weights, replacement=other)
                logits = upwards.run(gave, len(blocks))
                score, score_log, new = scores(logits, target)
                kl = (new.exp() * (new - log.repeat(len(blocks), 1))).sum(dim=1).reshape(len(blocks), -1)
                changes[np.ix_(chunk, part)] = score.reshape(len(blocks), -1) - plain
                log_changes[np.ix_(chunk, part)] = score_log.reshape(len(blocks), -1) - plain_log
                divergence[list(chunk)] += kl.sum(dim=1).cpu().numpy() / n
                if done is not None:
                    done(len(chunk))
    return Sweep(changes, log_changes, divergence)


def _mean_given(network: UnitNetwork, layer: Layer, images: Tensor, rows: Sequence[Sequence[int]]) -> Tensor:
    parts = [network.upwards(layer.name, images[part[0] : part[-1] + 1]).given.sum(dim=0) for part in rows]
    return torch.stack(parts).sum(dim=0, keepdim=True)[0][None] / len(images)


def _drawn(layer: Layer, effects: Sequence[int], tried: Sequence[int], beta: float, seed: int) -> list[Tensor]:
    """Soft weights; those of a block do not depend on which others are tried."""
    found = []
    for number in tried:
        now, _ = path_weights(layer, effects, [layer.blocks[number]])
        generator = torch.Generator().manual_seed(seed * 1_000_003 + crc32(f"{layer.name}:{number}".encode()))
        found.append(beta + WIDTH * torch.rand(now.shape[1:], generator=generator))
    return found

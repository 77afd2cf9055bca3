"""Training: an annotated pair scores high, every other pair of the same clip low.

    loss = - log sigma(score of an annotated pair) - sum over other pairs of its clip of log sigma(-score)           (2)

Negatives are of the same clip: those of others would be told by the clip and not by the pair. All of them count, and
not a sample, so that scores are probabilities. A share of the sentences is blank, so that a blank can be read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from aitia.engine import Progress
from aitia.systems.ireason.network import PairNetwork, Scene
from aitia.systems.ireason.pairs import MOMENTS, Pairs
from aitia.train import TrainConfig, train

__all__ = ["PairBatches", "PairLoss", "scene_of", "trained"]


@dataclass
class PairBatches:
    """Pairs of a step.

    Args:
        pairs: With labels.
        ids: Tokens of each sentence, or their codes.
        mask: Of the tokens.
        weights: Of each pair.
        size: Pairs of a step.
        seed: Of the draws.
    """

    pairs: Pairs
    ids: Tensor
    mask: Tensor
    weights: np.ndarray
    size: int
    seed: int

    def __call__(self, step: int, rank: int, ranks: int, /) -> tuple[Tensor, ...]:
        """Tokens of the sentences, numbers of both sentences, objects, times, labels and weights."""
        random = np.random.default_rng([self.seed, step])
        rows = random.choice(len(self.pairs), min(self.size, len(self.pairs)), replace=False)[rank::ranks]
        held = np.sort(rows)
        said, back = np.unique(self.pairs.said[held], return_inverse=True)
        objects = objects_of(self.pairs, held)
        label, weight = (torch.from_numpy(v[held]).float() for v in (self.pairs.label, self.weights))
        return self.ids[said], self.mask[said], torch.from_numpy(back.reshape(-1, 2)), *objects, label, weight


def objects_of(pairs: Pairs, rows: np.ndarray) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Kinds, boxes, features and moments of the objects of pairs, over all moments, and their times."""
    looks, seen = pairs.looks, pairs.seen[rows]
    n, most = len(rows), looks.kinds.shape[1]
    kinds = torch.from_numpy(looks.kinds[seen].reshape(n, MOMENTS * most))
    boxes, features = (torch.from_numpy(v[seen].reshape(n, MOMENTS * most, v.shape[2]))
                       for v in (looks.boxes, looks.features))  # fmt: skip
    moments = torch.arange(MOMENTS).repeat_interleave(most).expand(n, -1)
    return kinds, boxes, features, moments, torch.from_numpy(pairs.times[rows]).float()


def scene_of(network: PairNetwork, pairs: Pairs, rows: np.ndarray, codes: Tensor) -> Scene:
    """What scores of pairs are read from; `codes` are those of all sentences."""
    said = torch.from_numpy(pairs.said[rows])
    kinds, boxes, features, moments, times = objects_of(pairs, rows)
    return Scene(codes[said[:, 0]], codes[said[:, 1]], kinds, boxes, features, moments, times)


class PairLoss(nn.Module):
    """(2).

    Args:
        network: What is trained.
        drop: Share of sentences that are blank.
    """

    def __init__(self, network: PairNetwork, drop: float) -> None:
        super().__init__()
        self.network, self.drop = network, drop

    def forward(
        self, ids: Tensor, mask: Tensor, said: Tensor, kinds: Tensor, boxes: Tensor, features: Tensor, moments: Tensor,
        times: Tensor, label: Tensor, weight: Tensor,
    ) -> Tensor:  # fmt: skip
        """Of what `PairBatches` gives."""
        codes = self.network.codes(ids, mask)[said]
        if self.drop and self.network.use == "both":
            blank = torch.rand(codes.shape[:2], device=codes.device) < self.drop
            codes = torch.where(blank[..., None], self.network.blank, codes)
        scene = Scene(codes[:, 0], codes[:, 1], kinds, boxes, features, moments, times)
        score, _ = self.network(scene)
        return binary_cross_entropy_with_logits(score, label, weight=weight)


def trained(
    network: PairNetwork, batches: PairBatches, *, drop: float, steps: int, learning_rate: float, seed: int,
    device: str, checkpoint: Path | None = None, progress: Progress | None = None,
) -> tuple[Mapping[str, float], ...]:  # fmt: skip
    """Trains a network in place, and takes the mean of each object at each moment; the losses."""
    config = TrainConfig(
        steps=steps, learning_rate=learning_rate, weight_decay=0.01, schedule="cosine", clip=1.0, seed=seed,
        device="cpu" if device == "cpu" else "auto",
    )  # fmt: skip
    network.train()
    history = train(
        PairLoss(network, drop), batches, config, checkpoint=checkpoint, progress=progress, what="pairs of events"
    )
    network.cpu().eval()
    _keep_means(network, batches.pairs, seed)
    return tuple(history.losses)


def _keep_means(network: PairNetwork, pairs: Pairs, seed: int) -> None:
    """The mean code of each name at each moment, over some pairs."""
    rows = np.random.default_rng([seed, 7]).permutation(len(pairs))[:2000]
    kinds, boxes, features, moments, times = objects_of(pairs, rows)
    nothing = torch.zeros(len(rows), 1)
    with torch.no_grad():
        states = network.tokens(Scene(nothing, nothing, kinds, boxes, features, moments, times))
        flat, place = states.reshape(-1, states.shape[2]), ((kinds + 1) * MOMENTS + moments).reshape(-1)
        means: Tensor = network.means  # type: ignore[assignment]
        sums = torch.zeros(means.shape[0] * MOMENTS, states.shape[2]).index_add_(0, place, flat)
        counts = torch.bincount(place, minlength=len(sums)).clamp(min=1)
        means.copy_((sums / counts[:, None]).reshape(means.shape))

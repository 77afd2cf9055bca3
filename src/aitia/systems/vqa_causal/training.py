"""Contrastive training of two towers, with the reversed sentence as a hard negative or without it.

    L = 1/2 [ -log p(t_i | x_i) - log p(x_i | t_i) ]                                                               (1)
    p(t_i | x_i) = exp(s x_i.t_i) / sum over texts t_j, and over reversed sentences r_j,  exp(s x_i.t)

Of every picture a share `causal` of the steps shows a sentence that tells cause and effect, and else its plain caption.
Texts of a batch that are word for word those of the row are no negatives of it.

Source:
    Weng, Li, Wang, Huang and Zhao, What's missing in vision-language models?, 2025, for the reversed sentence as a hard
    negative; the loss is that of Yuksekgonul et al., When and why vision-language models behave like bags-of-words,
    ICLR 2023.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, normalize

from aitia.engine import Progress
from aitia.train import TrainConfig, train

__all__ = ["PairBatches", "TowersLoss", "trained"]

SCALE = 100.0
"""Largest factor of the cosines."""


@dataclass
class PairBatches:
    """Pictures of a step, each with a text and the reversed sentence.

    Args:
        pictures: (n, ...) prepared.
        texts: (m, tokens) prepared.
        captions: (n,) rows of `texts` with the plain caption, -1 where there is none.
        true: (n, k) rows of `texts` with the true sentences.
        reverse: (n, k) with the same reversed.
        causal: Share of pictures that are shown with a sentence.
        size: Pictures of a step.
        seed: Of the draws.
    """

    pictures: Tensor
    texts: Tensor
    captions: NDArray[np.int64]
    true: NDArray[np.int64]
    reverse: NDArray[np.int64]
    causal: float
    size: int
    seed: int = 0
    _first: int = field(default=0)

    def __call__(self, step: int, rank: int, ranks: int, /) -> tuple[Tensor, ...]:
        """Pictures, ids of their texts and of the reversed ones, numbers of the texts, and who has a reversed one."""
        random = np.random.default_rng([self.seed, step + self._first])
        rows = random.choice(len(self.captions), min(self.size, len(self.captions)), replace=False)
        said = (random.random(len(rows)) < self.causal) | (self.captions[rows] < 0)
        which = random.integers(self.true.shape[1], size=len(rows))
        number = np.where(said, self.true[rows, which], self.captions[rows])
        other = np.where(said, self.reverse[rows, which], 0)
        mine = slice(rank, None, ranks)
        ids = self.texts[torch.from_numpy(number[mine])]
        reversed_ids = self.texts[torch.from_numpy(other[mine])]
        numbers = torch.from_numpy(np.stack([number, other], axis=1)[mine])
        return self.pictures[torch.from_numpy(rows[mine])], ids, reversed_ids, numbers, torch.from_numpy(said[mine])


class TowersLoss(nn.Module):
    """(1).

    Args:
        towers: What is trained: it has `picture_codes`, `text_codes` and `scale`.
        negatives: Whether reversed sentences stand among the texts.
    """

    def __init__(self, towers: nn.Module, negatives: bool) -> None:
        super().__init__()
        self.towers, self.negatives = towers, negatives

    def forward(self, pictures: Tensor, ids: Tensor, reversed_ids: Tensor, numbers: Tensor, said: Tensor) -> Tensor:
        """Of what `PairBatches` gives."""
        towers: Any = self.towers
        x, count = normalize(towers.picture_codes(pictures), dim=-1), len(ids)
        hard = self.negatives and bool(said.any())
        t = normalize(towers.text_codes(torch.cat([ids, reversed_ids[said]]) if hard else ids), dim=-1)
        logits = towers.scale.exp().clamp(max=SCALE) * (x @ t.T)
        own = numbers[:, 0]
        told = torch.cat([own, numbers[said, 1]]) if hard else own
        itself = torch.eye(count, len(told), dtype=torch.bool, device=logits.device)
        logits = logits.masked_fill((own[:, None] == told[None]) & ~itself, float("-inf"))
        target = torch.arange(count, device=logits.device)
        return 0.5 * (cross_entropy(logits, target) + cross_entropy(logits[:, :count].T, target))


def trained(
    towers: nn.Module,
    batches: PairBatches,
    *,
    negatives: bool,
    steps: int,
    learning_rate: float,
    seed: int,
    device: Any = "auto",
    parameters: Sequence[nn.Parameter] | None = None,
    checkpoint: Path | None = None,
    progress: Progress | None = None,
    what: str = "pictures and sentences",
) -> tuple[Mapping[str, float], ...]:
    """Trains towers in place; the losses."""
    training = TrainConfig(
        steps=steps,
        learning_rate=learning_rate,
        weight_decay=0.01,
        schedule="cosine",
        clip=1.0,
        seed=seed,
        device=device,
    )
    groups = None if parameters is None else [(list(parameters), learning_rate)]
    towers.train()
    history = train(
        TowersLoss(towers, negatives), batches, training, groups=groups, checkpoint=checkpoint, progress=progress,
        what=what,
    )  # fmt: skip
    towers.eval()
    return tuple(history.losses)

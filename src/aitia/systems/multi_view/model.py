"""Multi-view contrast: what two views of one thing share is kept, what a single view shows is dropped.

    loss = InfoNCE(h(x), h(x')) in both directions, with the other rows of both views as negatives

x and x' are two views of one id, h the encoder, scaled to unit length. The shared block is found up to an invertible
map; nothing in the loss prefers one set of coordinates of it, so R2 is high and MCC need not be.

Sources:
    von Kügelgen et al., Self-supervised learning with data augmentations provably isolates content from style,
    NeurIPS 2021; Yao et al., Multi-view causal representation learning with partial observability, ICLR 2024.
    Temperature 1 of the causalverse suite, whose tree keeps this method in a folder named after another.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import normalize

from aitia.errors import DataError
from aitia.nn.contrastive import info_nce
from aitia.nn.observation import Encoder, Scale
from aitia.representations.method import Assumption, Representation
from aitia.representations.networks import Network
from aitia.representations.rows import Rows
from aitia.systems.multi_view.card import CARD
from aitia.systems.multi_view.config import MultiViewConfig
from aitia.train import Batches, RowBatches

__all__ = ["MultiView"]


class MultiView(Representation):
    """Contrast between the views of an id. Assumes views.

    `encode` gives codes of unit length, so the last of them follows from the others up to its sign.
    """

    card = CARD
    assumes: ClassVar[tuple[Assumption, ...]] = ("views",)
    Config = MultiViewConfig
    config: MultiViewConfig

    def _build(self) -> Network:
        return _Contrast(self._shape, self.config)

    def _batches(self, data: Rows) -> Batches:
        """A row of a batch is an id with several views; two of them are drawn anew in every step."""
        assert data.id is not None
        order = np.argsort(data.id, kind="stable")
        _, first, counts = np.unique(data.id[order], return_index=True, return_counts=True)
        several = counts > 1
        if not several.any():
            raise DataError(
                f"{self.card.slug} needs views of more ids: no id of {len(data)} rows of {data.source} has two"
            )
        ids = (torch.from_numpy(first[several]), torch.from_numpy(counts[several]))
        return _Pairs(
            torch.from_numpy(np.array(data.x[order])),
            RowBatches(ids, self.config.batch, self.config.seed),
            self.config.seed,
        )


@dataclass(frozen=True)
class _Pairs:
    """Two different views of each id of a batch."""

    x: Tensor
    ids: RowBatches
    seed: int

    def __call__(self, step: int, rank: int, ranks: int, /) -> tuple[Tensor, ...]:
        first, counts = (part.numpy() for part in self.ids(step, rank, ranks))
        rng = np.random.default_rng([self.seed, 62, step, rank])
        one = rng.integers(0, counts)
        other = (one + rng.integers(1, counts)) % counts
        return self.x[torch.from_numpy(first + one)], self.x[torch.from_numpy(first + other)]


class _Contrast(Network):
    def __init__(self, shape: tuple[int, ...], config: MultiViewConfig) -> None:
        super().__init__()
        self.temperature = config.temperature
        self.scale = Scale(shape)
        self.encoder = Encoder(shape, config.latents, config.width, config.hidden)

    def learn_scale(self, x: Tensor, common: bool) -> None:
        """Of vectors."""
        self.scale.learn(x, common)

    def encode(self, x: Tensor) -> Tensor:
        """Codes of unit length."""
        lead = x.shape[: x.ndim - len(self.scale.shape)]
        return normalize(self.encoder(self.scale(x)), dim=-1).reshape(*lead, -1)

    def forward(self, one: Tensor, other: Tensor) -> dict[str, Tensor]:
        """The loss of two views of the same rows; of clips, frame by frame."""
        a, b = (self.encode(view).flatten(0, -2) for view in (one, other))
        return {"loss": info_nce(a, b, self.temperature)}

"""A small network that reads the attributes of a ward's images, to tell whether an image says what its report says."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from aitia.train import TrainConfig, train
from aitia.worlds.ward import ATTRIBUTES, LABELS

__all__ = ["Eye", "agreement"]

Images = NDArray[np.uint8]
NAMES = tuple(dict.fromkeys(("domain", *(name for held in ATTRIBUTES.values() for name in held))))
HIDDEN = ("side", "zone", "extent")
"""What shows only where there is a finding."""


class Eye(nn.Module):
    """Three convolutions, and a linear layer for each attribute.

    Args:
        size: Side of the images, a multiple of four.
    """

    def __init__(self, size: int = 16) -> None:
        super().__init__()
        self.seen = nn.Sequential(
            nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(), nn.Conv2d(16, 32, 3, 2, 1), nn.ReLU(),
            nn.Conv2d(32, 32, 3, 2, 1), nn.ReLU(), nn.Flatten(), nn.Linear(32 * (size // 4) ** 2, 96), nn.ReLU(),
        )  # fmt: skip
        self.heads = nn.ModuleDict({name: nn.Linear(96, len(LABELS[name])) for name in NAMES})

    def forward(self, pixels: Tensor, labels: Tensor) -> Tensor:
        """The loss: labels (rows, attributes), -1 where an attribute shows nowhere."""
        seen = self.seen(pixels)
        losses = [
            cross_entropy(self.heads[name](seen), labels[:, k], ignore_index=-1, reduction="sum")
            for k, name in enumerate(NAMES)
        ]
        return torch.stack(losses).sum() / (labels >= 0).sum()

    @classmethod
    def trained(
        cls, images: Images, told: Sequence[Mapping[str, str]], *, steps: int = 500, batch: int = 96, seed: int = 0
    ) -> "Eye":
        """One that learnt to read these images."""
        labels = torch.full((len(told), len(NAMES)), -1)
        for row, held in enumerate(told):
            for k, name in enumerate(NAMES):
                if name in held:
                    labels[row, k] = LABELS[name].index(held[name])
        pixels = _pixels(images)

        def drawn(step: int, rank: int, ranks: int, /) -> tuple[Tensor, ...]:
            rows = torch.from_numpy(np.random.default_rng([seed, step]).integers(0, len(images), batch))[rank::ranks]
            return pixels[rows], labels[rows]

        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            eye = cls(images.shape[1])
        config = TrainConfig(steps=steps, learning_rate=3e-3, schedule="cosine", seed=seed, device="cpu")
        train(eye, drawn, config)
        return eye.eval()

    @torch.no_grad()
    def read(self, images: Images) -> list[dict[str, str]]:
        """The attributes of each image, of its domain alone."""
        seen = self.seen(_pixels(images))
        found = {name: self.heads[name](seen).argmax(dim=1).tolist() for name in NAMES}
        told = []
        for row in range(len(images)):
            domain = LABELS["domain"][found["domain"][row]]
            held = {"domain": domain, **{n: LABELS[n][found[n][row]] for n in ATTRIBUTES[domain]}}
            nothing = held.get("finding") == "none"
            told.append({n: label for n, label in held.items() if not (nothing and n in HIDDEN)})
        return told


def agreement(said: Sequence[Mapping[str, str]], seen: Sequence[Mapping[str, str]]) -> float:
    """Share of the attributes of the first that the second has alike, the mean over rows; the domain counts as one.

    What the first does not tell is not asked, but for a row that tells nothing, which counts as none alike.
    """
    shares = [
        float(np.mean([other.get(name) == label for name, label in one.items()])) if one else 0.0
        for one, other in zip(said, seen, strict=True)
    ]
    return float(np.mean(shares))


def _pixels(images: Images) -> Tensor:
    return torch.from_numpy(images.astype(np.float32) / 255).permute(0, 3, 1, 2).contiguous()

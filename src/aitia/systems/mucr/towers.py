"""Small encoders of pictures or of captions, and what they are trained on.

    a = tower_1(cause),    b = tower_2(effect),    s(cause, effect) = cos(a, b)
    pairs:      L = 1/2 [ -log p(b_i | a_i) - log p(a_i | b_i) ],  p over the batch, of exp(t cos)                 (1)
    captions:   one tower for both, L = binary cross-entropy of the words of each picture's own caption             (2)
    changes:    L = -log softmax(g(h(before), h(after)))[what is said of the change]                                (3)

(2) recognises what a picture shows, and never sees two pictures together.

Source:
    Radford et al., Learning transferable visual models from natural language supervision, ICML 2021, for (1).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, normalize

from aitia.engine import Progress
from aitia.systems.mucr.config import MucrConfig
from aitia.systems.mucr.pictures import Cell, sized
from aitia.train import TrainConfig, train

__all__ = ["Drawn", "Reader", "Siamese", "bag_of", "codes_of", "terms_of", "trained"]

Values = NDArray[np.float64]
SCALE = 100.0
"""Largest factor of the cosines."""
AT_ONCE = 256


def terms_of(text: str) -> list[str]:
    """Words and pairs of neighbouring words, in lower case.

    Example:
        >>> terms_of("Light 7")
        ['light', '7', 'light 7']
    """
    words = re.findall(r"[^\W_]+", text.lower())
    return [*words, *(f"{a} {b}" for a, b in pairwise(words))]


def bag_of(texts: Sequence[str], terms: Sequence[str]) -> Tensor:
    """(n, terms) 1 where a text has a term."""
    places = {term: k for k, term in enumerate(terms)}
    found = torch.zeros(len(texts), len(places))
    for row, text in enumerate(texts):
        found[row, [places[term] for term in dict.fromkeys(terms_of(text)) if term in places]] = 1
    return found


class Tower(nn.Module):
    """A code of each picture, or of each caption.

    Args:
        pixels: On a side of pictures.
        width: Of the codes.
        terms: The vocabulary of captions; empty for pictures.
    """

    def __init__(self, pixels: int, width: int, terms: Sequence[str]) -> None:
        super().__init__()
        self.pixels, self.terms = pixels, {term: k for k, term in enumerate(terms)}
        side = -(-pixels // 8)
        if terms:
            self.body = nn.Sequential(
                nn.Linear(len(terms), 2 * width), nn.ReLU(), nn.Linear(2 * width, 2 * width), nn.ReLU(),
                nn.Linear(2 * width, width),
            )  # fmt: skip
        else:
            self.body = nn.Sequential(
                nn.Conv2d(3, 16, 3, stride=2, padding=1), nn.ReLU(), nn.Conv2d(16, 32, 3, stride=2, padding=1),
                nn.ReLU(), nn.Conv2d(32, 64, 3, stride=2, padding=1), nn.ReLU(), nn.Flatten(),
                nn.Linear(64 * side * side, 2 * width), nn.ReLU(), nn.Linear(2 * width, width),
            )  # fmt: skip

    def prepared(self, cells: Sequence[Cell] | Sequence[str]) -> Tensor:
        """Pictures as (n, 3, pixels, pixels), captions as (n, terms)."""
        if self.terms:
            return bag_of([str(text) for text in cells], list(self.terms))
        if not len(cells):
            return torch.zeros(0, 3, self.pixels, self.pixels)
        stack = np.stack([sized(cell, self.pixels) for cell in cells]).astype(np.float32)
        return torch.from_numpy(stack.transpose(0, 3, 1, 2) / 127.5 - 1)

    def forward(self, inputs: Tensor) -> Tensor:
        """(n, width)."""
        codes: Tensor = self.body(inputs)
        return codes


class Siamese(nn.Module):
    """(1) and (2).

    Args:
        pixels: On a side of pictures.
        width: Of the codes.
        terms: The vocabulary of captions, where they are read in place of pictures.
        said: The vocabulary of captions that pictures are trained to tell; empty for (1).
    """

    def __init__(self, pixels: int, width: int, terms: Sequence[str], said: Sequence[str] = ()) -> None:
        super().__init__()
        self.settings = {"pixels": pixels, "width": width, "terms": list(terms), "said": list(said)}
        self.towers = nn.ModuleList([Tower(pixels, width, terms) for _ in range(1 if said else 2)])
        self.head = nn.Linear(width, len(said)) if said else None
        self.scale = nn.Parameter(torch.tensor(np.log(10.0), dtype=torch.float32))

    def tower(self, side: int) -> Tower:
        """Of causes (0), or of effects (1); the same where there is one for both."""
        tower = self.towers[min(side, len(self.towers) - 1)]
        assert isinstance(tower, Tower)
        return tower

    def forward(self, causes: Tensor, effects: Tensor, *said: Tensor) -> Tensor:
        """The loss; `said` are the words of each side's captions, for (2)."""
        if self.head is not None:
            told = [self.head(self.tower(side)(x)) for side, x in enumerate((causes, effects))]
            losses = [binary_cross_entropy_with_logits(own, want) for own, want in zip(told, said, strict=True)]
            return losses[0] + losses[1]
        a, b = normalize(self.tower(0)(causes), dim=-1), normalize(self.tower(1)(effects), dim=-1)
        logits = self.scale.exp().clamp(max=SCALE) * (a @ b.T)
        target = torch.arange(len(logits), device=logits.device)
        return 0.5 * (cross_entropy(logits, target) + cross_entropy(logits.T, target))


class Reader(nn.Module):
    """(3).

    Args:
        pixels: On a side of pictures.
        width: Of the codes.
        terms: The vocabulary of captions, where they are read in place of pictures.
        texts: What may be said of a change.
    """

    def __init__(self, pixels: int, width: int, terms: Sequence[str], texts: Sequence[str]) -> None:
        super().__init__()
        self.settings = {"pixels": pixels, "width": width, "terms": list(terms), "texts": list(texts)}
        self.texts, self.tower = tuple(texts), Tower(pixels, width, terms)
        self.head = nn.Sequential(nn.Linear(3 * width, 2 * width), nn.ReLU(), nn.Linear(2 * width, len(texts)))

    def logits(self, before: Tensor, after: Tensor) -> Tensor:
        """(n, texts)."""
        a, b = self.tower(before), self.tower(after)
        found: Tensor = self.head(torch.cat([a, b, b - a], dim=-1))
        return found

    def forward(self, before: Tensor, after: Tensor, said: Tensor) -> Tensor:
        """The loss."""
        return cross_entropy(self.logits(before, after), said)


@dataclass(frozen=True)
class Drawn:
    """Rows of a step, drawn from tensors with a row each.

    Args:
        tensors: Of equal length.
        size: Rows of a step.
        seed: Of the draws.
    """

    tensors: tuple[Tensor, ...]
    size: int
    seed: int

    def __call__(self, step: int, rank: int, ranks: int, /) -> tuple[Tensor, ...]:
        """Different rows in each step, the share of this process."""
        n = len(self.tensors[0])
        rows = np.random.default_rng([self.seed, step]).choice(n, min(self.size, n), replace=False)[rank::ranks]
        return tuple(tensor[torch.from_numpy(rows)] for tensor in self.tensors)


def trained(
    network: nn.Module, tensors: tuple[Tensor, ...], config: MucrConfig, what: str, *, checkpoint: Path | None,
    progress: Progress | None,
) -> tuple[Mapping[str, float], ...]:  # fmt: skip
    """Trains in place; the losses."""
    training = TrainConfig(
        steps=config.steps, learning_rate=config.learning_rate, weight_decay=0.01, schedule="cosine", clip=1.0,
        seed=config.seed, device=config.device,
    )  # fmt: skip
    network.train()
    batches = Drawn(tensors, config.batch, config.seed)
    history = train(network, batches, training, checkpoint=checkpoint, progress=progress, what=what)
    network.cpu().eval()
    return tuple(history.losses)


def codes_of(tower: Any, cells: Sequence[Any]) -> Values:
    """(n, width) of unit length; equal files are coded once."""
    places: dict[Any, int] = {}
    pool: list[Any] = []
    where = []
    for cell in cells:
        key = cell if isinstance(cell, str) else id(cell)
        if key not in places:
            places[key] = len(pool)
            pool.append(cell)
        where.append(places[key])
    found = []
    with torch.no_grad():
        for start in range(0, len(pool), AT_ONCE):
            codes = tower(tower.prepared(pool[start : start + AT_ONCE])).double().numpy()
            found.append(codes / np.maximum(np.linalg.norm(codes, axis=1, keepdims=True), 1e-12))
    return np.concatenate(found)[where] if found else np.zeros((0, 1))

"""The small networks: what is true after a question, and the picture of it.

    h = trunk(CNN(x), words(q)),    p(slot k says c) = softmax(W_k h)                                              (1)
    y^ = x + U(x; g),    g = words(question), words(answer), or layernorm(h)                                       (2)

Texts are bags of terms: words, and pairs of neighbouring words that no comma parts. (1) is the reasoner; its h is the
latent that guides the editor in the place of words. (2) is the editor, which is trained by squared error: U scales and
shifts the channels of each layer by g, and has a coarse map of it beside the picture.
"""

import re
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, interpolate, layer_norm, silu

__all__ = ["LATENT", "Editor", "Reasoner", "bags_of", "slots_of", "terms_of"]

LATENT = 64
"""Numbers of h."""
_MAP = 8
"""Channels of the coarse map."""


def slots_of(answer: str) -> tuple[str, ...]:
    """The parts of an answer that stand apart by commas.

    Example:
        >>> slots_of("Light 9, no shadow.")
        ('light 9', 'no shadow')
    """
    parts = (part.strip(" .?!;:\n\t") for part in answer.lower().split(","))
    return tuple(part for part in parts if part)


def terms_of(text: str) -> list[str]:
    """Words, and neighbouring words of a part, in lower case.

    Example:
        >>> terms_of("light 9, dull")
        ['light', '9', 'light 9', 'dull']
    """
    found = []
    for part in slots_of(text):
        words = re.findall(r"[^\W_]+", part)
        found += [*words, *(f"{a} {b}" for a, b in pairwise(words))]
    return found


def bags_of(texts: Sequence[str], terms: Sequence[str]) -> Tensor:
    """(n, terms) 1 where a text has a term."""
    places = {term: k for k, term in enumerate(terms)}
    found = torch.zeros(len(texts), len(places))
    for row, text in enumerate(texts):
        found[row, [places[term] for term in dict.fromkeys(terms_of(text)) if term in places]] = 1
    return found


class _Words(nn.Sequential):
    """From a bag of terms to a vector."""

    def __init__(self, terms: int, width: int) -> None:
        super().__init__(nn.Linear(terms, width), nn.SiLU(), nn.Linear(width, width))


class Reasoner(nn.Module):
    """(1).

    Args:
        pixels: On a side of pictures.
        width: Of its layers.
        terms: The vocabulary of questions.
        slots: Of each part of an answer, what it may say.
    """

    def __init__(self, pixels: int, width: int, terms: Sequence[str], slots: Sequence[Sequence[str]]) -> None:
        super().__init__()
        self.settings = {"pixels": pixels, "width": width, "terms": list(terms), "slots": [list(s) for s in slots]}
        self.terms, self.slots = tuple(terms), tuple(tuple(slot) for slot in slots)
        self.look = nn.Sequential(
            nn.Conv2d(3, 16, 3, stride=2, padding=1), nn.ReLU(), nn.Conv2d(16, 32, 3, stride=2, padding=1), nn.ReLU(),
            nn.Flatten(), nn.Linear(32 * (-(-pixels // 4)) ** 2, 2 * width), nn.ReLU(),
        )  # fmt: skip
        self.words = _Words(len(self.terms), width)
        self.trunk = nn.Sequential(nn.Linear(3 * width, 2 * width), nn.ReLU(), nn.Linear(2 * width, LATENT), nn.ReLU())
        self.heads = nn.ModuleList(nn.Linear(LATENT, len(slot)) for slot in self.slots)

    def hidden(self, x: Tensor, question: Tensor) -> Tensor:
        """(n, LATENT)."""
        found: Tensor = self.trunk(torch.cat([self.look(x), self.words(question)], dim=1))
        return found

    def latent(self, x: Tensor, question: Tensor) -> Tensor:
        """h, normed: single channels of it are far larger than others."""
        return layer_norm(self.hidden(x, question), (LATENT,))

    def forward(self, x: Tensor, question: Tensor, said: Tensor) -> Tensor:
        """The loss; `said` is (n, slots), the number of what each part says."""
        hidden = self.hidden(x, question)
        losses = [cross_entropy(head(hidden), said[:, k]) for k, head in enumerate(self.heads)]
        return torch.stack(losses).sum()

    @torch.no_grad()
    def answers(self, x: Tensor, question: Tensor) -> list[str]:
        """The likeliest of each part, in words."""
        hidden = self.hidden(x, question)
        best = [head(hidden).argmax(1).tolist() for head in self.heads]
        return [", ".join(slot[k] for slot, k in zip(self.slots, row, strict=True)) for row in zip(*best, strict=True)]


class Editor(nn.Module):
    """(2).

    Args:
        pixels: On a side of pictures, a multiple of 4.
        width: Channels of the middle, a multiple of 3.
        guide: Numbers of what guides it: terms of a vocabulary, or of h.
    """

    def __init__(self, pixels: int, width: int, guide: int) -> None:
        super().__init__()
        self.settings = {"pixels": pixels, "width": width, "guide": guide}
        one, two, three = width // 3, 2 * width // 3, width
        self.side = pixels // 4
        self.guide = nn.Sequential(nn.Linear(guide, 96), nn.SiLU(), nn.Linear(96, 96), nn.SiLU())
        self.map = nn.Linear(96, _MAP * self.side**2)
        self.shifts = nn.ModuleList(nn.Linear(96, 2 * n) for n in (one, two, three, three, two, one))
        self.first = nn.Conv2d(3, one, 3, padding=1)
        self.down = nn.ModuleList(
            [nn.Conv2d(one, two, 3, stride=2, padding=1), nn.Conv2d(two, three, 3, stride=2, padding=1)]
        )
        self.middle = nn.Conv2d(three + _MAP, three, 3, padding=1)
        self.narrow = nn.ModuleList([nn.Conv2d(three, two, 1), nn.Conv2d(two, one, 1)])
        self.up = nn.ModuleList([nn.Conv2d(two, two, 3, padding=1), nn.Conv2d(one, one, 3, padding=1)])
        self.last = nn.Conv2d(one, 3, 3, padding=1)
        nn.init.zeros_(self.last.weight)  # it begins with the picture as it is
        assert self.last.bias is not None
        nn.init.zeros_(self.last.bias)

    def drawn(self, x: Tensor, told: Tensor) -> Tensor:
        """(n, 3, pixels, pixels) of pictures of -1 to 1, and (n, guide)."""
        g = self.guide(told)

        def shifted(y: Tensor, k: int) -> Tensor:
            scale, shift = self.shifts[k](g)[:, :, None, None].chunk(2, dim=1)
            return silu(y * (1 + scale) + shift)

        first = shifted(self.first(x), 0)
        second = shifted(self.down[0](first), 1)
        third = shifted(self.down[1](second), 2)
        coarse = self.map(g).reshape(-1, _MAP, self.side, self.side)
        y = shifted(self.middle(torch.cat([third, coarse], dim=1)), 3)
        y = shifted(self.up[0](interpolate(self.narrow[0](y), scale_factor=2.0) + second), 4)
        y = shifted(self.up[1](interpolate(self.narrow[1](y), scale_factor=2.0) + first), 5)
        found: Tensor = x + self.last(y)
        return found

    def forward(self, x: Tensor, told: Tensor, y: Tensor) -> Tensor:
        """The loss."""
        return (self.drawn(x, told) - y).square().mean()

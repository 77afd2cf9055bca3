"""An encoder of the Hub that stays as it is, and a map of its codes that is trained: a text is encoded once.

To train all weights of a sentence encoder takes hours on a laptop; the map alone takes seconds once the texts are
encoded, and starts as the identity, so that before its training it is the encoder as its makers give it away.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from aitia.nn.text_encoders import TextEncoder, text_encoder, text_encoder_of
from aitia.systems.faithful_matching.config import FaithfulMatchingConfig

__all__ = ["FrozenCodes", "MappedEncoder", "encoder_as_described", "encoder_of"]


class FrozenCodes:
    """Codes of unit length of an encoder whose weights nobody changes; each text is encoded once.

    Args:
        source: Hugging Face encoder by id or folder.
        longest: Tokens at most.
    """

    def __init__(self, source: str, longest: int | None = None) -> None:
        self.source, self.longest = source, longest
        self._encoder: TextEncoder | None = None
        self._kept: dict[str, Tensor] = {}

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self  # there is nothing in it that a copy could be trained to

    def __call__(self, texts: Sequence[str]) -> Tensor:
        """(n, d)."""
        if new := [text for text in dict.fromkeys(texts) if text not in self._kept]:
            if self._encoder is None:
                self._encoder = text_encoder(self.source, [], longest=self.longest)
            self._kept.update(zip(new, normalize(self._encoder.codes(new), dim=-1), strict=True))
        return torch.stack([self._kept[text] for text in texts])


class MappedEncoder(TextEncoder):
    """A linear map of frozen codes; what stands for tokens are the codes.

    Args:
        frozen: The codes.
        width: How many numbers they have.
    """

    def __init__(self, frozen: FrozenCodes, width: int) -> None:
        super().__init__()
        self.frozen, self.width = frozen, width
        self.map = nn.Linear(width, width)
        nn.init.eye_(self.map.weight)
        nn.init.zeros_(self.map.bias)

    def tokens(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Codes, and a mask that keeps all of them."""
        codes = self.frozen(texts)
        return codes, torch.ones(codes.shape, dtype=torch.long)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """(n, width)."""
        mapped: Tensor = self.map(ids)
        return mapped

    def described(self) -> dict[str, Any]:
        """Where the encoder is from: it is read again from there, since its weights are not ours to keep."""
        return {
            "kind": "mapped", "source": self.frozen.source, "longest": self.frozen.longest, "width": self.width,
        }  # fmt: skip


def encoder_of(config: FaithfulMatchingConfig, texts: Sequence[str]) -> TextEncoder:
    """The encoder that the options name, before its training."""
    if not config.frozen:
        return text_encoder(config.encoder, texts, width=config.width, longest=config.longest, seed=config.seed)
    codes = _shared(config.encoder, config.longest)
    return MappedEncoder(codes, codes(texts).shape[1])


def encoder_as_described(described: Mapping[str, Any]) -> TextEncoder:
    """The encoder that `described` tells of, its weights still to be filled in."""
    if described.get("kind") != "mapped":
        return text_encoder_of(described)
    return MappedEncoder(_shared(described["source"], described["longest"]), described["width"])


@lru_cache(maxsize=1)
def _shared(source: str, longest: int | None) -> FrozenCodes:
    """The codes of a source, kept for the next model that is fitted to the same texts."""
    return FrozenCodes(source, longest)

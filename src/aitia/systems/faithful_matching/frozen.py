"""An encoder of the Hub that stays as it is, and a map of its codes that is trained: a text is encoded once.

To train all weights of a sentence encoder takes hours on a laptop; the map alone takes seconds once the texts are
encoded, and starts as the identity, so that before its training it is the encoder as its makers give it away.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from aitia.errors import FormatError
from aitia.nn.text_encoders import TextEncoder, text_encoder, text_encoder_of
from aitia.nn.weights import fingerprint
from aitia.systems.faithful_matching.config import FaithfulMatchingConfig

__all__ = ["FrozenCodes", "MappedEncoder", "encoder_as_described", "encoder_of"]

MOST = 500_000
"""Texts whose codes are kept, 0.8 GB at 384 numbers each; the oldest go first."""


class FrozenCodes:
    """Codes of unit length of an encoder whose weights nobody changes; a text is encoded once while it is kept.

    Args:
        source: Hugging Face encoder by id or folder.
        longest: Tokens at most.
    """

    def __init__(self, source: str, longest: int | None = None) -> None:
        self.source, self.longest = source, longest
        self._kept: dict[str, Tensor] = {}

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self  # there is nothing in it that a copy could be trained to

    def __call__(self, texts: Sequence[str]) -> Tensor:
        """(n, d)."""
        if new := [text for text in dict.fromkeys(texts) if text not in self._kept]:
            self._kept.update(zip(new, normalize(self._encoder.codes(new), dim=-1), strict=True))
        codes = torch.stack([self._kept[text] for text in texts])
        for text in list(islice(self._kept, max(0, len(self._kept) - MOST))):
            del self._kept[text]
        return codes

    @cached_property
    def _encoder(self) -> TextEncoder:
        return text_encoder(self.source, [], longest=self.longest)

    @cached_property
    def fingerprint(self) -> str:
        """Of the encoder's weights: what a saved model checks before it trusts another's codes."""
        return fingerprint(self._encoder)


class MappedEncoder(TextEncoder):
    """A linear map of frozen codes; what stands for tokens are the codes.

    Args:
        frozen: The codes.
        width: How many numbers they have.
        expected: Fingerprint of the encoder that the map was trained beside; without it any will do.
    """

    def __init__(self, frozen: FrozenCodes, width: int, expected: str | None = None) -> None:
        super().__init__()
        self.frozen, self.width, self.expected = frozen, width, expected
        self.map = nn.Linear(width, width)
        nn.init.eye_(self.map.weight)
        nn.init.zeros_(self.map.bias)

    def tokens(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Codes, and a mask that keeps all of them.

        Raises:
            FormatError: If the encoder is another one by now.
        """
        if self.expected not in (None, self.frozen.fingerprint):
            raise FormatError(
                f"{self.frozen.source} holds another encoder than the one that this model was fitted beside: put the "
                "former one back there, or fit anew"
            )
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
            "fingerprint": self.expected or self.frozen.fingerprint,
        }  # fmt: skip


def encoder_of(config: FaithfulMatchingConfig, texts: Sequence[str]) -> TextEncoder:
    """The encoder that the options name, before its training."""
    if not config.frozen:
        return text_encoder(config.encoder, texts, width=config.width, longest=config.longest, seed=config.seed)
    codes = _shared(config.encoder, config.longest, _state(config.encoder))
    return MappedEncoder(codes, codes(texts).shape[1])


def encoder_as_described(described: Mapping[str, Any]) -> TextEncoder:
    """The encoder that `described` tells of, its weights still to be filled in."""
    if described.get("kind") != "mapped":
        return text_encoder_of(described)
    source, longest = described["source"], described["longest"]
    codes = _shared(source, longest, _state(source))
    return MappedEncoder(codes, described["width"], described.get("fingerprint"))


@lru_cache(maxsize=1)
def _shared(source: str, longest: int | None, state: object) -> FrozenCodes:
    """The codes of a source, kept for the next model that is fitted to the same texts while its files stay."""
    return FrozenCodes(source, longest)


def _state(source: str) -> object:
    """Of a folder, what tells that a file in it was written anew; of a name on the Hub, nothing."""
    if not Path(source).is_dir():
        return None
    told = ((path, path.stat()) for path in sorted(Path(source).iterdir()))
    return tuple((path.name, stat.st_size, stat.st_mtime_ns) for path, stat in told)

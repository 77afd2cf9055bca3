"""The small model that is made where none is given: a convolutional network and a text encoder, side by side.

    a = W vec(conv_3(picture)),    b = mean over tokens of transformer_2(words + places)                            (1)

The `bag` of words has neither places nor a transformer: whatever it knows of a sentence, it cannot know the order.

Source:
    Radford et al., Learning transferable visual models from natural language supervision, ICML 2021, for two encoders
    in one space; the sizes are ours.
"""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from aitia.data.columns.picture import scaled
from aitia.errors import RunError
from aitia.files import write_whole
from aitia.guard import guarded, read_json
from aitia.nn.weights import load_into, read_weights, write_weights

__all__ = ["SETTINGS", "SmallTowers", "read_small", "words_of"]

PAD, UNKNOWN = 0, 1
SETTINGS = "towers.json"
"""Beside the weights of a small model: what its class takes."""


def words_of(text: str) -> list[str]:
    """Words and marks of a text, in lower case.

    Example:
        >>> words_of("Red disc, it MOVES.")
        ['red', 'disc', ',', 'it', 'moves', '.']
    """
    return re.findall(r"[^\W_]+(?:'[^\W_]+)*|[^\w\s]", text.lower())


class SmallTowers(nn.Module):
    """(1); see the module.

    Args:
        vocabulary: Words that it knows; others are one unknown word.
        pixels: On a side that pictures are scaled to.
        width: Of both codes.
        layers: Of the text encoder.
        order: Whether it reads words in their order; without, as a bag.
        longest: Tokens that are read of a text.
    """

    def __init__(
        self, vocabulary: Sequence[str], pixels: int, width: int, layers: int, order: bool, longest: int = 64
    ) -> None:
        super().__init__()
        self.vocabulary, self.pixels, self.order, self.longest = tuple(vocabulary), pixels, order, longest
        self._ids = {word: k + 2 for k, word in enumerate(self.vocabulary)}
        side = -(-pixels // 8)
        self.eye = nn.Sequential(
            nn.Conv2d(3, 32, 3, stride=2, padding=1), nn.ReLU(),
            nn.Conv2d(32, 64, 3, stride=2, padding=1), nn.ReLU(),
            nn.Conv2d(64, 64, 3, stride=2, padding=1), nn.ReLU(),
            nn.Flatten(), nn.Linear(64 * side * side, 2 * width), nn.ReLU(), nn.Linear(2 * width, width),
        )  # fmt: skip
        self.words = nn.Embedding(len(self.vocabulary) + 2, width, padding_idx=PAD)
        if order:
            self.places = nn.Parameter(torch.randn(longest, width))
            one = nn.TransformerEncoderLayer(width, 4, 2 * width, 0.0, batch_first=True, norm_first=True)
            self.reader = nn.TransformerEncoder(one, layers, nn.LayerNorm(width), enable_nested_tensor=False)
        self.out = nn.Linear(width, width)
        self.scale = nn.Parameter(torch.tensor(np.log(10.0), dtype=torch.float32))

    def prepare_pictures(self, pictures: Sequence[NDArray[np.uint8]]) -> Tensor:
        """(n, 3, pixels, pixels) of pictures of bytes, (height, width, 3) each."""
        side = (self.pixels, self.pixels)
        fitted = [one if one.shape[:2] == side else scaled(one, self.pixels) for one in pictures]
        pixels = np.stack(fitted) if fitted else np.zeros((0, *side, 3), np.uint8)
        return torch.from_numpy(pixels.astype(np.float32).transpose(0, 3, 1, 2) / 127.5 - 1)

    def prepare_texts(self, texts: Sequence[str]) -> Tensor:
        """(n, tokens) ids."""
        rows = [[self._ids.get(word, UNKNOWN) for word in words_of(text)][: self.longest] for text in texts]
        ids = torch.zeros(len(rows), max([1, *map(len, rows)]), dtype=torch.long)
        for row, own in enumerate(rows):
            ids[row, : len(own)] = torch.tensor(own, dtype=torch.long)
        return ids

    def cut(self, texts: Sequence[str]) -> list[bool]:
        """For each text whether its end is not read."""
        return [len(words_of(text)) > self.longest for text in texts]

    def picture_codes(self, pictures: Tensor) -> Tensor:
        """(n, width)."""
        codes: Tensor = self.eye(pictures)
        return codes

    def text_codes(self, ids: Tensor) -> Tensor:
        """(n, width)."""
        there = ids != PAD
        there[:, 0] = True  # a text without words still has a code
        states = self.words(ids)
        if self.order:
            states = self.reader(states + self.places[: ids.shape[1]], src_key_padding_mask=~there)
        mean = (states * there[..., None]).sum(1) / there.sum(1, keepdim=True)
        codes: Tensor = self.out(mean)
        return codes

    def save(self, folder: Path) -> None:
        """As a folder that `read_small` reads, and that another fit takes as its model."""
        write_whole(folder / SETTINGS, json.dumps(self.settings(), indent=2), RunError)
        write_weights(folder / "model.safetensors", self.state_dict(), {})

    def settings(self) -> dict[str, Any]:
        """What the constructor takes, as JSON."""
        layers = len(self.reader.layers) if self.order else 1
        width = self.out.out_features
        return {
            "vocabulary": list(self.vocabulary), "pixels": self.pixels, "width": width, "layers": layers,
            "order": self.order, "longest": self.longest,
        }  # fmt: skip


def read_small(folder: Path) -> SmallTowers:
    """The towers that `save` wrote."""
    with guarded(folder, "holds no whole small model of two towers"):
        towers = SmallTowers(**read_json(folder / SETTINGS, dict))
        tensors, _ = read_weights(folder / "model.safetensors")
        load_into(towers, tensors, folder / "model.safetensors")
    return towers.eval()

"""Scores of pairs of events.

    score(e1 -> e2 | O) = MLP[ h(e1); h(e2); sum_o a_o(e1) h(o); sum_o a_o(e2) h(o) ]                               (1)
    a(e) = softmax h(e)' W h(o)

h(e) is the code of a sentence; h(o) that of an object at one of four moments: its name, box and features. With what is
seen stands when it was: begin and end of both events. Sentences alone leave out the sums and times; what is seen alone
leaves out h(e), and attends by vectors that are learnt; of a whole clip it has no times either.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from aitia.nn.text_encoders import TextEncoder
from aitia.systems.ireason.context import BOX
from aitia.systems.ireason.pairs import MOMENTS, TIMES

__all__ = ["PairNetwork", "Scene"]

WAVES = 4
"""Sines and cosines of each coordinate, of half a wave to two over the frame: near places are told apart by them."""


@dataclass
class Scene:
    """What a score is read from, as tensors; b pairs with t objects each, over all moments.

    Args:
        first: (b, width) code of the sentence of the cause.
        second: (b, width) of the effect.
        kinds: (b, t) number of the name of each object, -1 where there is none.
        boxes: (b, t, 5).
        features: (b, t, d).
        moments: (b, t) 0 to 3.
        times: (b, 6).
    """

    first: Tensor
    second: Tensor
    kinds: Tensor
    boxes: Tensor
    features: Tensor
    moments: Tensor
    times: Tensor


class PairNetwork(nn.Module):
    """(1).

    Args:
        encoder: Of sentences, which is trained with the rest; None where their codes are given.
        text_width: Of its codes.
        names: Of objects, how many.
        feature_width: Of an object.
        width: Of all codes here.
        use: `both`, `text`, `moments` or `video`.
        attention: Whether objects are weighed; else all alike.
    """

    def __init__(
        self, encoder: TextEncoder | None, text_width: int, names: int, feature_width: int, width: int, use: str,
        attention: bool,
    ) -> None:  # fmt: skip
        super().__init__()
        self.use, self.attention, self.names = use, attention, names
        self.encoder = encoder
        self.text = nn.Linear(text_width, width)
        self.blank = nn.Parameter(torch.zeros(width))
        self.queries = nn.Parameter(0.1 * torch.randn(2, width))
        self.name = nn.Embedding(names + 1, width)
        self.place = nn.Linear(BOX + 4 * WAVES + MOMENTS, width)
        self.feature = nn.Linear(feature_width, width) if feature_width else None
        self.token = nn.Sequential(nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width))
        self.match = nn.Linear(width, width, bias=False)
        wide = 2 * width * ((use in ("both", "text")) + (use != "text")) + TIMES * (use != "text")
        self.read = nn.Sequential(
            nn.Linear(wide, 2 * width), nn.ReLU(), nn.Linear(2 * width, width), nn.ReLU(), nn.Linear(width, 1)
        )
        self.register_buffer("means", torch.zeros(names + 1, MOMENTS, width))

    def codes(self, ids: Tensor, mask: Tensor) -> Tensor:
        """(n, width) of tokens of sentences; of their codes where the encoder stays as it is."""
        found: Tensor = self.text(ids if self.encoder is None else self.encoder(ids, mask))
        return found

    def tokens(self, scene: Scene) -> Tensor:
        """(b, t, width) codes of objects."""
        when = nn.functional.one_hot(scene.moments, MOMENTS).to(scene.boxes.dtype)
        angles = scene.boxes[..., :2, None] * torch.pi * torch.arange(1, WAVES + 1, device=scene.boxes.device)
        waves = torch.cat([angles.sin(), angles.cos()], dim=3).flatten(2)
        states = self.name(scene.kinds + 1) + self.place(torch.cat([scene.boxes, waves, when], dim=2))
        if self.feature is not None:
            states = states + self.feature(scene.features)
        found: Tensor = self.token(states)
        return found

    def means_of(self, scene: Scene) -> Tensor:
        """(b, t, width) what stands in the place of an object that is absent: the mean of its name at that moment."""
        means: Tensor = self.means  # type: ignore[assignment]
        return means[scene.kinds + 1, scene.moments]

    def forward(self, scene: Scene, absent: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Scores (b,), and attention (b, 2, t) of cause and effect.

        Args:
            scene: What they are read from.
            absent: (b, t) objects in whose place the mean stands.
        """
        there = scene.kinds >= 0
        weights = torch.zeros(len(scene.kinds), 2, scene.kinds.shape[1], device=scene.times.device)
        parts = [scene.first, scene.second] if self.use in ("both", "text") else []
        if self.use != "text":
            states = self.tokens(scene)
            if absent is not None:
                states = torch.where(absent[..., None], self.means_of(scene), states)
            asking = torch.stack([scene.first, scene.second], dim=1)
            if self.use != "both":
                asking = self.queries.expand(len(states), 2, -1)
            match = torch.einsum("bqw,btw->bqt", asking, self.match(states)) / states.shape[2] ** 0.5
            match = match if self.attention else torch.zeros_like(match)
            match = match.masked_fill(~there[:, None], -1e9)
            weights = torch.softmax(match, dim=2) * there.any(1)[:, None, None]
            pooled = torch.einsum("bqt,btw->bqw", weights, states)
            parts += [pooled[:, 0], pooled[:, 1], scene.times]
        score: Tensor = self.read(torch.cat(parts, dim=1))[:, 0]
        return score, weights

    def settings(self) -> Mapping[str, Any]:
        """What is needed to make it again, as JSON values."""
        return {
            "encoder": None if self.encoder is None else self.encoder.described(), "text_width": self.text.in_features,
            "names": self.names, "feature_width": 0 if self.feature is None else self.feature.in_features,
            "width": self.text.out_features, "use": self.use, "attention": self.attention,
        }  # fmt: skip

"""Which pixels of a picture show what: a small network learnt from exact masks, and models of transformers.

A segmenter gives `names` and `probabilities(x)`, (n, names, height, width) summing to 1 over names, differentiable, of
tensors (n, 3, height, width) of -1 to 1. Its errors are known on pictures of the kind it learnt from (`iou`, measured
on pictures held back) and nowhere else: on drawn, and still more on edited pictures it is out of its range. What it is
not sure of (`unsure`: share of pixels whose likeliest name has less than half) belongs beside what it says of them.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, Self, cast

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, interpolate

from aitia.errors import DataError, FormatError, MissingExtraError, OptionError
from aitia.guard import guarded, read_json
from aitia.nn.announced import check_model_folder
from aitia.nn.hugging_face import from_hugging_face
from aitia.nn.pixels import from_bytes
from aitia.nn.pretrained import Pretrained, fitted
from aitia.nn.weights import fingerprint
from aitia.saving import model_folder

__all__ = ["LibrarySegmenter", "Segmenter", "SmallSegmenter", "likeliest", "load_segmenter", "masks_of", "unsure"]

_AT_ONCE = 256


class Segmenter(Protocol):
    """Says which pixels show what."""

    @property
    def names(self) -> tuple[str, ...]:
        """What there is to be seen."""
        ...

    def probabilities(self, x: Tensor, /) -> Tensor:
        """(n, names, height, width) of (n, 3, height, width) of -1 to 1."""
        ...


@torch.no_grad()
def masks_of(segmenter: Segmenter, x: Tensor) -> dict[str, NDArray[np.bool_]]:
    """For each name the pixels, (n, height, width), where it is the likeliest."""
    best = torch.cat([likeliest(segmenter.probabilities(part)) for part in torch.split(x, _AT_ONCE)]).cpu().numpy()
    return {name: best == k for k, name in enumerate(segmenter.names)}


def likeliest(said: Tensor) -> Tensor:
    """(n, height, width) which of (n, names, height, width) is the largest, the first where several are.

    As `argmax`, name by name: that of torch goes through memory in strides, and took as long as the network.
    """
    largest, which = said[:, 0].clone(), torch.zeros_like(said[:, 0], dtype=torch.int64)
    for k in range(1, said.shape[1]):
        more = said[:, k] > largest
        which.masked_fill_(more, k)
        largest = torch.maximum(largest, said[:, k])
    return which


@torch.no_grad()
def unsure(segmenter: Segmenter, x: Tensor) -> float:
    """Share of the pixels whose likeliest name has a probability under one half."""
    low = [(segmenter.probabilities(part).amax(1) < 0.5).double().mean((1, 2)) for part in torch.split(x, _AT_ONCE)]
    return float(torch.cat(low).mean())


class SmallSegmenter(Pretrained):
    """Three levels of convolutions with a way around; learns from masks that leave no pixel and overlap nowhere.

    Args:
        names: Of what is seen.
        width: Channels of the first level.
        updates: Of the training.
        batch: Pictures an update.
        noise: Standard deviation of what is added to pixels of -1 to 1 in training: it will read drawn pictures.
        seed: Of weights, batches and noise.

    Raises:
        OptionError: If there are fewer than two names, or a number is out of range.
    """

    def __init__(
        self,
        names: Sequence[str],
        width: int = 16,
        updates: int = 400,
        batch: int = 32,
        noise: float = 0.1,
        seed: int = 0,
    ) -> None:
        self._names = tuple(str(name) for name in names)
        if len(set(self._names)) != len(self._names) or len(self._names) < 2:
            raise OptionError(f"a segmenter tells two names or more apart, got {self._names}")
        if min(width, updates, batch) < 1 or not noise >= 0:
            raise OptionError(
                f"width, updates, batch are 1 or more, noise 0 or more; got {width}, {updates}, {batch}, {noise}"
            )
        self.width, self.updates, self.batch, self.noise, self.seed = width, updates, batch, float(noise), seed
        self.iou: dict[str, float] = {}
        """Of each name, on pictures held back from `fit`: pixels that are and are called it, over those of either."""
        self.held_back = 0
        self._net: _Net | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """What there is to be seen."""
        return self._names

    def fit(self, images: NDArray[np.uint8], masks: Mapping[str, ArrayLike], held: float = 0.1) -> Self:
        """Learns from masks, such as those of `world.segments`; the last `held` of the pictures are kept for `iou`.

        Args:
            images: Bytes (n, size, size, 3), the size a multiple of 4.
            masks: By name (n, size, size) of bool; each pixel shows one of them.
            held: Share that is kept apart.

        Raises:
            DataError: If a name has no mask, or a pixel shows nothing or several things.
        """
        x = from_bytes(np.asarray(images))
        if lacking := [name for name in self._names if name not in masks]:
            raise DataError(f"there is no mask of {lacking[0]!r}")
        stacked = np.stack([np.asarray(masks[name], dtype=bool) for name in self._names], axis=1)
        if stacked.shape != (len(x), len(self._names), *x.shape[2:]) or x.shape[2] % 4 or x.shape[3] % 4:
            raise DataError(
                f"masks are of the pictures' size, a multiple of 4; got {stacked.shape} and {tuple(x.shape)}"
            )
        if (odd := (stacked.sum(1) != 1)).any():
            raise DataError(
                f"each pixel shows one of {', '.join(self._names)}: {int(odd.sum())} of {odd.size} show none or several"
            )
        kept = max(1, int(len(x) * held))
        if len(x) - kept < 1:
            raise DataError(f"a segmenter learns from more than {len(x)} pictures")
        classes = torch.from_numpy(stacked.argmax(1))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            self._net = _Net(self.width, len(self._names))
        self._train(x[:-kept], classes[:-kept])
        said, self.held_back = masks_of(self, x[-kept:]), kept
        self.iou = {
            name: float((said[name] & true).sum() / max(1, (said[name] | true).sum()))
            for name, true in zip(self._names, stacked[-kept:].transpose(1, 0, 2, 3), strict=True)
        }
        return self

    def probabilities(self, x: Tensor) -> Tensor:
        """(n, names, height, width) of (n, 3, height, width) of -1 to 1."""
        said: Tensor = self._fitted()(x)
        return said.softmax(1)

    @property
    def fingerprint(self) -> str:
        """Which segmenter this is, by its weights."""
        return fingerprint(self._fitted())

    def _train(self, x: Tensor, classes: Tensor) -> None:
        net = self._fitted().train()
        optimizer = torch.optim.AdamW(net.parameters(), lr=4e-3)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, total_steps=self.updates + 1)
        random = torch.Generator().manual_seed(self.seed)
        for _ in range(self.updates):
            rows = torch.randint(len(x), (self.batch,), generator=random)
            seen = x[rows] + self.noise * torch.randn(x[rows].shape, generator=random)
            optimizer.zero_grad()
            cross_entropy(net(seen), classes[rows]).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
        net.eval()

    def _fitted(self) -> "_Net":
        return cast(_Net, self._network())

    def _options(self) -> dict[str, Any]:
        names = ("width", "updates", "batch", "noise", "seed", "iou", "held_back")
        return {"names": list(self._names), **{name: getattr(self, name) for name in names}}

    @classmethod
    def _rebuild(cls, options: Mapping[str, Any]) -> Self:
        names = ("names", "width", "updates", "batch", "noise", "seed")
        segmenter = cls(**{name: options[name] for name in names})
        segmenter.iou = {str(name): float(value) for name, value in options["iou"].items()}
        segmenter.held_back = int(options["held_back"])
        segmenter._net = _Net(segmenter.width, len(segmenter.names)).eval()
        return segmenter

    def _network(self) -> nn.Module:
        return fitted(self._net, self)


class _Net(nn.Module):
    """Down by two twice, up by two twice, each level beside what came down."""

    def __init__(self, width: int, count: int) -> None:
        super().__init__()
        self.fine = _layer(3, width)
        self.middle = _layer(width, 2 * width, stride=2)
        self.coarse = _layer(2 * width, 2 * width, stride=2)
        self.up = _layer(4 * width, width)
        self.out = nn.Conv2d(2 * width, count, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Logits."""
        fine = self.fine(x)
        middle = self.middle(fine)
        coarse = interpolate(self.coarse(middle), scale_factor=2.0)
        up = interpolate(self.up(torch.cat([middle, coarse], 1)), scale_factor=2.0)
        return cast(Tensor, self.out(torch.cat([fine, up], 1)))


def _layer(before: int, after: int, stride: int = 1) -> nn.Module:
    return nn.Sequential(nn.Conv2d(before, after, 3, stride, 1), nn.GroupNorm(1, after), nn.SiLU())


class LibrarySegmenter:
    """A semantic segmentation model of transformers.

    Args:
        model: In evaluation mode; from pixels to logits.
        names: Of its labels.
        mean: Taken off each channel of values from 0 to 1.
        sd: Divides each channel.
    """

    def __init__(self, model: nn.Module, names: Sequence[str], mean: Sequence[float], sd: Sequence[float]) -> None:
        self.model, self.names = model, tuple(names)
        self._mean, self._sd = (torch.tensor(list(value)).reshape(1, -1, 1, 1) for value in (mean, sd))

    def probabilities(self, x: Tensor) -> Tensor:
        """(n, names, height, width) of (n, 3, height, width) of -1 to 1; logits are brought to the picture's size."""
        logits = self.model(pixel_values=((x + 1) / 2 - self._mean.to(x)) / self._sd.to(x)).logits
        return interpolate(logits, size=x.shape[2:], mode="bilinear").softmax(1)

    @property
    def fingerprint(self) -> str:
        """Which segmenter this is, by its weights."""
        return fingerprint(self.model)


def load_segmenter(source: str | Path) -> LibrarySegmenter | SmallSegmenter:
    """A folder of a `SmallSegmenter`, or a semantic segmentation model of transformers by folder or id.

    Raises:
        FormatError: If it is neither, or its weights are no safetensors.
        MissingExtraError: If transformers is not installed.
    """
    folder = model_folder(source)
    if (folder / "config.json").is_file() and read_json(folder / "config.json", dict).get("class") == "SmallSegmenter":
        return SmallSegmenter.from_pretrained(folder)
    try:
        from transformers import AutoModelForSemanticSegmentation
    except ImportError as error:
        raise MissingExtraError("Hugging Face models need `pip install 'aitia[language]'`") from error
    if not any(folder.glob("*.safetensors")):
        raise FormatError(f"{folder} holds no safetensors: save the segmentation model with save_pretrained")
    check_model_folder(folder)
    with guarded(folder, "holds no semantic segmentation model"):
        model = from_hugging_face(AutoModelForSemanticSegmentation, folder, use_safetensors=True, dtype=torch.float32)
        labels = model.config.id2label
        names = [str(labels[k]) for k in range(model.config.num_labels)]
    path = folder / "preprocessor_config.json"
    settings = read_json(path, dict) if path.is_file() else {}
    mean, sd = (settings.get(name) or [plain] * 3 for name, plain in (("image_mean", 0.0), ("image_std", 1.0)))
    return LibrarySegmenter(model.eval(), names, mean, sd)

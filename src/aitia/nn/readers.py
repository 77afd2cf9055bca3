"""What a picture shows, read off it by a small network whose errors are known.

A reader is trained on pictures whose attributes are known, such as those of a world, and says of others what they
show. It is a measuring instrument: `accuracy` is measured on pictures it has not seen, and belongs beside every number
that is read by it. Whoever guides or chooses by one reader must be scored by another, trained on other pictures from
another seed; `fingerprint` tells them apart. A reader answers also about pictures that show nothing it knows; `sure` is
how probable it finds its answer, and a low value is a reason to look.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Self, cast

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from aitia.errors import DataError, OptionError, unknown_variable
from aitia.nn.pixels import from_bytes
from aitia.nn.pretrained import Pretrained, fitted
from aitia.nn.weights import fingerprint

__all__ = ["AttributeReader", "Reading"]

Images = NDArray[np.uint8]
Codes = NDArray[np.int64]
_AT_ONCE = 512


class Reading:
    """What a reader says of pictures.

    Args:
        codes: By attribute, (n,) numbers of labels.
        sure: By attribute, (n,) the probability of what is said.
        labels: By attribute.
    """

    def __init__(self, codes: Mapping[str, Codes], sure: Mapping[str, NDArray[np.float64]],
                 labels: Mapping[str, tuple[str, ...]]) -> None:  # fmt: skip
        self.codes, self.sure, self.labels = dict(codes), dict(sure), dict(labels)

    def words(self, attribute: str) -> list[str]:
        """The labels of an attribute, one a picture."""
        if attribute not in self.codes:
            raise unknown_variable(attribute, tuple(self.codes), "reader")
        return [self.labels[attribute][code] for code in self.codes[attribute]]


class AttributeReader(Pretrained):
    """A convolutional network with one head an attribute.

    Args:
        labels: Of each attribute.
        width: Channels of the first of three convolutions.
        updates: Of the training.
        batch: Pictures an update.
        noise: Standard deviation of what is added to pixels of -1 to 1 in training: it will read drawn pictures.
        seed: Of weights, batches and noise.

    Raises:
        OptionError: If an attribute has fewer than two labels, or a number is out of range.
    """

    def __init__(
        self,
        labels: Mapping[str, Sequence[str]],
        width: int = 24,
        updates: int = 500,
        batch: int = 64,
        noise: float = 0.1,
        seed: int = 0,
    ) -> None:
        self.labels = {str(name): tuple(str(label) for label in of) for name, of in labels.items()}
        if not self.labels or any(len(set(of)) < 2 for of in self.labels.values()):
            raise OptionError(f"a reader takes attributes of two labels or more, got {self.labels}")
        if width < 1 or updates < 1 or batch < 1 or not noise >= 0:
            given = f"{width}, {updates}, {batch}, {noise}"
            raise OptionError(f"width, updates and batch are 1 or more, noise 0 or more; got {given}")
        self.width, self.updates, self.batch, self.noise, self.seed = width, updates, batch, float(noise), seed
        self.accuracy: dict[str, float] = {}
        """Share right of each attribute on pictures held back from `fit`."""
        self.held_back = 0
        self._size = 0
        self._net: _Net | None = None

    def fit(self, images: Images, codes: Mapping[str, ArrayLike], held: float = 0.1) -> Self:
        """Learns to read; the last `held` of the pictures are kept for `accuracy`.

        Args:
            images: Bytes (n, size, size, 3); the size is a multiple of 4.
            codes: By attribute, (n,) numbers of labels.
            held: Share that is kept apart.

        Raises:
            DataError: If pictures and codes do not match, or a code is none of its labels.
        """
        x = from_bytes(np.asarray(images))
        known = {name: self._checked(name, codes, len(x)) for name in self.labels}
        kept = int(len(x) * held)
        if kept < 1 or len(x) - kept < 1 or x.shape[2] % 4 or x.shape[2] != x.shape[3]:
            raise DataError(
                f"a reader learns from square pictures with sides of a multiple of 4, some of them held back; got "
                f"{len(x)} of {x.shape[2]} by {x.shape[3]}, {kept} held back"
            )
        self._size = int(x.shape[2])
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            self._net = self._made()
        self._train(x[:-kept], {name: code[:-kept] for name, code in known.items()})
        said = self.read(images[-kept:])
        self.held_back = kept
        self.accuracy = {name: float((said.codes[name] == code[-kept:].numpy()).mean()) for name, code in known.items()}
        return self

    def read(self, images: Images) -> Reading:
        """What pictures show.

        Raises:
            DataError: If they are of another size than those it learnt from.
        """
        with torch.no_grad():
            said = {name: value.softmax(1) for name, value in self._heads(self.inside(images)).items()}
        return Reading(
            {name: value.argmax(1).numpy() for name, value in said.items()},
            {name: value.max(1).values.double().numpy() for name, value in said.items()},
            self.labels,
        )

    def features(self, images: Images) -> NDArray[np.float64]:
        """(n, 4 width) what the heads read from: the frozen features of Frechet distances."""
        return self.inside(images).double().numpy()

    def logits(self, x: Tensor) -> dict[str, Tensor]:
        """By attribute (n, labels), of tensors (n, 3, size, size) of -1 to 1; with gradients, for who guides by it."""
        net = self._fitted()
        return self._heads(net.body(x))

    @property
    def fingerprint(self) -> str:
        """Which reader this is, by its weights: stands in evidence beside what it read."""
        return fingerprint(self._fitted())

    @torch.no_grad()
    def inside(self, images: Images) -> Tensor:
        """The features as a tensor."""
        net, x = self._fitted(), from_bytes(np.asarray(images))
        if x.shape[2:] != (self._size, self._size):
            raise DataError(f"this reader reads {self._size} by {self._size} pixels, got {x.shape[2]} by {x.shape[3]}")
        return (
            torch.cat([net.body(part) for part in torch.split(x, _AT_ONCE)])
            if len(x)
            else x.new_zeros(0, 4 * self.width)
        )

    # -- its parts -----------------------------------------------------------------------------------------------------

    def _train(self, x: Tensor, codes: Mapping[str, Tensor]) -> None:
        net = self._fitted().train()
        optimizer = torch.optim.AdamW(net.parameters(), lr=3e-3)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=self.updates + 1)
        random = torch.Generator().manual_seed(self.seed)
        for _ in range(self.updates):
            rows = torch.randint(len(x), (self.batch,), generator=random)
            seen = x[rows] + self.noise * torch.randn(x[rows].shape, generator=random)
            said = self._heads(net.body(seen))
            losses = [cross_entropy(said[name], code[rows]) for name, code in codes.items()]
            optimizer.zero_grad()
            torch.stack(losses).sum().backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
        net.eval()

    def _heads(self, inside: Tensor) -> dict[str, Tensor]:
        net = self._fitted()
        return {name: head(inside) for name, head in zip(self.labels, net.heads, strict=True)}

    def _checked(self, name: str, codes: Mapping[str, ArrayLike], rows: int) -> Tensor:
        if name not in codes:
            raise DataError(f"the codes lack the attribute {name!r}")
        given = np.asarray(codes[name])
        if given.shape != (rows,):
            raise DataError(f"there are {rows} pictures, and codes of {name} of shape {given.shape}")
        whole = given.astype(np.int64)
        if (whole != given).any() or whole.min() < 0 or whole.max() >= len(self.labels[name]):
            raise DataError(
                f"codes of {name} are 0 to {len(self.labels[name]) - 1}, got {given.min()} to {given.max()}"
            )
        return torch.from_numpy(whole)

    def _made(self) -> "_Net":
        return _Net(self._size, self.width, [len(of) for of in self.labels.values()]).eval()

    def _fitted(self) -> "_Net":
        return cast(_Net, self._network())

    def _options(self) -> dict[str, Any]:
        return {
            "labels": {name: list(of) for name, of in self.labels.items()},
            **{name: getattr(self, name) for name in ("width", "updates", "batch", "noise", "seed")},
            "size": self._size,
            "accuracy": self.accuracy,
            "held_back": self.held_back,
        }

    @classmethod
    def _rebuild(cls, options: Mapping[str, Any]) -> Self:
        names = ("labels", "width", "updates", "batch", "noise", "seed")
        reader = cls(**{name: options[name] for name in names})
        reader.accuracy = {str(name): float(value) for name, value in options["accuracy"].items()}
        reader.held_back, reader._size = int(options["held_back"]), int(options["size"])
        reader._net = reader._made()
        return reader

    def _network(self) -> nn.Module:
        return fitted(self._net, self)


class _Net(nn.Module):
    """Three convolutions, two of them halving, then means over a grid of 4 by 4 cells, and linear heads."""

    def __init__(self, size: int, width: int, counts: Sequence[int]) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(3, width, 3, padding=1),
            nn.GroupNorm(4 if width % 4 == 0 else 1, width),
            nn.SiLU(),
            nn.Conv2d(width, 2 * width, 3, stride=2, padding=1),
            nn.GroupNorm(4 if width % 2 == 0 else 1, 2 * width),
            nn.SiLU(),
            nn.Conv2d(2 * width, 2 * width, 3, stride=2, padding=1),
            nn.SiLU(),
            nn.AdaptiveAvgPool2d(min(4, size // 4)),
            nn.Flatten(),
            nn.Linear(2 * width * min(4, size // 4) ** 2, 4 * width),
            nn.SiLU(),
        )
        self.heads = nn.ModuleList(nn.Linear(4 * width, count) for count in counts)

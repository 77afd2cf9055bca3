"""Encoders of sets that see only the empirical distribution: one vector for a set of points.

    h_i <- f(x_i),   h_i <- g_l(h_i, c_l) with c_l = mean_j h_j for each block l,   z = head(mean_i h_i)             (1)

Two conditions make (1) a function of the empirical distribution: the order of the points does not count, and neither
does how often the whole set is repeated. Means, medians and attention over the set keep both. Sums, maxima with a count
beside them, positions and batch statistics do not. Then z of m points tends to the z of the distribution, with errors
of order m^(-1/2), and an encoder that was trained on small sets reads large ones.

The empirical distribution of a huge set need not be in memory: with means, `stream` goes over the set once for each
pooled layer (blocks + 1 passes) and is exact up to rounding. Attention and medians need the set in one piece.

Source:
    Fishman, Gowri, Yin, Gootenberg and Abudayyeh, Generative Distribution Embeddings, 2025. The last layer is linear
    here; in the source an activation follows, which bounds z from below and with it what can be extrapolated.
"""

from collections.abc import Callable, Iterable
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import selu

from aitia.errors import DataError, OptionError
from aitia.nn.choices import BlockKind
from aitia.nn.layers import mlp

__all__ = [
    "POOLINGS",
    "KernelMean",
    "Moments",
    "Pooling",
    "SetEncoder",
    "calibrate",
    "pool",
]

Pooling = Literal["mean", "median", "sum"]
POOLINGS: tuple[Pooling, ...] = ("mean", "median", "sum")


def pool(h: Tensor, present: Tensor | None, pooling: Pooling = "mean") -> Tensor:
    """One row for each set.

    Args:
        h: (sets, points, width).
        present: Which points are there, (sets, points); None for all.
        pooling: `mean`; `median`, the lower one where the number is even; or `sum`, which knows how many points there
            are and is here as a control.

    Returns:
        (sets, width).
    """
    if pooling == "median":
        if present is None:
            return h.median(dim=1).values
        ordered = h.masked_fill(~present[..., None], torch.inf).sort(dim=1).values
        middle = ((present.sum(1) - 1) // 2)[:, None, None].expand(-1, 1, h.shape[-1])
        return ordered.gather(1, middle)[:, 0]
    if present is None:
        return h.sum(1) if pooling == "sum" else h.mean(1)
    total = torch.where(present[..., None], h, 0.0).sum(1)
    return total if pooling == "sum" else total / present.sum(1, keepdim=True)


class SetEncoder(nn.Module):
    """The encoder (1).

    Args:
        size: Numbers of a point, or what the trunk gives for one.
        latents: Numbers of z.
        width: Of the layers.
        blocks: How many.
        kind: `pooled`; `residual` adds h, a linear map of the point and a layer norm; `attention` lets points attend
            to each other (4 heads).
        pooling: See `pool`.
        trunk: Reads one point, (points, ...) to (points, size): a convolution, or a language or protein encoder.
        per: Divides a `sum`: the number of points at which it equals the mean.

    Raises:
        OptionError: If a size is not positive, or attention has a width that 4 does not divide.

    Example:
        >>> encoder = SetEncoder(2, 3)
        >>> points = torch.randn(1, 5, 2)
        >>> bool(torch.allclose(encoder(points), encoder(points.repeat(1, 4, 1)), atol=1e-5))
        True
    """

    def __init__(
        self,
        size: int,
        latents: int,
        width: int = 64,
        blocks: int = 2,
        kind: BlockKind = "pooled",
        pooling: Pooling = "mean",
        trunk: nn.Module | None = None,
        per: int = 1,
    ) -> None:
        super().__init__()
        if min(size, latents, width, per) < 1 or blocks < 0:
            raise OptionError(
                f"size, latents, width and per are at least 1 and blocks at least 0, got {size}, {latents}, {width}, "
                f"{per} and {blocks}"
            )
        if kind == "attention" and width % 4:
            raise OptionError(f"attention has 4 heads: width is a multiple of 4, got {width}")
        self.kind, self.pooling, self.per = kind, pooling, per
        self.trunk = nn.Identity() if trunk is None else trunk
        self.read = nn.Sequential(mlp((size, width, width), nn.SELU), nn.SELU())
        made = {"pooled": _Pooled, "residual": _Residual, "attention": _Attention}[kind]
        self.blocks = nn.ModuleList(made(size, width) for _ in range(blocks))
        self.head = mlp((width, width, latents), nn.SELU)

    @property
    def streams(self) -> bool:
        """Whether `stream` can read a set in pieces."""
        return self.kind != "attention" and self.pooling == "mean"

    def forward(self, points: Tensor, present: Tensor | None = None) -> Tensor:
        """z of each set.

        Args:
            points: (sets, points, ...), the shape of a point last.
            present: Which points are there, (sets, points), at least one of each set; what stands elsewhere is never
                seen.

        Returns:
            (sets, latents).
        """
        if present is not None:
            points = points.masked_fill(~present.reshape(*present.shape, *[1] * (points.ndim - 2)), 0)
        x = self._x(points)
        h = self.read(x)
        for block in self.blocks:
            h = block(h, x, self._pool(h, present), present)
        z: Tensor = self.head(self._pool(h, present))
        return z

    def stream(self, pieces: Callable[[], Iterable[Tensor]]) -> Tensor:
        """z of one set that comes in pieces, without a gradient; (latents,).

        Args:
            pieces: Gives the pieces anew for each pass, each (points, ...).

        Raises:
            OptionError: If the encoder cannot be read in pieces.
            DataError: If there is no point.
        """
        if not self.streams:
            raise OptionError(
                f"an encoder with {self.kind} blocks and {self.pooling} pooling reads a set in one piece: "
                "take mean pooling and pooled or residual blocks for sets that do not fit"
            )
        contexts: list[Tensor] = []
        with torch.no_grad():
            for _ in range(len(self.blocks) + 1):
                total, count = torch.zeros((), dtype=torch.float64), 0
                for piece in pieces():
                    x = self._x(piece[None])
                    h = self.read(x)
                    for block, context in zip(self.blocks, contexts, strict=False):
                        h = block(h, x, context, None)
                    total, count = total + h[0].double().sum(0).cpu(), count + len(piece)
                if not count:
                    raise DataError("a set has at least one point, this one has none")
                contexts.append((total / count).to(h)[None])
            z: Tensor = self.head(contexts[-1])[0]
        return z

    def _x(self, points: Tensor) -> Tensor:
        x: Tensor = self.trunk(points.flatten(0, 1))
        return x.reshape(*points.shape[:2], -1)

    def _pool(self, h: Tensor, present: Tensor | None) -> Tensor:
        return pool(h, present, self.pooling) / self.per


class _Pooled(nn.Module):
    """h_i <- MLP([h_i, c]); the first layer is split so that c passes it once for a set."""

    def __init__(self, size: int, width: int) -> None:
        super().__init__()
        self.own, self.context = nn.Linear(width, width), nn.Linear(width, width, bias=False)
        self.out = nn.Linear(width, width)

    def forward(self, h: Tensor, x: Tensor, context: Tensor, present: Tensor | None) -> Tensor:
        moved: Tensor = selu(self.out(selu(self.own(h) + self.context(context)[:, None])))
        return moved


class _Residual(_Pooled):
    """The same beside h and the point itself."""

    def __init__(self, size: int, width: int) -> None:
        super().__init__(size, width)
        self.skip, self.norm = nn.Linear(size, width), nn.LayerNorm(width)

    def forward(self, h: Tensor, x: Tensor, context: Tensor, present: Tensor | None) -> Tensor:
        moved: Tensor = self.norm(h + super().forward(h, x, context, present) + self.skip(x))
        return moved


class _Attention(nn.Module):
    """Points attend to the set: weights sum to one, so that a set repeated is the same set."""

    def __init__(self, size: int, width: int) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(width, 4, batch_first=True)
        self.net = mlp((width, width, width), nn.SELU)
        self.norm, self.last = nn.LayerNorm(width), nn.LayerNorm(width)

    def forward(self, h: Tensor, x: Tensor, context: Tensor, present: Tensor | None) -> Tensor:
        absent = None if present is None else ~present
        h = self.norm(h + self.attention(h, h, h, key_padding_mask=absent, need_weights=False)[0])
        moved: Tensor = self.last(h + self.net(h))
        return moved


# -- vectors that are not learnt -------------------------------------------------------------------------------------


class KernelMean(nn.Module):
    """The kernel mean embedding by random Fourier features, standardised by `calibrate`: nothing is learnt.

    Args:
        size: Numbers of a point.
        latents: Numbers of the vector, even: cosines and sines of half as many frequencies.
        bandwidth: Of the Gaussian kernel, in the unit of the points.

    Raises:
        OptionError: If latents is odd or the bandwidth not positive.

    Source:
        Muandet, Fukumizu, Sriperumbudur and Schölkopf, Kernel mean embedding of distributions, 2017; Rahimi and Recht,
        Random features for large-scale kernel machines, 2007.
    """

    def __init__(self, size: int, latents: int, bandwidth: float = 1.0) -> None:
        super().__init__()
        if latents % 2 or not bandwidth > 0:
            raise OptionError(
                f"a kernel mean has an even number of latents and a positive bandwidth, got {latents} and {bandwidth}"
            )
        self.register_buffer("frequencies", torch.randn(size, latents // 2) / bandwidth)
        _standardised(self, latents)

    frequencies: Tensor
    middle: Tensor
    spread: Tensor

    def raw(self, points: Tensor, present: Tensor | None = None) -> Tensor:
        """Means of the features whose inner products approximate the kernel, (sets, latents)."""
        angles = points @ self.frequencies
        features = torch.cat([angles.cos(), angles.sin()], -1) / self.frequencies.shape[1] ** 0.5
        return pool(features, present)

    def forward(self, points: Tensor, present: Tensor | None = None) -> Tensor:
        """(sets, latents), standardised."""
        return (self.raw(points, present) - self.middle) / self.spread


class Moments(nn.Module):
    """The mean of each column and its standard deviation, standardised by `calibrate`: nothing is learnt."""

    def __init__(self, size: int) -> None:
        super().__init__()
        _standardised(self, 2 * size)

    middle: Tensor
    spread: Tensor

    def raw(self, points: Tensor, present: Tensor | None = None) -> Tensor:
        """(sets, 2 size): means, then standard deviations with n in the denominator."""
        mean = pool(points, present)
        return torch.cat([mean, pool((points - mean[:, None]).square(), present).sqrt()], -1)

    def forward(self, points: Tensor, present: Tensor | None = None) -> Tensor:
        """(sets, 2 size), standardised."""
        return (self.raw(points, present) - self.middle) / self.spread


def _standardised(module: nn.Module, latents: int) -> None:
    module.register_buffer("middle", torch.zeros(latents))
    module.register_buffer("spread", torch.ones(latents))


def calibrate(encoder: KernelMean | Moments, sets: Iterable[Tensor]) -> None:
    """Sets the mean and the spread by which a fixed vector is standardised, from sets (points, size) each."""
    vectors = torch.stack([encoder.raw(points[None])[0] for points in sets])
    encoder.middle.copy_(vectors.mean(0))
    encoder.spread.copy_(vectors.std(0, correction=0).clamp(min=1e-6))

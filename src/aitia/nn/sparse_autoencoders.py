"""Sparse autoencoders: activations as sums of few directions out of many.

What they compute, and what each kind makes small::

    z = act(W^T (x - b_dec) + b_enc),    x' = D^T z + b_dec,    rows of D of unit length in training                 (1)

    top-k         keeps the k largest of ReLU; loss ||x - x'||^2                                                     (2)
    batch-top-k   keeps the k n largest of the n rows of a batch; outside of training what is above a threshold, the
                  running mean of the least that was kept                                                            (3)
    l1            ReLU; ||x - x'||^2 + lambda ||z||_1                                                                (4)
    p-annealing   ReLU; ||x - x'||^2 + lambda_t ||z||_p^p, p falling from 1                                          (5)
    structured    ReLU beside a linear map of low rank; x' = D^T (z + r) + b_dec, r = V U^T (x - b_dec),
                  (5) + gamma ||R||_* / sqrt(n), R the r of the n rows of a batch                                    (6)

Squares and norms are sums over units and means over rows. lambda_t of (5) is lambda ||Z||_1 / ||Z||_p^p of the batch,
without gradient, so that the term is always as large as that of (4). Where r of (6) comes from is not told in the
source in enough detail to be followed; the linear map is ours.

Source:
    Gao et al., Scaling and evaluating sparse autoencoders, ICLR 2025 (2); Bussmann, Leask and Nanda, BatchTopK sparse
    autoencoders (2024) (3); Karvonen et al., Measuring progress in dictionary learning for language model
    interpretability with board game models, NeurIPS 2024 (5); Liu et al., I predict therefore I am, ICLR 2026 (6).
"""

import copy
from typing import Any, Literal, Self, cast, get_args

import torch
from torch import Tensor, nn

from aitia.errors import DataError, OptionError

__all__ = ["KINDS", "Activation", "Kind", "SparseAutoencoder", "SparseLoss", "check_activations"]

Kind = Literal["top-k", "batch-top-k", "l1", "p-annealing", "structured"]
KINDS: tuple[Kind, ...] = get_args(Kind)
Activation = Literal["relu", "top-k", "threshold", "gated"]
Normalisation = Literal["none", "length", "layer"]
_TINY = 1e-12
"""Added to what is raised to p < 1, whose slope is infinite at 0."""


class SparseAutoencoder(nn.Module):
    """(1), as it is used: it gives features of activations, and activations of features.

    Args:
        width: Units of the activations.
        features: How many.
        activation: `relu`; `top-k`; `threshold`, what is above a number of each feature; `gated`, one linear map says
            which features are on and a rescaled one how much.
        k: Of `top-k`.
        centred: Whether b_dec is taken off before the encoder.
        normalised: What is done to activations first, and undone last: `length` scales each to sqrt(width), `layer`
            takes off the mean of its units and divides by their standard deviation.
        by_length: Whether the encoder's numbers are multiplied by the lengths of the decoder's rows, and features
            divided by them.
        rank: Of the linear map of (6); 0 has none.

    Raises:
        OptionError: If k is above the number of features, or below 1.
    """

    def __init__(
        self,
        width: int,
        features: int,
        activation: Activation = "relu",
        *,
        k: int = 0,
        centred: bool = True,
        normalised: Normalisation = "none",
        by_length: bool = False,
        rank: int = 0,
    ) -> None:
        super().__init__()
        if activation == "top-k" and not 1 <= k <= features:
            raise OptionError(f"top-k keeps 1 to {features} features, got k={k}")
        self.activation, self.k, self.centred, self.normalised = activation, k, centred, normalised
        self.by_length = by_length
        self.decoder = nn.Parameter(nn.functional.normalize(torch.randn(features, width), dim=1))
        self.encoder = nn.Parameter(self.decoder.detach().T.contiguous())
        self.encoder_bias = nn.Parameter(torch.zeros(features))
        self.decoder_bias = nn.Parameter(torch.zeros(width))
        if activation == "threshold":
            self.register_buffer("threshold", torch.zeros(features))
        if activation == "gated":
            self.magnitude_scale = nn.Parameter(torch.zeros(features))
            self.magnitude_bias = nn.Parameter(torch.zeros(features))
        if rank:
            self.read = nn.Parameter(torch.randn(width, rank) / width**0.5)
            self.spread = nn.Parameter(torch.randn(features, rank) / features**0.5)

    threshold: Tensor

    @property
    def width(self) -> int:
        """Units of the activations."""
        return self.decoder.shape[1]

    @property
    def features(self) -> int:
        """How many there are."""
        return self.decoder.shape[0]

    @property
    def rank(self) -> int:
        """Of the linear map beside the features."""
        return cast(Tensor, self.spread).shape[1] if "spread" in self._parameters else 0

    def options(self) -> dict[str, Any]:
        """What it is made with, as JSON values: `SparseAutoencoder(**options)` has leaves of the same shapes."""
        return {
            "width": self.width,
            "features": self.features,
            "activation": self.activation,
            "k": self.k,
            "centred": self.centred,
            "normalised": self.normalised,
            "by_length": self.by_length,
            "rank": self.rank,
        }

    @torch.no_grad()
    def on_scale(self, mean: Tensor, scale: Tensor) -> Self:
        """The same for activations x of which this one takes (x - mean) / scale: the scale goes into its weights.

        Args:
            mean: (width,).
            scale: (width,), positive.

        Raises:
            OptionError: If it is not centred, or normalises or rescales by itself.
        """
        if not self.centred or self.normalised != "none" or self.by_length:
            raise OptionError("only a plain centred autoencoder takes up a scale of its activations")
        other = copy.deepcopy(self)
        other.encoder.div_(scale[:, None])
        other.decoder.mul_(scale)
        other.decoder_bias.mul_(scale).add_(mean)
        if other.rank:
            cast(Tensor, other.read).div_(scale[:, None])
        return other

    def encode(self, x: Tensor) -> Tensor:
        """Features (..., features) of activations (..., width)."""
        return self._active(self._normed(x)[0])

    def decode(self, z: Tensor) -> Tensor:
        """Activations of features, where nothing was normalised and no linear map stands beside them."""
        z = z / self.decoder.norm(dim=1) if self.by_length else z
        return z @ self.decoder + self.decoder_bias

    def forward(self, x: Tensor) -> Tensor:
        """x' of (1): activations by way of their features."""
        normed, mean, scale = self._normed(x)
        found = self.decode(self._active(normed))
        if self.rank:
            found = found + self.low_rank(normed) @ self.decoder
        return found * scale + mean

    def moved(self, x: Tensor, features: Any, change: Tensor) -> Tensor:
        """Activations moved by a change (..., chosen) of chosen features; what these do not explain stays as it is."""
        rows = self.decoder[features]
        rows = rows / rows.norm(dim=1, keepdim=True) if self.by_length else rows
        return x + (change @ rows) * self._normed(x)[2]

    def low_rank(self, x: Tensor) -> Tensor:
        """r of (6), (..., features)."""
        return (x - self.decoder_bias) @ cast(Tensor, self.read) @ cast(Tensor, self.spread).T

    def linear(self, x: Tensor) -> Tensor:
        """What is in the brackets of (1), of activations that are normalised."""
        found = (x - self.decoder_bias if self.centred else x) @ self.encoder + self.encoder_bias
        return found * self.decoder.norm(dim=1) if self.by_length else found

    def _active(self, x: Tensor) -> Tensor:
        numbers = self.linear(x)
        if self.activation == "top-k":
            return kept_in_rows(numbers, self.k)
        if self.activation == "threshold":
            return torch.relu(numbers) * (numbers > self.threshold)
        if self.activation == "gated":
            given = x - self.decoder_bias if self.centred else x
            much = given @ (self.encoder * cast(Tensor, self.magnitude_scale).exp()) + cast(Tensor, self.magnitude_bias)
            return (numbers > 0) * torch.relu(much)
        return torch.relu(numbers)

    def _normed(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Activations normalised, and what to multiply and add to undo it: mean and scale."""
        if self.normalised == "length":
            scale = x.norm(dim=-1, keepdim=True) / self.width**0.5
            return x / scale, torch.zeros_like(scale), scale
        if self.normalised == "layer":
            mean = x.mean(dim=-1, keepdim=True)
            spread = (x - mean).std(dim=-1, keepdim=True)
            return (x - mean) / (spread + 1e-5), mean, spread
        return x, torch.zeros_like(x[..., :1]), torch.ones_like(x[..., :1])


def kept_in_rows(numbers: Tensor, k: int) -> Tensor:
    """The k largest of each row, where they are above 0, and 0 elsewhere."""
    largest = numbers.topk(k, dim=-1)
    return torch.zeros_like(numbers).scatter(-1, largest.indices, torch.relu(largest.values))


def kept_in_batch(numbers: Tensor, k: float) -> Tensor:
    """The k n largest of the n rows together, where they are above 0, and 0 elsewhere."""
    flat = torch.relu(numbers).flatten()
    largest = flat.topk(min(int(k * (numbers.numel() // numbers.shape[-1])), len(flat)))
    return torch.zeros_like(flat).scatter(0, largest.indices, largest.values).reshape(numbers.shape)


class SparseLoss(nn.Module):
    """The losses (2) to (6) of one kind, with the autoencoder that they train; call `finished` for it afterwards.

    Args:
        width: Units of the activations.
        features: How many, as many as there are units or more.
        kind: Of `KINDS`.
        sparsity: lambda of (4) to (6).
        k: Of (2) and (3).
        steps: Of the training, over which p falls.
        least_p: Where p ends.
        rank: Of the linear map of (6); None takes a quarter of the units.
        low_rank: gamma of (6).
        seed: Of the first weights.

    Raises:
        OptionError: If a number is out of range.
    """

    step: Tensor
    least_kept: Tensor

    def __init__(
        self,
        width: int,
        features: int,
        kind: Kind = "top-k",
        *,
        sparsity: float = 0.1,
        k: int = 8,
        steps: int = 1000,
        least_p: float = 0.2,
        rank: int | None = None,
        low_rank: float = 1.0,
        seed: int = 0,
    ) -> None:
        super().__init__()
        if kind not in KINDS:
            raise OptionError(f"a sparse autoencoder is {', '.join(KINDS)}, got {kind!r}")
        if features < width:
            raise OptionError(f"{features} features are fewer than the {width} units of the activations: take more")
        rank = max(width // 4, 1) if rank is None else rank
        if not (sparsity > 0 and low_rank > 0 and 0 < least_p <= 1 and 1 <= rank <= width):
            raise OptionError(
                f"sparsity and low_rank are above 0, least_p in (0, 1] and rank from 1 to {width}, got {sparsity}, "
                f"{low_rank}, {least_p}, {rank}"
            )
        if kind in ("top-k", "batch-top-k") and not 1 <= k <= features:
            raise OptionError(f"{kind} keeps 1 to {features} features, got k={k}")
        self.kind, self.sparsity, self.k, self.steps = kind, sparsity, k, steps
        self.least_p, self.low_rank = least_p, low_rank
        activation: Activation = {"top-k": "top-k", "batch-top-k": "threshold"}.get(kind, "relu")  # type: ignore[assignment]
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            made = SparseAutoencoder(width, features, activation, k=k, rank=rank if kind == "structured" else 0)
        self.autoencoder = made
        self.register_buffer("step", torch.zeros((), dtype=torch.int64))
        self.register_buffer("least_kept", torch.zeros(()))

    @property
    def p(self) -> float:
        """The power of (5) at this step."""
        if self.kind not in ("p-annealing", "structured"):
            return 1.0
        return 1 - (1 - self.least_p) * min(int(self.step) / max(self.steps - 1, 1), 1.0)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """The loss of a batch (n, width), and its parts; in training it counts the step."""
        made = self.autoencoder
        rows = nn.functional.normalize(made.decoder, dim=1)
        numbers = made.linear(x)
        if self.kind == "top-k":
            z = kept_in_rows(numbers, self.k)
        elif self.kind == "batch-top-k":
            z = kept_in_batch(numbers, self.k)
            if self.training:
                self._note_threshold(z.detach())
        else:
            z = torch.relu(numbers)
        low = made.low_rank(x) if made.rank else None
        error = z @ rows + made.decoder_bias - x if low is None else (z + low) @ rows + made.decoder_bias - x
        parts = {"error": error.square().sum(dim=1).mean()}
        if self.kind not in ("top-k", "batch-top-k"):
            parts["sparsity"] = self.sparsity * self._norm(z)
        if low is not None:
            parts["low rank"] = self.low_rank * self._nuclear(x) / len(x) ** 0.5
        if self.training:
            self.step += 1
        return {"loss": torch.stack(list(parts.values())).sum(), **parts}

    def _norm(self, z: Tensor) -> Tensor:
        """||z||_1, or ||z||_p^p at the size of ||z||_1."""
        one = z.sum(dim=1).mean()
        if self.p == 1:
            return one
        power = ((z + _TINY) ** self.p - _TINY**self.p).sum(dim=1).mean()
        found: Tensor = power * (one / power.clamp(min=_TINY)).detach()
        return found

    def _nuclear(self, x: Tensor) -> Tensor:
        """||R||_*: with V = Q T, the singular values of R = X U V^T are those of X U T^T, which is small."""
        made = self.autoencoder
        triangle = torch.linalg.qr(cast(Tensor, made.spread))[1]
        found: Tensor = torch.linalg.svdvals((x - made.decoder_bias) @ cast(Tensor, made.read) @ triangle.T).sum()
        return found

    @torch.no_grad()
    def _note_threshold(self, z: Tensor) -> None:
        if (z > 0).any():
            least = z[z > 0].min()
            self.least_kept.copy_(least if not int(self.step) else 0.99 * self.least_kept + 0.01 * least)

    @torch.no_grad()
    def finished(self) -> SparseAutoencoder:
        """The autoencoder for use, on its own: rows of the decoder of unit length, and the threshold of (3)."""
        made = copy.deepcopy(self.autoencoder)
        made.decoder.copy_(nn.functional.normalize(made.decoder, dim=1))
        if made.activation == "threshold":
            made.threshold.fill_(float(self.least_kept))
        return made.eval()


def check_activations(x: Tensor, width: int, what: str = "activations") -> None:
    """Refuses activations that no autoencoder can be trained on or asked about.

    Raises:
        DataError: If they are not (n, width), or a number is not finite.
    """
    if x.ndim != 2 or x.shape[1] != width:
        raise DataError(f"{what} are (n, {width}), got {tuple(x.shape)}")
    if not torch.isfinite(x).all():
        row = int((~torch.isfinite(x)).any(dim=1).nonzero()[0])
        raise DataError(f"{what} are not finite in row {row}: a network in half precision overflows, take float32")

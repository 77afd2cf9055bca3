"""How well activations tell a concept apart, as a code length: the fewer bits, the better separated.

    L(z | x) = E_{w ~ q} sum_i -log2 p(z_i | x_i, w) + KL(q || p) / ln 2,   q = N(mu, sigma^2),  p = N(0, 1)    (1)

for a linear classifier w, beside the n H(z) bits of a code that knows the frequencies of the labels but not x. Accuracy
of a probe says little once it is at its ceiling; the code also counts what the probe itself costs. (1) is the
variational code. The online code needs no prior: rows are sent in blocks, each coded by a probe fitted on the blocks
before it, the first by a code that knows nothing but the number of labels,

    L(z | x) = t_1 log2 K - sum_b sum_{i in block b+1} log2 p(z_i | x_i, fitted on blocks 1..b)                  (2)

Source:
    Voita and Titov, Information-theoretic probing with minimum description length, EMNLP 2020, equations 2 to 4; the
    prior there shrinks whole units, here it is a plain normal one.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from aitia.errors import DataError, OptionError

__all__ = ["CodeLength", "code_length", "online_code_length"]


@dataclass(frozen=True, eq=False)
class CodeLength:
    """A variational code of labels given activations.

    Args:
        bits: Its length, equation (1).
        plain_bits: Of a code that knows only how frequent the labels are.
        accuracy: Of the mean classifier on the same rows.
        weights: (units, labels) mean weights, on activations of unit variance.
        deviations: (units, labels) their standard deviations.
        scale: (units,) standard deviations of the activations.
    """

    bits: float
    plain_bits: float
    accuracy: float
    weights: Tensor
    deviations: Tensor
    scale: Tensor

    @property
    def compression(self) -> float:
        """How many times shorter than the plain code; 1 or less means that nothing was found."""
        return self.plain_bits / self.bits

    def contrasts(
        self, label: int, share: float = 0.9, most: int = 8, *, rank: int | None = None, certain: bool = False
    ) -> Tensor:
        """An orthonormal basis (units, rank) of what tells one label from the others, among the activations as given.

        The differences of its weights from those of each other label, reduced to the first directions that hold this
        share of their squares.

        Args:
            label: Number of the label.
            share: Of the squares.
            most: Directions at most.
            rank: Directions, in place of `share` and `most`.
            certain: Divide each difference by its standard deviation, so that what is certain counts more.

        Raises:
            OptionError: If there is no such label, or not so many directions.
        """
        labels = self.weights.shape[1]
        if not 0 <= label < labels:
            raise OptionError(f"there is no label {label}, only {labels} of them")
        if rank is not None and not 1 <= rank <= min(labels - 1, len(self.weights)):
            raise OptionError(
                f"{labels} labels on {len(self.weights)} units differ in 1 to {min(labels - 1, len(self.weights))} "
                f"directions, got rank={rank}"
            )
        others = [k for k in range(labels) if k != label]
        rows = (self.weights[:, [label]] - self.weights[:, others]) / self.scale[:, None]
        if certain:
            variance = self.deviations[:, [label]].square() + self.deviations[:, others].square()
            rows = rows / (variance / self.scale[:, None].square()).sum(dim=0).sqrt()
        directions, size, _ = torch.linalg.svd(rows, full_matrices=False)
        energy = size.square().cumsum(0) / size.square().sum()
        held = min(int((energy < share - 1e-9).sum()) + 1, most) if rank is None else rank
        basis: Tensor = directions[:, :held]
        return basis


def code_length(
    x: Tensor, labels: Tensor | Sequence[int], *, steps: int = 500, rate: float = 0.02, seed: int = 0
) -> CodeLength:
    """The variational code of the labels given activations.

    Args:
        x: (n, units); centred and scaled to unit variance here.
        labels: (n,) whole numbers from 0.
        steps: Of Adam on (1), over all rows.
        rate: Its learning rate.
        seed: Of the draws of weights.

    Raises:
        DataError: If rows and labels do not match, a number is not finite, or there is one label only.
        OptionError: If there is no step.
    """
    values, z = _checked(x, labels)
    if steps < 1:
        raise OptionError(f"a probe needs at least one step, got {steps}")
    scale = values.std(dim=0).clamp(min=1e-6)
    values = (values - values.mean(dim=0)) / scale
    count = int(z.max()) + 1
    generator = torch.Generator().manual_seed(seed)
    mean = torch.zeros(values.shape[1], count, requires_grad=True)
    log_sd = torch.full((values.shape[1], count), -2.0, requires_grad=True)
    bias = torch.zeros(count, requires_grad=True)
    optimizer = torch.optim.Adam([mean, log_sd, bias], lr=rate)

    def nats() -> Tensor:
        # The logits of a row are normal too: drawing them row by row has less noise than drawing weights once.
        centre, spread = values @ mean + bias, (values.square() @ (2 * log_sd).exp()).sqrt()
        logits = centre + spread * torch.randn(centre.shape, generator=generator)
        divergence = 0.5 * ((2 * log_sd).exp() + mean.square() - 1 - 2 * log_sd).sum()
        return nn.functional.cross_entropy(logits, z, reduction="sum") + divergence

    with torch.enable_grad():
        for _ in range(steps):
            optimizer.zero_grad()
            loss = nats()
            loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
            optimizer.step()
    with torch.no_grad():
        final = float(torch.stack([nats() for _ in range(20)]).mean())
        right = ((values @ mean + bias).argmax(dim=1) == z).float().mean()
    share = torch.bincount(z).double() / len(z)
    entropy = -float(torch.special.xlogy(share, share).sum())
    return CodeLength(
        bits=final / math.log(2),
        plain_bits=len(z) * entropy / math.log(2),
        accuracy=float(right),
        weights=mean.detach(),
        deviations=log_sd.detach().exp(),
        scale=scale,
    )


def online_code_length(
    x: Tensor,
    labels: Tensor | Sequence[int],
    *,
    shares: Sequence[float] = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1),
    ridge: float = 1.0,
    seed: int = 0,
) -> float:
    """The bits of the online code (2) of the labels given activations; n log2 K of them where nothing is found.

    The probes are logistic regressions on activations of unit variance over the rows seen so far.

    Args:
        x: (n, units).
        labels: (n,) whole numbers from 0.
        shares: Ends of the blocks as shares of the rows, rising, the last one 1.
        ridge: Half of it times the squared weights is added to the nats of a probe.
        seed: Of the order in which rows are sent.

    Raises:
        DataError: If rows and labels do not match, a number is not finite, or there is one label only.
        OptionError: If the shares do not rise to 1, or ridge is not positive.

    Example:
        >>> x = torch.randn(256, 4, generator=torch.Generator().manual_seed(0))
        >>> online_code_length(x, (x[:, 0] > 0).long()) < 128 < online_code_length(x, [0, 1] * 128)
        True
    """
    values, z = _checked(x, labels)
    if not shares or any(b <= a for a, b in pairwise((0, *shares))) or shares[-1] != 1:
        raise OptionError(f"shares rise from above 0 to 1, got {tuple(shares)}")
    if not ridge > 0:
        raise OptionError(f"ridge is positive, got {ridge}")
    order = torch.randperm(len(z), generator=torch.Generator().manual_seed(seed))
    values, z = values[order], z[order]
    count = int(z.max()) + 1
    ends = [max(round(share * len(z)), 1) for share in shares]
    nats = ends[0] * math.log(count)
    for end, next_end in pairwise(ends):
        seen = values[:end]
        mean, scale = seen.mean(dim=0), seen.std(dim=0, correction=0).clamp(min=1e-6)
        weights, bias = _logistic((seen - mean) / scale, z[:end], count, ridge)
        logits = (values[end:next_end] - mean) / scale @ weights + bias
        nats += float(nn.functional.cross_entropy(logits, z[end:next_end], reduction="sum"))
    return nats / math.log(2)


def _logistic(x: Tensor, z: Tensor, count: int, ridge: float) -> tuple[Tensor, Tensor]:
    """Weights (units, labels) and bias of a logistic regression with this ridge on both."""
    parameters = torch.zeros(x.shape[1] + 1, count, requires_grad=True)
    optimizer = torch.optim.LBFGS([parameters], max_iter=100, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        nats = nn.functional.cross_entropy(x @ parameters[:-1] + parameters[-1], z, reduction="sum")
        loss = nats + 0.5 * ridge * parameters.square().sum()
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        return loss

    with torch.enable_grad():
        optimizer.step(closure)  # type: ignore[no-untyped-call]
    return parameters.detach()[:-1], parameters.detach()[-1]


def _checked(x: Tensor, labels: Tensor | Sequence[int]) -> tuple[Tensor, Tensor]:
    z = torch.as_tensor(labels).long()
    if x.ndim != 2 or z.shape != (len(x),) or not torch.isfinite(x).all():
        raise DataError(f"activations are finite, (n, units), with one label a row, got {tuple(x.shape)}")
    if len(torch.unique(z)) < 2:
        raise DataError(f"every row has the label {int(z[0]) if len(z) else 'of none'}: there is nothing to code")
    return x.detach().float(), z

"""How well activations tell a concept apart, as a code length: the fewer bits, the better separated.

    L(z | x) = E_{w ~ q} sum_i -log2 p(z_i | x_i, w) + KL(q || p) / ln 2,   q = N(mu, sigma^2),  p = N(0, 1)    (1)

for a linear classifier w, beside the n H(z) bits of a code that knows the frequencies of the labels but not x. Accuracy
of a probe says little once it is at its ceiling; the code also counts what the probe itself costs.

Source:
    Voita and Titov, Information-theoretic probing with minimum description length, EMNLP 2020, equations 3 and 4; the
    prior there shrinks whole units, here it is a plain normal one.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from aitia.errors import DataError, OptionError

__all__ = ["CodeLength", "code_length"]


@dataclass(frozen=True, eq=False)
class CodeLength:
    """A variational code of labels given activations.

    Args:
        bits: Its length, equation (1).
        plain_bits: Of a code that knows only how frequent the labels are.
        accuracy: Of the mean classifier on the same rows.
        weights: (units, labels) mean weights, on activations of unit variance.
        deviations: (units, labels) their standard deviations.
    """

    bits: float
    plain_bits: float
    accuracy: float
    weights: Tensor
    deviations: Tensor

    @property
    def compression(self) -> float:
        """How many times shorter than the plain code; 1 or less means that nothing was found."""
        return self.plain_bits / self.bits

    def contrasts(self, label: int, share: float = 0.9, most: int = 8) -> Tensor:
        """An orthonormal basis (units, rank) of what tells one label from the others.

        The differences of its weights from those of each other label, reduced to the first directions that hold this
        share of their squares.

        Raises:
            OptionError: If there is no such label.
        """
        if not 0 <= label < self.weights.shape[1]:
            raise OptionError(f"there is no label {label}, only {self.weights.shape[1]} of them")
        others = [k for k in range(self.weights.shape[1]) if k != label]
        directions, size, _ = torch.linalg.svd(self.weights[:, [label]] - self.weights[:, others], full_matrices=False)
        energy = size.square().cumsum(0) / size.square().sum()
        rank = min(int((energy < share - 1e-9).sum()) + 1, most)
        basis: Tensor = directions[:, :rank]
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
    z = torch.as_tensor(labels).long()
    if x.ndim != 2 or z.shape != (len(x),) or not torch.isfinite(x).all():
        raise DataError(f"activations are finite, (n, units), with one label a row, got {tuple(x.shape)}")
    if len(torch.unique(z)) < 2:
        raise DataError(f"every row has the label {int(z[0]) if len(z) else 'of none'}: there is nothing to code")
    if steps < 1:
        raise OptionError(f"a probe needs at least one step, got {steps}")
    values = x.detach().float()
    values = (values - values.mean(dim=0)) / values.std(dim=0).clamp(min=1e-6)
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
    )

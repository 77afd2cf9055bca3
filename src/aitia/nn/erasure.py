r"""Taking a concept out of activations: in closed form, by repeated projection, or by an adversary during training.

With activations x, concept labels z (one-hot), W = S_xx^{-1/2} (pseudo-inverse) the whitening of x and P the orthogonal
projection onto the columns of W S_xz,

    r(x) = x - W^+ P W (x - E x)                                                                                   (1)

makes the covariance of r(x) and z zero, hence no linear classifier of z beats a constant one (in any convex loss), and
among all affine maps that do so (1) changes x least in mean square. Iterative null-space projection instead trains a
linear classifier, projects its directions out, and repeats; it may take out more than is needed and stops at chance.
Neither says anything about what a non-linear probe can read: state the class of the probe beside every number.

Source:
    (1): Belrose, Schneider-Joseph, Ravfogel, Cotterell, Raff and Biderman, LEACE: perfect linear concept erasure in
    closed form, NeurIPS 2023, theorem 4.2.
    Ravfogel, Elazar, Gonen, Twiton and Goldberg, Null it out, ACL 2020; Ganin et al., Domain-adversarial training of
    neural networks, JMLR 17 (2016).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from aitia.errors import DataError, OptionError

__all__ = ["Eraser", "GradientReversal", "leace", "null_space_projection", "reversal_strength", "subspace_angles"]


@dataclass(frozen=True, eq=False)
class Eraser:
    """An affine map that takes a concept out: x - (x - mean) T', with T of the rank of what was taken.

    Args:
        matrix: T, (units, units).
        mean: (units,) around which it acts.
        rank: How many directions were taken out.
    """

    matrix: Tensor
    mean: Tensor
    rank: int

    def __call__(self, x: Tensor) -> Tensor:
        """Activations (..., units) without the concept; also the function of a `Transform` at a site."""
        wide = torch.promote_types(x.dtype, torch.float32)
        matrix, mean = self.matrix.to(x.device, wide), self.mean.to(x.device, wide)
        return (x.to(wide) - (x.to(wide) - mean) @ matrix.T).to(x.dtype)


def leace(x: Tensor, labels: Tensor | Sequence[int]) -> Eraser:
    """The least change after which no linear classifier of the labels beats a constant one on these rows.

    Args:
        x: Activations (n, units).
        labels: (n,) whole numbers from 0.

    Raises:
        DataError: If rows and labels do not match, a number is not finite, or there is one label only.

    Example:
        >>> x = torch.randn(200, 5, generator=torch.Generator().manual_seed(0))
        >>> z = (x[:, 0] + x[:, 1] > 0).long()
        >>> erased = leace(x, z)(x)
        >>> (erased[z == 1].mean(0) - erased[z == 0].mean(0)).abs().max().item() < 1e-5
        True
    """
    values, z = _checked(x, labels)
    mean = values.mean(dim=0)
    centred = values - mean
    one_hot = nn.functional.one_hot(z).double()
    covariance = centred.T @ centred / len(values)
    cross = centred.T @ (one_hot - one_hot.mean(dim=0)) / len(values)
    size, axes = torch.linalg.eigh(covariance)
    # Where rows differ by the rounding of their own type there is nothing, and whitening would blow it up.
    rounding = 8 * torch.finfo(x.dtype if x.is_floating_point() else torch.float64).eps * float(values.abs().max())
    kept = size > max(float(size.max()) * torch.finfo(torch.float64).eps, rounding**2) * len(size)
    axes, size = axes[:, kept], size[kept]
    whiten, colour = axes * size.rsqrt() @ axes.T, axes * size.sqrt() @ axes.T
    directions, strength, _ = torch.linalg.svd(whiten @ cross, full_matrices=False)
    directions = directions[:, strength > 1e-9]  # in units of standard deviations: correlations below this are rounding
    return Eraser((colour @ directions @ directions.T @ whiten).float(), mean.float(), directions.shape[1])


def null_space_projection(
    x: Tensor, labels: Tensor | Sequence[int], *, most: int | None = None, tolerance: float = 0.01, ridge: float = 1e-3
) -> Eraser:
    """Projects the directions of linear classifiers out, one classifier after another, until none beats a constant.

    The classifiers are ridge regressions of the one-hot labels, which need no steps of an optimiser; the source takes
    linear support vector machines.

    Args:
        x: Activations (n, units).
        labels: (n,) whole numbers from 0.
        most: Classifiers at most; None takes as many as there are units.
        tolerance: Stop where accuracy on these rows is at most this above that of the most frequent label.
        ridge: Of the regression, as a share of the mean variance of a unit.

    Raises:
        DataError: As for `leace`.
        OptionError: If `most` is below 1.
    """
    values, z = _checked(x, labels)
    if most is not None and most < 1:
        raise OptionError(f"at least one classifier is projected out, got most={most}")
    mean = values.mean(dim=0)
    centred = values - mean
    target = nn.functional.one_hot(z).double()
    target = target - target.mean(dim=0)
    chance = float(torch.bincount(z).max()) / len(z)
    penalty = ridge * centred.var() * len(values) * torch.eye(centred.shape[1], dtype=torch.float64)
    taken = torch.empty((centred.shape[1], 0), dtype=torch.float64)
    for _ in range(most or centred.shape[1]):
        left = centred - centred @ taken @ taken.T
        weights = torch.linalg.solve(left.T @ left + penalty, left.T @ target)
        right = (left @ weights + torch.bincount(z) / len(z)).argmax(dim=1) == z
        directions, size, _ = torch.linalg.svd(weights - taken @ (taken.T @ weights), full_matrices=False)
        directions = directions[:, size > 1e-9 * max(float(size.max()), 1e-12)]
        if float(right.double().mean()) <= chance + tolerance or not directions.numel():
            break
        taken = torch.linalg.qr(torch.cat([taken, directions], dim=1))[0][:, : centred.shape[1]]
    return Eraser((taken @ taken.T).float(), mean.float(), taken.shape[1])


def _checked(x: Tensor, labels: Tensor | Sequence[int]) -> tuple[Tensor, Tensor]:
    values, z = x.detach().double().cpu(), torch.as_tensor(labels).cpu().long()
    if values.ndim != 2 or z.shape != (len(values),) or len(values) < 2:
        raise DataError(
            f"activations are (n, units) with one label a row, got {tuple(values.shape)} and {tuple(z.shape)}"
        )
    if not torch.isfinite(values).all():
        row, unit = (int(number) for number in (~torch.isfinite(values)).nonzero()[0])
        raise DataError(f"the activation of row {row}, unit {unit} is {values[row, unit]:g}: drop the row")
    if len(torch.unique(z)) < 2:
        raise DataError(f"every row has the label {int(z[0])}: a concept with one value cannot be erased")
    return values, torch.unique(z, return_inverse=True)[1]


# -- during training ---------------------------------------------------------------------------------------------------


class _Reverse(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, x: Tensor, strength: float) -> Tensor:
        context.strength = strength
        return x.view_as(x)

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return -context.strength * gradients[0], None


class GradientReversal(nn.Module):
    """The identity, whose gradient is turned round: what a head behind it learns to read, the encoder learns to hide.

    Args:
        strength: The factor of the turned gradient; may be set anew before each step, as by `reversal_strength`.

    Example:
        >>> x = torch.ones(2, requires_grad=True)
        >>> GradientReversal(0.5)(x).sum().backward()
        >>> x.grad
        tensor([-0.5000, -0.5000])
    """

    def __init__(self, strength: float = 1.0) -> None:
        super().__init__()
        self.strength = strength

    def forward(self, x: Tensor) -> Tensor:
        """x."""
        reversed_: Tensor = _Reverse.apply(x, self.strength)  # type: ignore[no-untyped-call]  # torch leaves it untyped
        return reversed_


def reversal_strength(progress: float, most: float = 1.0) -> float:
    """The ramp 2 / (1 + exp(-10 p)) - 1 of Ganin et al., from 0 at the start to `most` at the end.

    Example:
        >>> reversal_strength(0.0), round(reversal_strength(1.0), 3)
        (0.0, 1.0)
    """
    return most * (2 / (1 + math.exp(-10 * progress)) - 1)


def subspace_angles(one: Tensor, other: Tensor) -> Tensor:
    """Principal angles in radians between the column spaces of (units, a) and (units, b), smallest first, (min(a, b),).

    Small angles come from sines, large ones from cosines, so that neither loses its digits.

    Raises:
        DataError: If the two have different numbers of units, or columns that are linearly dependent.

    Source:
        Björck and Golub, Numerical methods for computing angles between linear subspaces, 1973.

    Example:
        >>> plane = torch.eye(3)[:, :2]
        >>> angle = subspace_angles(plane, torch.tensor([[1.0], [0.0], [1.0]]))
        >>> round(angle.item() / torch.pi * 180, 6)
        45.0
    """
    if one.ndim != 2 or other.ndim != 2 or len(one) != len(other):
        raise DataError(
            f"subspaces are given by columns over the same units, got {tuple(one.shape)} and {tuple(other.shape)}"
        )
    bases = []
    for basis in (one, other):
        q, r = torch.linalg.qr(basis.double())
        diagonal = r.diagonal().abs()
        if basis.shape[1] > len(basis) or float(diagonal.min()) <= 1e-10 * float(diagonal.max()):
            raise DataError(f"the {basis.shape[1]} columns of a subspace are linearly dependent: leave some out")
        bases.append(q)
    a, b = bases if bases[0].shape[1] >= bases[1].shape[1] else bases[::-1]
    overlap = a.T @ b
    cosine = torch.linalg.svdvals(overlap).clamp(max=1)
    sine = torch.linalg.svdvals(b - a @ overlap).clamp(max=1).flip(0)[: len(cosine)]
    return torch.where(cosine > 0.5**0.5, torch.asin(sine), torch.acos(cosine))

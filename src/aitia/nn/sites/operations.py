"""What is done at a site: an operation gives the new activations from those that would be there.

    0.0, [1.0, -2.0]          held at a number, or at one number a unit
    shift(0.5), scale(2)      of `aitia.do`, as for any variable; Normal(0, 1) and Uniform(0, 1) draw
    Patch(run[site])          the activations of another run, position or site, or any tensor that fits
    Mean(reference)           the mean over the rows of a reference: ablation that stays in the usual range
    Resample(reference, seed) each row takes the activations of a random row of the reference
    Interchange(order)        row i takes what row order[i] of the same run has
    Add(tensor), Multiply(tensor), Noise(sd, seed)
    ProjectOut(basis)         the part in a subspace is removed; PatchSubspace(value, basis) exchanges only that part
    Transform(function)       anything else

Activations have the shape that `record` gives: rows first, and an axis of a single place stays. A tensor fits if its
axes are as long or of length 1, or if it is one number a unit.

Source:
    Geiger, Lu, Icard and Potts, Causal abstractions of neural networks, NeurIPS 2021 (interchange); Meng, Bau, Andonian
    and Belinkov, Locating and editing factual associations in GPT, NeurIPS 2022 (noise, patching); Geiger, Wu, Potts,
    Icard and Goodman, Finding alignments between interpretable causal variables, CLeaR 2024 (subspaces).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from aitia.do import Action, Scale, Shift, Value
from aitia.errors import InterventionError

__all__ = [
    "Add",
    "Interchange",
    "Mean",
    "Multiply",
    "Noise",
    "Operation",
    "Patch",
    "PatchSubspace",
    "ProjectOut",
    "Resample",
    "Transform",
    "as_operation",
]


class Operation(Action):
    """What is done at a site. A subclass gives `change`."""

    kinds: ClassVar[tuple[str, ...]] = ()

    def change(self, now: Tensor, units: int) -> Tensor:
        """The new activations, of the shape of `now`.

        Args:
            now: What would be there, rows first.
            units: The axis of the units.

        Raises:
            InterventionError: If a tensor of the operation does not fit.
        """
        raise NotImplementedError


@dataclass(frozen=True, eq=False)
class Patch(Operation):
    """Puts a value in place of the activations: of another run, another position, another site.

    Args:
        value: A tensor that fits.
    """

    value: Tensor

    def change(self, now: Tensor, units: int) -> Tensor:
        """The value."""
        return _fit(self.value, now, units).expand_as(now)

    def __str__(self) -> str:
        return f"Patch({_shape(self.value)})"


@dataclass(frozen=True, eq=False)
class Mean(Operation):
    """Puts the mean of a reference in place of the activations.

    Args:
        reference: Recorded activations, rows first.
        everywhere: Average over positions or cells as well, so that rows of the reference may be of any length.
    """

    reference: Tensor
    everywhere: bool = False

    def change(self, now: Tensor, units: int) -> Tensor:
        """The mean, the same for every row."""
        axes = [k for k in range(self.reference.ndim) if k != units % self.reference.ndim]
        mean = self.reference.mean(dim=axes if self.everywhere else 0, keepdim=not self.everywhere)
        return _fit(mean, now, units).expand_as(now)

    def __str__(self) -> str:
        return f"Mean({_shape(self.reference)})"


@dataclass(frozen=True, eq=False)
class Resample(Operation):
    """Gives each row the activations of a row of the reference, drawn evenly.

    Args:
        reference: Recorded activations, rows first.
        seed: Of the draw; the same in every run.
    """

    reference: Tensor
    seed: int = 0

    def change(self, now: Tensor, units: int) -> Tensor:
        """The drawn rows."""
        rows = torch.randint(len(self.reference), (len(now),), generator=torch.Generator().manual_seed(self.seed))
        return _fit(self.reference[rows.to(self.reference.device)], now, units).expand_as(now)

    def __str__(self) -> str:
        return f"Resample({_shape(self.reference)}, seed={self.seed})"


@dataclass(frozen=True, eq=False)
class Interchange(Operation):
    """Gives row i what row order[i] has in the same run.

    Args:
        order: One row number a row.
    """

    order: Sequence[int]

    def change(self, now: Tensor, units: int) -> Tensor:
        """The rows in their new order."""
        if len(self.order) != len(now) or not all(0 <= row < len(now) for row in self.order):
            raise InterventionError(f"Interchange needs one of the rows 0 to {len(now) - 1} for each, got {self.order}")
        return now[torch.tensor(list(self.order), device=now.device)]

    def __str__(self) -> str:
        return f"Interchange({list(self.order)})"


@dataclass(frozen=True, eq=False)
class Add(Operation):
    """Adds a tensor that fits, such as a steering direction."""

    value: Tensor

    def change(self, now: Tensor, units: int) -> Tensor:
        """now + value."""
        return now + _fit(self.value, now, units)

    def __str__(self) -> str:
        return f"Add({_shape(self.value)})"


@dataclass(frozen=True, eq=False)
class Multiply(Operation):
    """Multiplies by a tensor that fits, such as a mask over units."""

    value: Tensor

    def change(self, now: Tensor, units: int) -> Tensor:
        """now * value."""
        return now * _fit(self.value, now, units)

    def __str__(self) -> str:
        return f"Multiply({_shape(self.value)})"


@dataclass(frozen=True)
class Noise(Operation):
    """Adds normal noise, the same in every run of the same shape.

    Args:
        sd: Its standard deviation.
        seed: Of the draw.
    """

    sd: float
    seed: int = 0

    def change(self, now: Tensor, units: int) -> Tensor:
        """now + noise."""
        drawn = torch.randn(now.shape, generator=torch.Generator().manual_seed(self.seed))
        return now + (self.sd * drawn).to(now)

    def __str__(self) -> str:
        return f"Noise({self.sd}, seed={self.seed})"


@dataclass(frozen=True, eq=False)
class ProjectOut(Operation):
    """Removes what lies in a subspace: now - B B' (now - origin), with B an orthonormal basis.

    Args:
        basis: (units, rank), of full rank; it is made orthonormal here.
        origin: One number a unit, what the removed part is set to; None takes 0.
    """

    basis: Tensor
    origin: Tensor | None = None

    def change(self, now: Tensor, units: int) -> Tensor:
        """The activations without that part."""
        origin = torch.zeros(len(self.basis)) if self.origin is None else self.origin
        return _exchange(now, origin, self.basis, units)

    def __str__(self) -> str:
        return f"ProjectOut({_shape(self.basis)})"


@dataclass(frozen=True, eq=False)
class PatchSubspace(Operation):
    """Puts another value in place of what lies in a subspace: now + B B' (value - now).

    Args:
        value: A tensor that fits.
        basis: (units, rank), of full rank; it is made orthonormal here.
    """

    value: Tensor
    basis: Tensor

    def change(self, now: Tensor, units: int) -> Tensor:
        """The activations with that part exchanged."""
        return _exchange(now, self.value, self.basis, units)

    def __str__(self) -> str:
        return f"PatchSubspace({_shape(self.value)}, {_shape(self.basis)})"


@dataclass(frozen=True, eq=False)
class Transform(Operation):
    """Applies a function of the activations.

    Args:
        function: From a tensor to one of the same shape.
    """

    function: Callable[[Tensor], Tensor]

    def change(self, now: Tensor, units: int) -> Tensor:
        """function(now)."""
        return _fit(self.function(now), now, units).expand_as(now)

    def __str__(self) -> str:
        return f"Transform({getattr(self.function, '__name__', 'function')})"


@dataclass(frozen=True)
class _Drawn(Operation):
    """An action of `aitia.do` that draws numbers, carried out on tensors."""

    action: Action

    def change(self, now: Tensor, units: int) -> Tensor:
        natural = now.detach().to(torch.float64).cpu().numpy().reshape(-1)
        noise = np.random.default_rng(0).random(natural.shape)
        return torch.from_numpy(self.action.apply(natural, noise)).reshape(now.shape).to(now)


def as_operation(action: Any, site: object) -> Operation:
    """The operation of an action, number or operation.

    Raises:
        InterventionError: If it means nothing for activations.
    """
    if isinstance(action, Operation):
        return action
    if isinstance(action, Tensor):
        return Patch(action)
    if not isinstance(action, Action):
        action = Value(action)
    action.check(str(site))
    if isinstance(action, Value):
        return Patch(torch.tensor(action.value))
    if isinstance(action, Shift):
        return Add(torch.tensor(action.by))
    if isinstance(action, Scale):
        return Multiply(torch.tensor(action.factor))
    return _Drawn(action)


def _fit(value: Tensor, now: Tensor, units: int) -> Tensor:
    """The value, ready to be combined with `now`: same type and device, and of as many axes."""
    value = value.to(device=now.device, dtype=now.dtype)
    if value.ndim == 0:
        return value
    if value.ndim == 1 and len(value) in (1, now.shape[units]):
        return value.reshape([-1 if k == units % now.ndim else 1 for k in range(now.ndim)])
    if value.ndim == now.ndim and all(a in (1, b) for a, b in zip(value.shape, now.shape, strict=True)):
        return value
    raise InterventionError(
        f"a value of shape {_shape(value)} does not fit activations of shape {_shape(now)}: runs of other lengths need "
        "the same number of positions named (position=-1), and rows must be as many or one"
    )


def _exchange(now: Tensor, value: Tensor, basis: Tensor, units: int) -> Tensor:
    if basis.ndim != 2 or len(basis) != now.shape[units] or basis.shape[1] > len(basis):
        raise InterventionError(
            f"a basis has the shape (units, rank), here ({now.shape[units]}, rank), got {_shape(basis)}"
        )
    wide = torch.promote_types(now.dtype, torch.float32)  # half precision would lose the orthogonality
    orthonormal, triangle = torch.linalg.qr(basis.to(now.device, wide))
    size = triangle.diagonal().abs()
    if float(size.min()) <= 1e-6 * float(size.max()):
        raise InterventionError(f"the {basis.shape[1]} columns of the basis are linearly dependent: leave some out")
    gap = (_fit(value, now, units).to(wide) - now.to(wide)).movedim(units, -1)
    changed: Tensor = now.to(wide) + (gap @ orthonormal @ orthonormal.T).movedim(-1, units)
    return changed.to(now.dtype)


def _shape(value: Tensor) -> str:
    return str(tuple(value.shape))

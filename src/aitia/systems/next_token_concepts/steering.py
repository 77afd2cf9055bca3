"""Steering: states moved along the directions of concepts until their probes say what was asked.

With A the directions of the concepts that are held (as columns), W their probes and l(h) what these say of a state h,

    h' = h + A (W A)^-1 (t - l(h)),    t the log-odds that are asked for                                            (1)

so that l(h') = t for all of them together; a shift asks for t = l(h) + amount.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from aitia.do import Action, Intervention, Shift, Value
from aitia.errors import InterventionError
from aitia.nn.sites import Operation
from aitia.system import Target

__all__ = ["ConceptTarget", "Steer", "steer"]

Values = NDArray[np.float64]
WEAKEST = 1e-3
"""Least product of a probe and a direction, each of unit length, along which a state is moved."""


@dataclass(frozen=True)
class ConceptTarget(Target):
    """A concept: present, absent, log-odds, or a shift of these."""

    def check(self, action: Action) -> str | None:
        """As of every target; a shift is taken too.

        Raises:
            InterventionError: If it is none of these.
        """
        if isinstance(action, Shift):
            return None
        if not isinstance(action, Value):
            raise InterventionError(
                f"{self.name!r} is set to {' or '.join(self.labels)}, to log-odds or to shift(log-odds), got {action}"
            )
        return super().check(action)


@dataclass(frozen=True, eq=False)
class Steer(Operation):
    """(1) at a site.

    Args:
        probes: (held, width) W.
        intercepts: (held,) of the probes.
        moves: (held, width) the rows of (A (W A)^-1)^T.
        wanted: (held,) t, or the amount of a shift.
        shifts: (held,) whether it is a shift.
    """

    probes: Tensor
    intercepts: Tensor
    moves: Tensor
    wanted: Tensor
    shifts: Tensor

    def change(self, now: Tensor, units: int) -> Tensor:
        """The states, moved; they are computed in float32."""
        h = now.float()
        said = h @ self.probes.T.to(h.device) + self.intercepts.to(h.device)
        amount = torch.where(self.shifts.to(h.device), self.wanted.to(h.device), self.wanted.to(h.device) - said)
        return (h + amount @ self.moves.to(h.device)).to(now.dtype)

    def __str__(self) -> str:
        return f"Steer({len(self.wanted)} concepts)"


def steer(
    held: Intervention,
    names: Sequence[str],
    probes: Values,
    intercepts: Values,
    directions: Values,
    usual: Values,
) -> Steer | None:
    """What moves states as an intervention asks; None where it holds nothing.

    Args:
        held: On names of concepts.
        names: Of all concepts.
        probes: (concepts, width), for states as they are.
        intercepts: (concepts,).
        directions: (concepts, width), of states as they are.
        usual: (concepts, 2) usual log-odds of texts without each concept and with it.

    Raises:
        InterventionError: If a probe and its direction do not go together, so that no step along it is right.
    """
    if not held:
        return None
    picked = [names.index(str(name)) for name in held]
    w, a = probes[picked], directions[picked]
    product = w @ a.T
    lengths = np.linalg.norm(w, axis=1)[:, None] * np.linalg.norm(a, axis=1)[None]
    for k, place in enumerate(picked):
        if product[k, k] < WEAKEST * lengths[k, k]:
            raise InterventionError(
                f"the direction of {names[place]!r} does not move its probe (their cosine is "
                f"{product[k, k] / max(lengths[k, k], 1e-12):.3f}): the states of this layer do not hold it, or there "
                "are too few texts"
            )
    if np.linalg.cond(product / lengths) > 1 / WEAKEST:
        raise InterventionError(
            f"the concepts {', '.join(names[k] for k in picked)} cannot be set apart from each other: hold fewer"
        )
    wanted, shifts = _asked(held, usual[picked])
    moves = np.linalg.solve(product.T, a)
    numbers = [torch.from_numpy(part).float() for part in (w, intercepts[picked], moves, wanted)]
    return Steer(numbers[0], numbers[1], numbers[2], numbers[3], torch.from_numpy(shifts))


def _asked(held: Mapping[Any, Action], usual: Values) -> tuple[Values, NDArray[np.bool_]]:
    wanted, shifts = np.zeros(len(held)), np.zeros(len(held), dtype=bool)
    for k, action in enumerate(held.values()):
        if isinstance(action, Shift):
            wanted[k], shifts[k] = action.by, True
        elif isinstance(action, Value):
            value = action.value
            wanted[k] = usual[k, ("absent", "present").index(value)] if isinstance(value, str) else float(value)
    return wanted, shifts

"""What differs between the environments of a world that a user configures."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aitia.errors import OptionError, join_names, unknown_variable

__all__ = ["DomainShift", "check_shifts", "environment_names", "shift_rows"]

Values = NDArray[np.float64]


@dataclass(frozen=True)
class DomainShift:
    """How the mechanism of a latent differs in an environment: mean added, noise scaled, another function drawn."""

    environment: str
    latent: str
    mean: float = 0.0
    scale: float = 1.0
    function: bool = False

    def __post_init__(self) -> None:
        if not (math.isfinite(self.mean) and math.isfinite(self.scale) and self.scale > 0):
            raise OptionError(f"a shift has a finite mean and a positive scale, got {self.mean} and {self.scale}")


def environment_names(environments: int | Sequence[str]) -> tuple[str, ...]:
    """The names e1, e2, ... of that many environments, or those given; a single unnamed one is `all`.

    Raises:
        OptionError: If there is none, or a name comes twice.
    """
    if isinstance(environments, int):
        names = ("all",) if environments == 1 else tuple(f"e{i + 1}" for i in range(environments))
    else:
        names = tuple(environments)
    if not names or len(set(names)) < len(names):
        raise OptionError(f"there is at least 1 environment and no name twice, got {environments!r}")
    return names


def check_shifts(shifts: Sequence[DomainShift], latents: Sequence[str], environments: Sequence[str], what: str) -> None:
    """Refuses shifts of latents or in environments that there are not.

    Raises:
        UnknownVariableError: If a shift names another latent.
        OptionError: If it is in the first environment, from which the others differ, or in none.
    """
    for shift in shifts:
        if shift.latent not in latents:
            raise unknown_variable(shift.latent, latents, what)
        if shift.environment not in environments[1:]:
            raise OptionError(
                f"a shift is in an environment after the first, got {shift.environment!r}: there "
                f"{'is' if len(environments) == 2 else 'are'} {join_names(environments[1:]) or 'none'}"
            )


def shift_rows(
    value: Values,
    scale: Values,
    shifts: Sequence[DomainShift],
    environments: Sequence[str],
    env: NDArray[np.int64],
    again: Callable[[str, NDArray[np.bool_]], Values],
) -> None:
    """Carries out the shifts of one latent, in place.

    Args:
        value: Of its function, (n,).
        scale: Of its noise, (n,).
        shifts: What differs, of this latent.
        environments: Names of all of them.
        env: The environment of each row.
        again: From an environment's name and some rows to the function that is drawn for it, at these rows.
    """
    for shift in shifts:
        if (here := env == environments.index(shift.environment)).any():
            if shift.function:
                value[here] = again(shift.environment, here)
            value[here] += shift.mean
            scale[here] *= shift.scale

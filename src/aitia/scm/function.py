"""A mechanism in the user's own code. It samples and answers `do`; it cannot be saved."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from aitia.errors import DataError, InterventionError
from aitia.scm._arrays import Values
from aitia.scm.mechanism import Mechanism
from aitia.scm.noise import Gaussian, Noise

__all__ = ["Function"]


@dataclass(frozen=True)
class Function(Mechanism):
    """The mechanism `function(*parents, noise)`.

    Args:
        parents: Names of the causes.
        function: From one (n,) array a parent, and the noise (n,), to (n,). A discrete parent comes as codes.
        noise: Distribution of the noise; N(0, 1) unless given.
        inverse: From x and the parents, `inverse(x, *parents)`, back to the noise. Counterfactuals need it.
        labels: Number of labels where `function` returns codes, 0 where it returns numbers.
        parent_levels: Number of labels of each parent, 0 for a continuous one; empty means all continuous.

    Example:
        >>> f = Function(("x",), lambda x, u: np.sin(x) * u, inverse=lambda y, x: y / np.sin(x))
        >>> f.saveable
        False
    """

    parents: tuple[str, ...]
    function: Callable[..., Values]
    noise: Noise = Gaussian(1.0)  # noqa: RUF009  # frozen, so sharing it is safe
    inverse: Callable[..., Values] | None = None
    labels: int = 0
    parent_levels: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "parents", tuple(self.parents))
        object.__setattr__(self, "parent_levels", tuple(self.parent_levels) or (0,) * len(self.parents))

    @property
    def by_row(self) -> bool:
        """Not known of somebody's code."""
        return False

    @property
    def saveable(self) -> bool:
        """Never: code cannot be written as data."""
        return False

    @property
    def levels(self) -> tuple[int, ...]:
        """For each parent, its number of labels, 0 for a continuous one."""
        return self.parent_levels

    @property
    def cardinality(self) -> int:
        """Number of labels of the variable, 0 where it is continuous."""
        return self.labels

    def draw(self, u: Values) -> Values:
        """Quantiles of the noise."""
        return self.noise.quantile(u)

    def solve(self, parents: Sequence[Values], noise: Values) -> Values:
        """The function's values.

        Raises:
            DataError: If they are not (n,) finite numbers, or not codes where labels were declared.
        """
        values = np.asarray(self.function(*parents, noise), dtype=np.float64)
        if values.shape not in ((), noise.shape):
            raise DataError(f"a mechanism's function returned shape {values.shape}, expected {noise.shape}")
        if not np.isfinite(values).all():
            raise DataError(f"a mechanism's function of {list(self.parents)} returned NaN or infinity")
        if self.labels and not np.isin(values, np.arange(self.labels)).all():
            raise DataError(f"a mechanism's function returned values that are not codes 0..{self.labels - 1}")
        return np.broadcast_to(values, noise.shape)

    def abduct(self, values: Values, parents: Sequence[Values], u: Values, name: str) -> Values:
        """The inverse's values.

        Raises:
            InterventionError: If there is no inverse.
        """
        if self.inverse is None:
            raise InterventionError(
                f"the mechanism of {name!r} is a function without an inverse, so its noise cannot be found: "
                "give `inverse=` to ask for counterfactuals"
            )
        return np.asarray(self.inverse(values, *parents), dtype=np.float64)

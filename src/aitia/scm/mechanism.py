"""What a mechanism is: how one variable follows from its parents and its own noise.

    x_i = f_i(x_pa(i), u_i)                                                     (1)

Values of a discrete variable are codes 0..k-1. Noise is drawn from a uniform number by `draw`, so that a seed means the
same noise in every version of a system.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from aitia.scm._arrays import Values

__all__ = ["Mechanism"]


class Mechanism(ABC):
    """One line of (1). Subclasses are frozen dataclasses and never change.

    Attributes:
        parents: The names of its causes, in the order in which it takes them.
    """

    parents: tuple[str, ...]

    @property
    def by_row(self) -> bool:
        """Whether a row's value follows from that row alone, so that rows may be solved in blocks."""
        return True

    @property
    def saveable(self) -> bool:
        """Whether `SCM.save` can write it."""
        return True

    @property
    @abstractmethod
    def levels(self) -> tuple[int, ...]:
        """For each parent, its number of labels, 0 for a continuous one."""

    @property
    def cardinality(self) -> int:
        """Number of labels of the variable itself, 0 for a continuous one."""
        return 0

    @abstractmethod
    def draw(self, u: Values) -> Values:
        """The noise at these uniform numbers, shape (n,)."""

    @abstractmethod
    def solve(self, parents: Sequence[Values], noise: Values) -> Values:
        """f(parents, noise), shape (n,)."""

    @abstractmethod
    def abduct(self, values: Values, parents: Sequence[Values], u: Values, name: str) -> Values:
        """A noise with which `solve` gives these values.

        Args:
            values: What was observed, shape (n,).
            parents: What was observed of the parents, (n,) each.
            u: Uniform numbers that choose where several noises explain a value.
            name: The variable, for messages.

        Raises:
            DataError: If no noise explains a row.
        """

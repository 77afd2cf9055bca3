"""A multinomial logistic mechanism: a discrete variable with continuous or mixed parents.

    P(x = b | parents) = exp(a_b + w_b . parents) / sum_c exp(a_c + w_c . parents)

The noise is uniform and picks the label by the inverse CDF, as in `TableMechanism`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from aitia.errors import OptionError
from aitia.scm._arrays import Values, choose, design, design_names, frozen_array, stretch
from aitia.scm.mechanism import Mechanism

__all__ = ["Softmax"]


@dataclass(frozen=True, eq=False)
class Softmax(Mechanism):
    """P(x | parents) by multinomial logistic regression.

    Args:
        parents: Names of the causes.
        weights: Shape (p, k): p columns of parents (k_j - 1 indicators for a discrete parent), k labels.
        intercepts: Shape (k,).
        parent_levels: Number of labels of each parent, 0 for a continuous one; empty means all continuous.

    Raises:
        OptionError: If the shapes do not fit or a number is not finite.
    """

    parents: tuple[str, ...]
    weights: Values
    intercepts: Values
    parent_levels: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "parents", tuple(self.parents))
        object.__setattr__(self, "parent_levels", tuple(self.parent_levels) or (0,) * len(self.parents))
        object.__setattr__(self, "weights", frozen_array(self.weights))
        object.__setattr__(self, "intercepts", frozen_array(self.intercepts))
        wanted = (len(design_names(self.parents, self.parent_levels)), *self.intercepts.shape)
        if self.intercepts.ndim != 1 or self.weights.shape != wanted:
            raise OptionError(f"weights have shape {self.weights.shape}, these parents and labels need {wanted}")
        if not (np.isfinite(self.weights).all() and np.isfinite(self.intercepts).all()):
            raise OptionError("weights and intercepts of a softmax are finite numbers")

    @property
    def levels(self) -> tuple[int, ...]:
        """For each parent, its number of labels, 0 for a continuous one."""
        return self.parent_levels

    @property
    def cardinality(self) -> int:
        """Number of labels of the variable."""
        return len(self.intercepts)

    def probabilities(self, parents: Sequence[Values], n: int) -> Values:
        """P(x | parents), (n, k)."""
        scores = design(parents, self.parent_levels, n) @ self.weights + self.intercepts
        weight = np.exp(scores - scores.max(axis=1, keepdims=True))
        p: Values = weight / weight.sum(axis=1, keepdims=True)
        return p

    def draw(self, u: Values) -> Values:
        """The uniform number itself."""
        return u

    def solve(self, parents: Sequence[Values], noise: Values) -> Values:
        """The label whose stretch of [0, 1) holds the noise."""
        return choose(np.cumsum(self.probabilities(parents, len(noise)), axis=1)[:, :-1].T, noise)

    def abduct(self, values: Values, parents: Sequence[Values], u: Values, name: str) -> Values:
        """A point of the label's stretch, even under the posterior when u is uniform."""
        return stretch(self.probabilities(parents, len(values)), values, u, name)

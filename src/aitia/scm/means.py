"""The mean of an outcome under what was done, exact where that is possible.

Tables are summed out, linear systems solved; else rows are drawn, and the outcome's own mechanism is averaged over its
noise, so that only what lies above it is left to chance (Rao-Blackwell).
"""

import numpy as np

from aitia.errors import AitiaError, OptionError
from aitia.scm._arrays import Values
from aitia.scm.closed_form import linear_moments
from aitia.scm.exact import query
from aitia.scm.linear import Linear
from aitia.scm.model import SCM
from aitia.scm.softmax import Softmax
from aitia.scm.tabular import TableMechanism

__all__ = ["expected", "mean_under"]


def mean_under(scm: SCM, outcome: str, label: object | None, *, draws: int = 4000, seed: int = 0) -> float:
    """The mean of the outcome, or the probability of its label, in the system as `do` left it.

    Args:
        scm: The system.
        outcome: A variable that nothing was done to.
        label: Of a discrete outcome; None for a continuous one.
        draws: Rows drawn where there is no exact answer.
        seed: Of these.
    """
    try:
        if label is not None:
            return float(query(scm, outcome)[label])
        if any(map(scm.categories, scm.graph)):
            raise OptionError("labels have no moments")
        return linear_moments(scm)[0][outcome]
    except AitiaError:  # not all tables, not all lines, or too large a sum
        rows = scm.sample(draws, seed=seed)
        parents = [rows.column(name) for name in scm.mechanisms[outcome].parents]
        return float(expected(scm, outcome, label, parents, draws).mean())


def expected(scm: SCM, outcome: str, label: object | None, parents: list[Values], n: int) -> Values:
    """(n,) the mean of the outcome, or the probability of its label, given its parents (codes for labels)."""
    mechanism = scm.mechanisms[outcome]
    if label is None:
        noise: float = mechanism.noise.mean if isinstance(mechanism, Linear) else 0.0
        return np.asarray(mechanism.solve(parents, np.full(n, noise)))
    assert isinstance(mechanism, TableMechanism | Softmax)  # a discrete variable has one of these
    return np.asarray(mechanism.probabilities(parents, n)[:, scm.categories(outcome).index(label)])

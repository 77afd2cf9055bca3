"""Exact moments of linear systems: x = B x + c + u, so x = (I - B)^-1 (c + u).

Source:
    Wright, The method of path coefficients (1934); Pearl, Causality (2009), section 5.3.
"""

import numpy as np

from aitia.do import Intervention, Normal, Scale, Shift, Uniform, Value
from aitia.errors import OptionError
from aitia.scm._arrays import Values
from aitia.scm.linear import Linear
from aitia.scm.model import SCM

__all__ = ["linear_moments", "total_effect"]


def total_effect(scm: SCM, cause: str, outcome: str) -> float:
    """What one unit more of the cause, by `do`, adds to the outcome: the sum over directed paths of their products.

    Raises:
        OptionError: If a mechanism is not linear in continuous parents.
        UnknownVariableError: If the system has no such variable.

    Example:
        >>> from aitia.graph.graph import Graph
        >>> parts = {"x": Linear(), "m": Linear(("x",), [2.0]), "y": Linear(("m", "x"), [3.0, 1.0])}
        >>> total_effect(SCM(Graph("x -> m -> y; x -> y"), parts), "x", "y")
        7.0
    """
    nodes = scm.graph.nodes
    i, j = scm.graph.index(cause), scm.graph.index(outcome)
    held = scm.do(Intervention({cause: 0.0}))
    coefficients, _, _ = _system(held)
    return float(np.linalg.inv(np.eye(len(nodes)) - coefficients)[j, i])


def linear_moments(scm: SCM) -> tuple[dict[str, float], Values]:
    """Mean of each variable and the covariance matrix (d, d), in the order of the nodes, under what was done.

    Raises:
        OptionError: If a mechanism is not linear in continuous parents.
    """
    coefficients, constant, variance = _system(scm)
    mix = np.linalg.inv(np.eye(len(constant)) - coefficients)
    means = mix @ constant
    return dict(zip(scm.graph.nodes, means.tolist(), strict=True)), (mix * variance) @ mix.T


def _system(scm: SCM) -> tuple[Values, Values, Values]:
    """B with row i the coefficients of variable i, c, and the variances of u, with `do` carried out."""
    graph, mechanisms = scm.graph, scm.mechanisms
    d = len(graph)
    B, c, v = np.zeros((d, d)), np.zeros(d), np.zeros(d)
    for i, name in enumerate(graph):
        match scm.intervention.get(name):
            case Value(value=value):
                c[i] = float(value)
                continue
            case Normal(mean=mean, sd=sd):
                c[i], v[i] = mean, sd**2
                continue
            case Uniform(low=low, high=high):
                c[i], v[i] = (low + high) / 2, (high - low) ** 2 / 12
                continue
            case action:
                pass
        line = mechanisms[name]
        if not isinstance(line, Linear) or any(line.levels):
            raise OptionError(
                f"closed forms need every mechanism linear in numbers, {name!r} has {type(line).__name__}: use `effect`"
            )
        factor = action.factor if isinstance(action, Scale) else 1.0
        B[i, [graph.index(parent) for parent in line.parents]] = factor * line.coefficients
        c[i] = factor * (line.intercept + line.noise.mean) + (action.by if isinstance(action, Shift) else 0.0)
        v[i] = factor**2 * line.noise.variance
    return B, c, v

"""What in a table speaks against a linear non-Gaussian model that was fitted to it.

The model says three things of the noise that it leaves, each of which the table can deny:

- at most one column's is Gaussian: Jarque and Bera's test;
- the noise of no column depends on that of another, as it would where a hidden variable causes two of them, where a
  relation bends, or where the order is wrong: rank correlations of the noise and of its size, for every two columns.
  Ranks have the same law whatever the noise, and size tells what a line leaves of a bend and of unequal spread;
- so tests of all pairs together, by Bonferroni, find nothing at 0.05.

Source:
    Shimizu et al., JMLR 12 (2011), section 3: under the model noise is independent and at most one Gaussian.
"""

from math import erfc, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aitia.errors import join_names
from aitia.graph import Graph
from aitia.systems.direct_lingam.order import gaussian_probability

__all__ = ["Doubt", "dependence", "doubt", "left", "looks_gaussian"]

Values = NDArray[np.float64]

SURE = 0.01
"""p-value of a test of Gaussian noise, times the columns, above which it looks Gaussian."""
LEVEL = 0.05
"""Level of the tests of all pairs together."""


class Doubt(NamedTuple):
    """What speaks against a model.

    Args:
        told: In words.
        dependent: Whether it is that noise depends on noise, which speaks against lines, or for hidden causes.
    """

    told: str
    dependent: bool


def left(values: Values, graph: Graph) -> Values:
    """(n, p), what lines in its parents leave of each column.

    Args:
        values: (n, p), in the order of the nodes.
        graph: A DAG.
    """
    names, centred = graph.nodes, values - values.mean(axis=0)
    noise: Values = centred.copy()
    for k, name in enumerate(names):
        if parents := [names.index(parent) for parent in graph.parents(name)]:
            before = centred[:, parents]
            noise[:, k] -= before @ np.linalg.lstsq(before, centred[:, k], rcond=None)[0]
    return noise


def looks_gaussian(noise: Values) -> list[int]:
    """The columns whose noise may be Gaussian."""
    return [k for k, column in enumerate(noise.T) if gaussian_probability(column) > SURE / noise.shape[1]]


def dependence(noise: Values) -> tuple[float, int, int]:
    """The least p-value of the rank correlations of noise and sizes, and of which two columns.

    It is multiplied by the number of tests, and 1 at most. A correlation of ranks times sqrt(n - 1) is taken as
    standard normal, which it is for many rows where the two are independent.

    Args:
        noise: (n, p), p at least 2.
    """
    n, p = noise.shape
    both = np.concatenate([noise, np.abs(noise - np.median(noise, axis=0))], axis=1)
    ranks = np.column_stack([_ranks(column) for column in both.T])
    ranks /= np.maximum(np.sqrt(np.einsum("ij,ij->j", ranks, ranks)), 1e-300)
    found = np.abs(ranks.T @ ranks)
    largest = np.maximum.reduce([found[:p, :p], found[:p, p:], found[p:, :p], found[p:, p:]])
    np.fill_diagonal(largest, 0)
    i, j = np.unravel_index(int(largest.argmax()), largest.shape)
    probability = erfc(float(largest[i, j]) * sqrt((n - 1) / 2))
    return min(1.0, probability * 2 * p * (p - 1)), int(i), int(j)


def _ranks(values: Values) -> Values:
    """Mean ranks, centred: the mean of those that equal values share."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    shared = counts.cumsum() - (counts - 1) / 2
    ranks: Values = shared[place] - (len(values) + 1) / 2
    return ranks


def doubt(values: Values, graph: Graph) -> Doubt | None:
    """What speaks against the model; None where nothing does.

    Args:
        values: (n, p), in the order of the nodes.
        graph: The DAG that was fitted.
    """
    noise, names = left(values, graph), graph.nodes
    probability, i, j = dependence(noise)
    if probability < LEVEL:
        told = f"what lines leave of {names[i]!r} depends on what they leave of {names[j]!r} (p = {probability:.1g})"
        return Doubt(told, dependent=True)
    if len(plain := looks_gaussian(noise)) > 1:
        return Doubt(f"the noise of {join_names([names[k] for k in plain], 3)} looks Gaussian", dependent=False)
    return None

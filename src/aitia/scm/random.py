"""Random graphs and systems. Each family says whether its order can be read off the scale of its data.

| family                                  | varsortability    | R2-sortability                    |
|-----------------------------------------|-------------------|-----------------------------------|
| `random_linear_scm(standardized=False)` | near 1: sorting by variance wins | above 0.5          |
| `random_linear_scm()`                   | 0.5: all variances are 1         | near 0.5           |
| `random_nonlinear_scm()`                | about 0.5: all variances near 1  | not controlled     |
| `random_discrete_scm()`                 | does not apply                   | does not apply     |

Source:
    Reisach et al. (2021, 2023), see `sortability.py`; Ormaniec, Sussex, Lorch, Schölkopf, Krause, Standardizing
    structural causal models (2024), for standardising each variable as it is made; Barabási and Albert (1999).
"""

from collections.abc import Mapping
from typing import Literal

import numpy as np

from aitia.errors import GraphError, OptionError
from aitia.graph.graph import Graph
from aitia.scm._arrays import Values
from aitia.scm.additive import AdditiveNoise
from aitia.scm.kernel import KernelTrend
from aitia.scm.linear import Linear
from aitia.scm.mechanism import Mechanism
from aitia.scm.model import SCM
from aitia.scm.noise import Gaussian, Noise
from aitia.scm.tabular import TableMechanism

__all__ = ["random_dag", "random_discrete_scm", "random_linear_scm", "random_nonlinear_scm"]


def random_dag(d: int, degree: float = 2.0, kind: Literal["er", "sf"] = "er", *, seed: int = 0) -> Graph:
    """A random DAG over x1, ..., xd whose names say nothing about its order.

    Args:
        d: Number of nodes.
        degree: Expected number of neighbours of a node; with `"sf"`, twice the edges that each new node brings.
        kind: `"er"`, Erdős-Rényi: each pair is adjacent with the same probability. `"sf"`, scale-free: new nodes
            attach to nodes in proportion to their neighbours, as children or parents with equal chance by the order.
        seed: Seed of the graph.

    Raises:
        OptionError: If `d` is below 1, `degree` negative or above d - 1, or `kind` another word.

    Example:
        >>> len(random_dag(5, 4).edges)  # every pair
        10
    """
    if d < 1 or not 0 <= degree <= max(d - 1, 0):
        raise OptionError(f"a graph has d >= 1 nodes and a degree between 0 and d - 1, got d={d}, degree={degree}")
    if kind not in ("er", "sf"):
        raise OptionError(f"kind is 'er' or 'sf', got {kind!r}")
    rng = np.random.default_rng(seed)
    if kind == "er":
        linked = np.triu(rng.random((d, d)) < degree / max(d - 1, 1), 1)
    else:
        linked = _preferential(d, max(1, round(degree / 2)) if degree else 0, rng)
        shuffle = rng.permutation(d)  # else the oldest, most linked nodes would all be roots
        linked = np.triu((linked | linked.T)[np.ix_(shuffle, shuffle)], 1)
    order = rng.permutation(d)
    names = [f"x{i + 1}" for i in range(d)]
    return Graph([(names[order[i]], names[order[j]]) for i, j in np.argwhere(linked)], names)


def _preferential(d: int, links: int, rng: np.random.Generator) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    linked = np.zeros((d, d), dtype=bool)
    for new in range(1, d):
        weight = linked[:new, :d].sum(axis=1) + linked[:, :new].sum(axis=0) + 1.0
        olds = rng.choice(new, size=min(links, new), replace=False, p=weight / weight.sum())
        linked[olds, new] = True
    return linked


def random_linear_scm(
    graph: Graph,
    *,
    weights: tuple[float, float] = (0.5, 2.0),
    noise: Noise | None = None,
    standardized: bool = True,
    seed: int = 0,
) -> SCM:
    """A linear system on the graph with coefficients ±U(weights).

    Args:
        graph: A DAG.
        weights: Range of the coefficients' sizes; signs are fair.
        noise: Distribution of every noise; N(0, 1) unless given.
        standardized: Whether each variable is brought to variance 1 before its children see it (sortability 0.5);
            without it variances grow along the order and sorting by them recovers it.
        seed: Seed of the coefficients.

    Raises:
        GraphError: If the graph is no DAG.
        OptionError: If the range of weights is empty or negative.
    """
    if not 0 < weights[0] <= weights[1]:
        raise OptionError(f"weights are a range 0 < low <= high, got {weights}")
    rng = np.random.default_rng(seed)
    noise = Gaussian(1.0) if noise is None else noise
    covariance = np.zeros((len(graph), len(graph)))
    made: dict[str, Mechanism] = {}
    for name in _order(graph):
        parents = graph.parents(name)
        i, above = graph.index(name), [graph.index(parent) for parent in parents]
        b = rng.uniform(*weights, len(parents)) * rng.choice([-1.0, 1.0], len(parents))
        factor = 1.0
        if standardized:
            factor = 1 / np.sqrt(b @ covariance[np.ix_(above, above)] @ b + noise.variance)
        b = b * factor
        across = covariance[:, above] @ b
        covariance[i, :] = covariance[:, i] = across
        covariance[i, i] = b @ covariance[np.ix_(above, above)] @ b + factor**2 * noise.variance
        made[name] = Linear(parents, b, noise=noise.scaled(float(factor)))
    return SCM(graph, made)


def random_discrete_scm(
    graph: Graph, cardinality: int | Mapping[str, int] = 2, *, concentration: float = 1.0, seed: int = 0
) -> SCM:
    """A Bayesian network on the graph whose table rows are Dirichlet draws. Sortability does not apply to labels.

    Args:
        graph: A DAG.
        cardinality: Number of labels of every variable, or of each.
        concentration: Of the Dirichlet distribution: 1 is uniform over distributions, less gives nearly certain rows.
        seed: Seed of the tables.

    Raises:
        GraphError: If the graph is no DAG.
        OptionError: If a cardinality is below 2 or the concentration not positive.
    """
    sizes = dict.fromkeys(graph, cardinality) if isinstance(cardinality, int) else dict(cardinality)
    if (missing := [name for name in graph if sizes.get(name, 0) < 2]) or not concentration > 0:
        raise OptionError(f"labels number two or more and concentration is positive; see {missing or concentration}")
    rng = np.random.default_rng(seed)
    tables: dict[str, TableMechanism] = {}
    for name in _order(graph):
        shape = tuple(sizes[parent] for parent in graph.parents(name))
        drawn = np.asarray(rng.dirichlet(np.full(sizes[name], concentration), shape))
        tables[name] = TableMechanism(graph.parents(name), drawn)
    return SCM.from_tables(graph, tables)


def random_nonlinear_scm(graph: Graph, *, noise: Noise | None = None, explained: float = 0.7, seed: int = 0) -> SCM:
    """Additive noise models whose functions are random sums of Gaussian bumps on a random line.

    Each variable has variance near 1, of which its parents explain the share `explained`: both set on 2000 simulated
    rows, so that variances say nothing about the order. R2-sortability is not controlled: measure it.

    Args:
        graph: A DAG.
        noise: Distribution of every noise, scaled to its share; Gaussian unless given.
        explained: Share of a variable's variance that its parents explain, between 0 and 1.
        seed: Seed of the functions.

    Raises:
        GraphError: If the graph is no DAG.
        OptionError: If `explained` is not between 0 and 1.
    """
    if not 0 < explained < 1:
        raise OptionError(f"explained is a share between 0 and 1, got {explained}")
    rng = np.random.default_rng(seed)
    noise = Gaussian(1.0) if noise is None else noise
    rows: dict[str, Values] = {}
    made: dict[str, Mechanism] = {}
    for name in _order(graph):
        parents = graph.parents(name)
        u = np.maximum(rng.random(2000), 2.0**-54)
        if not parents:
            made[name] = Linear(noise=noise.scaled(noise.variance**-0.5))
        else:
            X = np.column_stack([rows[parent] for parent in parents])
            bumps = _random_function(X, rng)
            f = bumps.predict(X)
            gain = np.sqrt(explained) / f.std()
            trend = bumps.trend * gain
            trend[0] -= gain * f.mean()
            function = KernelTrend(bumps.middle, bumps.spread, trend, bumps.centres, bumps.weights * gain, bumps.width)
            made[name] = AdditiveNoise(parents, function, noise.scaled(((1 - explained) / noise.variance) ** 0.5))
        mechanism = made[name]
        rows[name] = mechanism.solve([rows[parent] for parent in parents], mechanism.draw(u))
    return SCM(graph, made)


def _random_function(X: Values, rng: np.random.Generator) -> KernelTrend:
    p = X.shape[1]
    centres = rng.normal(size=(10 * p, p))
    weights = rng.normal(size=10 * p)
    trend = np.concatenate([[0.0], rng.normal(size=p) * 0.5])
    return KernelTrend(X.mean(axis=0), X.std(axis=0), trend, centres, weights, float(np.sqrt(p)))


def _order(graph: Graph) -> tuple[str, ...]:
    if not graph.is_dag:
        raise GraphError("a system needs a DAG: every edge directed, no cycle")
    return graph.topological_order()

"""Systems whose mechanisms change with a context, with their truth: what CD-NOD has to find.

    HeterogeneousWorld   a random graph observed in several domains; some mechanisms differ between them
    PairWorld            cause and effect whose mechanisms both change, independently of each other
    ChainWorld           x1 -> x2 -> x3 -> x4 over time, where x2 and x4 are pushed by known forces
    DriftWorld           two unrelated variables that both drift with time

Every world is one fixed system: its graph, parameters and forces come from `world_seed`. `sample(n, seed)` draws rows,
a seed always the same ones, and returns a `Table` whose column `context` says where each row comes from. Names are
shuffled against the causal order, so that no answer can be read off the columns' places.

Source:
    Huang, Zhang, Zhang, Ramsey, Sanchez-Romero, Glymour, Schölkopf, Causal Discovery from Heterogeneous/Nonstationary
    Data, JMLR 21 (2020), section 6.1, for the kind of system; the parameters are those of this project's claim.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from aitia.data.table import Kind, Table
from aitia.errors import OptionError
from aitia.graph.graph import Graph

__all__ = ["ChainWorld", "DriftWorld", "HeterogeneousWorld", "PairWorld"]

Values = NDArray[np.float64]

_SHAPES: Mapping[str, Callable[[Values], Values]] = {
    "tanh": np.tanh,
    "sin": np.sin,
    "linear": lambda x: x,
    "abs": np.abs,
}


@dataclass(frozen=True)
class HeterogeneousWorld:
    """A random system seen in several domains:

        x_i = sum over parents j of a_ij f_ij(x_j) + 0.5 e_i,    a_ij = ±U(0.8, 1.5),  f in {tanh, sin, linear, abs}

    A changing variable gets, domain by domain, a factor U(0.3, 1.7) on each coefficient, an intercept N(0, 1) and a
    factor U(0.5, 1.8) on its noise.

    Args:
        variables: Number of variables.
        degree: Expected number of neighbours of a variable in the graph (Erdős-Rényi over a random order).
        domains: Number of domains.
        change: Probability that a variable's mechanism changes.
        world_seed: Draws the graph and all parameters.

    Attributes:
        graph: The DAG over the variables.
        changing: The variables whose mechanism differs between domains.

    Raises:
        OptionError: If a number is out of range.

    Example:
        >>> world = HeterogeneousWorld(variables=3, domains=4, world_seed=1)
        >>> world.sample(200, seed=0).names
        ('x1', 'x2', 'x3', 'domain')
    """

    context: ClassVar[str] = "domain"
    context_kind: ClassVar[Literal["time", "domain"]] = "domain"

    variables: int = 6
    degree: float = 2.0
    domains: int = 10
    change: float = 0.5
    world_seed: int = 0
    graph: Graph = field(init=False, repr=False)
    changing: tuple[str, ...] = field(init=False, repr=False)
    _order: tuple[int, ...] = field(init=False, repr=False)
    _shape: Mapping[tuple[int, int], str] = field(init=False, repr=False)
    _coefficient: Values = field(init=False, repr=False)
    _intercept: Values = field(init=False, repr=False)
    _scale: Values = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.variables < 2 or self.domains < 1:
            raise OptionError(
                f"a heterogeneous world has at least 2 variables and 1 domain, got {self.variables} and {self.domains}"
            )
        if not 0 <= self.change <= 1 or not 0 <= self.degree <= self.variables - 1:
            raise OptionError(
                f"change lies in [0, 1] and degree in [0, variables - 1], got {self.change} and {self.degree}"
            )
        p, m = self.variables, self.domains
        rng = np.random.default_rng([self.world_seed, 11])
        order = rng.permutation(p)
        names = [f"x{i + 1}" for i in range(p)]
        place = np.argsort(order)
        adjacency = (rng.random((p, p)) < self.degree / (p - 1)) & (place[:, None] < place[None, :])
        changes = rng.random(p) < self.change
        base = rng.uniform(0.8, 1.5, (p, p)) * rng.choice([-1.0, 1.0], (p, p)) * adjacency
        factor = np.where(changes[None, None, :], rng.uniform(0.3, 1.7, (m, p, p)), 1.0)
        shapes = rng.choice(list(_SHAPES), (p, p))
        put = object.__setattr__
        put(self, "graph", Graph.from_adjacency(adjacency, names))
        put(self, "changing", tuple(name for name, c in zip(names, changes, strict=True) if c))
        put(self, "_order", tuple(int(i) for i in order))
        put(self, "_shape", {(int(i), int(j)): str(shapes[i, j]) for i, j in np.argwhere(adjacency)})
        put(self, "_coefficient", base * factor)
        put(self, "_intercept", np.where(changes, rng.standard_normal((m, p)), 0.0))
        put(self, "_scale", 0.5 * np.where(changes, rng.uniform(0.5, 1.8, (m, p)), 1.0))

    def sample(self, n: int, seed: int = 0) -> Table:
        """n rows, as evenly over the domains as they go; columns x1, ..., and the label `domain`.

        Raises:
            OptionError: If there are fewer rows than domains.
        """
        _check_rows(n, self.domains)
        rng = np.random.default_rng([self.world_seed, seed, 12])
        domain = np.sort(np.arange(n) % self.domains)
        noise = rng.standard_normal((n, self.variables))
        x = np.zeros((n, self.variables))
        for i in self._order:
            x[:, i] = self._intercept[domain, i] + self._scale[domain, i] * noise[:, i]
            for j in range(self.variables):
                if (j, i) in self._shape:
                    x[:, i] += self._coefficient[domain, j, i] * _SHAPES[self._shape[j, i]](x[:, j])
        columns = {name: x[:, i] for i, name in enumerate(self.graph.nodes)}
        return _with_domain(columns, domain)


@dataclass(frozen=True)
class PairWorld:
    """Cause and effect whose mechanisms both change with the context, independently of each other:

        cause = m(c) + s(c) e1,    effect = a(c) tanh(cause) + b(c) + 0.4 e2

    Over domains m, b ~ N(0, 1), a ~ U(0.3, 1.7), s ~ U(0.4, 1.2); over time they are sums of three sinusoids of random
    frequency (0.5 to 3 periods) and phase, squeezed into the same ranges.

    Args:
        domains: Number of domains; 0 makes the context a time stamp.
        world_seed: Draws the parameters and which of `x` and `y` is the cause.

    Raises:
        OptionError: If `domains` is negative.
    """

    domains: int = 40
    world_seed: int = 0

    def __post_init__(self) -> None:
        if self.domains < 0:
            raise OptionError(f"the number of domains is 0 (time) or more, got {self.domains}")

    @property
    def context(self) -> str:
        """The context's column."""
        return "domain" if self.domains else "time"

    @property
    def context_kind(self) -> Literal["time", "domain"]:
        """Whether the context is a label or a time."""
        return "domain" if self.domains else "time"

    @property
    def graph(self) -> Graph:
        """`x -> y` or `y -> x`."""
        flipped = bool(np.random.default_rng([self.world_seed, 21]).integers(2))
        return Graph([("y", "x") if flipped else ("x", "y")], ("x", "y"))

    @property
    def changing(self) -> tuple[str, ...]:
        """Both."""
        return ("x", "y")

    def sample(self, n: int, seed: int = 0) -> Table:
        """n rows; columns `x`, `y` and the context.

        Raises:
            OptionError: If there are fewer rows than domains.
        """
        _check_rows(n, max(self.domains, 1))
        rng = np.random.default_rng([self.world_seed, 22])
        noise = np.random.default_rng([self.world_seed, seed, 23]).standard_normal((2, n))
        if self.domains:
            domain = np.sort(np.arange(n) % self.domains)
            location, intercept = rng.standard_normal((2, self.domains))[:, domain]
            slope = rng.uniform(0.3, 1.7, self.domains)[domain]
            scale = rng.uniform(0.4, 1.2, self.domains)[domain]
        else:
            location, intercept, a, s = (_sinusoids(n, rng) for _ in range(4))
            slope, scale = 1.0 + 0.7 * np.tanh(a), 0.8 + 0.4 * np.tanh(s)
        cause = location + scale * noise[0]
        effect = slope * np.tanh(cause) + intercept + 0.4 * noise[1]
        first, second = self.graph.topological_order()
        columns = {first: cause, second: effect}
        columns = {name: columns[name] for name in ("x", "y")}
        return _with_domain(columns, domain) if self.domains else _with_time(columns)


@dataclass(frozen=True)
class ChainWorld:
    """A linear chain over time whose second and fourth mechanism are pushed by known forces:

        x1 = e1,  x2 = 0.8 x1 + 1.5 sin(t/50) + 0.5 e2,  x3 = 0.8 x2 + 0.5 e3,
        x4 = 0.8 x3 + sin(t/50) + sin(t/20) + 0.5 e4

    Example:
        >>> ChainWorld().changing
        ('x2', 'x4')
    """

    context: ClassVar[str] = "time"
    context_kind: ClassVar[Literal["time", "domain"]] = "time"
    graph: ClassVar[Graph] = Graph("x1 -> x2 -> x3 -> x4")
    changing: ClassVar[tuple[str, ...]] = ("x2", "x4")

    def force(self, name: str, time: Values) -> Values:
        """The force on a variable at these times; zero where its mechanism does not change."""
        if name == "x2":
            return 1.5 * np.sin(time / 50)
        if name == "x4":
            return np.sin(time / 50) + np.sin(time / 20)
        self.graph.index(name)
        return np.zeros_like(time)

    def sample(self, n: int = 500, seed: int = 0) -> Table:
        """n consecutive times 0, 1, ...; columns x1, ..., x4 and `time`."""
        _check_rows(n, 1)
        time = np.arange(n, dtype=np.float64)
        noise = np.random.default_rng([seed, 31]).standard_normal((4, n))
        x1 = noise[0]
        x2 = 0.8 * x1 + self.force("x2", time) + 0.5 * noise[1]
        x3 = 0.8 * x2 + 0.5 * noise[2]
        x4 = 0.8 * x3 + self.force("x4", time) + 0.5 * noise[3]
        return _with_time({"x1": x1, "x2": x2, "x3": x3, "x4": x4})


@dataclass(frozen=True)
class DriftWorld:
    """Two unrelated variables that both drift with time: a sum of three sinusoids each, plus 0.5 e.

    Ignoring time, the two look dependent; given time, they are not.

    Args:
        world_seed: Draws the two drifts.
    """

    context: ClassVar[str] = "time"
    context_kind: ClassVar[Literal["time", "domain"]] = "time"
    graph: ClassVar[Graph] = Graph((), ("x", "y"))
    changing: ClassVar[tuple[str, ...]] = ("x", "y")

    world_seed: int = 0

    def sample(self, n: int = 500, seed: int = 0) -> Table:
        """n consecutive times; columns `x`, `y` and `time`."""
        _check_rows(n, 1)
        rng = np.random.default_rng([self.world_seed, 41])
        drifts = [_sinusoids(n, rng) for _ in range(2)]
        noise = np.random.default_rng([self.world_seed, seed, 42]).standard_normal((2, n))
        return _with_time({"x": drifts[0] + 0.5 * noise[0], "y": drifts[1] + 0.5 * noise[1]})


def _sinusoids(n: int, rng: np.random.Generator) -> Values:
    """Three sinusoids of 0.5 to 3 periods over n times, random phase and weight, scaled to unit variance."""
    t = np.arange(n) / n
    frequency, phase, weight = rng.uniform(0.5, 3, 3), rng.uniform(0, 2 * np.pi, 3), rng.uniform(0.5, 1, 3)
    curve = (weight[:, None] * np.sin(2 * np.pi * frequency[:, None] * t + phase[:, None])).sum(axis=0)
    scaled: Values = (curve - curve.mean()) / max(float(curve.std()), 1e-12)
    return scaled


def _check_rows(n: int, least: int) -> None:
    if n < least:
        raise OptionError(f"at least {least} rows are needed, one for each domain, got n = {n}")


def _with_domain(columns: Mapping[str, Values], domain: NDArray[np.int_]) -> Table:
    width = len(str(int(domain.max())))
    labels = [f"d{d:0{width}d}" for d in domain]
    kinds = dict.fromkeys(columns, Kind.NUMBER) | {"domain": Kind.LABEL}
    return Table.of({**columns, "domain": labels}, kinds=kinds)


def _with_time(columns: Mapping[str, Values]) -> Table:
    n = len(next(iter(columns.values())))
    kinds = dict.fromkeys((*columns, "time"), Kind.NUMBER)
    return Table.of({**columns, "time": np.arange(n, dtype=np.float64)}, kinds=kinds)

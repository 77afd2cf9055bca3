"""Tables of the prior as structural causal models, on which `do` is asked.

The variables of the SCM are the units that columns and target depend upon: the columns are named x1, x2, ..., the
target `y`, root causes c1, c2, ..., other units h2.5 (layer 2, unit 5). Values of the SCM are those of the units; a
table reads them: clipped, columns cut into categories, the target cut into classes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.data.table import Table
from aitia.do import Intervention
from aitia.graph.graph import Graph
from aitia.scm import SCM, AdditiveNoise, Exogenous, Gaussian, Linear, Mechanism
from aitia.systems.tabpfn.prior import PriorConfig, TablePrior, TableSource, activate

__all__ = ["PriorTable", "sample_table"]

Values = NDArray[np.float64]
Node = tuple[int, int]


@dataclass(frozen=True, eq=False)
class PriorTable:
    """One table of the prior, with the truth.

    Args:
        X: Columns, (n, features), NaN where a cell is missing.
        y: Classes, (n,).
        source: What it was made of.

    Example:
        >>> table = sample_table(40, seed=1, features=3, scm=1.0)
        >>> sorted(set(table.columns) & set(table.graph.nodes)) == sorted(table.columns)
        True
        >>> X, y = table.do("do(x1=0)")
        >>> X.shape == table.X.shape, y.shape
        (True, (40,))
    """

    X: Values
    y: NDArray[np.int64]
    source: TableSource

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(f"x{j + 1}" for j in range(self.X.shape[1]))

    @cached_property
    def names(self) -> Mapping[Node, str]:
        """The name of each unit that is in the SCM, by layer and unit."""
        source = self.source
        named: dict[Node, str] = {(int(a), int(b)): x for (a, b), x in zip(source.columns, self.columns, strict=True)}
        named[source.target] = "y"
        waiting = list(named)
        while waiting:
            for above in _parents(source, waiting.pop()):
                if above not in named:
                    layer, unit = above
                    named[above] = f"c{unit + 1}" if layer == 0 else f"h{layer}.{unit + 1}"
                    waiting.append(above)
        return dict(sorted(named.items()))

    @cached_property
    def scm(self) -> SCM:
        """The system that made the values."""
        source, mechanisms, edges = self.source, dict[str, Mechanism](), []
        for node, name in self.names.items():
            layer, unit = node
            above = _parents(source, node)
            parents = tuple(self.names[a] for a in above)
            edges += [(parent, name) for parent in parents]
            if layer == 0:
                noise = Gaussian(float(source.spreads[unit]))
                mechanisms[name] = Linear(intercept=float(source.means[unit]), noise=noise)
                continue
            weights = source.weights[layer - 1][[a[1] for a in above], unit]
            if layer == 1:
                mechanisms[name] = Linear(parents, weights, noise=Gaussian(0.0))
            else:
                noise = Gaussian(float(source.noise[layer - 2, unit]))
                mechanisms[name] = AdditiveNoise(parents, _Unit(weights, source.activation), noise)
        return SCM(Graph(edges, list(self.names.values())), mechanisms)

    @property
    def graph(self) -> Graph:
        """The DAG of `scm`."""
        return self.scm.graph

    @property
    def exogenous(self) -> Exogenous:
        """The noise of these very rows."""
        source, noise = self.source, {}
        for (layer, unit), name in self.names.items():
            if layer == 0:
                noise[name] = source.spreads[unit] * source.root_noise[:, unit]
            elif layer == 1:
                noise[name] = np.zeros(len(self.y))
            else:
                noise[name] = source.unit_noise[layer - 2, :, unit]
        return Exogenous(noise, {}, len(self.y), 0)

    def do(self, intervention: Intervention | str, /) -> tuple[Values, NDArray[np.int64]]:
        """Columns and classes of these rows, noise and all, under an intervention on variables of `scm`.

        Cells that are missing in the table are there.

        Raises:
            UnknownVariableError: If there is no such variable.
        """
        done = Intervention.parse(intervention) if isinstance(intervention, str) else intervention
        return self.read(self.scm.do(done).solve(self.exogenous))

    def read(self, values: Table) -> tuple[Values, NDArray[np.int64]]:
        """Columns (n, features) and classes (n,) from values of the variables of `scm`."""
        read = [self.source.read_column(j, values.column(name)) for j, name in enumerate(self.columns)]
        return np.column_stack(read), self.source.read_target(values.column("y"))


@dataclass(frozen=True, eq=False)
class _Unit:
    """What a unit makes of the units above it."""

    weights: Values
    activation: str

    def predict(self, X: Values, /) -> Values:
        line: Values = activate(X, self.activation) @ self.weights
        return line


def _parents(source: TableSource, node: Node) -> list[Node]:
    layer, unit = node
    if layer == 0:
        return []
    return [(layer - 1, int(k)) for k in np.flatnonzero(source.weights[layer - 1][:, unit])]


def sample_table(rows: int, *, seed: int = 0, config: PriorConfig | None = None, **options: Any) -> PriorTable:
    """One table of the prior.

    Args:
        rows: How many.
        seed: Of everything.
        config: Options of the prior.
        options: Options by name, in place of those of `config`; `scm=1.0` gives a table of an SCM for sure.
    """
    batch = TablePrior(config, **options).batch(1, rows, np.random.default_rng(seed))
    return PriorTable(batch.X[0, :, : int(batch.used[0])], batch.y[0], batch.sources[0])

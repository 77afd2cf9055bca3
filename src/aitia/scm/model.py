"""Structural causal models for continuous, discrete and mixed variables.

    x_i = f_i(x_pa(i), u_i),    u_i independent                                 (1)

`do` replaces lines of (1) and leaves every other line alone. A counterfactual keeps the noise that explains the
observed rows and solves (1) again under `do`. Continuous mechanisms are invertible in their noise, so a row has one
noise. A discrete value is explained by an interval of noises; a counterfactual draws one of them, with a fixed seed
(see `tabular.py` for the convention; `counterfactual_posterior` gives exact probabilities instead of a draw).

Source:
    Pearl, Causality, 2nd ed. (2009), sections 1.4 and 7.1.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from aitia.data.table import Table
from aitia.do import Intervention
from aitia.errors import DataError, GraphError, InterventionError, OptionError, join_names, unknown_variable
from aitia.graph.graph import Graph
from aitia.scm._arrays import Values, stream, uniform
from aitia.scm._columns import read_column
from aitia.scm.mechanism import Mechanism
from aitia.scm.tabular import TableMechanism

__all__ = ["SCM", "Exogenous"]

BLOCK = 1 << 13
"""Rows that are drawn and solved together."""


@dataclass(frozen=True, eq=False)
class Exogenous:
    """Everything random about n rows of a system: with it, `SCM.solve` has one answer.

    Args:
        noise: The noise u_i of each mechanism, (n,) each.
        action: Uniform numbers, (n,) each, that explain what `do` had set at random.
        n: Number of rows.
        seed: Draws the uniform numbers of variables that `do` sets at random and `action` does not have.
    """

    noise: Mapping[str, Values]
    action: Mapping[str, Values]
    n: int
    seed: int


@dataclass(frozen=True, eq=False)
class Origin:
    """What an SCM was fitted to, so that it can be fitted again to other rows.

    Args:
        table: The rows.
        mechanisms: As they were asked for.
        options: Of the fit.
    """

    table: Table
    mechanisms: Any
    options: Mapping[str, Any]

    def again(self, graph: Graph, fitted: Mapping[str, Mechanism], number: int) -> "SCM":
        """The fit to as many rows drawn with replacement."""
        from aitia.scm.fit import fit_scm, kinds_of

        rng = np.random.default_rng([int(self.options["seed"]), 11, number])
        rows = self.table.take(rng.integers(0, self.table.n, self.table.n))
        return fit_scm(graph, rows, mechanisms=kinds_of(fitted, self.mechanisms), **self.options)


class SCM:
    """A causal system of the form (1). Immutable.

    Args:
        graph: A DAG.
        mechanisms: One for each node, whose parents are the node's parents in the graph.
        categories: Labels of discrete variables, code 0 first; absent means 0, 1, ..., k-1.

    Raises:
        GraphError: If the graph is no DAG, or a mechanism's parents are not the graph's.
        OptionError: If kinds do not fit: a table whose axes are not its parents' numbers of labels, say.
        UnknownVariableError: If a mechanism or categories are given for a variable that is not there.

    Example:
        >>> from aitia.do import do
        >>> from aitia.scm.linear import Linear
        >>> scm = SCM(Graph("x -> y"), {"x": Linear(), "y": Linear(("x",), [2.0])})
        >>> float(do(scm, x=3.0).sample(10_000, seed=0).column("y").mean().round(1))
        6.0
    """

    def __init__(
        self,
        graph: Graph,
        mechanisms: Mapping[str, Mechanism],
        *,
        categories: Mapping[str, Sequence[Any]] | None = None,
    ) -> None:
        self._base = graph
        self._mechanisms = dict(mechanisms)
        self._intervention = Intervention()
        self._origin: Origin | None = None
        self._categories = _categories(self._mechanisms, categories or {})
        self._validate()

    def _validate(self) -> None:
        graph = self._base
        if not graph.is_dag:
            raise GraphError("an SCM needs a DAG: every edge directed, no cycle. Take a member of the class first")
        for name in (*self._mechanisms, *self._categories):
            if name not in graph:
                raise unknown_variable(name, graph.nodes)
        if missing := [name for name in graph if name not in self._mechanisms]:
            raise GraphError(f"no mechanism is given for {join_names(missing)}")
        for name, mechanism in self._mechanisms.items():
            if sorted(mechanism.parents) != sorted(graph.parents(name)):
                raise GraphError(
                    f"the mechanism of {name!r} has the parents ({join_names(mechanism.parents)}), "
                    f"the graph has ({join_names(graph.parents(name))})"
                )
            wanted = tuple(len(self.categories(parent)) for parent in mechanism.parents)
            if mechanism.levels != wanted:
                raise OptionError(
                    f"the mechanism of {name!r} takes parents ({join_names(mechanism.parents)}) with "
                    f"{mechanism.levels} labels (0: continuous), they have {wanted}"
                )

    @classmethod
    def from_tables(
        cls,
        graph: Graph,
        tables: Mapping[str, ArrayLike | TableMechanism],
        categories: Mapping[str, Sequence[Any]] | None = None,
    ) -> "SCM":
        """A Bayesian network: every variable discrete, every mechanism a table.

        Args:
            graph: A DAG.
            tables: For each node an array (k_1, ..., k_m, k), its axes the parents in the order of
                `graph.parents(node)` and the node itself; or a `TableMechanism`, which names its parents.
            categories: Labels of each variable.
        """
        made = {
            name: table if isinstance(table, TableMechanism) else TableMechanism(graph.parents(name), np.asarray(table))
            for name, table in tables.items()
        }
        return cls(graph, made, categories=categories)

    @classmethod
    def fit(
        cls,
        graph: Graph,
        table: Any,
        *,
        mechanisms: Any = "auto",
        smoothing: float = 0.0,
        noise: str = "empirical",
        weights: ArrayLike | None = None,
        seed: int = 0,
    ) -> "SCM":
        """Fits a mechanism to each variable of a known DAG; see `aitia.scm.fit.fit_scm` for the arguments."""
        from aitia.scm.fit import fit_scm

        options: dict[str, Any] = {"smoothing": smoothing, "noise": noise, "seed": seed}
        scm = fit_scm(graph, table, mechanisms=mechanisms, weights=weights, **options)
        if weights is None:
            scm._origin = Origin(Table.of(table), mechanisms, options)
        return scm

    # -- what it is -----------------------------------------------------------------------------------------------

    @cached_property
    def graph(self) -> Graph:
        """The causal graph, without the edges that `do` has cut."""
        cut = [name for name, action in self._intervention.items() if action.cuts]
        return self._base.do(cut) if cut else self._base

    @property
    def observational(self) -> "SCM":
        """The system with nothing done to it."""
        return self._with(Intervention())

    @property
    def intervention(self) -> Intervention:
        """What has been done to the system."""
        return self._intervention

    @property
    def mechanisms(self) -> Mapping[str, Mechanism]:
        """The mechanism of each variable, with nothing done."""
        return dict(self._mechanisms)

    def categories(self, name: str) -> tuple[Any, ...]:
        """The labels of a discrete variable, code 0 first; empty for a continuous one."""
        if name not in self._base:
            raise unknown_variable(name, self._base.nodes, "system")
        return self._categories.get(name, ())

    def __repr__(self) -> str:
        done = f", {self._intervention}" if self._intervention else ""
        return f"SCM({str(self._base)!r}{done})"

    # -- the verbs ------------------------------------------------------------------------------------------------

    def do(self, intervention: Intervention | Mapping[Any, Any] | str | None = None, /, **targets: Any) -> "SCM":
        """The system under an intervention, on top of what was done before; the latest wins on a shared target.

        Args:
            intervention: An `Intervention`, a mapping from variable to action, or text such as `"do(x=1)"`.
            targets: Further variables by name.

        Raises:
            UnknownVariableError: If there is no such variable.
            InterventionError: If an action means nothing for its variable.
        """
        done = Intervention.parse(intervention) if isinstance(intervention, str) else Intervention(intervention)
        done |= targets
        for target, action in done.items():
            action.check(target, self.categories(target))
            if isinstance(getattr(action, "value", None), tuple):
                raise InterventionError(f"{target!r} takes one number a row in an SCM, got {action}")
        return self._with(self._intervention | done)

    def _with(self, intervention: Intervention) -> "SCM":
        scm = SCM.__new__(type(self))
        scm._base, scm._mechanisms, scm._categories = self._base, self._mechanisms, self._categories
        scm._intervention, scm._origin = intervention, self._origin
        return scm

    @property
    def rows(self) -> Table | None:
        """The rows that the system was fitted to; None if it was given, or fitted with weights."""
        return None if self._origin is None else self._origin.table

    def refitted(self, number: int) -> "SCM | None":
        """The system fitted again to its rows drawn anew, sample `number`; None if it was given and not fitted.

        Mechanisms that were chosen keep their kind, so that samples differ by their rows alone.
        """
        if self._origin is None:
            return None
        again = self._origin.again(self._base, self._mechanisms, number)
        # Labels that did not come up keep their codes: a sample has the categories of its table.
        return again._with(self._intervention)

    def sample(self, n: int, *, seed: int = 0) -> Table:
        """Draws n rows. A seed draws the same noise for each variable whatever `do` holds fixed."""
        if n <= BLOCK or not all(mechanism.by_row for mechanism in self._mechanisms.values()):
            return self.solve(self.draw(n, seed=seed))
        # Blocks fit into the cache; all that is of the size of the table is the table.
        noise = {name: stream(seed, "noise", name) for name in self._base}
        action = {name: stream(seed, "action", name) for name, done in self._intervention.items() if done.random}
        columns = {name: np.empty(n) for name in self._base}
        for begin in range(0, n, BLOCK):
            rows = min(BLOCK, n - begin)
            drawn = {name: self._mechanisms[name].draw(uniform(rows, source)) for name, source in noise.items()}
            acted = {name: uniform(rows, source) for name, source in action.items()}
            for name, values in self._values(Exogenous(drawn, acted, rows, seed)).items():
                columns[name][begin : begin + rows] = values
        for column in columns.values():
            column.flags.writeable = False
        return Table.from_codes(columns, self._categories)

    def counterfactual(self, rows: Any, intervention: Intervention, /, *, seed: int = 0) -> Table:
        """What these rows would have been under a further intervention: abduction, action, prediction.

        Args:
            rows: Facts from this system, complete in all its variables; whatever `Table.of` reads.
            intervention: What is done, on top of what was done to this system already.
            seed: Chooses among the noises that explain a discrete value.

        Raises:
            DataError: If a variable is missing in a row, or a row is impossible in this system.
        """
        found = self.abduct(rows, seed=seed)
        # What is drawn again is drawn anew: only the draws of actions that stay in force are kept.
        kept = {name: u for name, u in found.action.items() if name not in intervention}
        return self.do(intervention).solve(replace(found, action=kept))

    # -- their parts ----------------------------------------------------------------------------------------------

    def draw(self, n: int, *, seed: int = 0) -> Exogenous:
        """Draws the noise of n rows. Each variable has its own stream, keyed by its name."""
        if n < 1:
            raise OptionError(f"the number of rows is at least 1, got {n}")
        noise = {name: self._mechanisms[name].draw(uniform(n, stream(seed, "noise", name))) for name in self._base}
        return Exogenous(noise, {}, n, seed)

    def solve(self, exogenous: Exogenous) -> Table:
        """The one table that satisfies (1) for this noise."""
        x = self._values(exogenous)
        return Table.from_codes({name: x[name] for name in self._base}, self._categories)

    def _values(self, exogenous: Exogenous) -> dict[str, Values]:
        x: dict[str, Values] = {}
        for name in self._base.topological_order():
            action = self._intervention.get(name)
            if action is None or not action.cuts:
                mechanism = self._mechanisms[name]
                x[name] = mechanism.solve([x[parent] for parent in mechanism.parents], exogenous.noise[name])
            else:
                x[name] = np.zeros(exogenous.n)  # an action that cuts does not look at it
            if action is not None:
                u = x[name]  # an action that is not random does not look at it
                if action.random:
                    known = exogenous.action.get(name)
                    u = uniform(exogenous.n, stream(exogenous.seed, "action", name)) if known is None else known
                x[name] = action.apply(x[name], u, self.categories(name))
        return x

    def abduct(self, rows: Any, *, seed: int = 0) -> Exogenous:
        """A noise that explains the rows; drawn from its posterior where several do.

        Args:
            rows: Facts from this system, complete in all its variables.
            seed: Chooses among several noises. The mechanism of a variable that was held fixed left nothing in the
                rows; its noise is drawn anew.

        Raises:
            DataError: If a variable is missing in a row, or a row is impossible in this system.
        """
        table = Table.of(rows)
        x = {name: read_column(table, name, self.categories(name)) for name in self._base}
        for name, values in x.items():
            if np.isnan(values).any():
                row = int(np.flatnonzero(np.isnan(values))[0])
                raise DataError(f"row {row} lacks {name!r}: a counterfactual needs every variable of its rows")
        noise, acted = {}, {}
        for name in self._base:
            mechanism, action = self._mechanisms[name], self._intervention.get(name)
            u = uniform(table.n, stream(seed, "abduct", name))
            if action is not None and action.cuts:
                noise[name] = mechanism.draw(u)
                if action.random:
                    acted[name] = action.noise(x[name], u, self.categories(name))
            else:
                natural = x[name] if action is None else action.undo(x[name])
                noise[name] = mechanism.abduct(natural, [x[p] for p in mechanism.parents], u, name)
        return Exogenous(noise, acted, table.n, seed)

    # -- keeping --------------------------------------------------------------------------------------------------

    def save(self, path: str | Path) -> None:
        """Writes the system to one file without pickle; see `aitia.scm.saving`."""
        from aitia.scm.saving import save_scm

        save_scm(self, Path(path))

    @classmethod
    def load(cls, path: str | Path) -> "SCM":
        """Reads what `save` wrote."""
        from aitia.scm.saving import load_scm

        return load_scm(Path(path))


def _categories(mechanisms: Mapping[str, Mechanism], given: Mapping[str, Sequence[Any]]) -> dict[str, tuple[Any, ...]]:
    """The labels of each discrete variable: as given, or 0..k-1."""
    found = {name: tuple(range(m.cardinality)) for name, m in mechanisms.items() if m.cardinality}
    for name, labels in given.items():
        labels = tuple(labels)
        if name in mechanisms and len(labels) != mechanisms[name].cardinality:
            raise OptionError(
                f"{name!r} has {len(labels)} labels, its mechanism has {mechanisms[name].cardinality} (0: continuous)"
            )
        if len(set(labels)) < len(labels):
            raise OptionError(f"the labels of {name!r} are repeated: {join_names(labels)}")
        found[name] = labels
    return found

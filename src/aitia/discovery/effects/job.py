"""One fit and contrast on a table or a bootstrap sample of it, with what the rows leave open as bounds.

A row under `do` whose parents' labels occur together in no row of the table may have any outcome between the least and
the largest that is seen (0 and 1 for a label): each mean is an interval then. In a bootstrap sample the cells are
looked up again, so that a cell with a row or two, which is often empty there, widens the interval.

References:
    Manski, Nonparametric bounds on treatment effects, American Economic Review 80 (1990).
    Davison and Hinkley, Bootstrap methods and their application (1997), section 3.8, for whole clusters drawn again.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.data.table import Table
from aitia.discovery.effects.support import Support
from aitia.do import Intervention, Value, do
from aitia.errors import DataError, IdentifiabilityError
from aitia.graph import Graph
from aitia.scm import SCM
from aitia.scm.fit import kinds_of
from aitia.scm.means import expected, mean_under

__all__ = ["Job", "Means"]

Values = NDArray[np.float64]
SURE = 10
"""Rows from which on a cell is practically never empty in a bootstrap sample."""
LITTLE = 0.05
"""Share of the rows up to which an answer may rest on a line where its labels are not seen."""


@dataclass(frozen=True)
class Means:
    """The outcome's mean on either side, each between two numbers, which are equal where the rows say all.

    Args:
        low: Under the intervention, at least.
        high: At most.
        low_against: Under what it is compared with, at least.
        high_against: At most.
        lacking: Share of the rows, on the side that has more of them, of which nothing is known.
        trimmed: Share of the rows that was left out.
    """

    low: float
    high: float
    low_against: float
    high_against: float
    lacking: float = 0.0
    trimmed: float = 0.0

    @property
    def plain(self) -> tuple[float, float]:
        """Both means, where they are numbers, else the middles."""
        return (self.low + self.high) / 2, (self.low_against + self.high_against) / 2


@dataclass(frozen=True)
class Job:
    """What is asked of a table; picklable, so that the bootstrap can run in other processes.

    Args:
        graph: Whose mechanisms are fitted.
        table: The rows.
        intervention: What is done.
        against: What it is compared with.
        outcome: What is watched.
        label: Of a discrete outcome.
        draws: Rows simulated where there is no exact answer.
        seed: Of the bootstrap and of what is drawn.
        trim: Whether rows without support are left out.
        weights: (n,) of the rows.
        clusters: (n,) the cluster of each row, 0, 1, ...; whole clusters are drawn again.
        mechanisms: Their kinds, as `SCM.fit` takes them.
    """

    graph: Graph
    table: Table
    intervention: Intervention
    against: Intervention
    outcome: str
    label: object | None
    draws: int
    seed: int
    trim: bool = False
    weights: Values | None = None
    clusters: NDArray[np.intp] | None = None
    mechanisms: Any = "auto"

    @cached_property
    def scm(self) -> SCM:
        """Fitted to the table as it is."""
        return SCM.fit(self.graph, self.table, mechanisms=self.mechanisms, weights=self.weights, seed=self.seed)

    @cached_property
    def kinds(self) -> dict[str, str]:
        """Of the mechanisms: samples take the same, whose rows that stand twice would bend a line."""
        return kinds_of(self.scm.mechanisms, "auto")

    @cached_property
    def support(self) -> Support:
        """What the table has of what is needed."""
        targets = sorted({str(name) for name in (*self.intervention.targets, *self.against.targets)})
        return Support.of(self.graph, self.table, targets, self.outcome, self.weights)

    @cached_property
    def simulated(self) -> tuple[Table, Table]:
        """Rows under either intervention, from the fit to the whole table."""
        a, b = (do(self.scm, side).sample(self.draws, seed=self.seed) for side in (self.intervention, self.against))
        return a, b

    @cached_property
    def region(self) -> float:
        """Share of the rows that rest on a line because a label that is set is seen nowhere near them."""
        return max(float(self.support.extrapolated(rows, "region").mean()) for rows in self.simulated)

    @cached_property
    def bounded(self) -> bool:
        """Whether such rows are so many that nothing is taken from the line."""
        return self.region > LITTLE

    @cached_property
    def easy(self) -> bool:
        """Whether every sample can be answered without looking its cells up."""
        lacking = any(self.support.empty(rows).any() for rows in self.simulated)
        ranges = self.trim and any(self.support.extrapolated(rows, "range").any() for rows in self.simulated)
        return not lacking and not ranges and not self.bounded and self.support.fewest >= SURE

    def prepared(self) -> "Job":
        """The job with everything worked out that its samples share."""
        _ = self.kinds, self.easy, self.span
        return self

    @cached_property
    def span(self) -> tuple[float, float]:
        """The least and the largest outcome."""
        if self.label is not None:
            return 0.0, 1.0
        values = self.table.column(self.outcome)
        return float(np.nanmin(values)), float(np.nanmax(values))

    def means(self, resample: int | None) -> Means:
        """The means, fitted to bootstrap sample number `resample`, or to the table itself."""
        if resample is None:
            return self._answer(self.scm, self.support, self.table, self.weights, self.seed)
        chosen = self.rows(resample)
        table = self.table.take(chosen)
        weights = None if self.weights is None else self.weights[chosen]
        try:
            scm = SCM.fit(self.graph, table, mechanisms=self.kinds, weights=weights, seed=self.seed)
        except DataError as error:
            drawn = "the rows" if self.clusters is None else "whole clusters, which differ too much in size (--cluster)"
            raise DataError(f"in a sample of {drawn}: {error}") from None
        support = self.support if self.easy else self.support.recounted(table, weights)
        # Other rows are drawn for each sample, so that the spread holds the chance of drawing too.
        return self._answer(scm, support, table, weights, self.seed + resample + 1)

    def means_alone(self) -> Means:
        """The outcome's mean in the rows, where nothing that is set reaches it."""
        values = self.table.column(self.outcome)
        if self.label is not None:
            code = self.table.categories(self.outcome).index(self.label)
            values = np.where(np.isnan(values), np.nan, values == code)
        there = ~np.isnan(values)
        weights = None if self.weights is None else self.weights[there]
        mean = float(np.average(values[there], weights=weights))
        return Means(mean, mean, mean, mean)

    def rows(self, resample: int) -> NDArray[np.intp]:
        """The rows of a bootstrap sample."""
        rng = np.random.default_rng([self.seed, resample])
        if self.clusters is None:
            return rng.integers(0, self.table.n, self.table.n)
        many = int(self.clusters.max()) + 1
        order = np.argsort(self.clusters, kind="stable")
        starts = np.searchsorted(self.clusters[order], np.arange(many + 1))
        return np.concatenate([order[starts[k] : starts[k + 1]] for k in rng.integers(0, many, many)])

    def alike(self, side: Intervention, table: Table, weights: Values | None = None) -> tuple[str, float] | None:
        """The target of a side with whose label all rows have one value of the outcome, and that (of a label, 1 where
        they have it and 0 where none has); else None.

        The target is a cause of the outcome's own mechanism. Of a label its likelihood has no maximum then: in its
        limit the share is 0 or 1, and what keeps the fit finite would make a small number of that.
        """
        y = table.column(self.outcome)
        there = ~np.isnan(y) if weights is None else ~np.isnan(y) & (weights > 0)
        if self.label is not None:
            y = (y == table.categories(self.outcome).index(self.label)).astype(np.float64)
        for name in self.graph.parents(self.outcome):
            action = side.get(name)
            if not isinstance(action, Value) or not table.discrete(name):
                continue
            found = y[there & (table.column(name) == table.categories(name).index(action.value))]
            if found.size and found.min() == found.max():
                return name, float(found[0])
        return None

    def _answer(self, scm: SCM, support: Support, table: Table, weights: Values | None, seed: int) -> Means:
        actions = (self.intervention, self.against)
        sides = [do(scm, side) for side in actions]
        known = [None if self.label is None else self.alike(side, table, weights) for side in actions]
        if self.easy:
            a, b = (
                mean_under(side, self.outcome, self.label, draws=self.draws, seed=seed) if share is None else share[1]
                for side, share in zip(sides, known, strict=True)
            )
            return Means(a, a, b, b)
        rows = [side.sample(self.draws, seed=seed) for side in sides]
        lacking = [support.empty(drawn) for drawn in rows]
        if self.bounded or self.trim:
            lacking = [gap | support.extrapolated(r, "region") for gap, r in zip(lacking, rows, strict=True)]
        kept = np.ones(self.draws, dtype=bool)
        if self.trim:
            for gap, drawn in zip(lacking, rows, strict=True):
                kept &= ~gap & ~support.extrapolated(drawn, "range")
            self._check_trim(kept)
        found: list[float] = []
        for side, gap, drawn, share in zip(sides, lacking, rows, known, strict=True):
            parents = [drawn.column(name) for name in side.mechanisms[self.outcome].parents]
            y = expected(side, self.outcome, self.label, parents, self.draws)
            y = y if share is None else np.full(self.draws, share[1])
            found += [float(np.where(gap, end, y)[kept].mean()) for end in self.span]
        worst = 0.0 if self.trim else max(float(gap.mean()) for gap in lacking)
        return Means(found[0], found[1], found[2], found[3], worst, 1 - float(kept.mean()))

    def _check_trim(self, kept: NDArray[np.bool_]) -> None:
        if not self.support.fixed:
            raise IdentifiabilityError(
                "--trim cannot tell which rows to leave out: here the effect rests on variables that the intervention "
                "itself changes, and on no set to adjust for. Leave out --trim: the answer is given as bounds then"
            )
        if not kept.any():
            raise IdentifiabilityError("--trim leaves no row: nowhere does the table have both sides of the contrast")

"""The search again in halves of the rows, without what a first search does for its reader."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.data.moments import definite
from aitia.data.table import Table
from aitia.engine import Engine, Progress, Store
from aitia.errors import CostError, DataError
from aitia.graph.graph import Graph
from aitia.stats.bootstrap import EdgeFrequencies, Rows, bootstrap_graphs
from aitia.stats.forked import ForkedEngine
from aitia.stats.independence import FisherZ
from aitia.stats.search.cost import TOLD_FROM, in_words
from aitia.stats.search.skeleton import LONG

__all__ = ["Again", "resampled"]

Values = NDArray[np.float64]

FEW_ROWS = 20
"""With fewer, half of the rows are too few for any test."""

TOGETHER = 0.025
"""Seconds of predicted work that go to a worker at once: with more the last of them keeps the others waiting."""


class _Half(FisherZ):
    """Fisher's z of some of the rows, of which it sees the correlations only."""

    def __init__(self, whole: FisherZ, scaled: Values, rows: Rows) -> None:
        self.table, self.jobs = whole.table, 1
        self._place, self._gaps = whole._place, False
        self._rows_there = int(rows.sum())
        part = scaled[rows]
        part -= part.mean(axis=0)
        spread = np.sqrt(np.einsum("ij,ij->j", part, part))
        # A column that is constant in these rows says nothing in them: it is correlated with no other.
        part /= np.where(spread > 1e-9 * np.sqrt(len(part)), spread, np.inf)
        self.correlation = part.T @ part
        np.fill_diagonal(self.correlation, 1.0)

    @property
    def n(self) -> int:
        """Rows of the half."""
        return self._rows_there

    @property
    def definite(self) -> bool:
        """Whether no column follows from others in these rows."""
        return definite(self.correlation)


@dataclass
class Again:
    """The same search in some of the rows; picklable, so that it can run in other processes.

    Args:
        search: The search, of a learner and a table.
        learner: Of the same options; it is used for nothing else.
        table: All rows.
        context: The column that says where a row was taken, or None.
        whole: Fisher's z of all rows where partial correlations are all that the search asks for: then no table is
            made of the half, and none is checked.
    """

    search: Callable[[Any, Table], Graph]
    learner: Any
    table: Table
    context: str | None = None
    whole: FisherZ | None = None

    def __post_init__(self) -> None:
        self._scaled: Values | None = None
        if self.whole is not None:
            values = self.whole.columns
            self._scaled = (values - values.mean(axis=0)) / values.std(axis=0)

    def __call__(self, rows: Rows) -> Graph:
        """The graph found in these rows."""
        if self.whole is None or self._scaled is None:
            return self.search(self.learner, self.table.take(rows))
        self.learner.ready = _Half(self.whole, self._scaled, rows)
        return self.search(self.learner, self.table)


def resampled(
    again: Again,
    samples: int,
    seconds: float,
    config: Any,
    *,
    engine: Engine | None,
    store: Store | None,
    progress: Progress | None,
) -> EdgeFrequencies:
    """The frequencies of edges in the graphs that a search finds in random halves of the rows.

    Args:
        again: The search.
        samples: How many halves.
        seconds: Predicted of one of them.
        config: Of the search: seed, jobs, and whether a long one is accepted.
        engine: Where they run, in place of `config.jobs` copies of this process.
        store: Keeps finished ones, so that a search that was stopped goes on.
        progress: Told what it is predicted to cost, and how far it is.

    Raises:
        OptionError: If there is no sample.
        DataError: If there are too few rows to halve, or halves of them cannot be searched.
        CostError: If it is predicted to take more than an hour and the cost is not accepted.
    """
    table, context = again.table, again.context
    if table.n < FEW_ROWS:
        raise DataError(f"half of {table.n} rows is too little for any test to say how sure an edge is")
    total = seconds * samples / config.jobs
    if total > LONG and not getattr(config, "accept_cost", True):
        raise CostError(
            f"{samples} resamples are predicted to take {in_words(total)}: take fewer (--bootstrap 20), a faster test "
            "(--test rcit, fisher-z), or accept the cost (--accept-cost, accept_cost=True)"
        )
    if progress is not None and total >= TOLD_FROM:
        progress(f"predicted: {in_words(total)} of {samples} resamples", 0, 1)
    return bootstrap_graphs(
        again, [name for name in table.names if name != context], table.n, samples,
        strata=table.column(context) if context is not None and table.categories(context) else None,
        seed=config.seed, together=max(1, min(round(TOGETHER / (2 * seconds)), 10)),
        engine=engine or ForkedEngine(config.jobs), store=store, progress=progress,
    )  # fmt: skip

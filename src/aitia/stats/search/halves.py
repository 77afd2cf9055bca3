"""The search again in halves of the rows, without what a first search does for its reader."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.data.table import Table
from aitia.graph.graph import Graph
from aitia.stats.bootstrap import Rows
from aitia.stats.independence import FisherZ

__all__ = ["Again", "together"]

Values = NDArray[np.float64]

TOGETHER = 0.2
"""Seconds of predicted work that go to a worker at once."""


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
            values = self.whole._values
            self._scaled = (values - values.mean(axis=0)) / values.std(axis=0)

    def __call__(self, rows: Rows) -> Graph:
        """The graph found in these rows."""
        if self.whole is None or self._scaled is None:
            return self.search(self.learner, self.table.take(rows))
        self.learner.ready = _Half(self.whole, self._scaled, rows)
        return self.search(self.learner, self.table)


def together(seconds: float) -> int:
    """How many pairs of halves go to a worker at once, where one half takes so long."""
    return max(1, min(round(TOGETHER / (2 * seconds)), 10))

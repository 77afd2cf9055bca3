"""What systems that search one table by tests of independence answer with alike."""

from abc import abstractmethod
from typing import Any

from aitia.data.table import Table
from aitia.engine import Progress, Store
from aitia.graph.graph import Graph
from aitia.runs import RunStore
from aitia.stats.search import ConstraintSearch
from aitia.system import Discovers, Given, Score, Scores, Training

__all__ = ["TestedSearch"]


class TestedSearch(ConstraintSearch, Discovers):
    """A search by tests over the columns of one table. A subclass gives `_search`, and its page."""

    __test__ = False  # pytest: no class of tests

    @abstractmethod
    def _search(self, table: Table, progress: Progress | None = None, store: Store | None = None) -> Graph:
        """Searches the table, and keeps what it found."""

    def work(self, given: Given) -> str:
        """Variables and rows."""
        return f"a search over {len(given.columns('variables'))} variables ({len(given)} rows)"

    def _fit(self, given: Given, run: RunStore) -> None:
        """Searches the table; `run` keeps finished tests and bootstrap samples, so that a stopped search goes on.

        Raises:
            DataError: If the table cannot be analysed as it stands.
            GraphError: If the knowledge does not fit the columns.
            CostError: If hours of tests are predicted and `accept_cost` is False.
        """
        self._search(given.table.select(given.columns("variables")), run.progress, run.store("search"))

    def graphs(self, rows: Any = None) -> dict[str, Graph]:
        """The graph found; with rows, the one that the same search finds in those."""
        self._need_fit()
        if rows is None:
            return {"graph": self.graph_}
        return {"graph": type(self)(self.config).fit(self.given(rows)).graph_}

    @property
    def training(self) -> Training:
        """The test and the collider rule that were taken, and what to keep in mind."""
        return Training((), self.choices_, tuple(self.warnings_))

    def judge(self, fresh: Given, seen: Given) -> Scores:
        """Which share of what the graph says of pairs of variables holds in fresh rows."""
        shares = self.upheld(fresh.table.select(self.rows_.names))
        about = "Share of the independences and dependences that the graph states which fresh rows bear out."
        others = {name: share for name, share in shares.items() if name != "found"}
        return {"statements upheld": Score(shares["found"], "higher", about, others)}

"""PC: a causal graph from tests of independence, where no hidden variable causes two of the columns.

1. Skeleton. Start with all pairs adjacent; remove a pair as soon as some set of neighbours makes it independent, sets
   of growing size (the stable variant, which does not depend on the order of the columns).
2. Colliders. x - y - z with x, z apart and y outside the set that separates them becomes x -> y <- z.
3. Meek's rules orient what follows.

The result is a CPDAG: an arrow is in every graph that explains the independencies; an undirected edge may point either
way.

Sources:
    Spirtes, Glymour and Scheines, Causation, Prediction, and Search (2000), section 5.4.2.
    Colombo and Maathuis, Order-independent constraint-based causal structure learning, JMLR 15 (2014).
"""

from dataclasses import dataclass
from typing import Any, Self

from aitia.data.table import Table
from aitia.engine import Progress, Store
from aitia.graph.graph import Graph
from aitia.stats.search import Asker, Constraints, ConstraintSearch, Orientation, Skeleton

__all__ = ["PC"]


@dataclass
class PC(ConstraintSearch):
    """The PC algorithm, stable variant. Options and attributes are those of `ConstraintSearch`.

    Example:
        >>> import numpy as np
        >>> rng = np.random.default_rng(0)
        >>> x, y = rng.normal(size=(2, 500))
        >>> print(PC().fit({"x": x, "y": y, "z": x + y + rng.normal(size=500)}).graph_)
        x --> z; y --> z
    """

    def fit(self, data: Any, *, progress: Progress | None = None, store: Store | None = None) -> Self:
        """Searches the table.

        Args:
            data: Whatever `Table.of` reads.
            progress: Told how far the work is.
            store: Keeps finished tests and bootstrap samples, so that a stopped search goes on.

        Raises:
            DataError: If the table cannot be analysed as it stands.
            GraphError: If the knowledge does not fit the columns.
            CostError: If hours of tests are predicted and `accept_cost` is False.
        """
        table = Table.of(data)
        limits = Constraints.of(table.names, self.knowledge)
        asker = self._begin(table, progress, store)
        self.skeleton_ = self._find_skeleton(asker, limits)
        oriented = self._orient(self.skeleton_, limits, asker)
        self.graph_: Graph = oriented.graph
        self.orientation_reasons_ = oriented.reasons
        self.warnings_ += oriented.warnings
        self.tests_ = self._keep_tests(self.skeleton_, asker)
        self.edge_frequencies_ = self._bootstrap(_search, table, None, store, progress)
        return self

    def _orient(self, skeleton: Skeleton, limits: Constraints, asker: Asker) -> Orientation:
        oriented = Orientation(skeleton, limits.forbidden)
        oriented.known()
        oriented.colliders(self.colliders, asker, self.alpha, self._depth)
        oriented.close(with_knowledge=self.knowledge is not None)
        return oriented


def _search(learner: PC, table: Table) -> Graph:
    return learner.fit(table).graph_

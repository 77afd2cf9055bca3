"""PC: a causal graph from tests of independence, where no hidden variable causes two of the columns.

1. Skeleton. Start with all pairs adjacent; remove a pair as soon as some set of neighbours makes it independent, sets
   of growing size (the stable variant, which does not depend on the order of the columns).
2. Colliders. x - y - z with x, z apart becomes x -> y <- z where the sets that separate x and z lack y. Tests on real
   data contradict each other: all colliders are decided together, by the strength of their evidence, so that some DAG
   has them. Where the test has a likelihood the class of graphs is taken that it leads to from there, and edges without
   which that class contradicts the table come back (`stats.search.classes`, `stats.search.mending`). Where some do,
   tests of partial correlation have erred: then arrows also start along the best order of the columns, what came back
   is tried as what separates (`stats.search.order_start`), and the likelier of both classes is taken.
3. Meek's rules orient what follows.

The result is a CPDAG: an arrow is in every graph of the class that explains the rows; an undirected edge may point
either way. Under background knowledge its arrows are those of all members that obey it. No step depends on the order of
columns or rows.

Sources:
    Spirtes, Glymour and Scheines, Causation, Prediction, and Search (2000), section 5.4.2.
    Colombo and Maathuis, Order-independent constraint-based causal structure learning, JMLR 15 (2014).
"""

from collections.abc import Sequence

from aitia.data.table import Table
from aitia.engine import Progress, Store
from aitia.graph.graph import Graph
from aitia.report import Block
from aitia.searches.tested import TestedSearch
from aitia.stats.search import Constraints, Orientation
from aitia.system import Given
from aitia.systems.pc.card import CARD
from aitia.systems.pc.config import PCConfig
from aitia.systems.pc.page import blocks

__all__ = ["PC"]


class PC(TestedSearch):
    """The PC algorithm, stable variant. What it leaves behind are the attributes of `ConstraintSearch`.

    Example:
        >>> import numpy as np
        >>> rng = np.random.default_rng(0)
        >>> x, y = rng.normal(size=(2, 500))
        >>> print(PC().fit({"x": x, "y": y, "z": x + y + rng.normal(size=500)}).graph)
        x --> z; y --> z
    """

    card = CARD
    Config = PCConfig
    config: PCConfig

    def _search(self, table: Table, progress: Progress | None = None, store: Store | None = None) -> Graph:
        limits = Constraints.of(table.names, self.config.known)
        asker = self._begin(table, progress, store)
        self.skeleton_ = self._find_skeleton(asker, limits)
        oriented = Orientation(self.skeleton_, limits.forbidden)
        oriented.known()
        self._orient(oriented, asker)
        self.graph_ = oriented.graph
        self.orientation_reasons_ = oriented.reasons
        self.warnings_ += oriented.warnings
        self.tests_ = self._keep_tests(self.skeleton_, asker)
        self.edge_frequencies_ = self._bootstrap(_again, table, None, store, progress)
        self.rows_ = table
        return self.graph_

    def report(self, given: Given) -> Sequence[Block]:
        """The graph, and why each edge stands."""
        return blocks(self)


def _again(learner: PC, table: Table) -> Graph:
    return learner._search(table)

"""BOSS, the best order score search: a causal graph where no hidden variable causes two of the columns.

1. The score of an order is that of the best graph along it: each variable takes its parents from those before it by
   grow-shrink selection, whose answers are kept in a tree for each variable.
2. Each variable in turn moves to the place where the order scores best, until none moves. Several random orders are
   tried, and the best end is kept.
3. Edges whose deletion raises the score are deleted from its equivalence class (the backward steps of GES).

Knowledge is obeyed throughout: what is forbidden is no candidate, what is required is a parent from the start, and
earlier tiers stay before later ones. The result is a CPDAG: an arrow is in every graph of this score that obeys the
knowledge; an undirected edge may point either way.

What the score prefers does not depend on the order of the columns. Where the search ends can, as the starts are drawn
by position: with more starts, less often. Of classes that tie the graph holds what all share (`stats.search.tied`).

Source:
    Andrews, Ramsey, Sanchez-Romero, Camchong and Kummerfeld, Fast scalable and accurate discovery of DAGs using the
    best order score search and grow-shrink trees, NeurIPS 2023, algorithms 1-3. Its restarts are optional there.
"""

from collections.abc import Sequence

import numpy as np

from aitia.engine import Progress
from aitia.graph import Graph, cpdag
from aitia.searches.scored import ScoreSearch
from aitia.stats.search import Constraints
from aitia.stats.search.greedy import backward
from aitia.stats.search.orders import GrowShrink, must_precede, obeying
from aitia.stats.search.scores import LocalScore
from aitia.stats.search.tied import distinct
from aitia.systems.boss.card import CARD
from aitia.systems.boss.config import BOSSConfig

__all__ = ["BOSS"]

LEAST = 1e-6
"""Nats by which one end must be better than another."""
TOGETHER = 400
"""Variables of all the orders that move before anyone is told how far it is."""


class BOSS(ScoreSearch):
    """Best order score search. What it leaves behind are the attributes of `ScoreSearch`.

    Example:
        >>> import numpy as np
        >>> rng = np.random.default_rng(0)
        >>> x, y = rng.normal(size=(2, 500))
        >>> found = BOSS().fit({"x": x, "y": y, "z": x + y + rng.normal(size=500)})
        >>> print(found.graph)
        x --> z; y --> z
        >>> print(found.why(found.graph.edges[0])[0])
        Score: the best graph next to this one without the edge is 174 nats worse.
    """

    card = CARD
    Config = BOSSConfig
    config: BOSSConfig

    def _ends(self, score: LocalScore, progress: Progress | None = None, *, every: bool = False) -> Sequence[Graph]:
        names, starts = score.names, self.config.starts
        limits = Constraints.of(names, self.config.known)
        must = must_precede(names, self.config.known)
        trees = GrowShrink(score, limits, self._limit(score))
        rng = np.random.default_rng(self.config.seed)
        variables = np.tile(np.arange(len(names)), (starts, 1))
        orders, turns = rng.permuted(variables, axis=1), rng.permuted(variables, axis=1)
        if must.any():
            orders = np.array([obeying(order, must) for order in orders])
        ends = np.empty(starts)
        step = max(1, TOGETHER // len(names))
        for done in range(0, starts, step):
            if progress is not None:
                progress("orders", done, starts)
            ends[done : done + step] = trees.climb(orders[done : done + step], turns[done : done + step], must)
        best = np.flatnonzero(ends >= ends.max() - LEAST)
        along = [trees.along(orders[k])[1] for k in (best if every else best[:1])]
        dags = {parents.tobytes(): parents for parents in along}.values()
        classes = [cpdag(Graph.from_adjacency(parents, names)) for parents in dags]
        return [backward(found, score, self.config.known) for found in distinct(classes)]

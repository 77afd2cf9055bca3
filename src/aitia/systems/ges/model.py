"""GES, greedy equivalence search: a causal graph where no hidden variable causes two of the columns.

1. From the graph without edges, or with those that are required, insert the edge that raises the score most, over all
   valid operators between Markov equivalence classes, until none does.
2. Delete edges in the same way.

With ever more rows from a distribution that a DAG fits, the result is the class of that DAG. With finitely many the
first steps can mislead, in dense graphs most: there `boss` scores higher. Steps go by scores alone, so
that neither names nor the order of the columns matter; of classes that tie the graph holds what all share.

The result is a CPDAG: an arrow is in every graph of this score that obeys the knowledge; an undirected edge may point
either way.

Source:
    Chickering, Optimal structure identification with greedy search, JMLR 3 (2002). A pair is looked at again only where
    what its operators are made of has changed, as in Ramsey et al., A million variables and more, 2017.
"""

from collections.abc import Sequence

from aitia.engine import Progress
from aitia.graph import Graph, cpdag
from aitia.searches.scored import ScoreSearch
from aitia.stats.search.greedy import backward, forward
from aitia.stats.search.orders import must_precede
from aitia.stats.search.scores import LocalScore
from aitia.systems.ges.card import CARD
from aitia.systems.ges.config import GESConfig

__all__ = ["GES"]


class GES(ScoreSearch):
    """Greedy equivalence search. What it leaves behind are the attributes of `ScoreSearch`.

    Example:
        >>> import numpy as np
        >>> rng = np.random.default_rng(0)
        >>> x, y = rng.normal(size=(2, 500))
        >>> print(GES().fit({"x": x, "y": y, "z": x + y + rng.normal(size=500)}).graph)
        x --> z; y --> z
    """

    card = CARD
    Config = GESConfig
    config: GESConfig

    def _ends(self, score: LocalScore, progress: Progress | None = None, *, every: bool = False) -> Sequence[Graph]:
        known = self.config.known
        must_precede(score.names, known)  # says where knowledge allows no graph at all
        start = cpdag(Graph([] if known is None else list(known.required), score.names))
        limit = self._limit(score)
        return [backward(forward(start, score, known, limit=limit, progress=progress), score, known)]

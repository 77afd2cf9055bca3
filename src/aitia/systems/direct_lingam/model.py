"""DirectLiNGAM: a causal graph with every arrow, where relations are straight lines and noise is not Gaussian.

    x_i = sum over parents of b_ij x_j + e_i,   e_i independent, at most one of them Gaussian

1. A variable without causes is independent of what it leaves of all others. The one that comes closest is taken as the
   first, its line is taken out of the others, and so on: the causal order (`order.py`).
2. Each variable takes its parents from those before it, by grow-shrink on BIC. The paper prunes by adaptive lasso; the
   order is the same.

Knowledge is obeyed: a variable waits for its required causes and for earlier tiers, and what is forbidden is no
candidate. The result is a DAG. It rests on the shape of the noise alone: where the noise looks Gaussian, that is said.

Source:
    Shimizu et al., DirectLiNGAM: a direct method for learning a linear non-Gaussian structural equation model, JMLR 12
    (2011), with the pairwise measure of Hyvarinen and Smith, JMLR 14 (2013).
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from aitia.data.table import Table
from aitia.engine import Progress
from aitia.errors import DataError, join_names
from aitia.graph import Graph
from aitia.searches.scored import ScoreSearch
from aitia.stats.search import Constraints
from aitia.stats.search.orders import GrowShrink, must_precede
from aitia.stats.search.scores import LocalScore
from aitia.systems.direct_lingam.card import CARD
from aitia.systems.direct_lingam.config import DirectLiNGAMConfig
from aitia.systems.direct_lingam.doubts import Doubt, doubt, left, looks_gaussian
from aitia.systems.direct_lingam.order import causal_order

__all__ = ["DirectLiNGAM"]


class DirectLiNGAM(ScoreSearch):
    """DirectLiNGAM. What it leaves behind are the attributes of `ScoreSearch`, and the order.

    Attributes:
        order_: The variables, causes first.

    Example:
        >>> import numpy as np
        >>> rng = np.random.default_rng(0)
        >>> x, noise = rng.uniform(size=(2, 500))
        >>> print(DirectLiNGAM().fit({"y": x + noise, "x": x}).graph)
        x --> y
    """

    card = CARD
    Config = DirectLiNGAMConfig
    config: DirectLiNGAMConfig
    arrow: ClassVar[str] = "the noise of the other way would depend on its cause, by its shape"
    order_: tuple[str, ...]

    def _choice(self, table: Table) -> tuple[str, str]:
        labels = [name for name in table.names if table.discrete(name)]
        if labels:
            raise DataError(
                f"direct-lingam takes columns of numbers, and there are labels in {join_names(labels, 3)}: drop them "
                "(--drop), or choose boss"
            )
        if wide := [name for name in table.names if table.column(name).ndim > 1]:
            raise DataError(
                f"direct-lingam takes columns of single numbers, and there are vectors in {join_names(wide, 3)}"
            )
        if table.n <= len(table.names):
            raise DataError(
                f"direct-lingam needs more rows than columns, and there are {table.n} rows of {len(table.names)}: drop "
                "columns, or choose boss"
            )
        return "bic", "Order by the shape of the noise, edges by the score bic."

    def _warn(self, table: Table, score: LocalScore) -> None:
        """Nothing yet: what speaks against a fit is its noise, see `_look_at_noise`."""

    def _ends(self, score: LocalScore, progress: Progress | None = None, *, every: bool = False) -> Sequence[Graph]:
        names, known = score.names, self.config.known
        values = score.table.matrix(list(names))
        order = causal_order(values, must_precede(names, known), progress)
        _, parents = GrowShrink(score, Constraints.of(names, known), self._limit(score)).along(order)
        self.order_ = tuple(names[k] for k in order)
        return [Graph.from_adjacency(parents, names)]

    def _classes(self, score: LocalScore, progress: Progress | None = None) -> Sequence[Graph]:
        """The one graph: it is the noise that tells its order, and graphs whose scores tie are none the less apart."""
        return self._ends(score, progress)

    def _explain(self, found: Sequence[Graph], score: LocalScore) -> None:
        super()._explain(found, score)
        self._look_at_noise(score.table.matrix(list(score.names)), found[0])

    def _look_at_noise(self, values: NDArray[np.float64], graph: Graph) -> None:
        """Says where the noise looks Gaussian, so that its shape tells no order.

        Raises:
            DataError: If all of it does.
        """
        names = graph.nodes
        plain = [names[k] for k in looks_gaussian(left(values, graph))]
        if len(plain) == len(names):
            raise DataError(
                "the noise of every column looks Gaussian, and then no order can be told from its shape: choose boss "
                "or pc"
            )
        if len(plain) > 1:
            self.warnings_.append(
                f"The noise of {join_names(plain, 5)} looks Gaussian (Jarque-Bera): arrows between them are not told "
                "by the data."
            )

    def doubt(self) -> Doubt | None:
        """What in the rows of the fit speaks against its model; None where nothing does. See `doubts.py`.

        Raises:
            OptionError: If nothing has been searched.
        """
        self._need_fit()
        return doubt(self.rows_.matrix(list(self.graph_.nodes)), self.graph_)

    def _state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        options, arrays = super()._state()
        return options | {"order": list(self.order_)}, arrays

    @classmethod
    def _restored(cls, options: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Self:
        model = super()._restored(options, arrays)
        model.order_ = tuple(options["order"])
        return model

"""Whether an arrow hangs on what no data decide: the rule for colliders, the order of the columns."""

from dataclasses import dataclass, replace
from typing import Any, get_args

import numpy as np

from aitia.discovery.result import Discovery
from aitia.errors import OptionError
from aitia.graph import Graph
from aitia.stats.search.evidence import ColliderRule

__all__ = ["Agreement", "agreement"]


@dataclass(frozen=True)
class Agreement:
    """In how many searches each arrow of a graph was found.

    Args:
        searches: How many were run.
        arrows: (cause, effect) -> in how many of them it stands and points this way.
    """

    searches: int
    arrows: dict[tuple[str, str], int]

    def settled(self, cause: str, effect: str) -> bool:
        """Whether every search gives the arrow; else its direction is open."""
        return self.arrows[cause, effect] == self.searches

    def sentences(self) -> list[str]:
        """One for each arrow."""
        return [
            f"{cause} --> {effect} stands in all {self.searches} searches."
            if self.settled(cause, effect)
            else f"{cause} --- {effect}: its direction is open, {n} of {self.searches} searches point to {effect}."
            for (cause, effect), n in self.arrows.items()
        ]


def agreement(found: Discovery, *, orders: int = 3, seed: int = 0) -> Agreement:
    """Runs the search of a discovery again, with every rule for colliders in several orders of the columns.

    Args:
        found: What was discovered.
        orders: Orders of the columns for each rule: that of the table, and random ones.
        seed: Of the random orders.

    Raises:
        OptionError: If the search goes by a score.
    """
    if not hasattr(found.learner.config, "colliders"):
        raise OptionError(f"{found.method} goes by a score, which has no rules for colliders to compare")
    rng = np.random.default_rng(seed)
    names = [name for name in found.table.names if name != found.context]
    every = [names, *([names[k] for k in rng.permutation(len(names))] for _ in range(orders - 1))]
    arrows = {(e.left, e.right): 0 for e in found.graph.edges if e.symbol == "-->"}
    rules = [rule for rule in get_args(ColliderRule) if rule != "likelihood" or found.learner.rule_ == rule]
    learner: Any = type(found.learner)
    roles = {} if found.context is None else {"context": found.context}
    for rule in rules:
        config = replace(found.learner.config, colliders=rule, bootstrap=None)
        for order in every:
            searched = learner(config).fit(found.table, variables=order, **roles)
            graph: Graph = searched.graph_
            for cause, effect in arrows:
                arrows[cause, effect] += graph.has_edge(cause, effect) and cause in graph.parents(effect)
    return Agreement(len(rules) * len(every), arrows)

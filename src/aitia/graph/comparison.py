"""All distances of two graphs at once."""

from dataclasses import dataclass
from typing import Any

from aitia.errors import GraphError
from aitia.graph._sides import Distance
from aitia.graph.distances import (
    Scores,
    _aligned,
    _ancestor,
    _optimal,
    _pair,
    _parent,
    adjacency_scores,
    arrowhead_scores,
    shd,
)
from aitia.graph.graph import Graph

__all__ = ["Comparison", "compare"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Every distance between a true graph and a guess; None where the kind of the graphs does not allow it."""

    true_edges: int
    guess_edges: int
    shd: int
    adjacency: Scores
    arrowhead: Scores
    sid: Distance | None
    parent_aid: Distance | None
    ancestor_aid: Distance | None
    oset_aid: Distance | None

    def as_dict(self) -> dict[str, int | float | None]:
        """The numbers under flat names such as `adjacency_f1` and `parent_aid` (normalized), for tables and JSON."""
        flat: dict[str, Any] = {"true_edges": self.true_edges, "guess_edges": self.guess_edges, "shd": self.shd}
        for name, scores in (("adjacency", self.adjacency), ("arrowhead", self.arrowhead)):
            flat |= {f"{name}_{key}": value for key, value in scores._asdict().items()}
        for name in ("sid", "parent_aid", "ancestor_aid", "oset_aid"):
            distance: Distance | None = getattr(self, name)
            flat[name] = None if distance is None else distance.normalized
            flat[f"{name}_mistakes"] = None if distance is None else distance.mistakes
        return flat


def compare(true: Graph, guess: Graph) -> Comparison:
    """Every distance of this module at once.

    Raises:
        GraphError: If the graphs have different names.

    Example:
        >>> result = compare(Graph("x -> y -> z"), Graph("x -> y <- z"))
        >>> result.shd, result.adjacency.f1, result.parent_aid
        (1, 1.0, Distance(normalized=0.5, mistakes=3))
    """
    guess = _aligned(true, guess)
    causal: dict[str, Distance | None] = dict.fromkeys(("parent_aid", "ancestor_aid", "oset_aid"))
    try:
        sides = _pair(true, guess)
        causal = {"parent_aid": _parent(*sides), "ancestor_aid": _ancestor(*sides), "oset_aid": _optimal(*sides)}
    except GraphError:  # neither DAG nor CPDAG: these distances are not defined
        pass
    return Comparison(
        sum(row.bit_count() for row in true._adjacent) // 2 + len(true.bows),
        sum(row.bit_count() for row in guess._adjacent) // 2 + len(guess.bows),
        shd(true, guess),
        adjacency_scores(true, guess),
        arrowhead_scores(true, guess),
        causal["parent_aid"] if true.is_dag and guess.is_dag else None,
        **causal,
    )

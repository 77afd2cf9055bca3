"""How well the edges of graphs are found, with which pairs and which way round told apart.

Of random pairs with a coin for the direction half are right: an F1 of .5 may know nothing of direction. So F1 of edges
stands beside F1 of pairs and the share of found pairs that point the right way, in which a pair that was named both
ways counts half.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from aitia.errors import DataError

__all__ = ["EdgeScore", "edge_score", "mean_score"]

Edge = tuple[str, str]


@dataclass(frozen=True)
class EdgeScore:
    """Shares of the edges of one text.

    Args:
        precision: Of the edges found, how many are right; 0 where none is found.
        recall: Of those there, how many are found; 1 where none is there.
        f1: Harmonic mean of the two.
        pairs: F1 of pairs, whichever way they point.
        direction: Of the pairs that are right, the share that points the right way; None where no pair is right.
        shd: Pairs that are named differently: missing, too many, or turned.
    """

    precision: float
    recall: float
    f1: float
    pairs: float
    direction: float | None
    shd: int


def edge_score(true: Iterable[Edge], found: Iterable[Edge]) -> EdgeScore:
    """Holds the edges found against those that are there.

    Example:
        >>> score = edge_score([("a", "b"), ("b", "c")], [("a", "b"), ("c", "b")])
        >>> score.f1, score.pairs, score.direction, score.shd
        (0.5, 1.0, 0.5, 1)
    """
    there, said = set(true), set(found)
    right = len(there & said)
    precision = right / len(said) if said else 0.0
    recall = right / len(there) if there else 1.0
    f1 = 2 * right / (len(there) + len(said)) if there or said else 1.0
    skeletons = [{frozenset(edge) for edge in edges} for edges in (there, said)]
    common = skeletons[0] & skeletons[1]
    total = len(skeletons[0]) + len(skeletons[1])
    ways = [_agreement(pair, there, said) for pair in sorted(common, key=sorted)]
    return EdgeScore(
        precision, recall, f1, 2 * len(common) / total if total else 1.0, float(np.mean(ways)) if ways else None,
        len(skeletons[0] ^ skeletons[1]) + sum(_ways(pair, there) != _ways(pair, said) for pair in common),
    )  # fmt: skip


def mean_score(scores: Sequence[EdgeScore]) -> dict[str, float]:
    """Means over texts; of the direction over those in which a pair is right.

    Raises:
        DataError: If there is no text.
    """
    if not scores:
        raise DataError("there is no text whose edges are known")
    ways = [score.direction for score in scores if score.direction is not None]
    found = {
        name: float(np.mean([getattr(s, name) for s in scores])) for name in ("f1", "pairs", "precision", "recall")
    }
    return {**found, "direction": float(np.mean(ways)) if ways else 0.0}


def _ways(pair: frozenset[str], edges: set[Edge]) -> set[Edge]:
    a, b = sorted(pair)
    return {(a, b), (b, a)} & edges


def _agreement(pair: frozenset[str], there: set[Edge], said: set[Edge]) -> float:
    """1, 0, or half where one of the two names both ways."""
    true, found = _ways(pair, there), _ways(pair, said)
    return len(true & found) / len(true | found)

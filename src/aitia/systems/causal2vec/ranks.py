"""How well queries find what belongs to them: ranks, hits, and the discounted gain of one right answer."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from aitia.errors import DataError, OptionError

__all__ = ["hits", "ndcg", "ranks_of_own"]


def ranks_of_own(similarities: NDArray[np.float64], own: Sequence[int] | NDArray[np.int64]) -> NDArray[np.int64]:
    """(n,) the rank of the right candidate of each query, from 1; candidates that are as near stand before it.

    Args:
        similarities: (n, candidates), higher is nearer.
        own: (n,) place of the right one.

    Raises:
        DataError: If there are not as many right ones as queries, or one is no candidate.

    Example:
        >>> ranks_of_own(np.array([[0.9, 0.1, 0.5], [0.2, 0.2, 0.0]]), [0, 1]).tolist()
        [1, 2]
    """
    place = np.asarray(own, dtype=np.int64)
    if similarities.ndim != 2 or len(place) != len(similarities):
        raise DataError(f"{len(place)} right candidates are told of similarities of shape {similarities.shape}")
    if len(place) and not 0 <= place.min() <= place.max() < similarities.shape[1]:
        raise DataError(f"there are {similarities.shape[1]} candidates, and one numbered {place.max()} is asked for")
    right = similarities[np.arange(len(place)), place]
    found: NDArray[np.int64] = (similarities >= right[:, None]).sum(axis=1)
    return found


def hits(ranks: NDArray[np.int64], k: int = 1) -> float:
    """Share of queries whose right candidate is among the first k.

    Raises:
        OptionError: If k is below 1.
        DataError: If there is no query.

    Example:
        >>> hits(np.array([1, 3, 1, 2]))
        0.5
    """
    return float((_checked(ranks, k) <= k).mean())


def ndcg(ranks: NDArray[np.int64], k: int = 10) -> float:
    """Mean over queries of 1 / log2(1 + rank), 0 beyond rank k: the normalised gain where one candidate is right.

    Source:
        Jarvelin and Kekalainen, Cumulated gain-based evaluation of IR techniques, 2002, with one relevant document.

    Raises:
        OptionError: If k is below 1.
        DataError: If there is no query.

    Example:
        >>> ndcg(np.array([1, 3, 11]))
        0.5
    """
    held = _checked(ranks, k)
    return float(np.where(held <= k, 1 / np.log2(1.0 + held), 0.0).mean())


def _checked(ranks: NDArray[np.int64], k: int) -> NDArray[np.int64]:
    if k < 1:
        raise OptionError(f"k is 1 or more, got {k}")
    if not len(ranks):
        raise DataError("there is no query to score")
    return np.asarray(ranks)

"""Independences that a lagged graph states and the table refutes.

In a graph whose directions are known two that are not joined are independent given the causes of both. A link that was
dropped given neighbours of the same time, which it causes too, may be far from that: effects that cancel, for one.
"""

import numpy as np
from numpy.typing import NDArray

from aitia.stats.search.implied import OVERWHELMING
from aitia.systems.pcmci_plus.links import Links
from aitia.systems.pcmci_plus.search import Found

__all__ = ["denied"]


def denied(found: Found, links: Links, n: int, lags: int, forbidden: NDArray[np.bool_]) -> list[str]:
    """A sentence for each pair that the graph calls independent and the table does not, the surest first.

    Pairs of which an end has a link of open direction are passed over: its causes are not known.

    Args:
        found: Links and directions.
        links: Puts the tests.
        n: How many variables there are.
        lags: How many steps back a cause may lie.
        forbidden: (n, n), [i, j] True where i cannot cause j at any lag.
    """
    parents: list[list[int]] = [[] for _ in range(n)]
    for i, lag, j in found.lagged:
        parents[j].append(i + lag * n)
    for i, j in found.arrows:
        parents[j].append(i)
    open_ = {k for pair in found.open for k in pair}
    near = {frozenset(pair) for pair in (*found.arrows, *found.open)}
    joined = set(found.lagged)
    apart = [
        (i, lag, j)
        for j in range(n)
        for lag in range(lags + 1)
        for i in (range(n) if lag else range(j))
        if not {i, j} & open_
        and not (forbidden[i, j] and (lag or forbidden[j, i]))
        and ((i, lag, j) not in joined if lag else frozenset((i, j)) not in near)
    ]
    pairs = [(i + lag * n, j) for i, lag, j in apart]
    given = [
        tuple(sorted({*parents[j], *(node + lag * n for node in parents[i])} - {i + lag * n})) for i, lag, j in apart
    ]
    strength, p_value = links.test(pairs, given, "what the graph implies")
    sure = [k for k, p in enumerate(p_value) if p < OVERWHELMING]
    names = links.names
    told = []
    for k in sorted(sure, key=lambda k: (-strength[k], pairs[k])):
        (a, b), p = pairs[k], p_value[k]
        of = ", ".join(names[node] for node in given[k]) or "nothing"
        shown = f"p = {p:.1g}" if p > 0 else "p < 1e-300"
        told.append(
            f"{names[a]} and {names[b]} are independent given {of} by it, and dependent in these rows ({shown})"
        )
    return told

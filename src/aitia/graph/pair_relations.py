"""What two nodes of a DAG are to each other, in many DAGs at once, and what holds in a whole equivalence class.

    parent, child             i --> j,  j --> i
    ancestor, descendant      a directed path of two edges or more from i to j, from j to i; i --> j may stand beside it
    collider, confounder      a common effect, a common cause; there are three readings of either

The readings of a common cause c of i and j (a common effect is the same in the graph turned round):

    path        directed paths from c to i and to j that share no node but c
    ancestor    c is above both, also where it reaches one of them only through the other
    parent      c is a parent of both

Sources:
    Jin et al., Can large language models infer causation from correlation?, ICLR 2024, for the six relations; their
    generator reads `path`.
"""

from itertools import combinations
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from aitia.graph.unlabelled import Codes, Masks, UnlabelledClasses, ancestors, children, parents

__all__ = ["READINGS", "RELATIONS", "Reading", "class_relations", "pair_relations"]

Held = NDArray[np.bool_]
RELATIONS = ("parent", "ancestor", "child", "descendant", "collider", "confounder")
"""What i is to j, for i before j; the last two are of both alike."""
Reading = Literal["path", "ancestor", "parent"]
READINGS: tuple[Reading, ...] = get_args(Reading)
"""What is called a common cause or a common effect; see the module."""


def pair_relations(codes: Codes, nodes: int, reading: Reading = "path") -> Held:
    """(graphs, pairs, 6) which of `RELATIONS` hold in each DAG, pairs (0, 1), (0, 2), ..., (1, 2), ...

    Args:
        codes: DAGs as numbers; see `aitia.graph.unlabelled`.
        nodes: How many nodes they have.
        reading: Of common causes and effects.
    """
    below, above = children(codes, nodes), parents(codes, nodes)
    pairs = list(combinations(range(nodes), 2))
    held = np.zeros((len(np.atleast_1d(codes)), len(pairs), len(RELATIONS)), dtype=np.bool_)
    reached = ancestors(below)
    common = {"collider": _common(below, reading), "confounder": _common(above, reading)}
    for k, (i, j) in enumerate(pairs):
        found = (
            below[i] >> j & 1, _through(below, reached, i, j), below[j] >> i & 1, _through(below, reached, j, i),
            common["collider"][i, j], common["confounder"][i, j],
        )  # fmt: skip
        for place, holds in enumerate(found):
            held[:, k, place] = holds != 0
    return held


def class_relations(classes: UnlabelledClasses, reading: Reading = "path") -> tuple[Held, Held]:
    """(classes, pairs, 6) twice: what holds in every member of each class, and what holds in some member."""
    held = pair_relations(classes.members, classes.nodes, reading)
    every: Held = np.logical_and.reduceat(held, classes.first, axis=0)
    some: Held = np.logical_or.reduceat(held, classes.first, axis=0)
    return every, some


def _through(below: Masks, reached: Masks, i: int, j: int) -> Masks:
    """Whether a child of i other than j has j below it."""
    found: Masks = np.zeros_like(below[0])
    for k in range(len(below)):
        if k not in (i, j):
            found |= (below[i] >> k & 1) & (reached[k] >> j & 1)
    return found


def _common(of: Masks, reading: Reading) -> dict[tuple[int, int], Masks]:
    """For each pair the nodes that both lead to, as bits: with the children, their common effects."""
    n = len(of)
    if reading == "parent":
        return {(i, j): of[i] & of[j] for i, j in combinations(range(n), 2)}
    if reading == "ancestor":
        full = ancestors(of)
        return {(i, j): full[i] & full[j] & ~np.uint8(1 << i | 1 << j) for i, j in combinations(range(n), 2)}
    # Two paths to one node, neither through the other's start, share no node up to the first that they share.
    lead = {j: ancestors(of, without=1 << j) for j in range(n)}
    return {(i, j): lead[j][i] & lead[i][j] & ~np.uint8(1 << i | 1 << j) for i, j in combinations(range(n), 2)}

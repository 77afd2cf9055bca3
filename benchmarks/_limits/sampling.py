"""Rows under `do` beside a lean compiled loop over the same system."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from _limits.base import Row, in_turn
from aitia.compiled import njit
from aitia.do import do
from aitia.scm import SCM, random_dag, random_discrete_scm, random_linear_scm

__all__ = ["rows"]

ROWS = 1_000_000
AT_ONCE = 2048


@njit(nogil=True)
def _line(noise, sd, intercept, parents, coefficients, blocks, into):  # type: ignore[no-untyped-def]
    """One variable of one block: its noise plus its line."""
    for i in range(into.shape[0]):
        into[i] = intercept + sd * noise[i]
    for k in range(parents.shape[0]):
        row, weight = blocks[parents[k]], coefficients[k]
        for i in range(into.shape[0]):
            into[i] += weight * row[i]


@njit(nogil=True)
def _labels(u, parents, edges, blocks, into):  # type: ignore[no-untyped-def]
    """One variable of one block: the label whose stretch holds u."""
    for i in range(into.shape[0]):
        place = 0
        for k in range(parents.shape[0]):
            place = place * (edges.shape[1] + 1) + blocks[parents[k], i]
        code = 0
        for k in range(edges.shape[1]):
            code += u[i] >= edges[place, k]
        into[i] = code


def gaussian(scm: SCM) -> Callable[[], Any]:
    """Ziggurat normals in blocks, parents from the block before they leave the cache."""
    order = scm.graph.topological_order()
    place = {name: k for k, name in enumerate(order)}
    parts: list[Any] = [scm.mechanisms[name] for name in order]
    parents = [np.array([place[parent] for parent in part.parents], np.int64) for part in parts]

    def lean() -> Any:
        rng, out, room = np.random.default_rng(0), np.empty((len(order), ROWS)), np.empty(AT_ONCE)
        block = np.empty((len(order), AT_ONCE))
        for begin in range(0, ROWS, AT_ONCE):
            rows = min(AT_ONCE, ROWS - begin)
            for k, part in enumerate(parts):
                noise = rng.standard_normal(out=room[:rows])
                _line(noise, part.noise.sd, part.intercept, parents[k], part.coefficients, block, block[k, :rows])
            out[:, begin : begin + rows] = block[:, :rows]
        return out

    return lean


def discrete(scm: SCM) -> Callable[[], Any]:
    """Uniform numbers of 32 bits, codes of 8."""
    order = scm.graph.topological_order()
    place = {name: k for k, name in enumerate(order)}
    parts: list[Any] = [scm.mechanisms[name] for name in order]
    parents = [np.array([place[parent] for parent in part.parents], np.int64) for part in parts]
    edges = [np.cumsum(part.table, axis=-1)[..., :-1].reshape(-1, part.cardinality - 1) for part in parts]
    edges = [edge.astype(np.float32) for edge in edges]

    def lean() -> Any:
        rng, out = np.random.default_rng(0), np.empty((len(order), ROWS))
        block = np.empty((len(order), AT_ONCE), np.int8)
        for begin in range(0, ROWS, AT_ONCE):
            rows = min(AT_ONCE, ROWS - begin)
            for k in range(len(parts)):
                _labels(rng.random(rows, np.float32), parents[k], edges[k], block, block[k, :rows])
            out[:, begin : begin + rows] = block[:, :rows]
        return out

    return lean


def rows(full: bool) -> Iterator[Row]:
    """`do` of one variable and 1,000,000 rows of the rest."""
    del full
    linear = random_linear_scm(random_dag(50, 2.8, seed=0), seed=0)
    labels = random_discrete_scm(random_dag(20, 2.7, seed=0), 3, seed=0)
    first, other = linear.graph.nodes[0], labels.graph.nodes[0]
    limit, ours = in_turn(3, gaussian(linear), lambda: do(linear, {first: 1.0}).sample(ROWS, seed=0))
    yield Row("do and 1,000,000 rows, 50 Gaussian columns", limit, ours, 2.5)
    limit, ours = in_turn(3, discrete(labels), lambda: do(labels, {other: 1}).sample(ROWS, seed=0))
    yield Row("do and 1,000,000 rows, 20 columns of labels", limit, ours, 3.0)

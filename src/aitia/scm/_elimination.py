"""Variable elimination over probability tables, its cost known before any table is made."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from aitia.errors import CostError
from aitia.scm._arrays import Values

__all__ = ["Factor", "eliminate", "plan"]


@dataclass(frozen=True, eq=False)
class Factor:
    """A table over some variables, one axis each."""

    scope: tuple[Hashable, ...]
    table: Values

    def at(self, evidence: Mapping[Hashable, int]) -> "Factor":
        """The slice at the evidence."""
        index = tuple(evidence.get(v, slice(None)) for v in self.scope)
        return Factor(tuple(v for v in self.scope if v not in evidence), np.asarray(self.table[index]))


def plan(
    scopes: Iterable[Sequence[Hashable]], sizes: Mapping[Hashable, int], keep: Sequence[Hashable], limit: float
) -> list[Hashable]:
    """The order in which to sum out everything but `keep`: fewest new edges first, then the smallest table.

    Raises:
        CostError: If the tables on the way have more than `limit` cells together.
    """
    links: dict[Hashable, set[Hashable]] = {}
    for scope in scopes:
        for v in scope:
            links.setdefault(v, set()).update(u for u in scope if u != v)
    order: list[Hashable] = []
    cells = float(prod(sizes[v] for v in keep))
    left = [v for v in links if v not in keep]

    def cost(v: Hashable) -> tuple[int, float]:
        around = list(links[v])
        fill = sum(b not in links[a] for i, a in enumerate(around) for b in around[i + 1 :])
        return fill, float(prod(float(sizes[u]) for u in (v, *around)))

    while left:
        v = min(left, key=cost)
        cells += cost(v)[1]
        around = links.pop(v)
        for u in around:
            links[u] |= around - {u}
            links[u].discard(v)
        left.remove(v)
        order.append(v)
    if cells > limit:
        raise CostError(
            f"the exact answer needs tables of {cells:.3g} cells, at most {limit:.3g} are allowed: draw rows with "
            "`do(scm, ...).sample(n)` and keep those that fit the evidence, ask about fewer variables, or raise `limit`"
        )
    return order


def eliminate(factors: Iterable[Factor], order: Iterable[Hashable], keep: Sequence[Hashable]) -> Values:
    """The product of the factors summed over everything in `order`; axes as in `keep`. Not normalised."""
    left = list(factors)
    for v in order:
        touching = [f for f in left if v in f.scope]
        left = [f for f in left if v not in f.scope]
        joint = _product(touching)
        axis = joint.scope.index(v)
        left.append(Factor(joint.scope[:axis] + joint.scope[axis + 1 :], joint.table.sum(axis=axis)))
    joint = _product(left)
    return np.transpose(joint.table, [joint.scope.index(v) for v in keep])


def _product(factors: Sequence[Factor]) -> Factor:
    scope = tuple(dict.fromkeys(v for f in factors for v in f.scope))
    table: Values = np.ones(())
    for f in sorted(factors, key=lambda f: f.table.size):
        table = table * _spread(f, scope)
    return Factor(scope, table)


def _spread(factor: Factor, scope: tuple[Hashable, ...]) -> Values:
    """The factor's table with an axis for every variable of `scope`, of length 1 where it does not depend on it."""
    axes = sorted(range(len(factor.scope)), key=lambda axis: scope.index(factor.scope[axis]))
    size = dict(zip(factor.scope, factor.table.shape, strict=True))
    return factor.table.transpose(axes).reshape([size.get(v, 1) for v in scope])

"""The laws that every world obeys: those of `do` and of counterfactuals, and those of rendering."""

from typing import TYPE_CHECKING

import numpy as np

from aitia.data.table import Table
from aitia.do import Intervention, Law, LawTable, check

if TYPE_CHECKING:
    from aitia.worlds.world import World

__all__ = ["check_world"]


def check_world(world: "World", n: int, seed: int) -> LawTable:
    """See `World.check`."""
    laws = check(_Tables(world), n=n, seed=seed)
    sample = world.sample(min(n, 16), seed=seed)
    first, again = world.render(sample), world.render(sample.take(slice(None)))
    back = world.render(world.counterfactual(sample))
    rendered = [
        Law("rendering is deterministic", bool(np.array_equal(first, again)), ""),
        Law("the counterfactual without intervention looks like the fact", bool(np.array_equal(first, back)), ""),
        Law("one picture for each row", len(first) == len(sample), f"{len(first)} of {len(sample)}"),
    ]
    return LawTable((*laws, *rendered))


class _Tables:
    """A world as the laws of `aitia.do` see a system: rows are tables that carry their noise."""

    def __init__(self, world: "World") -> None:
        self.world, self.graph = world, world.graph

    def do(self, intervention: Intervention, /) -> "_Tables":
        return _Tables(self.world.do(intervention))

    def sample(self, n: int, *, seed: int = 0) -> Table:
        return self.world.sample(n, seed=seed).table(noise=True)

    def counterfactual(self, rows: Table, intervention: Intervention) -> Table:
        table: Table = self.world.counterfactual(rows, intervention)
        return table

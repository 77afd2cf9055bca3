"""Rows of a world twice: before and after an intervention of which the target is known, or from two views.

Both are what learners from pairs ask for. Before and after share their noise, so they differ in the target and in what
it causes, and in nothing else; two views show the same latents.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from aitia.do import Categorical, Intervention, Uniform
from aitia.errors import OptionError
from aitia.worlds.sample import Sample, stream
from aitia.worlds.world import World

__all__ = ["PairKind", "Pairs", "draw_pairs"]

PairKind = Literal["intervention", "views"]


@dataclass(frozen=True, eq=False)
class Pairs:
    """Rows of a world twice; see the module.

    Args:
        world: Where they are from.
        first: The rows before the intervention, or as the first view shows them.
        second: After it, with the noise of `first`, or as the second view shows them: then the same as `first`.
        target: For each row, the latent that was intervened on; empty text where it was a pair of views.
        views: (n, 2), the view of each of the two; empty text where the world has one view.
    """

    world: World
    first: Sample
    second: Sample
    target: NDArray[np.str_]
    views: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.first)

    def render(self, *, size: int = 64) -> tuple[NDArray[Any], NDArray[Any]]:
        """What is seen of the two, row by row, as `World.render` gives it."""
        return self._seen(self.first, self.views[:, 0], size), self._seen(self.second, self.views[:, 1], size)

    def _seen(self, sample: Sample, views: NDArray[np.str_], size: int) -> NDArray[Any]:
        rows = [np.flatnonzero(views == view) for view in np.unique(views)]
        parts = [self.world.render(sample.take(r), size=size, view=str(views[r[0]]) or None) for r in rows]
        together = np.concatenate(parts)
        seen = np.empty_like(together)
        seen[np.concatenate(rows)] = together
        return seen


def draw_pairs(
    world: World,
    kind: PairKind,
    n: int,
    *,
    seed: int = 0,
    env: str | Sequence[str] | None = None,
    targets: Sequence[str] | None = None,
) -> Pairs:
    """See `World.pairs`."""
    if kind not in get_args(PairKind):
        raise OptionError(f"the kind of pairs is one of {', '.join(get_args(PairKind))}, got {kind!r}")
    first, rng = world.sample(n, seed=seed, env=env), stream(seed, f"pairs of {kind}")
    if kind == "views":
        if len(world.views) < 2:
            raise OptionError(f"pairs of views need a world with several views, {world.name} has one")
        if targets is not None:
            raise OptionError("pairs of views have no targets: nothing is done to them")
        number = len(world.views)
        one = rng.integers(number, size=n)
        other = (one + rng.integers(1, number, size=n)) % number
        views = np.array(world.views)[np.stack([one, other], axis=1)]
        return Pairs(world, first, first, np.full(n, ""), views)
    names = world.names if targets is None else tuple(targets)
    if not names:
        raise OptionError("pairs of interventions need at least one target")
    done = {name: world.do(_anew(world, name)) for name in names}
    target, u = np.array(names)[rng.integers(len(names), size=n)], rng.random(n)
    second = first
    for name, changed in done.items():
        if (rows := np.flatnonzero(target == name)).size:
            part = first.take(rows)
            part = replace(part, acted={**part.acted, name: u[rows]})
            second = _put(second, rows, changed.counterfactual(part))
    return Pairs(world, first, second, target, np.full((n, 2), ""))


def _anew(world: World, name: str) -> Intervention:
    """Draws a latent evenly from its range or its labels."""
    latent = world.latent(name)
    if latent.labels:
        return Intervention({name: Categorical(dict.fromkeys(latent.labels, 1 / len(latent.labels)))})
    return Intervention({name: Uniform(latent.low, latent.high)})


def _put(sample: Sample, rows: NDArray[np.int64], part: Sample) -> Sample:
    """The sample with some of its rows replaced."""

    def replaced(old: NDArray[np.float64], new: NDArray[np.float64]) -> NDArray[np.float64]:
        values = old.copy()
        values[rows] = new
        return values

    return replace(
        sample, latents={name: replaced(values, part.latents[name]) for name, values in sample.latents.items()}
    )

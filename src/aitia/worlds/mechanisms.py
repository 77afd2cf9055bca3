"""Mechanisms and noise of worlds that a user configures.

A mechanism is a function of the parents' values: linear, a random two-layer network, or a table. Its weights are given,
or drawn from a generator that the world keys by the latent's name, so that another edge elsewhere changes nothing.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from aitia.errors import OptionError, join_names
from aitia.worlds.options import frozen, one_of

__all__ = ["NOISE_LAWS", "Kind", "Mechanism", "Noise", "Parameters", "draw_noise"]

Values = NDArray[np.float64]
Kind = Literal["linear", "mlp", "table"]
Noise = Literal["gaussian", "laplace", "uniform"]
Parameters = tuple[Values, Values, Values]
"""First layer, coefficients or table; offset and last layer of an mlp, empty otherwise."""

NOISE_LAWS: Mapping[str, str] = MappingProxyType(
    {"gaussian": "standard normal", "laplace": "Laplace of variance 1", "uniform": "uniform of variance 1"}
)
"""What `draw_noise` draws, in words."""
_MOST_CELLS = 4096
_GRID = (-2.0, 2.0)
"""Between the first and the last level of a table's axis."""


@dataclass(frozen=True)
class Mechanism:
    """The function f of a latent.

    Args:
        kind: `linear`, `mlp` (tanh network of one hidden layer) or `table` (the value at the nearest levels).
        weights: Coefficients, one a parent; the first layer of an mlp, (hidden, parents); the values of a table, with
            one axis a parent, its levels evenly from -2 to 2. None draws them. Parents are in the order that the world
            states.
        hidden: Units of an mlp whose weights are drawn.
        levels: Of each axis of a table whose values are drawn.

    Raises:
        OptionError: If the kind is unknown, a number is not finite, or hidden or levels are too few.
    """

    kind: Kind = "linear"
    weights: Any = None
    hidden: int = 8
    levels: int = 4

    def __post_init__(self) -> None:
        one_of("a mechanism", self.kind, get_args(Kind))
        if self.hidden < 1 or self.levels < 2:
            raise OptionError(f"hidden is 1 or more, levels 2 or more, got {self.hidden} and {self.levels}")
        if self.weights is not None:
            try:
                given = np.asarray(self.weights, dtype=np.float64)
            except (TypeError, ValueError) as error:
                raise OptionError(f"weights are an array of numbers, got {self.weights!r}") from error
            if not np.isfinite(given).all():
                raise OptionError("weights are finite numbers")
            object.__setattr__(self, "weights", frozen(given.tolist()))

    def check(self, name: str, parents: Sequence[str]) -> None:
        """Refuses weights of another arity than the parents.

        Args:
            name: Of the latent.
            parents: What its parents are called, in their order.

        Raises:
            OptionError: If the shape does not fit, or a drawn table would be too large.
        """
        k = len(parents)
        if self.weights is None:
            if self.kind == "table" and self.levels**k > _MOST_CELLS:
                raise OptionError(
                    f"the table of {name!r} with {k} parents would have {self.levels}^{k} cells, more than "
                    f"{_MOST_CELLS}: take fewer levels or parents"
                )
            return
        shape = np.shape(self.weights)
        given = {"linear": shape[0] if len(shape) == 1 else -1, "table": len(shape)}.get(
            self.kind, shape[1] if len(shape) == 2 else -1
        )
        if given != k:
            needs = {"linear": f"shape ({k},)", "mlp": f"shape (hidden, {k})", "table": f"{k} axes"}[self.kind]
            raise OptionError(
                f"the {self.kind} mechanism of {name!r} needs weights with {needs}, one for each parent "
                f"({join_names(parents) or 'none'}); got shape {shape}"
            )

    def parameters(self, own: Sequence[bool], rng: np.random.Generator, *, anew: bool = False) -> Parameters:
        """The weights, given or drawn.

        Args:
            own: For each parent, whether it is the past of the latent itself.
            rng: Draws what is not given.
            anew: Draws the weights even where they are given.
        """
        given = None if self.weights is None or anew else np.asarray(self.weights, dtype=np.float64)
        past, none, k = np.asarray(own, dtype=bool), np.zeros(0), len(own)
        signs = rng.choice([-1.0, 1.0], k)
        if self.kind == "linear":
            # The coefficients on the own past sum to at most 0.8 in size: with an acyclic graph the process is
            # stationary.
            back = np.where(past, rng.uniform(0.5, 0.8) / max(1, past.sum()), 0.0)
            other = np.where(past, 0.0, rng.uniform(0.5, 1.0, k) / math.sqrt(max(1, (~past).sum())))
            return (back + other * signs if given is None else given), none, none
        if self.kind == "table":
            cells = (self.levels,) * k
            return (rng.uniform(-1.5, 1.5, cells) if given is None else given), none, none
        first = rng.standard_normal((self.hidden, k)) * 1.5 / math.sqrt(max(1, k)) if given is None else given
        hidden = len(first)
        return first, rng.uniform(-1.0, 1.0, hidden), rng.standard_normal(hidden) * 1.5 / math.sqrt(hidden)

    def values(self, parameters: Parameters, given: Values) -> Values:
        """f at the parents' values, (n, parents), with these parameters; (n,)."""
        first, offset, last = parameters
        if self.kind == "linear":
            return np.asarray(given @ first)
        if self.kind == "mlp":
            return np.asarray(np.tanh(given @ first.T + offset) @ last)
        low, high = _GRID
        nearest = [
            np.clip(np.rint((given[:, axis] - low) / (high - low) * (levels - 1)), 0, levels - 1).astype(np.intp)
            for axis, levels in enumerate(first.shape)
        ]
        return np.array(np.broadcast_to(first[tuple(nearest)], len(given)), dtype=np.float64)


def draw_noise(family: str, shape: int | tuple[int, ...], rng: np.random.Generator) -> Values:
    """Noise of mean 0 and variance 1: `gaussian`, `laplace` or `uniform`."""
    if family == "laplace":
        return np.asarray(rng.laplace(scale=math.sqrt(0.5), size=shape))
    if family == "uniform":
        return np.asarray(rng.uniform(-math.sqrt(3), math.sqrt(3), shape))
    return np.asarray(rng.standard_normal(shape))

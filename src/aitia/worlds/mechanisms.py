"""What worlds that a user configures are made from: mechanisms, changes between environments, edges as text.

A mechanism is a function of the parents' values: linear, a random two-layer network, or a table. Its weights are given,
or drawn from a generator that the world keys by the latent's name, so that another edge elsewhere changes nothing.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, Self, get_args

import numpy as np
from numpy.typing import NDArray

from aitia.errors import OptionError, join_names, unknown_variable
from aitia.graph.graph import Graph

__all__ = [
    "DomainShift",
    "FromMapping",
    "Kind",
    "Mechanism",
    "Noise",
    "Parameters",
    "check_shifts",
    "directed_cycle",
    "draw_noise",
    "environment_names",
    "frozen",
    "known_options",
    "make",
    "one_of",
    "shift_rows",
]

Values = NDArray[np.float64]
Kind = Literal["linear", "mlp", "table"]
Noise = Literal["gaussian", "laplace", "uniform"]
Parameters = tuple[Values, Values, Values]
"""First layer, coefficients or table; offset and last layer of an mlp, empty otherwise."""

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


@dataclass(frozen=True)
class DomainShift:
    """How the mechanism of a latent differs in an environment: mean added, noise scaled, another function drawn."""

    environment: str
    latent: str
    mean: float = 0.0
    scale: float = 1.0
    function: bool = False

    def __post_init__(self) -> None:
        if not (math.isfinite(self.mean) and math.isfinite(self.scale) and self.scale > 0):
            raise OptionError(f"a shift has a finite mean and a positive scale, got {self.mean} and {self.scale}")


def environment_names(environments: int | Sequence[str]) -> tuple[str, ...]:
    """The names e1, e2, ... of that many environments, or those given; a single unnamed one is `all`.

    Raises:
        OptionError: If there is none, or a name comes twice.
    """
    if isinstance(environments, int):
        names = ("all",) if environments == 1 else tuple(f"e{i + 1}" for i in range(environments))
    else:
        names = tuple(environments)
    if not names or len(set(names)) < len(names):
        raise OptionError(f"there is at least 1 environment and no name twice, got {environments!r}")
    return names


def check_shifts(shifts: Sequence[DomainShift], latents: Sequence[str], environments: Sequence[str], what: str) -> None:
    """Refuses shifts of latents or in environments that there are not.

    Raises:
        UnknownVariableError: If a shift names another latent.
        OptionError: If it is in the first environment, from which the others differ, or in none.
    """
    for shift in shifts:
        if shift.latent not in latents:
            raise unknown_variable(shift.latent, latents, what)
        if shift.environment not in environments[1:]:
            raise OptionError(
                f"a shift is in an environment after the first, got {shift.environment!r}: there "
                f"{'is' if len(environments) == 2 else 'are'} {join_names(environments[1:]) or 'none'}"
            )


def shift_rows(
    value: Values,
    scale: Values,
    shifts: Sequence[DomainShift],
    environments: Sequence[str],
    env: NDArray[np.int64],
    again: Callable[[str, NDArray[np.bool_]], Values],
) -> None:
    """Carries out the shifts of one latent, in place.

    Args:
        value: Of its function, (n,).
        scale: Of its noise, (n,).
        shifts: What differs, of this latent.
        environments: Names of all of them.
        env: The environment of each row.
        again: From an environment's name and some rows to the function that is drawn for it, at these rows.
    """
    for shift in shifts:
        if (here := env == environments.index(shift.environment)).any():
            if shift.function:
                value[here] = again(shift.environment, here)
            value[here] += shift.mean
            scale[here] *= shift.scale


def draw_noise(family: str, shape: int | tuple[int, ...], rng: np.random.Generator) -> Values:
    """Noise of mean 0 and variance 1: `gaussian`, `laplace` or `uniform`."""
    if family == "laplace":
        return np.asarray(rng.laplace(scale=math.sqrt(0.5), size=shape))
    if family == "uniform":
        return np.asarray(rng.uniform(-math.sqrt(3), math.sqrt(3), shape))
    return np.asarray(rng.standard_normal(shape))


def directed_cycle(names: Sequence[str], edges: set[tuple[str, str]]) -> tuple[str, ...]:
    """A directed cycle, its first node repeated; empty where there is none. A `Graph` cannot hold x -> y -> x."""
    for cause, effect in sorted(edges):
        if (effect, cause) in edges:
            return cause, effect, cause
    return Graph(sorted(edges), names).find_cycle()


# -- configurations from JSON or YAML ---------------------------------------------------------------------------------


class FromMapping:
    """A frozen dataclass with the options `mechanisms` and `shifts` that a JSON or YAML file can hold."""

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The configuration that a JSON or YAML file holds.

        A mechanism is a kind or a mapping of `Mechanism`, a shift one of `DomainShift`.

        Raises:
            OptionError: If an option is unknown.
        """
        given = known_options(cls, data)
        if "mechanisms" in given:
            if not isinstance(given["mechanisms"], Mapping):
                raise OptionError(f"mechanisms is a mapping, got {given['mechanisms']!r}")
            given["mechanisms"] = {
                str(name): make(Mechanism, {"kind": value} if isinstance(value, str) else value)
                for name, value in given["mechanisms"].items()
            }
        if given.get("shifts") is not None:
            given["shifts"] = tuple(make(DomainShift, entry) for entry in given["shifts"])
        return cls(**{name: frozen(value) for name, value in given.items()})

    def to_dict(self) -> dict[str, Any]:
        """Numbers, text, lists and mappings, from which `from_dict` makes the same configuration."""
        listed: dict[str, Any] = _thawed(asdict(self))  # type: ignore[call-overload]  # subclasses are dataclasses
        return listed


def one_of(what: str, given: object, known: tuple[str, ...]) -> None:
    """Refuses what is not known.

    Raises:
        OptionError: With the list of what is.
    """
    if given not in known:
        raise OptionError(f"{what} is one of {', '.join(known)}, got {given!r}")


def known_options(kind: type[Any], data: Any) -> dict[str, Any]:
    """The options of a dataclass, all of which it has.

    Raises:
        OptionError: If the data are no mapping, or an option is unknown.
    """
    if not isinstance(data, Mapping):
        raise OptionError(f"{kind.__name__} is a mapping, got {data!r}")
    names = [each.name for each in fields(kind)]
    if unknown := [name for name in data if name not in names]:
        raise OptionError(f"{kind.__name__} has no option {unknown[0]!r}; it has: {', '.join(names)}")
    return dict(data)


def make(kind: type[Any], data: Any) -> Any:
    """The dataclass that a mapping describes.

    Raises:
        OptionError: If an option is unknown or missing.
    """
    given = known_options(kind, data)
    try:
        return kind(**{name: frozen(value) for name, value in given.items()})
    except TypeError as error:
        raise OptionError(f"{kind.__name__} got {dict(given)}: {error}") from error


def frozen(value: Any) -> Any:
    """Lists as tuples, all the way down."""
    return tuple(frozen(item) for item in value) if isinstance(value, (list, tuple)) else value


def _thawed(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _thawed(item) for name, item in value.items()}
    return [_thawed(item) for item in value] if isinstance(value, (list, tuple)) else value

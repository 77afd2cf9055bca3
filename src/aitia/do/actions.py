"""What is done to one variable: fixed, shifted, scaled, or drawn anew."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from aitia.errors import InterventionError, join_names

__all__ = ["Action", "Categorical", "Normal", "Scale", "Shift", "Uniform", "Value", "scale", "shift"]

Values = NDArray[np.float64]


class Action:
    """What is done to one variable. A system carries it out with `apply`.

    A subclass says whether it cuts the arrows into its target (`cuts`), whether it needs chance (`random`), and whether
    it means anything for a discrete variable (`kinds`).
    """

    cuts: ClassVar[bool] = True
    random: ClassVar[bool] = False
    kinds: ClassVar[tuple[str, ...]] = ("continuous",)

    def check(self, target: object, categories: tuple[Any, ...] = ()) -> None:
        """Refuses an action that means nothing for the target.

        Args:
            target: The variable, for the message.
            categories: Its labels; empty for a continuous variable.

        Raises:
            InterventionError: If the kind does not fit, or a label is not one of the categories.
        """
        kind = "discrete" if categories else "continuous"
        if kind not in self.kinds:
            has = f"has the labels {join_names(categories)}" if categories else "is continuous"
            raise InterventionError(f"{self} cannot be done to {target!r}, which {has}")

    def apply(self, natural: Values, u: Values, categories: tuple[Any, ...] = ()) -> Values:
        """The values that the target takes, shape (n,); codes for a discrete variable.

        Args:
            natural: What the target would be if left alone, shape (n,).
            u: Uniform noise of the action, shape (n,); used by random actions only.
            categories: Labels of a discrete target, code 0 first.
        """
        raise NotImplementedError

    def undo(self, values: Values) -> Values:
        """What the target would be if left alone, from its values under this action; for actions that cut nothing."""
        raise InterventionError(f"{self} keeps nothing of what the variable would have been")

    def noise(self, values: Values, u: Values, categories: tuple[Any, ...] = ()) -> Values:
        """A uniform noise with which `apply` gives these values; `u` chooses where several do."""
        return u


def _finite(action: object, **numbers: object) -> None:
    for name, value in numbers.items():
        real = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not real or not math.isfinite(value):  # type: ignore[arg-type]
            raise InterventionError(f"{type(action).__name__}: {name} is a finite number, got {value!r}")


def _plain(value: Any) -> Any:
    """The Python number, text or tuple behind a numpy scalar or array."""
    if isinstance(value, (np.generic, np.ndarray)):
        value = value.tolist()
    return tuple(value) if isinstance(value, list) else value


class _Frozen(Action):
    """An action whose fields are made plain when it is built."""

    def __post_init__(self) -> None:
        for field in fields(self):  # type: ignore[arg-type]  # every subclass is a dataclass
            object.__setattr__(self, field.name, _plain(getattr(self, field.name)))
        self._validate()

    def _validate(self) -> None:
        _finite(self, **vars(self))


@dataclass(frozen=True)
class Value(_Frozen):
    """Holds the target at a number, a label, or (for a vector-valued variable) a tuple of numbers."""

    kinds: ClassVar[tuple[str, ...]] = ("continuous", "discrete")
    value: Any

    def _validate(self) -> None:
        parts = self.value if isinstance(self.value, tuple) else (self.value,)
        for part in parts:
            if isinstance(part, float) and not math.isfinite(part):
                raise InterventionError(f"a variable cannot be held at {part}: give a finite number or a label")
            if not isinstance(part, (int, float, str)) or (part is not self.value and isinstance(part, str)):
                raise InterventionError(f"a variable is held at a number, a label or a tuple of numbers, got {part!r}")

    def check(self, target: object, categories: tuple[Any, ...] = ()) -> None:
        """Refuses a label that the target does not have, and text for a number."""
        if categories and self.value not in categories:
            same = [f"; write it as {_text(label)}" for label in categories if str(label) == str(self.value)]
            raise InterventionError(
                f"{target!r} cannot be {self.value!r}: its labels are {join_names(categories)}{''.join(same[:1])}"
            )
        if not categories and isinstance(self.value, str):
            raise InterventionError(f"{target!r} is continuous and cannot be {self.value!r}: give a number")

    def apply(self, natural: Values, u: Values, categories: tuple[Any, ...] = ()) -> Values:
        """The value in every row."""
        return np.full(natural.shape, categories.index(self.value) if categories else self.value, dtype=np.float64)

    def __str__(self) -> str:
        return _text(self.value)


@dataclass(frozen=True)
class Shift(_Frozen):
    """Adds `by` to what the target would be; its causes go on acting."""

    cuts: ClassVar[bool] = False
    by: float

    def apply(self, natural: Values, u: Values, categories: tuple[Any, ...] = ()) -> Values:
        """natural + by."""
        return natural + self.by

    def undo(self, values: Values) -> Values:
        """values - by."""
        return values - self.by

    def __str__(self) -> str:
        return f"shift({_text(self.by)})"


@dataclass(frozen=True)
class Scale(_Frozen):
    """Multiplies what the target would be by `factor`, which is not zero; its causes go on acting."""

    cuts: ClassVar[bool] = False
    factor: float

    def _validate(self) -> None:
        super()._validate()
        if self.factor == 0:
            raise InterventionError("scale(0) cuts the variable off from its causes: hold it at 0 instead")

    def apply(self, natural: Values, u: Values, categories: tuple[Any, ...] = ()) -> Values:
        """natural * factor."""
        return natural * self.factor

    def undo(self, values: Values) -> Values:
        """values / factor."""
        return values / self.factor

    def __str__(self) -> str:
        return f"scale({_text(self.factor)})"


@dataclass(frozen=True)
class Normal(_Frozen):
    """Draws the target from a normal distribution, apart from its causes."""

    random: ClassVar[bool] = True
    mean: float
    sd: float

    def _validate(self) -> None:
        super()._validate()
        if self.sd <= 0:
            raise InterventionError(f"Normal: sd is positive, got {self.sd}")

    def apply(self, natural: Values, u: Values, categories: tuple[Any, ...] = ()) -> Values:
        """The normal quantiles of u."""
        from scipy.special import ndtri

        drawn: Values = self.mean + self.sd * ndtri(u)
        return drawn

    def noise(self, values: Values, u: Values, categories: tuple[Any, ...] = ()) -> Values:
        """The normal distribution function at the values."""
        from scipy.special import ndtr

        # Beyond 8 sd the distribution function rounds to 1, whose quantile is infinite.
        level: Values = np.clip(ndtr((values - self.mean) / self.sd), 2.0**-1022, 1 - 2.0**-53)
        return level

    def __str__(self) -> str:
        return f"Normal({_text(self.mean)}, {_text(self.sd)})"


@dataclass(frozen=True)
class Uniform(_Frozen):
    """Draws the target evenly between two numbers, apart from its causes."""

    random: ClassVar[bool] = True
    low: float
    high: float

    def _validate(self) -> None:
        super()._validate()
        if self.low >= self.high:
            raise InterventionError(f"Uniform: low is below high, got {self.low} and {self.high}")

    def apply(self, natural: Values, u: Values, categories: tuple[Any, ...] = ()) -> Values:
        """low + (high - low) u."""
        return self.low + (self.high - self.low) * u

    def noise(self, values: Values, u: Values, categories: tuple[Any, ...] = ()) -> Values:
        """Where the values lie between low and high."""
        return (values - self.low) / (self.high - self.low)

    def __str__(self) -> str:
        return f"Uniform({_text(self.low)}, {_text(self.high)})"


@dataclass(frozen=True)
class Categorical(Action):
    """Draws the label of a discrete target from these probabilities, apart from its causes.

    Args:
        probabilities: A mapping from label to probability; they sum to 1. Kept as a tuple of pairs.
    """

    random: ClassVar[bool] = True
    kinds: ClassVar[tuple[str, ...]] = ("discrete",)
    probabilities: tuple[tuple[Any, float], ...]

    def __init__(self, probabilities: Mapping[Any, float] | tuple[tuple[Any, float], ...]) -> None:
        given = probabilities.items() if isinstance(probabilities, Mapping) else probabilities
        pairs = tuple((_plain(label), _plain(p)) for label, p in given)
        for label, p in pairs:
            _finite(self, **{f"the probability of {label!r}": p})
            if p < 0:
                raise InterventionError(f"Categorical: the probability of {label!r} is negative: {p}")
        if len({label for label, _ in pairs}) < len(pairs):
            raise InterventionError("Categorical: a label is repeated")
        if abs((total := math.fsum(p for _, p in pairs)) - 1) > 1e-9:
            raise InterventionError(f"Categorical: probabilities sum to 1, these sum to {total:.6g}")
        object.__setattr__(self, "probabilities", pairs)

    def check(self, target: object, categories: tuple[Any, ...] = ()) -> None:
        """Refuses a continuous target, and labels that the target does not have."""
        super().check(target, categories)
        for label, _ in self.probabilities:
            if label not in categories:
                raise InterventionError(f"{target!r} cannot be {label!r}: its labels are {join_names(categories)}")

    def over(self, categories: tuple[Any, ...]) -> Values:
        """The probability of each category, shape (k,)."""
        given = dict(self.probabilities)
        return np.array([given.get(label, 0.0) for label in categories])

    def apply(self, natural: Values, u: Values, categories: tuple[Any, ...] = ()) -> Values:
        """The code whose stretch of [0, 1) holds u."""
        below = np.cumsum(self.over(categories))[:-1]
        return np.searchsorted(below, u, side="right").astype(np.float64)

    def noise(self, values: Values, u: Values, categories: tuple[Any, ...] = ()) -> Values:
        """A point in the stretch of [0, 1) that belongs to each code."""
        p = self.over(categories)
        code = values.astype(np.intp)
        return np.asarray((np.cumsum(p) - p)[code] + p[code] * u)

    def __str__(self) -> str:
        inside = ", ".join(f"{_text(label)}: {_text(p)}" for label, p in self.probabilities)
        return f"Categorical({{{inside}}})"


shift = Shift
scale = Scale

ACTIONS: Mapping[str, type[Action]] = {
    "shift": Shift,
    "scale": Scale,
    "normal": Normal,
    "uniform": Uniform,
    "categorical": Categorical,
}


def _text(value: Any) -> str:
    """A number, label or tuple as it stands in text."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, tuple):
        return f"[{', '.join(map(_text, value))}]"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)

"""`do`: one small algebra of interventions, and the verbs that put it to any causal system.

    Intervention      what is done, as data: it prints, hashes, serialises, composes (`a | b`, the latest wins)
    do                the system under an intervention; the old system is left as it was
    counterfactual    what given rows would have been: abduction, action, prediction
    effect            what an intervention changes in an outcome, with its interval
    check             the laws that every causal system must obey, run on yours

A system is anything with the methods of `System` and `Sampler`: an SCM, a simulator, a learned generator. Nothing here
knows more of it than that.

Source:
    Pearl, Causality, 2nd ed. (2009), sections 1.4 (do), 4.2 (stochastic and soft actions), 7.1 (counterfactuals).
"""

import json
import math
import re
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from statistics import NormalDist
from typing import Any, ClassVar, NoReturn, Protocol, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from aitia.errors import AitiaError, InterventionError, OptionError, join_names, unknown_variable
from aitia.table import Kind, Table

__all__ = [
    "Action",
    "Categorical",
    "Effect",
    "Intervention",
    "Law",
    "LawTable",
    "Normal",
    "Sampler",
    "Scale",
    "Shift",
    "System",
    "Uniform",
    "Value",
    "check",
    "counterfactual",
    "do",
    "effect",
    "scale",
    "shift",
]

Values = NDArray[np.float64]


# -- actions: what is done to one variable ----------------------------------------------------------------------------


class Action:
    """What is done to one variable. A system carries it out with `apply`.

    A subclass says whether it cuts the arrows into its target (`cuts`), whether it needs chance (`random`), and whether
    it means anything for a discrete variable (`kinds`).
    """

    cuts: ClassVar[bool] = True
    random: ClassVar[bool] = False
    kinds: ClassVar[tuple[Kind, ...]] = (Kind.CONTINUOUS,)

    def check(self, target: object, categories: tuple[Any, ...] = ()) -> None:
        """Refuses an action that means nothing for the target.

        Args:
            target: The variable, for the message.
            categories: Its labels; empty for a continuous variable.

        Raises:
            InterventionError: If the kind does not fit, or a label is not one of the categories.
        """
        kind = Kind.DISCRETE if categories else Kind.CONTINUOUS
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
        raise InterventionError(f"{self} leaves no trace of what the variable would have been")

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

    kinds: ClassVar[tuple[Kind, ...]] = (Kind.CONTINUOUS, Kind.DISCRETE)
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
            raise InterventionError(f"{target!r} cannot be {self.value!r}: its labels are {join_names(categories)}")
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
    kinds: ClassVar[tuple[Kind, ...]] = (Kind.DISCRETE,)
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

_ACTIONS: Mapping[str, type[Action]] = {
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


# -- interventions ----------------------------------------------------------------------------------------------------


class Intervention(Mapping[Any, Action]):
    """What is done to which variables: an immutable mapping from target to `Action`.

    Args:
        targets: A mapping from target to an action, number or label; another `Intervention` is taken as it is.
        named: Further targets by name.

    Raises:
        InterventionError: If a value is NaN or infinite, or neither action, number, label nor tuple of numbers.

    Example:
        >>> a = Intervention(x=1.5, price=shift(0.1), light=Normal(0, 1), style="formal")
        >>> print(a)
        do(x=1.5, price=shift(0.1), light=Normal(0, 1), style="formal")
        >>> Intervention.parse(str(a)) == a
        True
        >>> print(Intervention(x=1) | Intervention(x=2, y=0))
        do(x=2, y=0)
    """

    __slots__ = ("_actions",)
    _actions: dict[Any, Action]

    def __init__(self, targets: Mapping[Any, Any] | None = None, /, **named: Any) -> None:
        if targets is not None and not isinstance(targets, Mapping):
            raise InterventionError(f"an intervention maps variables to actions, got {targets!r}")
        given = {**(targets or {}), **named}
        self._actions = {
            target: action if isinstance(action, Action) else Value(action) for target, action in given.items()
        }

    @property
    def targets(self) -> tuple[Any, ...]:
        """What is intervened on, in the order given."""
        return tuple(self._actions)

    def __getitem__(self, target: Hashable) -> Action:
        return self._actions[target]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._actions)

    def __len__(self) -> int:
        return len(self._actions)

    def __hash__(self) -> int:
        return hash(frozenset(self._actions.items()))

    def __or__(self, later: Mapping[Any, Any]) -> "Intervention":
        """Both, where the later one wins on a shared target."""
        if not isinstance(later, Mapping):
            return NotImplemented
        return Intervention({**self._actions, **later})

    def __str__(self) -> str:
        return f"do({', '.join(f'{_name(target)}={action}' for target, action in self._actions.items())})"

    __repr__ = __str__

    def __reduce__(self) -> tuple[Any, ...]:
        return Intervention, (self._actions,)

    @classmethod
    def parse(cls, text: str) -> "Intervention":
        r"""Reads `do(x=1.5, price=shift(0.1))`, with or without the `do(...)`.

        A name or label that is no plain word stands in double quotes; a bare word as a value is a label.

        Raises:
            InterventionError: If the text is not of that form; the message shows where.

        Example:
            >>> Intervention.parse('"body mass"=1, style=formal').targets
            ('body mass', 'style')
        """
        return _Reader(text).intervention()

    def to_json(self) -> dict[str, Any]:
        """The intervention as JSON: a value stands for itself, any other action is an object with its name.

        Raises:
            InterventionError: If a target is not text or an action is not one of this module's.
        """
        return {_json_target(target): _action_to_json(action) for target, action in self._actions.items()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Intervention":
        """The intervention that `to_json` wrote.

        Raises:
            InterventionError: If the data are not of that form.
        """
        if not isinstance(data, Mapping):
            raise InterventionError(f"an intervention is a JSON object, got {data!r}")
        return cls({target: _action_from_json(target, value) for target, value in data.items()})


def _json_target(target: Any) -> str:
    if not isinstance(target, str):
        raise InterventionError(f"only variables with a name can be written as JSON, got {target!r}")
    return target


def _action_to_json(action: Action) -> Any:
    if isinstance(action, Value):
        return list(action.value) if isinstance(action.value, tuple) else action.value
    name = type(action).__name__.lower()
    if _ACTIONS.get(name) is not type(action):
        raise InterventionError(f"{action} cannot be written as JSON")
    if isinstance(action, Categorical):
        return {"action": name, "probabilities": [list(pair) for pair in action.probabilities]}
    return {"action": name, **vars(action)}


def _action_from_json(target: str, value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    fields = dict(value)
    kind = _ACTIONS.get(str(fields.pop("action", None)))
    try:
        if kind is None:
            raise TypeError
        if kind is Categorical:
            return Categorical(tuple((label, p) for label, p in fields["probabilities"]))
        return kind(**fields)
    except (TypeError, KeyError, ValueError) as error:
        if isinstance(error, InterventionError):
            raise
        raise InterventionError(f"{target!r} has an action that cannot be read: {dict(value)!r}") from None


_WORD = re.compile(r"""[^\s"',;=:(){}\[\]]+""")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![^\s,;:)}\]])")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"' + r"|'(?:[^'\\]|\\.)*'")


def _name(target: Any) -> str:
    text = str(target)
    return text if _WORD.fullmatch(text) or not isinstance(target, str) else json.dumps(text, ensure_ascii=False)


class _Reader:
    """Reads the text form of an intervention from left to right."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def intervention(self) -> Intervention:
        wrapped = self._take(re.compile(r"do\s*\(")) is not None
        actions: dict[str, Any] = {}
        while not self._at_end(wrapped):
            start = self.at
            name = self._string() or self._take(_WORD)
            if name is None:
                self._fail()
            if name in actions:
                self.at = start
                self._fail(f"{name!r} is set twice")
            self._expect("=")
            actions[name] = self._action()
            if not self._at_end(wrapped):
                self._expect(",")
        if wrapped:
            self._expect(")")
        self._skip()
        if self.at < len(self.text):
            self._fail()
        return Intervention(actions)

    def _action(self) -> Any:
        start = self.at
        call = self._take(re.compile(r"[A-Za-z]+\s*\("))
        if call is None:
            return self._tuple() if self._take(re.compile(r"\[")) else self._value()
        kind = _ACTIONS.get(call[:-1].strip().lower())
        if kind is None:
            self.at = start
            self._fail(f"{call[:-1].strip()!r} is not one of {join_names(_ACTIONS)}")
        arguments = [self._mapping()] if kind is Categorical else self._numbers(")")
        if kind is Categorical:
            self._expect(")")
        wanted = len(fields(kind))  # type: ignore[arg-type]
        if len(arguments) != wanted:
            self.at = start
            self._fail(f"{call[:-1].strip()} takes {wanted} number{'s' * (wanted > 1)}, got {len(arguments)}")
        return kind(*arguments)

    def _tuple(self) -> tuple[Any, ...]:
        return tuple(self._numbers("]"))

    def _numbers(self, close: str) -> list[Any]:
        found: list[Any] = []
        while self._take(re.compile(re.escape(close))) is None:
            if found:
                self._expect(",")
            found.append(self._number())
        return found

    def _mapping(self) -> dict[Any, float]:
        found: dict[Any, float] = {}
        self._expect("{")
        while self._take(re.compile(r"\}")) is None:
            if found:
                self._expect(",")
            label = self._value()
            self._expect(":")
            found[label] = self._number()
        return found

    def _number(self) -> Any:
        token = self._take(_NUMBER)
        if token is None:
            self._fail("a number is expected")
        return int(token) if re.fullmatch(r"[+-]?\d+", token) else float(token)

    def _value(self) -> Any:
        string = self._string()
        if string is not None:
            return string
        self._skip()
        if _NUMBER.match(self.text, self.at):
            return self._number()
        word = self._take(_WORD)
        if word is None:
            self._fail("a value is expected")
        if word.lower() in ("nan", "inf", "-inf", "+inf", "infinity"):
            return float(word)  # `Value` refuses it with the reason
        return {"True": True, "False": False}.get(word, word)

    def _string(self) -> str | None:
        token = self._take(_STRING)
        if token is None or token[0] == "'":
            return None if token is None else re.sub(r"\\(.)", r"\1", token[1:-1])
        try:
            return str(json.loads(token))
        except json.JSONDecodeError:
            return re.sub(r"\\(.)", r"\1", token[1:-1])

    def _skip(self) -> None:
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1

    def _take(self, pattern: re.Pattern[str]) -> str | None:
        self._skip()
        match = pattern.match(self.text, self.at)
        if match is None:
            return None
        self.at = match.end()
        return match[0]

    def _expect(self, symbol: str) -> None:
        if self._take(re.compile(re.escape(symbol))) is None:
            self._fail(f"{symbol!r} is expected")

    def _at_end(self, wrapped: bool) -> bool:
        self._skip()
        return self.at >= len(self.text) or (wrapped and self.text[self.at] == ")")

    def _fail(self, reason: str = "") -> NoReturn:
        near = self.text[max(0, self.at - 15) : self.at + 20]
        raise InterventionError(
            f"cannot read an intervention at character {self.at} near {near!r}"
            f"{': ' + reason if reason else ''}. Write it as 'do(x=1.5, y=shift(0.1))'"
        )


# -- systems and verbs ------------------------------------------------------------------------------------------------

System_ = TypeVar("System_", bound="System")


class System(Protocol):
    """Anything that can be intervened on."""

    def do(self, intervention: Intervention, /) -> Self:
        """A new system under the intervention; the latest one wins on a shared target."""
        ...


class Sampler(System, Protocol):
    """A system that draws rows."""

    def sample(self, n: int, *, seed: int = 0) -> Table:
        """n rows; a seed draws the same noise whatever `do` holds fixed."""
        ...


def _intervention(given: Intervention | Mapping[Any, Any] | str | None, named: Mapping[str, Any]) -> Intervention:
    base = Intervention.parse(given) if isinstance(given, str) else Intervention(given)
    return base | named


def _known(system: object, intervention: Intervention) -> None:
    """Refuses a target that is not among the variables, where the system has a graph to say so."""
    graph: Any = getattr(system, "graph", None)
    if graph is not None:
        for target in intervention.targets:
            if target not in graph.nodes:
                raise unknown_variable(target, graph.nodes, "system")


def do(
    system: System_, intervention: Intervention | Mapping[Any, Any] | str | None = None, /, **targets: Any
) -> System_:
    """The system under an intervention. The system given is left as it was; the latest `do` wins.

    Args:
        system: Anything with a method `do`.
        intervention: An `Intervention`, a mapping from variable to action, or text such as `"do(x=1)"`.
        targets: Further variables by name.

    Raises:
        UnknownVariableError: If the system has no such variable.
        InterventionError: If a value is not finite, or means nothing for its variable.
    """
    action = _intervention(intervention, targets)
    _known(system, action)
    return system.do(action)


def counterfactual(
    system: Any, rows: Any, intervention: Intervention | Mapping[Any, Any] | str | None = None, /, **targets: Any
) -> Table:
    """What these rows would have been under an intervention: their noise is kept and the system solved again.

    Args:
        system: Anything with a method `counterfactual(rows, intervention)`.
        rows: Facts, as anything that `Table.of` reads.
        intervention: An `Intervention`, a mapping from variable to action, or text such as `"do(x=1)"`.
        targets: Further variables by name.

    Raises:
        UnknownVariableError: If the system has no such variable.
        InterventionError: If the system keeps no noise, or a value means nothing for its variable.
    """
    action = _intervention(intervention, targets)
    _known(system, action)
    if not hasattr(system, "counterfactual"):
        raise InterventionError(f"{type(system).__name__} answers do, not counterfactuals: it keeps no noise of a row")
    table: Table = system.counterfactual(Table.of(rows), action)
    return table


@dataclass(frozen=True)
class Effect:
    """What an intervention does to the mean of an outcome.

    Args:
        intervention: What was done.
        against: What it is compared with; an empty intervention is the system left alone.
        outcome: The variable that was watched.
        label: The label whose probability is reported for a discrete outcome, None for a continuous one.
        estimate: Difference of the means (or probabilities) under `intervention` and under `against`.
        low: Lower end of the interval. It covers the chance of sampling from the system, not the system's own doubt.
        high: Upper end.
        confidence: Coverage of the interval.
        mean: Mean (or probability) under the intervention.
        mean_against: Mean (or probability) under what it is compared with.
        n: Rows drawn on either side, with the same noise.
    """

    intervention: Intervention
    against: Intervention
    outcome: str
    label: object | None
    estimate: float
    low: float
    high: float
    confidence: float
    mean: float
    mean_against: float
    n: int

    def __str__(self) -> str:
        what = self.outcome if self.label is None else f"P({self.outcome} = {self.label})"
        against = str(self.against) if self.against else "the system left alone"
        return (
            f"{self.intervention} changes {what} by {self.estimate:.4g} "
            f"[{self.low:.4g}, {self.high:.4g}] against {against} ({self.mean_against:.4g} -> {self.mean:.4g})"
        )


def effect(
    system: Sampler,
    a: Intervention | Mapping[Any, Any] | str,
    b: Intervention | Mapping[Any, Any] | str | None = None,
    *,
    outcome: str,
    label: object | None = None,
    n: int = 10_000,
    seed: int = 0,
    confidence: float = 0.95,
) -> Effect:
    """The effect of `a` against `b` on the mean of the outcome, from `n` rows with the same noise on both sides.

    Args:
        system: Anything with `do` and `sample`.
        a: What is done.
        b: What it is compared with; None leaves the system alone.
        outcome: The variable to watch.
        label: For a discrete outcome, the label whose probability is reported; None takes the last one.
        n: Rows drawn on either side.
        seed: Seed of the noise.
        confidence: Coverage of the interval, mean +- z sd / sqrt(n) of the paired differences.

    Raises:
        UnknownVariableError: If the system has no such variable.
        InterventionError: If the label is not one of the outcome's.
        OptionError: If `n` is below 2 or `confidence` not between 0 and 1.
    """
    if n < 2 or not 0 < confidence < 1:
        raise OptionError(f"n is at least 2 and confidence between 0 and 1, got {n} and {confidence}")
    one, other = _intervention(a, {}), _intervention(b, {})
    tables = [do(system, side).sample(n, seed=seed) for side in (one, other)]
    if tables[0].kind(outcome) is Kind.DISCRETE:
        labels = tables[0].categories(outcome)
        label = labels[-1] if label is None else label
        Value(label).check(outcome, labels)
        y, y_against = ((table.labels(outcome) == label).astype(np.float64) for table in tables)
    elif label is not None:
        raise InterventionError(f"{outcome!r} is continuous and has no label {label!r}")
    elif tables[0].column(outcome).ndim > 1:
        raise OptionError(f"{outcome!r} has several numbers a row: its effect is one number only for a single one")
    else:
        y, y_against = (table.column(outcome) for table in tables)
    difference = y - y_against
    estimate = float(difference.mean())
    half = NormalDist().inv_cdf((1 + confidence) / 2) * float(difference.std(ddof=1)) / math.sqrt(n)
    return Effect(
        intervention=one,
        against=other,
        outcome=outcome,
        label=label,
        estimate=estimate,
        low=estimate - half,
        high=estimate + half,
        confidence=confidence,
        mean=float(y.mean()),
        mean_against=float(y_against.mean()),
        n=n,
    )


# -- the laws ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Law:
    """One law, whether the system obeys it, and where it does not. `holds` is None where the law asks nothing of it."""

    name: str
    holds: bool | None
    detail: str


@dataclass(frozen=True)
class LawTable:
    """The laws and how a system fared."""

    laws: tuple[Law, ...]

    @property
    def holds(self) -> bool:
        """Whether no law is broken."""
        return all(law.holds is not False for law in self.laws)

    def __iter__(self) -> Iterator[Law]:
        return iter(self.laws)

    def __getitem__(self, name: str) -> Law:
        return next(law for law in self.laws if law.name == name)

    def __str__(self) -> str:
        width = max(len(law.name) for law in self.laws)
        verdict = {True: "holds ", False: "BROKEN", None: "-     "}
        return "\n".join(f"{law.name:<{width}}  {verdict[law.holds]}  {law.detail}".rstrip() for law in self.laws)


def check(system: Any, *, n: int = 1000, seed: int = 0, tolerance: float = 1e-6) -> LawTable:
    """Runs the laws of `do` and `counterfactual` on a system.

    Args:
        system: Anything with `do` and `sample`; laws that need `graph` or `counterfactual` run where it has them.
        n: Rows drawn.
        seed: Seed of the rows.
        tolerance: Largest difference, in standard deviations of a column, that counts as none.

    Raises:
        OptionError: If `n` is below 100: a changed distribution would go unseen.
    """
    if n < 100:
        raise OptionError(f"check needs at least 100 rows to see a changed distribution, got n={n}")
    trial = _Trial(system, n, seed, tolerance)
    return LawTable(tuple(_judge(name, law, trial) for name, law in _LAWS.items()))


class _NothingToCheckError(Exception):
    """The law asks for something that this system does not have."""


def _judge(name: str, law: Callable[["_Trial"], Iterator[str]], trial: "_Trial") -> Law:
    try:
        broken = next(law(trial), None)
    except _NothingToCheckError as reason:
        return Law(name, None, str(reason))
    except (AitiaError, NotImplementedError) as error:
        broken = f"the system raised: {error}"
    return Law(name, broken is None, broken or "")


class _Trial:
    """A system with rows of it and, for every variable tried, two interventions that differ."""

    MOST_TARGETS = 8

    def __init__(self, system: Any, n: int, seed: int, tolerance: float) -> None:
        self.system, self.n, self.seed, self.tolerance = system, n, seed, tolerance
        self.facts = self.rows(system)
        self.before = self.facts.hash()
        scalar = [name for name in self.facts.names if self.facts.column(name).ndim == 1]
        names = [name for name in scalar if self.graph is None or name in self.graph]
        step = max(1, math.ceil(len(names) / self.MOST_TARGETS))
        self.targets = names[::step]

    @cached_property
    def graph(self) -> Any:
        return getattr(self.system, "graph", None)

    def rows(self, system: Any) -> Table:
        table: Table = system.sample(self.n, seed=self.seed)
        return table

    def counterfactual(self, rows: Table, intervention: Intervention) -> Table:
        if not hasattr(self.system, "counterfactual"):
            raise _NothingToCheckError("the system answers no counterfactuals")
        return counterfactual(self.system, rows, intervention)

    def actions(self, target: str) -> tuple[Intervention, Intervention]:
        """Two values of the target that occur but seldom: where conditioning and doing differ most."""
        values = self.facts.column(target)
        if self.facts.kind(target) is Kind.CONTINUOUS:
            low, high = np.quantile(values, [0.1, 0.9])
            return Intervention({target: float(high)}), Intervention({target: float(low)})
        labels = self.facts.categories(target)
        counts = np.bincount(values.astype(int), minlength=len(labels))
        seen = [i for i in np.argsort(counts, kind="stable") if counts[i]]
        return Intervention({target: labels[seen[0]]}), Intervention({target: labels[seen[-1]]})

    def moved(self, one: Table, other: Table, names: tuple[str, ...]) -> str | None:
        """The first column that differs between the two tables."""
        for name in names:
            if name not in one or name not in other:
                return f"{name} is missing"
            if self.facts.kind(name) is Kind.DISCRETE:
                same = bool(np.array_equal(one.labels(name), other.labels(name)))
            else:
                sd = float(np.nanstd(self.facts.column(name))) or 1.0
                a, b = one.column(name), other.column(name)
                same = a.shape == b.shape and bool(np.allclose(a, b, rtol=1e-9, atol=self.tolerance * sd))
            if not same:
                return f"{name} differs"
        return None


def _same_seed(trial: _Trial) -> Iterator[str]:
    again = trial.rows(trial.system)
    if again.hash() != trial.before:
        yield f"two samples with seed {trial.seed} differ: {trial.moved(again, trial.facts, trial.facts.names)}"


def _identity(trial: _Trial) -> Iterator[str]:
    if found := trial.moved(trial.rows(do(trial.system)), trial.facts, trial.facts.names):
        yield f"under do(), {found}"


def _sets(trial: _Trial) -> Iterator[str]:
    for target in trial.targets:
        for action in trial.actions(target):
            rows = trial.rows(do(trial.system, action))
            wanted = np.full(trial.n, action[target].value, dtype=rows.labels(target).dtype)  # type: ignore[attr-defined]
            if trial.moved(rows, rows.with_columns({target: wanted}), (target,)):
                yield f"under {action}, {target} is not what was set"


def _non_descendants(trial: _Trial) -> Iterator[str]:
    if trial.graph is None:
        raise _NothingToCheckError("the system has no graph")
    for target in trial.targets:
        below = set(trial.graph.descendants(target))
        names = tuple(name for name in trial.facts.names if name in trial.graph and name not in below)
        for action in trial.actions(target):
            if found := trial.moved(trial.rows(do(trial.system, action)), trial.facts, names):
                yield f"under {action}, {found} though {target} does not cause it"


def _latest_wins(trial: _Trial) -> Iterator[str]:
    for target in trial.targets:
        first, second = trial.actions(target)
        twice, once = do(do(trial.system, first), second), do(trial.system, second)
        if found := trial.moved(trial.rows(twice), trial.rows(once), trial.facts.names):
            yield f"{second} after {first} is not {second}: {found}"


def _composes(trial: _Trial) -> Iterator[str]:
    for target, other in zip(trial.targets, trial.targets[1:] + trial.targets[:1], strict=True):
        a, b = trial.actions(target)[0], trial.actions(other)[1]
        stepwise, at_once = do(do(trial.system, a), b), do(trial.system, a | b)
        if found := trial.moved(trial.rows(stepwise), trial.rows(at_once), trial.facts.names):
            yield f"{b} after {a} is not {a | b}: {found}"


def _fact(trial: _Trial) -> Iterator[str]:
    rows = trial.counterfactual(trial.facts, Intervention())
    if found := trial.moved(rows, trial.facts, trial.facts.names):
        yield f"with nothing done, {found} from the fact"


def _keeps_noise(trial: _Trial) -> Iterator[str]:
    for target in trial.targets:
        action = trial.actions(target)[0]
        once = trial.counterfactual(trial.facts, action)
        if found := trial.moved(trial.counterfactual(once, action), once, trial.facts.names):
            yield f"{action} done twice to the same rows: {found} the second time"
        if trial.graph is not None:
            below = set(trial.graph.descendants(target))
            still = tuple(name for name in trial.facts.names if name in trial.graph and name not in below)
            if found := trial.moved(once, trial.facts, still):
                yield f"had {action} been done, {found} though {target} does not cause it"


def _not_mutated(trial: _Trial) -> Iterator[str]:
    for target in trial.targets:
        trial.rows(do(trial.system, trial.actions(target)[0]))
    if trial.rows(trial.system).hash() != trial.before:
        yield "do changed the system that it was given"
    if trial.facts.hash() != trial.before:
        yield "the system changed rows that it had given out"


def _not_conditioning(trial: _Trial) -> Iterator[str]:
    if trial.graph is None:
        raise _NothingToCheckError("the system has no graph")
    pairs = [(p, t) for t in trial.targets for p in trial.graph.parents(t) if p in trial.facts]
    pairs = [(p, t) for p, t in pairs if trial.facts.column(p).ndim == 1]
    if not pairs:
        raise _NothingToCheckError("no variable that was tried has a parent")
    # Two-sample Kolmogorov-Smirnov bound at level 0.001; with shared noise the distance is exactly 0.
    bound = math.sqrt(-math.log(0.0005) / trial.n)
    for parent, target in pairs:
        for action in trial.actions(target):
            rows = trial.rows(do(trial.system, action))
            if (distance := _cdf_distance(rows.column(parent), trial.facts.column(parent))) > bound:
                yield (
                    f"{action} moves the distribution of {parent}, a cause of {target}, by {distance:.2f}: "
                    "that is conditioning"
                )


def _cdf_distance(a: Values, b: Values) -> float:
    points = np.concatenate([a, b])
    levels = [np.searchsorted(np.sort(x), points, side="right") / len(x) for x in (a, b)]
    return float(np.abs(levels[0] - levels[1]).max())


_LAWS: Mapping[str, Callable[[_Trial], Iterator[str]]] = {
    "same seed, same rows": _same_seed,
    "do with nothing is the identity": _identity,
    "do sets what it says": _sets,
    "non-descendants stay put": _non_descendants,
    "the latest do wins": _latest_wins,
    "do(a | b) is do(b) after do(a)": _composes,
    "a counterfactual with nothing done is the fact": _fact,
    "a counterfactual keeps the noise": _keeps_noise,
    "the system is not mutated": _not_mutated,
    "do is not conditioning": _not_conditioning,
}

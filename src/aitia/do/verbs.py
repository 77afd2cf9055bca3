"""`do`, `counterfactual` and `effect`, for any system that has the methods of `Acts` and `Sampler`."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Any, Protocol, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from aitia.data.table import Table
from aitia.do.actions import Scale, Shift, Value
from aitia.do.intervention import Intervention
from aitia.errors import InterventionError, OptionError, unknown_variable

__all__ = ["Acts", "Effect", "Sampler", "check_sides", "counterfactual", "do", "effect"]

Values = NDArray[np.float64]


Acts_ = TypeVar("Acts_", bound="Acts")


class Acts(Protocol):
    """Anything that can be intervened on."""

    def do(self, intervention: Intervention, /) -> Self:
        """A new system under the intervention; the latest one wins on a shared target."""
        ...


class Sampler(Acts, Protocol):
    """A system that draws rows."""

    def sample(self, n: int, *, seed: int = 0) -> Table:
        """n rows; a seed draws the same noise whatever `do` holds fixed."""
        ...


def _intervention(given: Intervention | Mapping[Any, Any] | str | None, named: Mapping[str, Any]) -> Intervention:
    base = Intervention.parse(given) if isinstance(given, str) else Intervention(given)
    return base | named


def _known(system: object, intervention: Intervention) -> None:
    """Refuses a target that is not among the variables, where the system has a graph of them and no targets."""
    graph: Any = None if hasattr(system, "targets") else getattr(system, "graph", None)
    if graph is not None:
        for target in intervention.targets:
            if target not in graph.nodes:
                raise unknown_variable(target, graph.nodes, "system")


def check_sides(done: Intervention, against: Intervention) -> None:
    """Refuses a comparison of an intervention with itself.

    Raises:
        InterventionError: If both sides do the same to every system.
    """
    moving = [
        {target: action for target, action in side.items() if action not in (Shift(0), Scale(1))}
        for side in (done, against)
    ]
    if moving[0] == moving[1]:
        other = str(against) if against else "the system left alone"
        raise InterventionError(f"{done} does the same as what it is compared with, {other}: no effect is to be told")


def do(system: Acts_, intervention: Intervention | Mapping[Any, Any] | str | None = None, /, **targets: Any) -> Acts_:
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
    if not hasattr(system, "do"):
        raise InterventionError(
            f"{type(system).__name__} is nothing that can be intervened on: give a system, such as "
            "SCM.fit(graph, table) or aitia.load(folder)"
        )
    return system.do(action)


def counterfactual(
    system: Any, rows: Any, intervention: Intervention | Mapping[Any, Any] | str | None = None, /, **targets: Any
) -> Any:
    """What these rows would have been under an intervention: their noise is kept and the system solved again.

    Args:
        system: Anything with a method `counterfactual(rows, intervention)`.
        rows: Facts, as the system reads them: a table for an SCM, a `Sample` for a world, images for a generator.
        intervention: An `Intervention`, a mapping from variable to action, or text such as `"do(x=1)"`.
        targets: Further variables by name.

    Returns:
        Rows of the kind that was given.

    Raises:
        UnknownVariableError: If the system has no such variable.
        InterventionError: If the system keeps no noise, or a value means nothing for its variable.
    """
    action = _intervention(intervention, targets)
    _known(system, action)
    if not hasattr(system, "counterfactual"):
        raise InterventionError(f"{type(system).__name__} answers do, not counterfactuals: it keeps no noise of a row")
    return system.counterfactual(rows, action)


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
        zero: Whether it is zero by the graph of the system: no directed path. It has no interval then, NaN.
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
    zero: bool = False

    def __str__(self) -> str:
        what = self.outcome if self.label is None else f"P({self.outcome} = {self.label})"
        against = str(self.against) if self.against else "the system left alone"
        told = f"{self.intervention} changes {what} by {self.estimate:.4g}"
        if self.zero:
            return f"{told} against {against}: no directed path in its graph"
        interval = "" if math.isnan(self.low) else f" [{self.low:.4g}, {self.high:.4g}]"
        return f"{told}{interval} against {against} ({self.mean_against:.4g} -> {self.mean:.4g})"


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
        InterventionError: If the label is not one of the outcome's, or `a` and `b` do the same.
        OptionError: If `n` is below 2 or `confidence` not between 0 and 1.
    """
    if n < 2 or not 0 < confidence < 1:
        raise OptionError(f"n is at least 2 and confidence between 0 and 1, got {n} and {confidence}")
    one, other = _intervention(a, {}), _intervention(b, {})
    check_sides(one, other)
    tables = [do(system, side).sample(n, seed=seed) for side in (one, other)]
    found = contrast(one, other, tables[0], tables[1], outcome, label=label, confidence=confidence)
    if found.estimate == 0 and not _reached(system, (*one.targets, *other.targets), outcome):
        return replace(found, low=math.nan, high=math.nan, zero=True)
    return found


def _reached(system: object, targets: Sequence[Any], outcome: str) -> bool:
    """Whether a directed path leads from a target to the outcome; True of a system whose graph does not tell."""
    graph: Any = getattr(system, "graph", None)
    if graph is None or not graph.is_dag or not {*targets, outcome} <= set(graph.nodes):
        return True
    return outcome in graph.descendants(targets)


def contrast(
    a: Intervention,
    b: Intervention,
    under_a: Table,
    under_b: Table,
    outcome: str,
    *,
    label: object | None = None,
    confidence: float = 0.95,
) -> Effect:
    """The effect that two tables of the same rows tell, one under `a` and one under `b`; see `effect`."""
    tables = (under_a, under_b)
    n = under_a.n
    if n < 2 or under_b.n != n or not 0 < confidence < 1:
        raise OptionError(f"an effect needs two rows or more and confidence between 0 and 1, got {n} and {confidence}")
    if under_a.discrete(outcome):
        labels = under_a.categories(outcome)
        label = labels[-1] if label is None else label
        Value(label).check(outcome, labels)
        y, y_against = ((table.labels(outcome) == label).astype(np.float64) for table in tables)
    elif label is not None:
        raise InterventionError(f"{outcome!r} is continuous and has no label {label!r}")
    elif under_a.column(outcome).ndim > 1:
        raise OptionError(f"{outcome!r} has several numbers a row: its effect is one number only for a single one")
    else:
        y, y_against = (table.column(outcome) for table in tables)
    difference = y - y_against
    estimate = float(difference.mean())
    half = NormalDist().inv_cdf((1 + confidence) / 2) * float(difference.std(ddof=1)) / math.sqrt(n)
    return Effect(
        intervention=a,
        against=b,
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

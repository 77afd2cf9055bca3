"""The laws that every causal system obeys, and `check`, which puts them to one."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.data.table import Table
from aitia.do.intervention import Intervention
from aitia.do.verbs import counterfactual, do
from aitia.errors import AitiaError, OptionError

__all__ = ["Law", "LawTable", "check"]

Values = NDArray[np.float64]


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
        answer: Table = counterfactual(self.system, rows, intervention)
        return answer

    def actions(self, target: str) -> tuple[Intervention, Intervention]:
        """Two values of the target that occur but seldom: where conditioning and doing differ most."""
        values = self.facts.column(target)
        if self.facts.continuous(target):
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
            if self.facts.discrete(name):
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
        yield f"two draws of rows with seed {trial.seed} differ: {trial.moved(again, trial.facts, trial.facts.names)}"


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

"""A paper's claim as something that can be run, and what it is run with."""

import json
import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from aitia.card import Card
from aitia.engine import Engine, LocalEngine, Progress, Store
from aitia.errors import OptionError
from aitia.evidence.rows import Row

__all__ = ["Claim", "ClaimContext", "Control", "control_key"]

_LONG = 100
"""Numbers in a list from which on it is stored as a few sums."""


@dataclass(frozen=True)
class Control:
    """A negative control: an arm in which there is nothing to find, on one seed.

    Args:
        name: Of the control, such as `labels shuffled`.
        seed: On which it ran.
        values: What it got, by the metric of the row that it stands against.
    """

    name: str
    seed: int
    values: Mapping[str, float]


@dataclass
class ClaimContext:
    """What a claim is run with.

    Args:
        seeds: How many seeds a part takes; None leaves each part its own number.
        once: Parts of which the first seed alone runs, as in a replay of what is stored of them.
        engine: Where the seeds run.
        store: Keeps finished seeds.
        progress: Told how far it is.
        first_seed: Where the seeds begin.
        find: From a slug to the class of the system, for `rival`.
        controls: The negative controls that were run.
        absent: Names of those that could not be, as the data that they deal out anew are not here.
        first: By part and control, what the first seed gave, as JSON; long lists as a few sums.
    """

    seeds: int | None = None
    once: Collection[str] = ()
    engine: Engine = field(default_factory=LocalEngine)
    store: Store | None = None
    progress: Progress | None = None
    first_seed: int = 0
    find: Callable[[str], type] | None = None
    controls: list[Control] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)
    first: dict[str, Any] = field(default_factory=dict)

    def over_seeds(self, part: str, function: Callable[[int], Any], default: int) -> list[Any]:
        """The JSON value of `function(seed)` for `seeds` seeds, or `default` many, from `first_seed` on."""
        count = 1 if part in self.once else self.seeds or default
        seeds = range(self.first_seed, self.first_seed + count)
        found = self._map(part, function, seeds, f"part {part}")
        self.first[part] = _brief(json.loads(json.dumps(found[0])))
        return found

    def control(self, name: str, function: Callable[[int], Mapping[str, float]]) -> Mapping[str, float]:
        """Runs a negative control on the first seed; what it returns is kept beside the rows.

        Args:
            name: Of the control.
            function: From the seed to what the control gets, by the metric of the row that it stands against.
        """
        found = self._map(control_key(name), function, range(self.first_seed, self.first_seed + 1), f"control {name}")
        values = {metric: float(value) for metric, value in found[0].items()}
        if not values or not all(math.isfinite(value) for value in values.values()):
            raise OptionError(f"control {name}: a control gives one number or more, by the metric of its row")
        self.controls.append(Control(name, self.first_seed, values))
        self.first[control_key(name)] = values
        return values

    def control_absent(self, name: str) -> None:
        """Says that a negative control cannot run here, as the rows that it stands against have no data here."""
        self.absent.append(name)

    def rival(self, slug: str) -> type[Any]:
        """The class of another system. Write the slug as a literal: the hash of the evidence reads it in the source.

        Raises:
            OptionError: If the context was made without a way to find systems.
        """
        if self.find is None:
            raise OptionError(f"this context knows no systems, so there is no rival {slug}: give it `find`")
        return self.find(slug)

    def _map(self, key: str, function: Callable[[int], Any], seeds: range, what: str) -> list[Any]:
        keys = [f"{key} seed {seed}" for seed in seeds]
        return self.engine.map(function, seeds, keys=keys, store=self.store, progress=self.progress, what=what)


@dataclass(frozen=True)
class Claim:
    """A paper's claim as something that can be run.

    Args:
        card: Of the system.
        run: From a context to the rows.
        minutes: What it takes on two cores.
        swap: The arm that stands for the method replaced by its baseline, by a linear model, or with its own part off.
        cheapest: The part that costs least, for `verify --quick` of a claim that takes over two hours and for tests.
        controls: The names of the negative controls that it runs.
        uncontrolled: By the metric of a judged row that no control stands against, why none can.
    """

    card: Card
    run: Callable[[ClaimContext], list[Row]]
    minutes: float
    swap: str | None = None
    cheapest: Callable[[ClaimContext], list[Row]] | None = None
    controls: tuple[str, ...] = ()
    uncontrolled: Mapping[str, str] = field(default_factory=dict)


def control_key(name: str) -> str:
    """Under which name a control stands among what the first seed gave."""
    return f"control, {name}"


def _brief(value: Any) -> Any:
    """A JSON value in which each list of over 100 numbers is its count, mean, root mean square and ramp."""
    if isinstance(value, dict):
        return {name: _brief(part) for name, part in value.items()}
    if not isinstance(value, list):
        return value
    numbers = _numbers(value)
    if numbers is None or len(numbers) <= _LONG:
        return [_brief(part) for part in value]
    n = len(numbers)
    return {
        "numbers": n,
        "mean": math.fsum(numbers) / n,
        "root mean square": math.sqrt(math.fsum(x * x for x in numbers) / n),
        "ramp": math.fsum(k * x for k, x in enumerate(numbers)) / n**2,
    }


def _numbers(value: list[Any]) -> list[float] | None:
    """The numbers of nested lists in order; None where there is anything else."""
    found: list[float] = []
    for part in value:
        inner = _numbers(part) if isinstance(part, list) else [part] if isinstance(part, int | float) else None
        if inner is None:
            return None
        found += inner
    return found

"""What the commands ask of a method: how it reads data, is fitted, answers `do`, is scored, and which picture it has.

`aitia run`, `aitia do` and `aitia bench` know no method by name. A kind of method is a subclass of `Adapter`; a new
method of a kind that is here is one line in `aitia.workflow.registry`.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from aitia.data.clips import Clips
from aitia.data.images import ImageSet
from aitia.data.recordings import Recordings
from aitia.data.table import Table
from aitia.do import Intervention, Value
from aitia.engine import Progress
from aitia.errors import AitiaError, InterventionError, OptionError, unknown_variable
from aitia.report import Block
from aitia.workflow.observed import Observed, Rows
from aitia.workflow.options import nearest, parse_options

__all__ = [
    "Adapter",
    "Form",
    "Measure",
    "Scores",
    "Target",
    "Training",
    "check_intervention",
    "columns",
    "missing_extra",
]

Form = Literal["images", "clips", "table", "tracks", "traces"]
Scores = dict[str, float]


@dataclass(frozen=True)
class Target:
    """Something that `do` can set in a fitted model.

    Args:
        name: As it is written in `do`.
        labels: What it can be set to, where it takes labels.
        low: Least value of each of its numbers in the rows it was fitted to, where it takes numbers.
        high: The largest.
    """

    name: str
    labels: tuple[str, ...] = ()
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()

    @classmethod
    def of_values(cls, name: str, values: NDArray[np.float64]) -> "Target":
        """A target of numbers with the range of these values, (n,) or (n, numbers)."""
        flat = values.reshape(len(values), -1)
        return cls(name, (), tuple(flat.min(axis=0).tolist()), tuple(flat.max(axis=0).tolist()))

    def outside(self, value: Sequence[float]) -> str | None:
        """How far a value lies outside of the range, in a sentence; None where it lies inside."""
        low, high = (np.resize(np.array(side), len(value)) for side in (self.low, self.high))
        past = np.maximum(low - value, np.asarray(value) - high)
        k = int(past.argmax())
        if past[k] <= 0:
            return None
        span = high[k] - low[k]
        share = ""
        if span > 0:
            share = f", {past[k] / span:.0%} of its width" if past[k] < 2 * span else f", {past[k] / span:.3g} widths"
        place = f"{self.name}[{k}]" if len(value) > 1 else self.name
        return (
            f"{place}={value[k]:g} lies {past[k]:.3g} outside of the trained range {low[k]:.3g} to {high[k]:.3g}"
            f"{share}: the answer is an extrapolation"
        )


@dataclass(frozen=True)
class Measure:
    """A number that says how good a model is.

    Args:
        name: As in tables.
        better: Which way is better.
        about: What it is, in one sentence.
    """

    name: str
    better: Literal["lower", "higher"]
    about: str


@dataclass(frozen=True)
class Training:
    """How a training went, as JSON keeps it.

    Args:
        losses: For each phase its name, and the mean of each part of the loss since the point before.
        notes: What was chosen, in sentences.
        warnings: What to keep in mind, in sentences.
    """

    losses: tuple[tuple[str, tuple[Mapping[str, float], ...]], ...] = ()
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = field(default=())


class Adapter(ABC):
    """A method as the commands see it.

    Args:
        slug: The name that people type.
        cls: The class: `cls(config).fit(...)`, `save_pretrained`, `from_pretrained`.
        config: The frozen dataclass of its options.
    """

    forms: tuple[Form, ...]
    """What it can be fitted to."""
    measures: ClassVar[tuple[Measure, ...]]
    """What it is scored by, the most important first."""
    heading: ClassVar[str] = "What if"
    """Above its pictures in the report."""

    def __init__(self, slug: str, cls: Any, config: type) -> None:
        self.slug, self.cls, self.config_class = slug, cls, config

    # -- fitting -------------------------------------------------------------------------------------------------------

    def configure(self, options: Mapping[str, Any], seed: int) -> Any:
        """The configuration with these options.

        Raises:
            OptionError: If an option is unknown or out of range.
        """
        values = parse_options(self.config_class, options, of=self.slug)
        return self.config_class(**{"seed": seed, **values})

    def window(self, config: Any) -> tuple[int, int]:
        """Frames of the past and of the future in a scene, for a method of tracks."""
        return 8, 12

    def check(self, data: Observed, config: Any) -> None:
        """Refuses rows that this method can do nothing with, before any work starts; says what is missing."""
        self.form(data)

    @abstractmethod
    def work(self, data: Observed, config: Any) -> str:
        """What will be done, in one sentence: number of steps, rows a step."""

    @abstractmethod
    def fit(self, data: Observed, config: Any, *, checkpoint: Path | None, progress: Progress | None) -> Any:
        """The fitted model."""

    @abstractmethod
    def training(self, model: Any) -> Training:
        """How the training of a model that was just fitted went."""

    def load(self, folder: Path) -> Any:
        """The model that was saved there."""
        return self.cls.from_pretrained(folder)

    # -- asking --------------------------------------------------------------------------------------------------------

    @abstractmethod
    def targets(self, model: Any, data: Observed) -> tuple[Target, ...]:
        """What `do` can set, with the range that it had in the rows of the fit."""

    @abstractmethod
    def counterfactual(self, model: Any, data: Observed, do: Intervention) -> Rows:
        """What the rows would have been."""

    @abstractmethod
    def truth(self, data: Observed, do: Intervention) -> Rows | None:
        """What a world says that they would have been; None where none does, or the question is not one of a world."""

    @abstractmethod
    def latents(self, model: Any, data: Observed, do: Intervention) -> Table | None:
        """The latents of each row under an intervention; None where the model has no such thing."""

    # -- judging -------------------------------------------------------------------------------------------------------

    @abstractmethod
    def score(self, model: Any, data: Observed, fresh: Observed) -> Scores:
        """Numbers by the name of their measure.

        Args:
            model: The fitted model.
            data: What it was fitted to.
            fresh: Rows that it has not seen.
        """

    @abstractmethod
    def baselines(self, config: Any, data: Observed, fresh: Observed) -> dict[str, Scores]:
        """The same for what needs no model."""

    @abstractmethod
    def pictures(self, model: Any, fresh: Observed) -> Sequence[Block]:
        """What the report shows first."""

    # -- shared --------------------------------------------------------------------------------------------------------

    def form(self, data: Observed) -> Form:
        """Images, clips, table, tracks or traces.

        Raises:
            OptionError: If the method takes none of that form.
        """
        kinds: tuple[tuple[type, Form], ...] = (
            (ImageSet, "images"),
            (Clips, "clips"),
            (Table, "table"),
            (Recordings, "traces"),
        )
        found: Form = next((form for kind, form in kinds if isinstance(data.rows, kind)), "tracks")
        if found not in self.forms:
            raise OptionError(f"{self.slug} takes {' or '.join(self.forms)}; {data.name} is {found}")
        return found


def check_intervention(targets: Sequence[Target], do: Intervention) -> list[str]:
    """Refuses an intervention that the model has no answer to; warns of one outside of what it was trained on.

    Returns:
        A sentence for each target whose value lies outside the trained range.

    Raises:
        UnknownVariableError: If a target is not one of the model's; names the nearest.
        InterventionError: If a label is unknown, or an action is none that the target takes.
    """
    known = {target.name: target for target in targets}
    warnings = []
    for name, action in do.items():
        if name not in known:
            raise unknown_variable(name, known, "model")
        target = known[name]
        value: Any = action.value if isinstance(action, Value) else None
        if target.labels:
            if not isinstance(action, Value) or str(value) not in target.labels:
                shown = str(value) if isinstance(action, Value) else str(action)
                raise InterventionError(
                    f"{name!r} is set to one of {', '.join(target.labels)}, got {shown!r}."
                    f"{nearest(shown, target.labels)}"
                )
        elif isinstance(value, str):
            raise InterventionError(f"{name!r} is set to a number, got {action}")
        elif (
            value is not None
            and target.low
            and (told := target.outside(value if isinstance(value, tuple) else (float(value),)))
        ):
            warnings.append(told)
    return warnings


def missing_extra(slug: str, error: ImportError) -> AitiaError:
    """The sentence for a package that a method needs and that is not installed."""
    from aitia.errors import MissingExtraError

    return MissingExtraError(f"{slug} needs {error.name}, which is not installed: pip install 'aitia[nets]'")


def columns(prefix: str, values: NDArray[np.float64]) -> Table:
    """An array (n, k) as a table with columns prefix1, prefix2, ..."""
    names = {f"{prefix}{k + 1}": values[:, k] for k in range(values.shape[1])}
    return Table.of(names, kinds=dict.fromkeys(names, "number"))

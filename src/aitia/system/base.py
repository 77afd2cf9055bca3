"""The contract of a system, and what a system may be beside: of as many of the capabilities as it is.

The verbs of the command line, the laws that are tested, and the tables of the docs follow from these classes.
"""

import copy
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from aitia.card import Card
from aitia.data.base import Data
from aitia.data.table import Table
from aitia.do import Intervention
from aitia.errors import InterventionError, OptionError
from aitia.graph.graph import Graph
from aitia.report import Block
from aitia.runs import QUIET, RunStore
from aitia.saving import Saved
from aitia.system.given import SUBJECTS, Given, read_rows
from aitia.system.targets import Targets
from aitia.system.training import Scores, Training

__all__ = [
    "CAPABILITIES",
    "Counterfactuals",
    "Discovers",
    "Edits",
    "Encodes",
    "Explains",
    "Noise",
    "Predicts",
    "System",
    "verbs_of",
]

Asked = Intervention | Mapping[Any, Any] | str | None


class System(Saved, ABC):
    """What every published system is here.

    A subclass gives `card`, `Config` (a frozen dataclass of its options) and `_fit`, and inherits how it is saved from
    `aitia.saving.SavedArrays` (numpy) or `aitia.nn.pretrained.Pretrained` (torch).

    Args:
        config: The options.
        options: Options by name, in place of those of `config`.

    Raises:
        OptionError: If an option is unknown or out of range.
    """

    card: ClassVar[Card]
    Config: ClassVar[type]
    held: Intervention = Intervention()
    """What `do` holds."""
    roles: Mapping[str, Any] = {}
    """The columns of the roles, as in the fit."""
    subjects: Mapping[str, Any] = {}
    """What was studied or used, as in the fit."""

    def __init__(self, config: Any = None, /, **options: Any) -> None:
        self.config = config if config is not None else self.Config()
        self.set_params(**options)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The options by name, as scikit-learn asks for them."""
        return {f.name: getattr(self.config, f.name) for f in fields(self.config)}

    def set_params(self, **options: Any) -> Self:
        """Sets options by name, as scikit-learn does.

        Raises:
            OptionError: If an option is unknown or out of range.
        """
        try:
            self.config = replace(self.config, **options)
        except TypeError as error:
            raise OptionError(f"{type(self).__name__}: {error}") from error
        return self

    # -- fitting -------------------------------------------------------------------------------------------------------

    @classmethod
    def reads(cls, config: Any) -> dict[str, Any]:
        """Options of the reader that follow from a config, such as `window` of tracks."""
        return {}

    def fit(self, *data: Any, run: RunStore = QUIET, **roles: Any) -> Self:
        """Fits the system; with subjects alone it binds them.

        Args:
            data: A path, frame, mapping, array, `Data` or `Given`, and the labels where the card has one such role.
            run: Where the state of the training is kept, and whom it tells how far it is.
            roles: The roles and subjects of the card.

        Raises:
            OptionError: If a role, subject or option is missing, unknown or contradicts another.
            DataError: If the rows cannot be used as they stand.
        """
        given = Given.of(self.card, *self._opened(data, roles), **roles)
        self.check_given(given)
        self.roles, self.subjects = dict(given.roles), dict(given.subjects)
        self._fit(given, run)
        return self

    def _opened(self, data: tuple[Any, ...], roles: Mapping[str, Any]) -> tuple[Any, ...]:
        """The same with the rows of a path read as this system reads them."""
        if data and isinstance(data[0], (str, Path)):
            return (read_rows(self.card, data[0], roles, self.reads(self.config)), *data[1:])
        return data

    def check_given(self, given: Given) -> None:  # most systems have nothing to add to their card
        """Refuses rows that this system can do nothing with, before any work starts; says what is missing."""

    def work(self, given: Given) -> str:
        """What a fit to these rows will do, in one sentence: steps, rows a step."""
        return f"{len(given)} rows"

    @abstractmethod
    def _fit(self, given: Given, run: RunStore) -> None:
        """Fits to what is given."""

    @property
    def training(self) -> Training:
        """How the training of a system that was just fitted went."""
        return Training()

    def given(self, *data: Any, **roles: Any) -> Given:
        """What this fitted system is given: columns have the roles that they had in the fit, unless told otherwise."""
        if len(data) == 1 and isinstance(data[0], Given) and not roles:
            return data[0]
        kept = {name: columns for name, columns in self.roles.items() if name not in roles}
        bare = Given.of(_lenient(self.card), *self._opened(data, {**kept, **roles}), **roles)
        known = bare.table if bare.rows is not None else None
        still = {
            name: columns
            for name, columns in kept.items()
            if known is not None and all(c in known for c in ((columns,) if isinstance(columns, str) else columns))
        }
        return replace(bare, roles={**still, **bare.roles}, subjects={**self.subjects, **bare.subjects})

    def bind(self, **subjects: Any) -> Self:
        """A copy with these subjects, such as the network that a saved system was fitted on.

        Raises:
            OptionError: If the card has no such subject.
            RunError: If a subject has another hash than that of the fit.
        """
        bound = Given.of(_lenient(self.card), None, **subjects).subjects
        for name, subject in bound.items():
            if (known := self.subjects.get(name)) is not None:
                subject.check(known.to_json())
        other = copy.copy(self)
        other.subjects = {**self.subjects, **bound}
        return other

    # -- doing ---------------------------------------------------------------------------------------------------------

    @property
    def targets(self) -> Targets:
        """What `do` may set; empty where it may set nothing."""
        return Targets()

    def do(self, intervention: Asked = None, /, **named: Any) -> Self:
        """A copy that holds the intervention; the latest wins on a shared target. The system itself stays as it was.

        Raises:
            UnknownVariableError: If a target is not one of the system's; names the nearest.
            InterventionError: If a target takes no such value.
        """
        base = Intervention.parse(intervention) if isinstance(intervention, str) else Intervention(intervention)
        action = base | named
        if action and not self.targets:
            raise InterventionError(f"{self.card.slug} answers no do: {self.card.do}")
        self.targets.check(action)
        other = copy.copy(self)
        other.held = self.held | action
        return other

    def outside(self) -> tuple[str, ...]:
        """A sentence for each value that is held outside of the range that the training saw."""
        return self.targets.check(self.held)

    # -- judging -------------------------------------------------------------------------------------------------------

    def judge(self, fresh: Given, seen: Given) -> Scores:
        """How good the fit is, beside its trivial baselines.

        Args:
            fresh: Rows that the fit has not seen.
            seen: What it was fitted to.
        """
        return {}

    def truth(self, given: Given, intervention: Intervention) -> Data | None:
        """What a world says that the rows would have been; None where none does, or the question is not one of it."""
        return given.truth(intervention)

    def report(self, given: Given) -> Sequence[Block]:
        """What the report shows, of these rows."""
        return ()

    # -- keeping -------------------------------------------------------------------------------------------------------

    def _record(self) -> dict[str, Any]:
        """What `config.json` says beside the options; see `aitia.saving`."""
        return {
            "slug": self.card.slug,
            "held": self.held.to_json(),
            "roles": dict(self.roles),
            "subjects": {name: subject.to_json() for name, subject in self.subjects.items()},
        }

    def _recall(self, record: Mapping[str, Any]) -> None:
        """Takes up what `_record` said."""
        self.held = Intervention.from_json(record.get("held", {}))
        self.roles = {
            name: columns if isinstance(columns, str) else tuple(columns)
            for name, columns in record.get("roles", {}).items()
        }
        self.subjects = {
            name: SUBJECTS[self.card.subjects[name].kind].from_json(known)
            for name, known in record.get("subjects", {}).items()
        }


@dataclass(frozen=True)
class Noise:
    """What is kept of rows: as long as they are, and nobody's business but the system's that abducted it.

    Args:
        parts: Arrays with one entry a row and draw.
        given: The rows that it is of.
        draws: Of each row, one after the other.
    """

    parts: Mapping[str, Any]
    given: Given
    draws: int = 1

    def __len__(self) -> int:
        return len(self.given) * self.draws


class Predicts(System):
    """Fills the holes of rows, under what is held."""

    def predict(self, *data: Any, draws: int = 1, seed: int = 0, **roles: Any) -> Data:
        """The rows with their holes filled, `draws` times each in order; a table says `row` and `draw` if draws > 1.

        Args:
            data: Rows with holes: empty cells of the columns that the card says are filled, or no such column.
            draws: Answers a row.
            seed: Of the draws.
            roles: As in `fit`, where the columns have other names here.
        """
        if draws < 1:
            raise OptionError(f"draws is 1 or more, got {draws}")
        given = self.given(*data, **roles)
        filled = self._predict(given, draws, seed)
        if draws == 1:
            return filled
        n = len(filled) // draws
        place = {"row": np.repeat(np.arange(n, dtype=float), draws), "draw": np.tile(np.arange(draws, dtype=float), n)}
        return filled.with_known(place, dict.fromkeys(place, "number"))

    def sample(self, n: int, *, seed: int = 0) -> Data:
        """n new rows, under what is held: empty rows, filled."""
        if n < 1:
            raise OptionError(f"n is 1 or more, got {n}")
        return self._predict(replace(Given(None), rows=self._empty(n)), 1, seed)

    def _empty(self, n: int) -> Data:
        """n rows of which nothing is known."""
        raise OptionError(f"{self.card.slug} fills rows that are given, and draws none of its own")

    @abstractmethod
    def _predict(self, given: Given, draws: int, seed: int) -> Data:
        """Every row `draws` times, one after the other, filled."""


class Counterfactuals(System):
    """Keeps what is a row's own, and solves again under what is held."""

    bound: Mapping[str, float] = {}
    """For each column the largest |solve(abduct(row)) - row| on fresh rows, in standard deviations; empty if exact."""

    def abduct(self, *data: Any, draws: int = 1, seed: int = 0, **roles: Any) -> Noise:
        """The noise of each row; each of several draws gives the fact back."""
        if draws < 1:
            raise OptionError(f"draws is 1 or more, got {draws}")
        given = self.given(*data, **roles)
        return Noise(self._abduct(given, draws, seed), given, draws)

    def solve(self, noise: Noise) -> Data:
        """The rows that have this noise, under what is held."""
        return self._solve(noise)

    def counterfactual(
        self, rows: Any, intervention: Asked = None, /, *, draws: int = 1, seed: int = 0, **roles: Any
    ) -> Data:
        """What the rows would have been: `do(intervention).solve(abduct(rows))`."""
        return self.do(intervention).solve(self.abduct(rows, draws=draws, seed=seed, **roles))

    @abstractmethod
    def _abduct(self, given: Given, draws: int, seed: int) -> dict[str, Any]:
        """Parts of the noise."""

    @abstractmethod
    def _solve(self, noise: Noise) -> Data:
        """The rows."""


class Edits(System):
    """Makes anew what the intervention touches; what was not masked keeps its bytes."""

    def edit(self, *data: Any, **roles: Any) -> Data:
        """The rows, edited by what is held."""
        return self._edit(self.given(*data, **roles))

    @abstractmethod
    def _edit(self, given: Given) -> Data:
        """The rows, edited."""


class Encodes(System):
    """Gives each row a code."""

    def encode(self, *data: Any, **roles: Any) -> Table:
        """A table of numbers, one line a row."""
        return self._encode(self.given(*data, **roles))

    @abstractmethod
    def _encode(self, given: Given) -> Table:
        """The codes."""


class Explains(System):
    """Tells what moves an outcome."""

    def effects(self, *data: Any, target: str | None = None, outcome: str | None = None, **roles: Any) -> Table:
        """A table of effects: columns `target`, `outcome`, `effect`, `low`, `high`, `control`.

        Args:
            data: The rows.
            target: One target; None tells all.
            outcome: One outcome; None tells all.
            roles: As in `fit`.
        """
        if target is not None and self.targets:
            self.targets.find(target)
        return self._effects(self.given(*data, **roles), target, outcome)

    @abstractmethod
    def _effects(self, given: Given, target: str | None, outcome: str | None) -> Table:
        """The table."""


class Discovers(System):
    """Finds graphs."""

    @abstractmethod
    def graphs(self, rows: Any = None) -> dict[str, Graph]:
        """The graph of each group, clip or text; of one key where there is one."""

    @property
    def graph(self) -> Graph:
        """The graph, where there is one.

        Raises:
            OptionError: If there are several.
        """
        found = self.graphs()
        if len(found) != 1:
            raise OptionError(f"{self.card.slug} has a graph for each of {', '.join(found)}: take one of graphs()")
        return next(iter(found.values()))


CAPABILITIES: Mapping[str, Any] = {
    "predict": Predicts,
    "counterfactual": Counterfactuals,
    "edit": Edits,
    "encode": Encodes,
    "effects": Explains,
    "graphs": Discovers,
}
"""The class behind each verb; `adapt` and `export` are methods of those that have them."""


def verbs_of(cls: type[System]) -> tuple[str, ...]:
    """What a class answers beside `do`, in the order of the card's verbs."""
    found = [verb for verb, capability in CAPABILITIES.items() if issubclass(cls, capability)]
    return (*found, *(name for name in ("adapt", "export") if callable(getattr(cls, name, None))))


def config_json(config: Any) -> dict[str, Any]:
    """The options of a config as JSON values."""
    return asdict(config)


def _lenient(card: Card) -> Card:
    """The same card with no role needed: asked rows may lack what the fit had."""
    takes = {name: replace(role, needed=False) for name, role in card.takes.items()}
    return replace(card, takes=takes)

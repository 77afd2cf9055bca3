"""The contract of a system: how it is fitted, what `do` may set in it, how it is judged, and how it is kept."""

import copy
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, ClassVar, Self

from aitia.card import Card
from aitia.data.base import Data
from aitia.do import Intervention
from aitia.errors import InterventionError, OptionError, join_names
from aitia.report import Block
from aitia.runs import QUIET, RunStore
from aitia.saving import Saved
from aitia.system.given import SUBJECTS, Given
from aitia.system.placing import read_rows
from aitia.system.targets import Targets
from aitia.system.training import Scores, Training

__all__ = ["Asked", "System"]

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
    config: Any
    held: Intervention = Intervention()
    """What `do` holds."""
    roles: Mapping[str, Any] = {}
    """The columns of the roles, as in the fit."""
    subjects: Mapping[str, Any] = {}
    """What was studied or used, as in the fit."""

    def __init__(self, config: Any = None, /, **options: Any) -> None:
        if config is not None and type(config) is not self.Config:
            raise OptionError(f"{type(self).__name__} takes a {self.Config.__name__}, got a {type(config).__name__}")
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
        known = [f.name for f in fields(self.config) if f.init]
        for name in options:
            if name not in known:
                close = get_close_matches(name, known, n=1)
                hint = f" Did you mean {close[0]!r}?" if close else ""
                raise OptionError(f"{self.card.slug} has no option {name!r}.{hint} It has: {join_names(known, 60)}")
        self.config = replace(self.config, **options)
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
        found = Given.asked(_lenient(self.card), kept, *self._opened(data, {**kept, **roles}), **roles)
        return replace(found, subjects={**self.subjects, **found.subjects})

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


def _lenient(card: Card) -> Card:
    """The same card with no role needed: asked rows may lack what the fit had."""
    takes = {name: replace(role, needed=False) for name, role in card.takes.items()}
    return replace(card, takes=takes)

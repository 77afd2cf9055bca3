"""What the laws are put to: a fitted system with rows, and two interventions that differ."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Self

import numpy as np

from aitia.do import Intervention
from aitia.errors import OptionError
from aitia.runs import content_hash
from aitia.system.base import System
from aitia.system.capabilities import Counterfactuals, Discovers, Edits, Encodes, Explains, Predicts
from aitia.system.given import Given
from aitia.system.targets import Target

__all__ = ["CLOSE", "NothingToCheckError", "Trial", "first_difference", "misspelt"]

CLOSE = 1e-6
"""Largest difference, in standard deviations of a column, that counts as none."""
MOST = 32
"""Rows that are asked about."""


class NothingToCheckError(Exception):
    """The law asks for something that this system does not have."""


@dataclass(frozen=True, eq=False)
class Trial:
    """A fitted system and questions about it; fields as in `aitia.system.Example`.

    Args:
        system: It.
        given: Rows like those of the fit.
        do: An intervention; empty where there is none.
        other: Another.
        rows: Rows with holes; None takes `given`.
        outcome: The column that is answered; None takes the first that is filled.
        mask: Columns that an edit may change, and where.
        confounded: An intervention on a target that shares a cause with the outcome.
        exogenous: An intervention on a target that nothing causes.
        why_not: Why neither is named.
        seed: Of the draws.
    """

    system: System
    given: Given
    do: Intervention = field(default_factory=Intervention)
    other: Intervention = field(default_factory=Intervention)
    rows: Given | None = None
    outcome: str | None = None
    mask: Mapping[str, Any] = field(default_factory=dict)
    confounded: Intervention | None = None
    exogenous: Intervention | None = None
    why_not: str = ""
    seed: int = 0
    _told: dict[Intervention, dict[str, str]] = field(default_factory=dict, init=False, repr=False)

    @classmethod
    def of(cls, system: System, given: Any = None, **asked: Any) -> Self:
        """The trial of a system on these rows, with its interventions as text or otherwise."""
        rows = asked.pop("rows", None)
        for name in ("do", "other", "confounded", "exogenous"):
            if name in asked:
                asked[name] = _action(asked[name])
                system.do(asked[name])  # refuses what is no question about this system
        asked = {name: value for name, value in asked.items() if value is not None}
        try:
            trial = cls(
                system, _few(system.given(given)), rows=None if rows is None else _few(system.given(rows)), **asked
            )
        except TypeError as error:
            raise OptionError(f"check: {error}") from error
        if not trial.do and system.targets.names:
            one, two = _two(system.targets.find(system.targets.names[0]))
            trial = replace(trial, do=one, other=two)
        return trial

    @property
    def pair(self) -> tuple[Intervention, Intervention]:
        """The two interventions."""
        if not self.system.targets:
            raise NothingToCheckError(f"do sets nothing: {self.system.card.do}")
        if not self.do or not self.other:
            raise NothingToCheckError("no two interventions are named: say do and other")
        return self.do, self.other

    @property
    def target(self) -> Target:
        """The first target of the first intervention."""
        return self.system.targets.find(str(self.pair[0].targets[0]))

    @property
    def holes(self) -> Given:
        """Rows to predict."""
        return self.given if self.rows is None else self.rows

    @property
    def answered(self) -> str:
        """The column that is answered."""
        filled = [self.given.column(role) or role for role in self.system.card.fills]
        name = self.outcome or (filled[0] if filled else None)
        if name is None:
            raise NothingToCheckError("no outcome is named")
        return name

    def needs(self, capability: Any) -> Any:
        """The system, where it has the capability."""
        if not isinstance(self.system, capability):
            raise NothingToCheckError(f"it is none that {capability.__name__.lower()}")
        return self.system

    def rows_of(self, given: Given) -> tuple[Given, ...]:
        """Rows as an argument; none where there are none."""
        return (given,) if given.rows is not None else ()

    @cached_property
    def before(self) -> dict[str, str]:
        """What the system answers before anything was done to it."""
        return self.answers(self.system)

    def under(self, do: Intervention) -> dict[str, str]:
        """What it answers under an intervention; asked once."""
        if do not in self._told:
            self._told[do] = self.answers(self.system.do(do))
        return self._told[do]

    def answers(self, system: Any) -> dict[str, str]:
        """The hash of what a system answers, by verb."""
        found: dict[str, str] = {}
        rows, holes = self.rows_of(self.given), self.rows_of(self.holes)
        if isinstance(system, Counterfactuals):
            found["solve"] = system.solve(system.abduct(*rows, seed=self.seed)).hash()
        if isinstance(system, Edits):
            found["edit"] = system.edit(*rows).hash()
        if isinstance(system, Predicts):
            found["predict"] = system.predict(*holes, seed=self.seed).hash()
        if isinstance(system, Encodes):
            found["encode"] = system.encode(*rows).hash()
        if isinstance(system, Explains):
            found["effects"] = system.effects(*rows).hash()
        if isinstance(system, Discovers):
            found["graphs"] = content_hash({key: str(graph) for key, graph in system.graphs().items()})
        return found


def first_difference(one: Mapping[str, str], other: Mapping[str, str]) -> str | None:
    """The first verb with two answers."""
    return next((verb for verb, told in one.items() if other.get(verb) != told), None)


def misspelt(name: str) -> str:
    """A name that nothing has, nearest to this one."""
    return f"{name}q"


def _action(given: Any) -> Intervention | None:
    if given is None:
        return None
    return Intervention.parse(given) if isinstance(given, str) else Intervention(given)


def _few(given: Given) -> Given:
    return given if len(given) <= MOST else given.take(np.arange(MOST))


def _two(target: Target) -> tuple[Intervention, Intervention]:
    """Two interventions on one target; none where it takes one value only, or says nothing of what it takes."""
    if len(target.labels) > 1:
        return Intervention({target.name: target.labels[0]}), Intervention({target.name: target.labels[-1]})
    if not target.low:
        return Intervention(), Intervention()
    sides = []
    for share in (0.25, 0.75):
        place = tuple(low + share * (high - low) for low, high in zip(target.low, target.high, strict=True))
        sides.append(Intervention({target.name: place[0] if len(place) == 1 else place}))
    return sides[0], sides[1]

"""What a system may be beside: of as many of these as it is.

The verbs of the command line, the laws that are tested, and the tables of the docs follow from these classes.
"""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from aitia.data.base import Data
from aitia.data.table import Table
from aitia.errors import OptionError
from aitia.graph.graph import Graph
from aitia.system.base import Asked, System
from aitia.system.given import Given

__all__ = [
    "CAPABILITIES",
    "Counterfactuals",
    "Discovers",
    "Edits",
    "Encodes",
    "Explains",
    "Noise",
    "Predicts",
    "verbs_of",
]


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
        return filled if draws == 1 else filled.with_draws(draws)

    def sample(self, n: int, *, seed: int = 0) -> Data:
        """n new rows, under what is held: empty rows, filled."""
        if n < 1:
            raise OptionError(f"n is 1 or more, got {n}")
        return self._predict(replace(Given(None), rows=self._empty(n), roles=self.roles), 1, seed)

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

"""The base of all rows: how a kind of data is taken from, split, hashed, written and drawn."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aitia.errors import DataError, OptionError

if TYPE_CHECKING:
    from aitia.data.table import Table
    from aitia.report import Block

__all__ = ["Data", "Form"]

Form = Literal["table", "clips", "tracks", "recordings"]


class Data(ABC):
    """Rows of one kind."""

    __slots__ = ()
    form: ClassVar[Form]

    @abstractmethod
    def __len__(self) -> int:
        """How many rows there are."""

    @abstractmethod
    def take(self, rows: ArrayLike | slice) -> Self:
        """Some of the rows, in the order given, by position or boolean mask."""

    @property
    @abstractmethod
    def known(self) -> "Table":
        """What is known beside the rows, one row each; a table gives itself."""

    @abstractmethod
    def with_known(self, columns: Mapping[str, Any], kinds: Mapping[str, str] | None = None) -> Self:
        """The same rows with these columns of what is known added or replaced; a table takes them as its own.

        Args:
            columns: Values, one a row.
            kinds: Of the columns, where they are not as they look.

        Raises:
            DataError: If the rows can hold no such column.
        """

    def with_filled(self, filled: "Table", columns: Sequence[str]) -> Self:
        """The same rows with these columns of what is known as in another table, which has the same labels."""
        cells = {name: filled.labels(name) for name in columns}
        return self.with_known(cells, {name: str(filled.kind(name)) for name in columns})

    def with_draws(self, draws: int) -> Self:
        """Rows that stand `draws` times one after the other, with columns `row` and `draw` where there is a place."""
        return self

    @abstractmethod
    def hash(self) -> str:
        """SHA-256 of the rows: equal rows have equal hashes on every machine."""

    @abstractmethod
    def write(self, folder: Path, stem: str, rows: Sequence[int]) -> list[Path]:
        """Writes these rows in files that people open, each whole or not at all.

        Args:
            folder: Where; it is made.
            stem: What their names begin with.
            rows: The number of each row in what it was taken from, for names; as many as there are rows.

        Raises:
            FormatError: If a file cannot be written.
        """

    @classmethod
    @abstractmethod
    def draw(cls, shown: Mapping[str, Self], names: Sequence[str], about: str = "") -> "Sequence[Block]":
        """Several data of the same rows beside each other, as parts of a report.

        Args:
            shown: Data by heading, such as `fact`, `do(light=1)` and `truth`; all as long as `names`.
            names: Of the rows.
            about: What is seen, in a sentence.
        """

    def unlabelled(self, names: Sequence[str]) -> Self:
        """The same rows, where what is known says nothing of these columns."""
        return self

    @property
    def sequences(self) -> "NDArray[Any] | None":
        """(n, frames, ...) what is seen of each row frame after frame; None where a row is seen at once."""
        return None

    def with_sequences(self, values: "NDArray[Any]") -> Self:
        """The same rows, of which this is seen frame after frame.

        Raises:
            DataError: If a row is seen at once.
        """
        raise DataError(f"rows of a {self.form} are seen at once, and were given {values.shape[1]} frames")

    def parts(self) -> "Mapping[str, NDArray[Any]]":
        """Arrays with one entry a row beside what is known: bytes of pictures, or numbers; none of a table."""
        return {}

    def gaps(self, other: Self) -> dict[str, float]:
        """How far other rows of the same kind are from these, by column.

        Numbers: the largest difference, in standard deviations of the column here. Pictures: the mean absolute
        difference, in 0..1. Labels and all others: the share of rows that differ. What the other lacks is infinitely
        far.
        """
        from aitia.data.comparing import gaps

        return gaps(self, other)

    def split(self, share: float, seed: int = 0) -> tuple[Self, Self]:
        """Rows to fit on and rows held out, as `split_rows`."""
        kept, held = self.split_rows(share, seed)
        return self.take(kept), self.take(held)

    def split_rows(self, share: float, seed: int = 0) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Numbers of rows to fit on and of rows held out: at random, whole ids where the known table has a column `id`.

        Args:
            share: Of the rows that are held out.
            seed: Of the draw.

        Raises:
            OptionError: If the share is not between 0 and 1, or leaves none to fit on.
        """
        if not 0 < share < 1:
            raise OptionError(f"the share of rows to score on is between 0 and 1, got {share}")
        groups = np.arange(len(self))
        if "id" in self.known:
            groups = np.unique(self.known.column("id"), return_inverse=True)[1]
        order = np.random.default_rng([seed, 83]).permutation(int(groups.max()) + 1)
        chosen: NDArray[Any] = np.isin(groups, order[: max(round(share * len(order)), 1)])
        if chosen.all():
            raise OptionError(f"a share of {share} of {len(self)} rows leaves none to fit on")
        return np.flatnonzero(~chosen), np.flatnonzero(chosen)

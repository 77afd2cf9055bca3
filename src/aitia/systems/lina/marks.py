"""What pictures must show, and what an evaluator says that they show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aitia.errors import DataError, UnknownVariableError, join_names
from aitia.stats.metrics.attribution import auroc
from aitia.system import Given

__all__ = ["Marks", "Wants", "told_apart"]

Shares = NDArray[np.float64]
Codes = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Wants:
    """What the picture of each row must show.

    Args:
        labels: Of each attribute.
        codes: (n, attributes) numbers of labels; -1 where a row wants nothing of an attribute.
    """

    labels: Mapping[str, tuple[str, ...]]
    codes: Codes

    @classmethod
    def of(cls, given: Given, known: Mapping[str, tuple[str, ...]] | None = None) -> "Wants":
        """From the wanted columns of rows; their labels, or those that are known from a fit.

        Raises:
            DataError: If no row wants anything.
            UnknownVariableError: If a label is none of those known.
        """
        table = given.table
        columns = [name for name in (given.columns("wanted") if known is None else known) if name in table]
        gone = {name: table.absent(name) for name in columns}
        said = {name: [str(label) for label in table.labels(name)] for name in columns}
        labels = known or {name: tuple(sorted({label for label, absent in zip(said[name], gone[name], strict=True)
                                               if not absent})) for name in columns}  # fmt: skip
        codes = np.full((len(given), len(labels)), -1, dtype=np.int64)
        for place, name in enumerate(labels):
            number = {label: code for code, label in enumerate(labels[name])}
            for row in np.flatnonzero(~gone[name]) if name in gone else ():
                if said[name][row] not in number:
                    raise UnknownVariableError(
                        f"row {given.row_number(int(row))} wants {name} {said[name][row]!r}, and there are: "
                        f"{join_names(labels[name], 20)}"
                    )
                codes[row, place] = number[said[name][row]]
        if not (codes >= 0).any():
            raise DataError(
                "no row says what its picture must show: give columns of attributes that the evaluator reads, such as "
                "colour (--wanted colour)"
            )
        return cls(labels, codes)

    def __len__(self) -> int:
        return len(self.codes)

    def take(self, rows: Sequence[int] | Codes) -> "Wants":
        """These rows."""
        return Wants(self.labels, self.codes[np.asarray(rows, dtype=np.int64)])

    def of_others(self) -> "Wants":
        """The wants of another row in the place of each: of the next that differs, so far as there is one."""
        n = len(self.codes)
        other = np.arange(n)
        for row in range(n):
            steps = (np.arange(1, n) + row) % n
            differ = [k for k in steps.tolist() if (self.codes[k] != self.codes[row]).any()]
            other[row] = differ[0] if differ else row
        return self.take(other)


@dataclass(frozen=True, eq=False)
class Marks:
    """What an evaluator says of pictures.

    Args:
        said: By attribute (n, samples, labels): how probable each label is.
    """

    said: Mapping[str, Shares]

    def likely(self, wants: Wants) -> Shares:
        """(n, samples) the probability that a picture shows all that is wanted, attributes taken to be apart."""
        found: Shares = np.prod(self._own(wants), axis=2)
        return found

    def right(self, wants: Wants) -> Shares:
        """(n, samples, attributes) 1 where the likeliest label is the one wanted, or nothing is wanted."""
        found = np.ones((*next(iter(self.said.values())).shape[:2], len(wants.labels)))
        for place, name in enumerate(wants.labels):
            code = wants.codes[:, place]
            found[:, :, place] = np.where(code[:, None] < 0, 1.0, self.said[name].argmax(2) == code[:, None])
        return found

    def joint(self, wants: Wants) -> Shares:
        """(n, samples) 1 where all that is wanted is shown."""
        found: Shares = self.right(wants).min(axis=2)
        return found

    def take(self, rows: Sequence[int] | Codes) -> "Marks":
        """These rows."""
        index = np.asarray(rows, dtype=np.int64)
        return Marks({name: values[index] for name, values in self.said.items()})

    def samples(self, which: slice) -> "Marks":
        """Some of the pictures of each row."""
        return Marks({name: values[:, which] for name, values in self.said.items()})

    def _own(self, wants: Wants) -> Shares:
        found = np.ones((*next(iter(self.said.values())).shape[:2], len(wants.labels)))
        for place, name in enumerate(wants.labels):
            code = wants.codes[:, place]
            own = np.take_along_axis(self.said[name], np.maximum(code, 0)[:, None, None], axis=2)[:, :, 0]
            found[:, :, place] = np.where(code[:, None] < 0, 1.0, own)
        return found


def told_apart(marks: Marks, wants: Wants) -> float:
    """How well an evaluator tells a picture of a prompt from pictures of others, as an area under the ROC curve.

    1/2 where it says the same of all pictures; nan where all rows want the same.
    """
    other = wants.of_others()
    differ = (other.codes != wants.codes).any(1)
    if not differ.any():
        return float("nan")
    own, theirs = (marks.likely(one)[differ].ravel() for one in (wants, other))
    return auroc(np.concatenate([own, theirs]), np.arange(2 * len(own)) < len(own))

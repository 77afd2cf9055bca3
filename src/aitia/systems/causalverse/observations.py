"""What a method is fitted on: images, clips, or vectors, with whatever is known beside them.

Everything but the observations is optional. Each method says in `assumes` what it cannot do without, and refuses data
that lack it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aitia.data.images import ImageSet
from aitia.data.table import Table
from aitia.errors import DataError, OptionError, unknown_variable

__all__ = ["DOMAIN_COLUMNS", "ID_COLUMNS", "Observations", "observed_shape"]

DOMAIN_COLUMNS = ("domain", "environment", "env")
"""Columns of a table that say which setting a row is from; the first that is there counts."""
ID_COLUMNS = ("id",)
_NO_LABELS = ("view", "frame", "row")


@dataclass(frozen=True, eq=False)
class Observations:
    """Rows to fit on. Build it with `Observations.of`.

    Args:
        x: Images (n, size, size, 3) or clips (n, frames, size, size, 3) of bytes, vectors (n, d) or clips of vectors
            (n, frames, d) of numbers.
        labels: Values of true variables, n rows; (n, frames) in a column for one that varies over a clip.
        domain: Which setting each row is from, (n,).
        id: Rows with the same id are views of one thing, (n,).
        angles: Labels that are angles, in radians.
        source: Where they are from, for messages.

    Raises:
        DataError: If a shape is none of the above, a value is not finite, or something has another number of rows.
        UnknownVariableError: If there is no label of the name of an angle.
    """

    x: NDArray[Any]
    labels: Table | None = None
    domain: NDArray[np.str_] | None = None
    id: NDArray[np.str_] | None = None
    angles: tuple[str, ...] = ()
    source: str = "the data"

    def __post_init__(self) -> None:
        observed_shape(self.x)
        n = len(self.x)
        if n == 0:
            raise DataError(f"{self.source} holds no rows")
        if self.x.dtype != np.uint8 and not np.isfinite(self.x).all():
            row = int(np.argwhere(~np.isfinite(self.x))[0][0])
            raise DataError(f"row {row} of {self.source} holds a value that is no finite number: drop or fill it")
        for what, given in (("labels", self.labels), ("domain labels", self.domain), ("ids", self.id)):
            if given is not None and len(given) != n:
                raise DataError(f"there are {n} rows to see and {len(given)} rows of {what}")
        for name in self.angles:
            if self.labels is None or name not in self.labels:
                raise unknown_variable(name, () if self.labels is None else self.labels.names, "table of labels")

    @classmethod
    def of(
        cls,
        data: Any,
        *,
        labels: Any = None,
        domain: str | ArrayLike | None = None,
        id: str | ArrayLike | None = None,
        angles: Sequence[str] = (),
        source: str | None = None,
    ) -> "Observations":
        """Observations of arrays or of an `ImageSet`.

        Args:
            data: As `x`, or an `ImageSet`, whose labels are taken.
            labels: Whatever `Table.of` reads. Columns `domain` (or `environment`, `env`) and `id` are taken for what
                they say, and `view` is left out.
            domain: The name of a column, or the domain of each row.
            id: The name of a column, or the id of each row.
            angles: Labels that are angles, in radians.
            source: Where they are from, for messages.

        Raises:
            DataError: As the class, or if labels were given twice.
            UnknownVariableError: If there is no column of a name.
        """
        if isinstance(data, Observations):
            return data
        if isinstance(data, ImageSet):
            if labels is not None:
                raise DataError("a set of images has its labels: give no others")
            x, told = data.images, data.source
            given: Table | None = data.labels
        else:
            x, told = np.asarray(data), "the data"
            given = None if labels is None else Table.of(labels)
        found_domain, rest = _column(given, domain, DOMAIN_COLUMNS)
        found_id, rest = _column(rest, id, ID_COLUMNS)
        if rest is not None:
            kept = [name for name in rest.names if name not in _NO_LABELS]
            rest = rest.select(kept) if kept else None
        plain = x if x.dtype == np.uint8 else _numbers(x)
        return cls(plain, rest, found_domain, found_id, tuple(angles), source or told)

    # -- what they are -------------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self.x)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one observation, (size, size, 3) or (d,)."""
        return observed_shape(self.x)

    @property
    def frames(self) -> int | None:
        """Of a clip; None where rows stand still."""
        return self.x.shape[1] if self.x.ndim > len(self.shape) + 1 else None

    @property
    def views(self) -> bool:
        """Whether an id occurs twice."""
        return self.id is not None and len(np.unique(self.id)) < len(self.id)

    # -- parts ---------------------------------------------------------------------------------------------------------

    def take(self, rows: ArrayLike) -> "Observations":
        """Some of the rows, in the order given."""
        pick = np.asarray(rows)
        return replace(
            self,
            x=self.x[pick],
            labels=None if self.labels is None else self.labels.take(pick),
            domain=None if self.domain is None else self.domain[pick],
            id=None if self.id is None else self.id[pick],
        )

    def split(self, share: float, seed: int = 0) -> tuple["Observations", "Observations"]:
        """Two parts, the second with this share of the ids: the views of an id stay together.

        Raises:
            OptionError: If the share is not between 0 and 1.
            DataError: If there are fewer than two ids.
        """
        kept, held = self.split_rows(share, seed)
        return self.take(kept), self.take(held)

    def split_rows(self, share: float, seed: int = 0) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The rows of the two parts of `split`."""
        if not 0 < share < 1:
            raise OptionError(f"the share of rows to hold out lies between 0 and 1, got {share}")
        things = np.arange(len(self)) if self.id is None else np.unique(self.id, return_inverse=True)[1]
        count = int(things.max()) + 1
        if count < 2:
            raise DataError(f"{self.source} holds one id only: a split by id needs two or more")
        order = np.random.default_rng([seed, 61]).permutation(count)
        out = np.zeros(count, dtype=bool)
        out[order[: min(max(round(share * count), 1), count - 1)]] = True
        return np.flatnonzero(~out[things]), np.flatnonzero(out[things])


def observed_shape(x: NDArray[Any]) -> tuple[int, ...]:
    """Of one observation in rows or clips of them.

    Raises:
        DataError: If x is neither images, vectors, nor clips of them.
    """
    if x.dtype == np.uint8 and x.ndim in (4, 5) and x.shape[-1] == 3:
        return x.shape[-3:]
    if x.dtype.kind == "f" and x.ndim in (2, 3):
        return x.shape[-1:]
    raise DataError(
        f"a method sees images (n, size, size, 3) or clips (n, frames, size, size, 3) of bytes, or vectors (n, d) or "
        f"(n, frames, d) of numbers; got {x.shape} of {x.dtype}"
    )


def _numbers(x: NDArray[Any]) -> NDArray[np.float32]:
    if x.dtype.kind not in "bif":
        raise DataError(f"observations are numbers, or images of bytes; got {x.dtype}")
    return x.astype(np.float32)


def _column(
    table: Table | None, given: str | ArrayLike | None, names: Sequence[str]
) -> tuple[NDArray[np.str_] | None, Table | None]:
    """The texts of a column named or given, and the table without it."""
    if given is not None and not isinstance(given, str):
        return np.asarray([str(value) for value in np.asarray(given)]), table
    name = given if isinstance(given, str) else next((n for n in names if table is not None and n in table), None)
    if name is None:
        return None, table
    if table is None or name not in table:
        raise unknown_variable(name, () if table is None else table.names, "table of labels")
    texts = np.asarray([text_of(value) for value in table.labels(name)])
    rest = [other for other in table.names if other != name]
    return texts, table.select(rest) if rest else None


def text_of(value: Any) -> str:
    """A label as text; 3.0 is `3`, since a table may hold whole numbers as floats."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def label_kind(data: Observations, name: str) -> str:
    """`continuous`, `angle` or `categorical`."""
    assert data.labels is not None
    if name in data.angles:
        return "angle"
    return "categorical" if data.labels.discrete(name) else "continuous"

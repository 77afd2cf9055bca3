"""What a method is fitted on, as arrays: pictures, clips, or vectors, with whatever is known beside them.

Everything but what is seen is optional. Each method says in `assumes` what it cannot do without, and refuses rows
that lack it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aitia.data.base import Data
from aitia.data.clips import Clips
from aitia.data.table import Table
from aitia.errors import DataError, OptionError
from aitia.system import Given

__all__ = ["Rows", "features_of", "label_kind", "observed_shape", "rows_of", "seen_of", "split_rows"]

_PLACES = ("id", "view", "frame", "row")


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows to fit on. Build it with `Rows.of`.

    Args:
        x: Images (n, size, size, 3) or clips (n, frames, size, size, 3) of bytes, vectors (n, d) or clips of vectors
            (n, frames, d) of numbers.
        labels: Values of true variables, n rows; (n, frames) in a column for one that varies over a clip.
        domain: Which setting each row is from, (n,).
        id: Rows with the same id are views of one thing, (n,).
        angles: Labels that are angles, in radians.
        source: Where they are from, for messages.

    Raises:
        DataError: If a shape is none of the above, or a value is not finite.
    """

    x: NDArray[Any]
    labels: Table | None = None
    domain: NDArray[np.str_] | None = None
    id: NDArray[np.str_] | None = None
    angles: tuple[str, ...] = ()
    source: str = "the data"

    def __post_init__(self) -> None:
        observed_shape(self.x)
        if self.x.dtype != np.uint8 and not np.isfinite(self.x).all():
            row = int(np.argwhere(~np.isfinite(self.x))[0][0])
            raise DataError(f"row {row} of {self.source} holds a value that is no finite number: drop or fill it")

    @classmethod
    def of(cls, given: Given, *, views: bool = False, x: NDArray[Any] | None = None) -> "Rows":
        """What is given, as arrays.

        Args:
            given: With its columns in the roles of `aitia.representations.roles`.
            views: Whether a world that has several views is to show each row in all of them.
            x: What is seen, in the place of what the rows show.
        """
        source = "the data" if given.name == "the rows" else given.name
        labels, angles = _truth(given)
        domain, ids = (given.labels(r) if given.column(r) in given.table else None for r in ("domain", "id"))
        x = seen_of(given) if x is None else x
        world, sample = given.world, given.sample
        if views and ids is None and world is not None and sample is not None and world.views:
            n = len(given)
            again = np.tile(np.arange(n), len(world.views))
            x = np.concatenate([world.render(sample, size=given.size, view=view) for view in world.views])
            labels = None if labels is None else labels.take(again)
            domain, ids = None if domain is None else domain[again], again.astype(str)
        return cls(x, labels, domain, ids, angles, source)

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

    def take(self, rows: ArrayLike) -> "Rows":
        """Some of the rows, in the order given."""
        pick = np.asarray(rows)
        return replace(
            self,
            x=self.x[pick],
            labels=None if self.labels is None else self.labels.take(pick),
            domain=None if self.domain is None else self.domain[pick],
            id=None if self.id is None else self.id[pick],
        )

    def split(self, share: float, seed: int = 0) -> tuple["Rows", "Rows"]:
        """Two parts, the second with this share of the ids: the views of an id stay together.

        Raises:
            OptionError: If the share is not between 0 and 1.
            DataError: If there are fewer than two ids.
        """
        things = np.arange(len(self)) if self.id is None else self.id
        kept, held = split_rows(things, share, seed, self.source)
        return self.take(kept), self.take(held)


def split_rows(
    things: ArrayLike, share: float, seed: int = 0, source: str = "the data"
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of two parts, the second with this share of the things that the rows show.

    Args:
        things: The id of each row, (n,).
        share: Of the ids that are held out.
        seed: Of the draw.
        source: For messages.

    Raises:
        OptionError: If the share is not between 0 and 1.
        DataError: If there are fewer than two ids.
    """
    if not 0 < share < 1:
        raise OptionError(f"the share of rows to hold out lies between 0 and 1, got {share}")
    numbers = np.unique(np.asarray(things), return_inverse=True)[1]
    count = int(numbers.max()) + 1
    if count < 2:
        raise DataError(f"{source} holds one id only: a split by id needs two or more")
    order = np.random.default_rng([seed, 61]).permutation(count)
    out = np.zeros(count, dtype=bool)
    out[order[: min(max(round(share * count), 1), count - 1)]] = True
    return np.flatnonzero(~out[numbers]), np.flatnonzero(out[numbers])


def rows_of(x: ArrayLike, labels: Any = None, *, domain: Any = None, id: Any = None) -> Data:
    """Arrays as rows: a table of pictures or of numbers x1, x2, ..., or clips.

    Args:
        x: As `Rows.x`.
        labels: Columns of true variables by name.
        domain: Which setting each row is from.
        id: What each row shows.

    Example:
        >>> rows_of(np.zeros((2, 3)), {"mass": [1.5, 2.5]}, domain=["a", "b"])
        Table(2 rows: x1, x2, x3, mass, domain)
    """
    array = np.asarray(x)
    known: dict[str, Any] = dict(labels or {})
    told = {"domain": domain, "id": id}
    known |= {name: [str(v) for v in values] for name, values in told.items() if values is not None}
    kinds = {name: "label" for name, values in told.items() if values is not None}
    if array.ndim == 5 or (array.ndim == 3 and array.dtype != np.uint8):
        known = known or {"row": np.arange(len(array), dtype=float)}
        return Clips(array, Table.of(known, kinds=kinds))
    if array.ndim == 4:
        return Table.of({"image": array, **known}, kinds=kinds)
    names = [f"x{k + 1}" for k in range(array.shape[1])]
    seen = dict(zip(names, np.asarray(array, dtype=np.float64).T, strict=True))
    return Table.of({**seen, **known}, kinds={**dict.fromkeys(names, "number"), **kinds})


def features_of(given: Given) -> tuple[str, ...]:
    """The columns of numbers that are looked at; none where pictures or clips are.

    Raises:
        OptionError: If there is nothing to look at.
    """
    if given.data.sequences is not None or given.columns("image"):
        return ()
    if named := given.columns("feature"):
        return named
    table = given.table
    taken = {column for role in given.roles for column in given.columns(role)}
    found = tuple(n for n in table.names if n not in taken and n not in _PLACES and table.continuous(n))
    if not found:
        raise OptionError(f"{given.name} has no column of numbers to look at")
    return found


def seen_of(given: Given) -> NDArray[Any]:
    """Images, clips or vectors, as arrays."""
    x = given.data.sequences
    if x is None and given.columns("image"):
        pictures = given.pictures("image")
        return np.repeat(pictures, 3, axis=-1) if pictures.shape[-1] == 1 else pictures
    if x is None:
        names = features_of(given)
        if missing := [name for name in names if name not in given.table]:
            from aitia.errors import unknown_variable

            raise unknown_variable(missing[0], given.table.names, "table")
        x = given.table.matrix(names)
    if x.dtype == np.uint8:
        return x
    if x.dtype.kind not in "bif":
        raise DataError(f"rows are numbers, or images of bytes; got {x.dtype}")
    return x.astype(np.float32)


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


def label_kind(data: Rows, name: str) -> str:
    """`continuous`, `angle` or `categorical`."""
    assert data.labels is not None
    if name in data.angles:
        return "angle"
    return "categorical" if data.labels.discrete(name) else "continuous"


def _truth(given: Given) -> tuple[Table | None, tuple[str, ...]]:
    """True variables and which of them are angles: those that are named, all of a world, or columns without a role."""
    table, angles = given.table, tuple(name for name in given.columns("angle") if name in given.table)
    if named := tuple(name for name in given.columns("truth") if name in table):
        return table.select((*named, *(name for name in angles if name not in named))), angles
    if given.world is not None and given.sample is not None:
        labels = given.truths
        turns = (latent.name for latent in given.world.latents if latent.kind == "angle")
        return labels, tuple(name for name in turns if labels is not None and name in labels)
    taken: set[str] = {c for role in given.roles if role != "angle" for c in given.columns(role)}
    free: Sequence[str] = [n for n in table.names if n not in taken and n not in _PLACES and table.plain(n)]
    return (table.select(free) if free else None), angles

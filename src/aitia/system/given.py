"""What a system is given: rows, what their columns are to it, and the subjects that it studies or uses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from aitia.card import Card
from aitia.data.base import Data
from aitia.data.subjects import Client, Network, Subject
from aitia.data.subjects import World as WorldSubject
from aitia.data.table import Table
from aitia.do import Intervention
from aitia.errors import OptionError, join_names
from aitia.system.placing import ENVIRONMENT, PLACES, Columns, placed_rows, read_rows, with_label
from aitia.worlds.sample import Sample
from aitia.worlds.world import World

__all__ = ["SUBJECTS", "Given"]

SUBJECTS: Mapping[str, type[Subject]] = {"network": Network, "client": Client, "world": WorldSubject}
"""The class of each kind of subject."""


@dataclass(frozen=True, eq=False)
class Given:
    """Rows, roles and subjects. Build it with `Given.of`.

    Args:
        rows: The rows; None where a system is only bound to its subjects.
        roles: The column of each role, or the columns of a role that takes several.
        subjects: What is studied or used, by name.
        name: What the user called the rows.
        world: The simulator that made them, where one did.
        sample: Everything that made these rows, where a world did.
        size: Pixels on a side of the world's pictures.
        row_numbers: Of each row in what the user gave, for messages; None where these are all of them in their order.
    """

    rows: Data | None
    roles: Mapping[str, Columns] = field(default_factory=dict)
    subjects: Mapping[str, Subject] = field(default_factory=dict)
    name: str = "the rows"
    world: World | None = None
    sample: Sample | None = None
    size: int = 64
    row_numbers: NDArray[np.int64] | None = field(default=None, repr=False)

    # -- from what a user has ------------------------------------------------------------------------------------------

    @classmethod
    def of(cls, card: Card, x: Any = None, y: Any = None, /, **names: Any) -> "Given":
        """What a system with this card is given.

        Args:
            card: Of the system.
            x: A path, frame, mapping, array, `Data`, or `Given`; None binds the subjects only.
            y: Fills the role of kind label: the one that is filled, where there are several.
            names: Each a role (a column's name, names of several, or the values themselves, one a row) or a subject.

        Raises:
            OptionError: If a name is no role or subject of the card (the nearest is told), a needed one is not given,
                or one is given twice.
            UnknownVariableError: If there is no such column.
            DataError: If a column is of the wrong kind for its role.
        """
        return cls.asked(card, {}, x, y, **names)

    @classmethod
    def asked(cls, card: Card, kept: Mapping[str, Columns], x: Any = None, y: Any = None, /, **names: Any) -> "Given":
        """The same, where columns have the roles of a fit unless told otherwise; a column may be missing.

        Args:
            card: Of the system.
            kept: The columns of each role in the fit.
            x: As in `of`.
            y: As in `of`.
            names: As in `of`.
        """
        known = (*card.takes, *card.subjects)
        for name in names:
            if name not in known:
                close = get_close_matches(name, known, n=1)
                hint = f" Did you mean {close[0]!r}?" if close else ""
                raise OptionError(
                    f"{card.slug} has no role or subject {name!r}.{hint} It has: {join_names(known, 40) or 'none'}"
                )
        if y is not None:
            names = with_label(card, y, names)
        before = x if isinstance(x, Given) else None
        subjects = dict(before.subjects) if before is not None else {}
        subjects |= {
            name: SUBJECTS[role.kind].of(names[name])
            for name, role in card.subjects.items()
            if names.get(name) is not None
        }
        rows = read_rows(card, before.rows if before is not None else x, names)
        if before is None and any(isinstance(subjects.get(name), Client) for name in card.subjects):
            from aitia.text.shown import check_shown

            check_shown(rows, x)
        given = {name: value for name, value in names.items() if name in card.takes and value is not None}
        if rows is None:
            if given:
                raise OptionError(f"{card.slug}: {sorted(given)[0]!r} names a column, and no rows are given")
            return cls(None, dict(kept), subjects, before.name if before is not None else "no rows")
        rows, roles = placed_rows(card, rows, {**(before.roles if before is not None else {}), **given}, kept)
        name = before.name if before is not None else str(x) if isinstance(x, (str, Path)) else "the rows"
        return replace(
            before if before is not None else cls(None), rows=rows, roles=roles, subjects=subjects, name=name
        )

    @classmethod
    def of_world(
        cls,
        card: Card,
        world: World,
        n: int,
        *,
        seed: int,
        size: int = 64,
        roles: Mapping[str, Any] | None = None,
        subjects: Mapping[str, Any] | None = None,
    ) -> "Given":
        """n rows of a world, whose columns take the roles that they have by name; pictures are `image`."""
        sample = world.sample(n, seed=seed)
        bare = cls(world.rows(sample, size), {}, {}, world.name, world, sample, size)
        return cls.of(card, bare, **(roles or {}), **(subjects or {}))

    # -- reading -------------------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return 0 if self.rows is None else len(self.rows)

    @property
    def data(self) -> Data:
        """The rows.

        Raises:
            OptionError: If there are none.
        """
        if self.rows is None:
            raise OptionError("no rows are given: say where they are")
        return self.rows

    @property
    def table(self) -> Table:
        """What is known of each row: the table itself, or the table beside clips, tracks and recordings."""
        return self.data.known

    def column(self, role: str) -> str | None:
        """The column of a role; None where it has none."""
        found = self.roles.get(role)
        return found if isinstance(found, str) or found is None else found[0]

    def columns(self, role: str) -> tuple[str, ...]:
        """The columns of a role; empty where it has none."""
        found = self.roles.get(role, ())
        return (found,) if isinstance(found, str) else tuple(found)

    def labels(self, role: str) -> NDArray[np.str_]:
        """The labels of a role as text, (n,); all the same where it has no column."""
        column = self.column(role)
        if column is None or column not in self.table:
            return np.full(len(self), "all")
        return np.array([str(label) for label in self.table.labels(column)])

    def numbers(self, role: str) -> NDArray[np.float64]:
        """The numbers of the columns of a role side by side, (n, p)."""
        return self.table.matrix(self.columns(role))

    def texts(self, role: str) -> list[str]:
        """The texts of a role."""
        return self.table.texts(self._one(role))

    def pictures(self, role: str = "image", size: int | None = None) -> NDArray[np.uint8]:
        """The pictures of a role, (n, height, width, 3)."""
        pictures: NDArray[np.uint8] = self.table.pictures(self._one(role), size)
        return pictures

    def row_number(self, row: int) -> int:
        """The number, in what the user gave, of a row that was taken from it."""
        return row if self.row_numbers is None else int(self.row_numbers[row])

    def _one(self, role: str) -> str:
        column = self.column(role)
        if column is None:
            raise OptionError(f"no column has the role {role!r}: say which (--{role})")
        return column

    @property
    def truths(self) -> Table | None:
        """Values of true variables: all latents of a world, or plain columns that no role has; None where none is."""
        if self.sample is not None:
            table: Table = self.sample.table()
        else:
            taken = {column for role in self.roles for column in self.columns(role)}
            plain = [name for name in self.table.names if name not in taken and self.table.plain(name)]
            table = self.table.select(plain) if plain else Table.of({"row": np.arange(len(self), dtype=float)})
        kept = [n for n in table.names if n not in (*PLACES, *self.columns(ENVIRONMENT))]
        return table.select(kept) if kept else None

    def part(self, name: str) -> Self | None:
        """The rows that the role `split` puts into this part, such as `validation`; None where there are none.

        Rows of no other part are those of the fit: `given.part("train") or given`.
        """
        picked = np.flatnonzero(self.labels("split") == name)
        return self.take(picked) if len(picked) else None

    # -- other rows ----------------------------------------------------------------------------------------------------

    def with_rows(self, rows: Data) -> Self:
        """The same of other rows, of which no world knows more."""
        return replace(self, rows=rows, sample=None, row_numbers=None)

    def take(self, rows: Sequence[int] | NDArray[Any]) -> Self:
        """Some of the rows, in the order given.

        Raises:
            OptionError: If there is no such row.
        """
        pick = np.asarray(rows, dtype=np.int64)
        if len(pick) and not (pick.min() >= 0 and pick.max() < len(self)):
            odd = int(pick[(pick < 0) | (pick >= len(self))][0])
            raise OptionError(f"there is no row {odd}: {self.name} has rows 0 to {len(self) - 1}")
        numbers = pick if self.row_numbers is None else self.row_numbers[pick]
        sample = None if self.sample is None else self.sample.take(pick)
        return replace(self, rows=self.data.take(pick), sample=sample, row_numbers=numbers)

    def split(self, share: float, seed: int) -> tuple[Self, Self]:
        """Rows to fit on and rows to score on, as `Data.split`; rows of one label of the role `group` stay together."""
        alone, column = replace(self, sample=None), self.column("group")
        if column is None or column not in self.table:
            first, second = self.data.split_rows(share, seed)
            return alone.take(first), alone.take(second)
        names, group = np.unique(self.labels("group"), return_inverse=True)
        kept, _ = Table.of({"id": np.arange(len(names), dtype=float)}).split(share, seed)
        fitted = np.isin(group, kept.known.column("id").astype(int))
        return alone.take(np.flatnonzero(fitted)), alone.take(np.flatnonzero(~fitted))

    def fresh(self, card: Card, n: int, *, seed: int) -> "Given":
        """Other rows of the same world.

        Raises:
            OptionError: If the rows are of no world.
        """
        if self.world is None:
            raise OptionError(f"{self.name} is no world: it has no other rows")
        return Given.of_world(card, self.world, n, seed=seed, size=self.size, roles=self.roles, subjects=self.subjects)

    def truth(self, do: Intervention | None = None, *, environment: str | None = None) -> Data | None:
        """What these rows would truly have been; None where no world knows, or it has no such latent or environment."""
        if self.world is None or self.sample is None:
            return None
        if set(do or ()) - set(self.world.names) or environment not in (None, *self.world.environments):
            return None
        other: Sample = self.world.counterfactual(self.sample, do, env=environment)
        return self.world.rows(other, self.size)

    def hash(self) -> str:
        """SHA-256 of the rows: equal rows have equal hashes on every machine."""
        return self.data.hash()

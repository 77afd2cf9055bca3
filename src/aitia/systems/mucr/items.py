"""Rows as questions about pictures.

A row gives its candidates in columns; or it is a record of a pair, whose candidates are the pictures of the records
that `links` names; or it names cause and effect, and the true one is put among the candidates.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.data.columns.picture import SUFFIXES
from aitia.errors import DataError
from aitia.system import Given
from aitia.systems.mucr.config import ASKED, MucrConfig
from aitia.systems.mucr.pictures import Cell, check_picture, same_picture
from aitia.text import LETTERS

__all__ = ["Items", "items_of", "letter"]

ORDER, ROTATED, OTHER = "order", "rotated", "other"
"""Targets, and what they are set to."""


def letter(place: int) -> str:
    """Of a candidate or cue, as rows name it."""
    return LETTERS[place].lower()


@dataclass(frozen=True)
class Items:
    """n questions.

    Args:
        asked: Of each, one of `ASKED`.
        shown: What is shown; None where there is no picture.
        second: The second picture of a change; None where there is none.
        candidates: To choose among; empty where cues are, or a reason is asked for.
        cues: To choose among.
        right: (n,) place of the right candidate or cue, -1 where nobody says.
        reasons: Sentences, empty where missing.
        said: Captions: of what is shown, then of the candidates or of the second picture; empty where missing.
        distractors: How the other candidates were made; empty where nobody says.
        styles: Of the pictures; empty where nobody says.
    """

    asked: tuple[str, ...]
    shown: tuple[Cell | None, ...]
    second: tuple[Cell | None, ...]
    candidates: tuple[tuple[Cell, ...], ...]
    cues: tuple[tuple[str, ...], ...]
    right: NDArray[np.int64]
    reasons: tuple[str, ...]
    said: tuple[tuple[str, ...], ...]
    distractors: tuple[str, ...]
    styles: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.asked)

    @property
    def matched(self) -> NDArray[np.bool_]:
        """(n,) where a cause or an effect is asked for."""
        return np.array([one in ASKED[:2] for one in self.asked], dtype=bool)

    def count(self, row: int) -> int:
        """Of candidates or cues."""
        if self.asked[row] == "reason":
            return 0
        return len(self.cues[row]) if self.asked[row] == "cue" else max(
            len(self.candidates[row]), len(self.said[row]) - 1
        )  # fmt: skip

    def take(self, rows: Sequence[int] | NDArray[Any]) -> "Items":
        """Some of the rows."""
        pick = [int(k) for k in rows]
        parts: dict[str, Any] = {
            name: tuple(value[k] for k in pick) for name, value in vars(self).items() if name != "right"
        }
        return Items(right=self.right[pick], **parts)

    def under(self, held: Mapping[Any, Any], column: str) -> "Items":
        """As an intervention makes them.

        Args:
            held: On the order, on the column of what is shown, or on both.
            column: Name of the target of what is shown.
        """
        values = {str(name): str(getattr(action, "value", "")) for name, action in held.items()}
        found = self
        if values.get(column) == OTHER:
            found = found._shown_elsewhere()
        if values.get(ORDER) == ROTATED:
            found = found._rotated()
        return found

    def _shown_elsewhere(self) -> "Items":
        """What is shown is that of the row half of all further on that asks the same."""
        shown, second, said = list(self.shown), list(self.second), list(self.said)
        for kind in ASKED:
            rows = [k for k, one in enumerate(self.asked) if one == kind]
            for place, row in enumerate(rows):
                other = rows[(place + max(1, len(rows) // 2)) % len(rows)]
                shown[row], second[row] = self.shown[other], self.second[other]
                keeps = self.said[row][1:] if kind in ASKED[:2] else self.said[other][1:]
                said[row] = (*self.said[other][:1], *keeps) if self.said[row] and self.said[other] else ()
        return replace(self, shown=tuple(shown), second=tuple(second), said=tuple(said))

    def _rotated(self) -> "Items":
        """The last candidate or cue stands first."""
        right, said = self.right.copy(), list(self.said)
        for row, one in enumerate(self.asked):
            if (count := self.count(row)) and right[row] >= 0:
                right[row] = (right[row] + 1) % count
            if one in ASKED[:2] and len(said[row]) > 2:
                said[row] = (said[row][0], said[row][-1], *said[row][1:-1])
        return replace(
            self, candidates=tuple((*c[-1:], *c[:-1]) for c in self.candidates),
            cues=tuple((*c[-1:], *c[:-1]) for c in self.cues), right=right, said=tuple(said),
        )  # fmt: skip


def items_of(given: Given, config: MucrConfig) -> Items:
    """The questions of all rows.

    Args:
        given: Rows.
        config: What is asked where rows do not say it, and the seed of the places of what is put among candidates.

    Raises:
        DataError: If a row lacks what it asks about, links to itself or to no record, has one candidate, or its choice
            is none of them; names the row.
        FormatError: If a picture cannot be taken; names row and column.
    """
    return _Reader(given, config).read()


class _Reader:
    def __init__(self, given: Given, config: MucrConfig) -> None:
        self.given, self.config, self.n = given, config, len(given)
        self.cause, self.effect = (self._cells(given.column(role)) for role in ("cause", "effect"))
        self.columns = [c for c in given.columns("candidates") if c in given.table]
        self.candidates = [self._cells(column) for column in self.columns]
        self.cues, self.captions, self.links = (self._lists(role) for role in ("cues", "captions", "links"))
        self.texts = {
            role: self._of(role, given.table.texts, "") for role in ("cue", "reason", "cause_caption", "effect_caption")
        }
        self.labels = {role: self._of(role, self._labels, "") for role in ("asked", "choice", "distractors", "style")}
        self.ids = [_plain(one) for one in self._of("id", lambda c: given.table.labels(c).tolist(), "")]

    def read(self) -> Items:
        asked = tuple(self._asked(row) for row in range(self.n))
        if self._is_record:
            self._check_ids()
        rows = [self._row(row, asked[row]) for row in range(self.n)]
        return Items(
            asked=asked,
            shown=tuple(one[0] for one in rows),
            second=tuple(one[1] for one in rows),
            candidates=tuple(one[2] for one in rows),
            cues=tuple(one[3] for one in rows),
            right=np.array([one[4] for one in rows], dtype=np.int64),
            reasons=tuple(self.texts["reason"]),
            said=tuple(one[5] for one in rows),
            distractors=tuple(self.labels["distractors"]),
            styles=tuple(self.labels["style"]),
        )

    # -- columns -------------------------------------------------------------------------------------------------------

    def _of(self, role: str, read: Callable[[str], Sequence[Any]], empty: Any) -> list[Any]:
        column = self.given.column(role)
        if column is None or column not in self.given.table:
            return [empty] * self.n
        return [empty if value is None else value for value in read(column)]

    def _labels(self, column: str) -> list[str]:
        return ["" if one is None else str(one).strip() for one in self.given.table.labels(column).tolist()]

    def _lists(self, role: str) -> list[tuple[str, ...]]:
        return [tuple(_plain(one) for one in value) for value in self._of(role, self.given.table.lists, [])]

    def _cells(self, column: str | None) -> list[Cell | None]:
        if column is None or column not in self.given.table:
            return [None] * self.n
        cells: list[Cell | None] = list(self.given.table.labels(column))
        seen: set[str] = set()
        for row, cell in enumerate(cells):
            if isinstance(cell, str) and cell not in seen:
                check_picture(cell, f"row {self.given.row_number(row)} of {column!r}")
                seen.add(cell)
        return cells

    def _of_pictures(self) -> list[str]:
        """Columns that no role takes and whose cells name files of pictures."""
        taken = {
            name
            for columns in self.given.roles.values()
            for name in ([columns] if isinstance(columns, str) else columns)
        }
        texts = {name: self.given.table.labels(name).tolist() for name in self.given.table.names if name not in taken}
        return [name for name, cells in texts.items() if all(str(cell).lower().endswith(SUFFIXES) for cell in cells)]

    @property
    def _is_record(self) -> bool:
        return any(self.links)

    def _check_ids(self) -> None:
        if len(set(self.ids)) < self.n:
            twice = next(one for one in self.ids if self.ids.count(one) > 1)
            raise DataError(f"links name records by their id, and the id {twice[:40]!r} is not that of one row alone")

    # -- rows ----------------------------------------------------------------------------------------------------------

    def _asked(self, row: int) -> str:
        said = self.labels["asked"][row] or ("" if self.config.asks == "auto" else self.config.asks)
        if said:
            if said not in ASKED:
                raise DataError(f"{self._named(row)} asks {said[:40]!r}: a row asks {', '.join(ASKED)}")
            return said
        if self.columns or self.links[row] or len(self.captions[row]) > 2:
            return "effect"
        return "cue" if self.cues[row] else "reason"

    def _row(self, row: int, asked: str) -> tuple[Any, ...]:
        """shown, second, candidates, cues, right, captions."""
        if asked in ASKED[:2]:
            shown, candidates, right, said = self._matched(row, asked)
            if shown is None and self.config.setting == "pictures":
                there = self.given.column("cause") in self.given.table
                mend = "put one there, or drop the row" if there else "name their column (--cause COLUMN)"
                raise DataError(f"{self._named(row)} shows no picture: {mend}")
            if not candidates and self.config.setting == "pictures":
                mend = ",".join(self._of_pictures()) or "COLUMN,COLUMN"
                raise DataError(
                    f"{self._named(row)} has no picture to choose: name the columns (--candidates {mend}), or ask "
                    "about the captions (--setting words)"
                )
            return shown, None, candidates, (), right, said
        said = self.captions[row] or self._pair_captions(row)
        cues, right = ((), -1) if asked == "reason" else self._cued(row)
        words = self.config.setting == "words"
        if not words and (self.cause[row] is None or self.effect[row] is None):
            raise DataError(f"{self._named(row)} asks for a {asked}, for which it needs two pictures")
        return self.cause[row], self.effect[row], (), cues, right, said

    def _matched(self, row: int, asked: str) -> tuple[Cell | None, tuple[Cell, ...], int, tuple[str, ...]]:
        sides, told = (self.cause, self.effect), ("cause_caption", "effect_caption")
        one, other = (0, 1) if asked == "effect" else (1, 0)
        if self.links[row]:
            rows = [row, *(self._linked(row, link) for link in self.links[row])]
            order = np.random.default_rng([self.config.seed, row]).permutation(len(rows))
            found = [sides[other][rows[k]] for k in order]
            gone = [rows[k] for k, cell in zip(order, found, strict=True) if cell is None]
            if gone and self.config.setting == "pictures":
                raise DataError(f"{self._named(gone[0])} has no {'effect' if other else 'cause'} to choose")
            said = [self.texts[told[one]][row], *(self.texts[told[other]][rows[k]] for k in order)]
            cells = tuple(cell for cell in found if cell is not None)
            return sides[one][row], cells, int(order.argmin()), tuple(said) if all(said) else ()
        held = tuple(cells[row] for cells in self.candidates)
        cells = tuple(cell for cell in held if cell is not None)
        bare = [name for name, cell in zip(self.columns, held, strict=True) if cell is None]
        if bare and cells:
            raise DataError(f"{self._named(row)} has no picture in {bare[0]!r}: each row has all candidates")
        right = self._choice(row, max(len(cells), len(self.captions[row]) - 1))
        if self.given.column("effect") in self.given.table and cells:
            truth, shown = sides[other][row], sides[one][row]
            if truth is not None and right < 0:
                cells, right = self._with_truth(row, cells, truth)
        else:
            shown = self.cause[row]
        self._check_count(row, max(len(cells), len(self.captions[row]) - 1), "candidates")
        if cells and self.captions[row] and len(self.captions[row]) != len(cells) + 1:
            raise DataError(
                f"{self._named(row)} has {len(self.captions[row])} captions for {len(cells) + 1} pictures: one for "
                "what is shown, then one for each candidate"
            )
        return shown, cells, right, self.captions[row]

    def _with_truth(self, row: int, cells: tuple[Cell, ...], truth: Cell) -> tuple[tuple[Cell, ...], int]:
        """The place of the true picture among the candidates, where it is put if it is not there."""
        for place, cell in enumerate(cells):
            if same_picture(cell, truth):
                return cells, place
        place = int(np.random.default_rng([self.config.seed, row]).integers(len(cells) + 1))
        return (*cells[:place], truth, *cells[place:]), place

    def _linked(self, row: int, link: str) -> int:
        if link == self.ids[row]:
            raise DataError(f"{self._named(row)} links to itself ({link}): its candidates are other records")
        if link not in self.ids:
            raise DataError(f"{self._named(row)} links to {link[:40]!r}, and no record has that id")
        return self.ids.index(link)

    def _cued(self, row: int) -> tuple[tuple[str, ...], int]:
        cues, true = self.cues[row], self.texts["cue"][row]
        if len(set(cues)) < len(cues) or true in cues:
            raise DataError(f"{self._named(row)} has the same cue twice: each is another one")
        if not true:
            self._check_count(row, len(cues), "cues")
            return cues, self._choice(row, len(cues))
        if len(cues) < 3:
            raise DataError(f"{self._named(row)} has {len(cues)} false cues: a record has three")
        every = (true, *cues)
        order = np.random.default_rng([self.config.seed, row]).permutation(len(every))
        return tuple(every[k] for k in order), int(order.argmin())

    def _check_count(self, row: int, count: int, what: str) -> None:
        if not 2 <= count <= len(LETTERS):
            raise DataError(
                f"{self._named(row)} has {count} {what}: there are 2 to {len(LETTERS)} to choose among"
                + (" (--candidates COLUMN,COLUMN)" if what == "candidates" else "")
            )

    def _choice(self, row: int, count: int) -> int:
        said = self.labels["choice"][row]
        if not said:
            return -1
        place = LETTERS.find(said.upper()) if len(said) == 1 else -1
        if not 0 <= place < count:
            raise DataError(
                f"{self._named(row)} has the choice {said[:40]!r}: it is a letter from {letter(0)} to "
                f"{letter(max(count - 1, 0))}"
            )
        return place

    def _pair_captions(self, row: int) -> tuple[str, ...]:
        pair = (self.texts["cause_caption"][row], self.texts["effect_caption"][row])
        return pair if all(pair) else ()

    def _named(self, row: int) -> str:
        return f"row {self.given.row_number(row)}"


def _plain(value: Any) -> str:
    """As text; 3.0 is `3`."""
    return str(int(value)) if isinstance(value, float | np.floating) and float(value).is_integer() else str(value)

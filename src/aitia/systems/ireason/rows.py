"""From what is given to clips with events: clips with spans, or a table of events and a folder of frames.

events.csv      clip,event,start,end,sentence,causes
                kitchen,1,0,4,the dog shakes itself,
                kitchen,2,3,6,the woman gets wet,[1]
kitchen/*.png   the frames of the clip `kitchen` in the order of their names, beside the table or in the folder `clips`

An empty cell of `causes` says nothing; `[]` says that no event caused this one.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.data.columns.picture import SUFFIXES, decoded, scaled
from aitia.data.reading.rows import frames_in
from aitia.errors import DataError, FormatError, OptionError
from aitia.system import Given
from aitia.systems.ireason.context import looks_at
from aitia.systems.ireason.events import ClipEvents, Happening, Thing, checked

__all__ = ["clips_of"]


def clips_of(given: Given, folder: str = "", pixels: int = 32) -> list[ClipEvents]:
    """The clips of the rows, in their order.

    Args:
        given: Rows.
        folder: Of a table: with a folder of frames for each clip; empty where the rows name them, or none is to be
            seen.
        pixels: On a side that these frames are scaled to.

    Raises:
        OptionError: If a column is not there that says what happens.
        DataError: If a row cannot be used; names it.
        FormatError: If a clip has no frames.
    """
    return _of_clips(given) if given.data.sequences is not None else _of_table(given, folder, pixels)


# -- clips with spans --------------------------------------------------------------------------------------------------


def _of_clips(given: Given) -> list[ClipEvents]:
    images = given.data.sequences
    column = given.column("events")
    if column is None or column not in given.table:
        raise OptionError("no column of the clips has their events: say which (--events)")
    if images is None or images.ndim != 5:
        raise DataError("ireason takes clips of pictures, and these are vectors")
    spans = given.table.spans(column)
    causes, asked, objects = (_cells(given, role) for role in ("causes", "asked", "objects"))
    groups = _named(given, "group") or [str(given.row_number(row)) for row in range(len(given))]
    found = []
    for row in range(len(given)):
        name = f"clip {given.row_number(row)}"
        events = tuple(Happening(start, stop, str(text).strip()) for start, stop, text in spans[row] or ())
        told = _pairs(name, "causes", causes, row, len(events))
        some = _pairs(name, "asked", asked, row, len(events))
        things = None if objects is None else objects[row]
        said: dict[int, list[int]] | None = None
        if some is not None:
            said = {j: [i for i, k in some if k == j] for j in dict.fromkeys(k for _, k in some)}
        clip = ClipEvents(
            name, events, (row,) * len(events), tuple(range(len(events))), (), frozenset(told or ()),
            frozenset(range(len(events)) if told is not None else ()),
            None if things is None else _by_frame(name, things),
            images.shape[1], _Held(images[row]), groups[row], True,
        )  # fmt: skip
        found.append(checked(name, clip, said))
    return found


class _Held:
    """Frames in memory."""

    def __init__(self, frames: NDArray[np.uint8]) -> None:
        self.all = frames

    def __call__(self, frames: Sequence[int]) -> NDArray[np.uint8]:
        return self.all[list(frames)]


def _pairs(
    place: str, role: str, cells: Sequence[list[Any] | None] | None, row: int, events: int
) -> list[tuple[int, int]] | None:
    given = None if cells is None else cells[row]
    if given is None:
        return None
    found = []
    for pair in given:
        if not (isinstance(pair, list) and len(pair) == 2 and all(type(k) is int and 0 <= k < events for k in pair)):
            raise DataError(
                f"{place}: {role} are pairs [cause, effect] of events 0 to {events - 1}, got {str(pair)[:40]}"
            )
        found.append((pair[0], pair[1]))
    return found


def _by_frame(place: str, given: Sequence[Any]) -> dict[int, list[Thing]]:
    found: dict[int, list[Thing]] = {}
    for one in given:
        if not (isinstance(one, list) and len(one) > 1 and type(one[0]) is int):
            raise DataError(f"{place}: an object is [frame, name] or [frame, name, x, y, width, height], got "
                            f"{str(one)[:60]}")  # fmt: skip
        found.setdefault(one[0], []).append(_thing(place, one[1:]))
    return found


def _thing(place: str, given: Any) -> Thing:
    one = [given] if isinstance(given, str) else given
    whole = isinstance(one, list) and len(one) in (1, 5) and isinstance(one[0], str)
    if not whole or not all(isinstance(v, int | float) and np.isfinite(v) for v in one[1:]):
        raise DataError(f"{place}: an object is a name, or [name, x, y, width, height], got {str(given)[:60]}")
    return one[0], tuple(float(v) for v in one[1:])


# -- a table of events -------------------------------------------------------------------------------------------------


def _of_table(given: Given, folder: str, pixels: int) -> list[ClipEvents]:
    table = given.table
    for role in ("clip", "start", "end", "sentence"):
        if given.column(role) is None or given.column(role) not in table:
            raise OptionError(
                f"a table of events has the columns clip, start, end and sentence: say which is the {role} (--{role})"
            )
    names, groups = _named(given, "clip") or [], _named(given, "group")
    numbers = {role: given.numbers(role)[:, 0] for role in ("start", "end")}
    for role, values in numbers.items():
        if (odd := np.flatnonzero(~(np.isfinite(values) & (values % 1 == 0)))).size:
            raise DataError(f"row {given.row_number(int(odd[0]))}: {role} is the number of a frame, got "
                            f"{values[odd[0]]:g}")  # fmt: skip
    held: dict[str, list[int]] = {}
    for row, name in enumerate(names):
        held.setdefault(name, []).append(row)
    return [_clip(given, name, rows, numbers, groups, folder, pixels) for name, rows in held.items()]


def _clip(
    given: Given, name: str, rows: list[int], numbers: dict[str, NDArray[np.float64]], groups: list[str] | None,
    folder: str, pixels: int,
) -> ClipEvents:  # fmt: skip
    table, place = given.table, f"clip {name}"
    column = str(given.column("sentence"))
    told = table.texts(column)
    sentences = ["" if table.absent(column)[row] else str(told[row] or "").strip() for row in rows]
    events = tuple(
        Happening(int(numbers["start"][row]), int(numbers["end"][row]) + 1, sentence)
        for row, sentence in zip(rows, sentences, strict=True)
    )
    titles = _titles(given, place, rows)
    causes, asked, objects = (_cells(given, role) for role in ("causes", "asked", "objects"))
    told_of = {} if causes is None else {k: causes[row] for k, row in enumerate(rows)}
    links = {
        k: _named_events(given, "causes", rows[k], cell, titles) for k, cell in told_of.items() if cell is not None
    }
    some = None if asked is None else {
        k: _named_events(given, "asked", row, asked[row] or [], titles) for k, row in enumerate(rows)
    }  # fmt: skip
    paths = _frames_of(given, folder, name, rows[0])
    seen: dict[int, list[Thing]] | None = None
    if objects is not None:
        seen = {}
        for event, row in zip(events, rows, strict=True):
            things = [_thing(f"row {given.row_number(row)}", one) for one in objects[row] or ()]
            for frame in looks_at(event):
                seen.setdefault(frame, []).extend(thing for thing in things if thing not in seen[frame])
    clip = ClipEvents(
        name, events, tuple(rows), titles, (), frozenset((i, k) for k, those in links.items() for i in those),
        frozenset(links), seen, len(paths) or max(event.stop for event in events),
        _Files(paths, pixels), groups[rows[0]] if groups is not None else name, bool(paths),
    )  # fmt: skip
    for row, event in zip(rows, events, strict=True):
        if event.stop <= event.start:
            raise DataError(
                f"row {given.row_number(row)}: event {event.sentence!r} ends at frame {event.stop - 1}, before it "
                f"begins at frame {event.start}"
            )
    return checked(place, clip, some)


def _titles(given: Given, place: str, rows: Sequence[int]) -> tuple[object, ...]:
    named = _named(given, "event")
    titles = tuple(range(1, len(rows) + 1)) if named is None else tuple(_whole(named[row]) for row in rows)
    if len(set(titles)) < len(titles):
        twice = next(t for k, t in enumerate(titles) if t in titles[:k])
        raise DataError(f"{place} has two events called {twice}: give each a number of its own in the column `event`")
    return titles


def _whole(text: str) -> object:
    return int(text) if text.isdigit() else text


def _named_events(given: Given, role: str, row: int, cell: Sequence[Any], titles: tuple[object, ...]) -> list[int]:
    found = []
    for name in cell:
        if name not in titles:
            if given.row_numbers is not None:  # some rows of a larger table: the other event is not among them
                continue
            raise DataError(f"row {given.row_number(row)}: {role} name event {name!r}, and its clip has the events "
                            f"{', '.join(map(str, titles))}")  # fmt: skip
        found.append(titles.index(name))
    return found


def _cells(given: Given, role: str) -> Sequence[list[Any] | None] | None:
    column = given.column(role)
    if column is None or column not in given.table:
        return None
    absent, cells = given.table.absent(column), given.table.lists(column)
    return [None if gone else cell for gone, cell in zip(absent, cells, strict=True)]


def _named(given: Given, role: str) -> list[str] | None:
    column = given.column(role)
    if column is None or column not in given.table:
        return None
    return [f"{v:g}" if isinstance(v, float) else str(v) for v in given.table.labels(column).tolist()]


# -- frames ------------------------------------------------------------------------------------------------------------


class _Files:
    """Frames in files, read when they are asked for."""

    def __init__(self, paths: Sequence[Path], pixels: int) -> None:
        self.paths, self.pixels = tuple(paths), pixels

    def __call__(self, frames: Sequence[int]) -> NDArray[np.uint8]:
        return np.stack([scaled(decoded(self.paths[frame]), self.pixels) for frame in frames])


def _frames_of(given: Given, folder: str, name: str, row: int) -> list[Path]:
    if folder:
        home = Path(folder).expanduser()
        if not home.is_dir():
            raise FormatError(f"there is no folder {folder} of clips (--clips)")
        return frames_in(home, name)
    cells = _cells(given, "frames")
    paths = [Path(str(one)) for one in (None if cells is None else cells[row]) or ()]
    for path in paths:
        if not path.is_file() or path.suffix.lower() not in SUFFIXES:
            raise FormatError(f"row {given.row_number(row)}: frame {str(path)!r} is no picture that is there")
    return paths

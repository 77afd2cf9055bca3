"""One animal of a file in NWB (Neurodata Without Borders), by pynwb.

A file may hold several series and several columns that could name the neurons. Nothing is chosen among several: the
sentence says what there is. Links out of the file are not followed.
"""

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.data.frames import import_extra
from aitia.data.recordings import Recording, Stimulus
from aitia.errors import DataError, FormatError, join_names
from aitia.guard import check_size, guarded

__all__ = ["rate_of", "read_nwb"]

NAMES = ("ID_labels", "label", "labels", "name", "names", "neuron", "neuron_name", "cell", "cell_name")
"""Columns of a table of regions that name the neurons, where it has several columns of text."""
SHOWN = ("stimulus", "stimulus_name", "label", "name", "condition")
"""Columns of a table of times that name what was shown, where it has several columns of text."""


def read_nwb(path: Path, rate: float | None = None, series: str | None = None) -> tuple[Recording, list[Stimulus]]:
    """The signals of a file, in the units that it says they are in, and what was shown meanwhile.

    Signals are the one `RoiResponseSeries` of the file; without any, the one plain `TimeSeries` of several columns.
    Units are named by the column of text of the table of regions. One that has no name there is in no other animal, so
    it is named after this one: `worm3 roi 17`. A column without any number is a unit that was not seen.

    Args:
        path: The file; the animal is named after it.
        rate: Frames a second, where the series has neither rate nor times.
        series: Its name, or `PARENT/NAME`, where there are several.

    Raises:
        FormatError: If it is no NWB file, is damaged, leads to other files, or holds no such series or several.
        DataError: If regions and columns do not fit, or times are not evenly apart.
        MissingExtraError: If pynwb is not installed.
    """
    pynwb, h5py = import_extra("pynwb", "recordings"), import_extra("h5py", "recordings")
    with guarded(path, "is damaged, or no NWB file"):
        with h5py.File(path, "r") as file:
            _stays_inside(file, path, h5py)
        with warnings.catch_warnings(), pynwb.NWBHDF5IO(str(path), "r", load_namespaces=True) as opened:
            warnings.simplefilter("ignore")  # of what does not fit, which is a sentence of ours
            held = opened.read()
            found = _chosen(held.objects.values(), series, path, pynwb)
            signals = _signals(found, path)
            units = _units(found, signals.shape[1], path)
            start, told = _clock(found, rate, path)
            seen = np.flatnonzero(~np.isnan(signals).all(axis=0))
            recording = Recording(path.stem, signals[:, seen], tuple(units[k] for k in seen), told)
            return recording, _stimuli(held, start, len(signals) / told, path)


def rate_of(times: NDArray[np.float64], path: Path) -> float:
    """Frames a second.

    Raises:
        DataError: If the times are not evenly apart.
    """
    steps = np.diff(times)
    if not len(steps) or not (steps > 0).all() or np.ptp(steps) > 0.1 * np.median(steps):
        raise DataError(f"{path}: the times are not evenly apart: resample to a fixed rate")
    return float(1 / np.median(steps))


def _stays_inside(group: Any, path: Path, h5py: Any) -> None:
    """Refuses links to other files, and data that lies in them, wherever they stand in the file."""
    for name in group:
        link = group.get(name, getlink=True)
        if isinstance(link, h5py.ExternalLink):
            raise FormatError(f"{path} leads to another file at {group.name}/{name}, which is not followed: copy it in")
        if isinstance(link, h5py.SoftLink):
            continue  # to another place in this file, which is visited there
        inner = group[name]
        if isinstance(inner, h5py.Group):
            _stays_inside(inner, path, h5py)
        elif inner.external or inner.is_virtual:
            raise FormatError(f"{path} keeps {inner.name} in another file, which is not opened: copy it in")


def _chosen(objects: Any, series: str | None, path: Path, pynwb: Any) -> Any:
    """The series of signals."""
    held = sorted(objects, key=_label)
    regions = [found for found in held if isinstance(found, pynwb.ophys.RoiResponseSeries)]
    plain = [found for found in held if type(found) is pynwb.TimeSeries and np.ndim(found.data) == 2]
    usable = regions or plain
    if series is not None:
        usable = [found for found in (*regions, *plain) if series in (found.name, _label(found))]
    labels = join_names(_label(found) for found in usable or (*regions, *plain))
    if not usable:
        there = f"; it has {labels}" if labels else ""
        wanted = f"a series {series!r}" if series is not None else "signals of regions, or a series of several columns"
        raise FormatError(f"{path} holds no {wanted.removeprefix('a ')}{there}")
    if len(usable) > 1:
        one = _label(usable[0])
        raise FormatError(
            f"{path} holds several series, {labels}: keep one, or write one to a file that is read as it is: "
            f"write_recordings(read_recordings({str(path)!r}, series={one!r}), {path.stem + '.npz'!r}) of aitia.data"
        )
    return usable[0]


def _label(found: Any) -> str:
    parent = getattr(found, "parent", None)
    return f"{parent.name}/{found.name}" if parent is not None else str(found.name)


def _signals(series: Any, path: Path) -> NDArray[np.float64]:
    """(frames, units), in the unit of the series."""
    shape = tuple(np.shape(series.data))
    check_size(path, int(np.prod(shape, dtype=object)) * 8, FormatError)
    values = np.asarray(series.data[:], dtype=np.float64)
    count = len(series.rois.data) if hasattr(series, "rois") else None
    if values.ndim == 1:
        values = values[:, None]
    if values.ndim != 2 or (count is not None and count not in values.shape):
        raise DataError(f"{path}: {_label(series)} has the shape {shape}, which does not fit its {count} regions")
    if count is not None and values.shape[1] != count:
        values = values.T  # some writers put regions first
    return np.asarray(values * series.conversion + series.offset, dtype=np.float64)


def _units(series: Any, count: int, path: Path) -> list[str]:
    if not hasattr(series, "rois"):
        return [f"{path.stem} column {k + 1}" for k in range(count)]
    table, rows = series.rois.table, [int(row) for row in series.rois.data[:]]
    column = _text_column({name: table[name] for name in table.colnames}, NAMES, f"{path}: the table of regions")
    names = [column[row] if column is not None else "" for row in rows]
    numbers = [int(number) for number in table.id[:]]
    return [name or f"{path.stem} roi {numbers[row]}" for name, row in zip(names, rows, strict=True)]


def _text_column(columns: Mapping[str, Any], known: Sequence[str], place: str) -> list[str] | None:
    """The cells of the column of text; None where there is none.

    Raises:
        FormatError: If there are several, of which none or several are known.
    """
    texts = {name: cells for name, held in columns.items() if (cells := _texts(held)) is not None}
    if len(texts) > 1:
        sure = [name for name in texts if name in known]
        if len(sure) != 1:
            raise FormatError(
                f"{place} has several columns of text, {join_names(texts)}: call the one with names 'name'"
            )
        return texts[sure[0]]
    return next(iter(texts.values()), None)


def _texts(column: Any) -> list[str] | None:
    """The cells of a column of text, those of a list of one among them; None of any other column."""
    cells = [column[k] for k in range(len(column))]
    single = [cell[0] if isinstance(cell, list | tuple | np.ndarray) and len(cell) == 1 else cell for cell in cells]
    blank = ["" if isinstance(cell, list | tuple | np.ndarray) and not len(cell) else cell for cell in single]
    told = [cell.decode() if isinstance(cell, bytes) else cell for cell in blank]
    return [cell.strip() for cell in told] if told and all(isinstance(cell, str) for cell in told) else None


def _clock(series: Any, rate: float | None, path: Path) -> tuple[float, float]:
    """When the series starts, and its frames a second."""
    if series.rate is not None:
        return float(series.starting_time or 0.0), float(series.rate)
    if series.timestamps is not None and len(series.timestamps) > 1:
        times = np.asarray(series.timestamps[:], dtype=np.float64)
        return float(times[0]), rate_of(times, path)
    return 0.0, rate or 1.0


def _stimuli(held: Any, start: float, seconds: float, path: Path) -> list[Stimulus]:
    """Named windows that the series overlaps, from tables of times."""
    found = []
    for name, table in sorted((held.intervals or {}).items()):
        columns = {column: table[column] for column in table.colnames if column not in ("timeseries", "tags")}
        shown = _text_column(columns, SHOWN, f"{path}: the table of times {name}")
        for row, what in enumerate(shown or ()):
            begin, end = (float(table[edge][row]) - start for edge in ("start_time", "stop_time"))
            if what and begin < seconds and end > 0:
                found.append(Stimulus(what, max(begin, 0.0), min(end, seconds)))
    return sorted(found, key=lambda stimulus: (stimulus.start, stimulus.stop, stimulus.name))

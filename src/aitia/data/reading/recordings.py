"""Recordings in files: a `.csv`, `.npz` or `.nwb` file an animal, a folder of them, or one `.npz` file of several."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from aitia.arrays import read_arrays
from aitia.data.reading.nwb import rate_of, read_nwb
from aitia.data.recordings import Recording, Recordings, Stimulus
from aitia.errors import DataError, FormatError, join_names
from aitia.files import write_whole
from aitia.guard import guarded, read_text

__all__ = ["read_recordings", "write_recordings"]

ENDINGS = (".csv", ".npz", ".nwb")
STIMULI = "stimuli.csv"
"""Of a folder: the columns `name`, `start` and `stop`, in seconds."""
TIME = ("time", "t", "seconds")
"""Heads of a column of time in seconds, from which the rate is taken."""


def read_recordings(source: str | Path, *, rate: float | None = None, series: str | None = None) -> Recordings:
    """Reads a set of animals.

    - a folder with one `.csv`, `.npz` or `.nwb` file an animal, named after it, and a `stimuli.csv` where there is one
    - one `.csv` of one animal: heads are names of units; a column `time` in seconds gives the rate
    - one `.npz` of one animal: `signals` (frames, units), `units`, and `rate`
    - one `.npz` of several, as `write_recordings` writes it: `signals` (animals, frames, units), `units`, `animals`,
      `present`
    - one `.nwb` of one animal, see `aitia.data.reading.nwb`

    Args:
        source: The file or folder.
        rate: Frames a second, where the files do not say; 1 if nobody does.
        series: Of `.nwb` files that hold several: the name of one.

    Raises:
        FormatError: If there is no such file, or it cannot be read.
        DataError: If what is there cannot be used; the sentence says why.
        MissingExtraError: If there are `.nwb` files and pynwb is not installed.
    """
    path = Path(source)
    if path.is_dir():
        files = sorted(p for p in path.iterdir() if p.suffix.lower() in ENDINGS and p.name != STIMULI)
        if not files:
            raise FormatError(f"{path} holds no signals: one .csv, .npz or .nwb file an animal is wanted")
        read = [_read_one(file, rate, series) for file in files]
        if several := [file for file, (part, _) in zip(files, read, strict=True) if isinstance(part, Recordings)]:
            raise FormatError(f"{several[0]} holds several animals, in a folder of one file an animal: give it alone")
        table = path / STIMULI
        stimuli = _stimuli(table) if table.is_file() else _common(files, [shown for _, shown in read], table)
        return Recordings.of([part for part, _ in read if isinstance(part, Recording)], stimuli=stimuli)
    if not path.is_file():
        raise FormatError(f"there is no file or folder {path}")
    found, shown = _read_one(path, rate, series)
    return found if isinstance(found, Recordings) else Recordings.of([found], stimuli=shown)


def write_recordings(signals: Recordings, path: str | Path) -> None:
    """Writes a `.npz` file that `read_recordings` reads, whole or not at all.

    Raises:
        FormatError: If the file cannot be written.
    """
    packed = io.BytesIO()
    np.savez_compressed(
        packed,
        signals=signals.signals,
        present=signals.present,
        units=np.array(signals.units),
        animals=np.array(signals.animals),
        rate=np.array(signals.rate),
        stimulus_names=np.array([s.name for s in signals.stimuli], dtype=np.str_),
        stimulus_times=np.array([(s.start, s.stop) for s in signals.stimuli]).reshape(-1, 2),
    )
    write_whole(Path(path), packed.getvalue())


def _read_one(path: Path, rate: float | None, series: str | None) -> tuple[Recording | Recordings, Sequence[Stimulus]]:
    """What a file holds, and what it says was shown meanwhile."""
    if path.suffix.lower() == ".nwb":
        return read_nwb(path, rate, series)
    with guarded(path, "is damaged"):
        return (_from_csv(path, rate) if path.suffix.lower() == ".csv" else _from_npz(path, rate)), ()


def _common(files: Sequence[Path], shown: Sequence[Sequence[Stimulus]], table: Path) -> Sequence[Stimulus]:
    """What was shown to all animals alike.

    Raises:
        DataError: If two files say otherwise; a table of stimuli settles it.
    """
    for file, told in zip(files, shown, strict=True):
        if list(told) != list(shown[0]):
            raise DataError(
                f"{file} and {files[0]} do not say the same of what was shown when: write {table} with the columns "
                "name, start and stop in seconds, which then holds for all"
            )
    return shown[0]


def _from_npz(path: Path, rate: float | None) -> Recording | Recordings:
    if path.suffix.lower() != ".npz":
        raise FormatError(f"{path} is no {join_names(ENDINGS)} file")
    held = read_arrays(path)
    if missing := [name for name in ("signals", "units") if name not in held]:
        raise FormatError(f"{path} has no array {missing[0]}; it has {join_names(held)}")
    units = tuple(held["units"].astype(str).tolist())
    told = float(held["rate"]) if "rate" in held else rate or 1.0
    signals = held["signals"]
    if signals.ndim == 2:
        return Recording(path.stem, signals, units, told)
    if signals.ndim != 3 or signals.shape[2] != len(units):
        raise DataError(
            f"{path}: signals are (frames, units) or (animals, frames, units) of {len(units)} units, "
            f"got {signals.shape}"
        )
    animals = held.get("animals", np.arange(len(signals))).astype(str).tolist()
    present = held.get("present", np.ones((len(signals), len(units)), dtype=bool)).astype(bool)
    times = held.get("stimulus_times", np.empty((0, 2)))
    names = held.get("stimulus_names", np.empty(0, dtype=np.str_)).astype(str).tolist()
    stimuli = [Stimulus(name, float(start), float(stop)) for name, (start, stop) in zip(names, times, strict=True)]
    kept = [np.flatnonzero(row) for row in present]
    recordings = [
        Recording(str(animal), signals[w][:, kept[w]], tuple(units[k] for k in kept[w]), told)
        for w, animal in enumerate(animals)
    ]
    if twice := [unit for unit in dict.fromkeys(units) if units.count(unit) > 1]:
        raise DataError(f"{path}: the unit {twice[0]!r} occurs {units.count(twice[0])} times: name each once")
    return Recordings.of(recordings, stimuli=stimuli, units=units)


def _from_csv(path: Path, rate: float | None) -> Recording:
    lines = [line for line in csv.reader(io.StringIO(read_text(path))) if any(cell.strip() for cell in line)]
    if len(lines) < 2:
        raise FormatError(f"{path} holds no frame: a line of names of units and a line a frame are wanted")
    heads = [cell.strip() for cell in lines[0]]
    rows = np.full((len(lines) - 1, len(heads)), np.nan)
    for number, cells in enumerate(lines[1:]):
        if len(cells) != len(heads):
            raise FormatError(f"{path}, line {number + 2}: wanted {len(heads)} columns as in line 1, got {len(cells)}")
        for k, cell in enumerate(cells):
            if cell.strip().lower() not in ("", "nan", "na"):
                try:
                    rows[number, k] = float(cell)
                except ValueError:
                    raise FormatError(f"{path}, line {number + 2}: {cell.strip()!r} is no number") from None
    clock = next((k for k, head in enumerate(heads) if head.lower() in TIME), None)
    told = rate or 1.0
    if clock is not None:
        told = rate_of(rows[:, clock], path)
        rows, heads = np.delete(rows, clock, axis=1), heads[:clock] + heads[clock + 1 :]
    empty = np.isnan(rows).all(axis=0)
    return Recording(
        path.stem, rows[:, ~empty], tuple(h for h, gone in zip(heads, empty, strict=True) if not gone), told
    )


def _stimuli(path: Path) -> tuple[Stimulus, ...]:
    with guarded(path, "has the columns name, start and stop, in seconds"):
        rows = list(csv.DictReader(io.StringIO(read_text(path))))
        return tuple(Stimulus(row["name"], float(row["start"]), float(row["stop"])) for row in rows)

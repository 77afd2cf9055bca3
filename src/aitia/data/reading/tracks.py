"""Tracks in files: a line a position (`frame agent x y`), scenes as `Tracks.write` leaves them, or `.npz` files with an
array `raw`.
"""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.arrays import read_arrays
from aitia.data.tracks import Tracks
from aitia.errors import DataError, FormatError, OptionError, join_names
from aitia.guard import guarded, read_text

__all__ = ["read_tracks", "write_tracks"]

Values = NDArray[np.float64]
HEADS = ("frame", "agent", "x", "y")
"""What each line says."""
WRITTEN = ("row", "agent", "frame", "x", "y", "environment")
"""The first line of what `Tracks.write` leaves: a scene a row."""


def read_tracks(
    source: str | Path | Mapping[str, str | Path],
    *,
    environment: str | None = None,
    observed: int = 8,
    future: int = 12,
    frame_step: float | None = None,
    stride: int | None = None,
    least_agents: int = 2,
    columns: Mapping[str, str] | None = None,
) -> Tracks:
    """Reads scenes from files of text (`frame agent x y` a line) or `.npz` files with an array `raw`.

    Args:
        source: A file, a folder of files, or files by environment.
        environment: Label of a single file; its name without the ending if None, as in a folder.
        observed: Frames of a scene that are the past.
        future: Frames that follow.
        frame_step: Difference of the numbers of consecutive frames; None takes it from the file.
        stride: Frames from one window to the next; None takes observed + future, so that windows do not overlap.
        least_agents: Windows with fewer full-length agents are left out.
        columns: For text with a line of heads: which of its columns are `frame`, `agent`, `x` and `y`. Agents may then
            be named in words; further columns are passed over.

    Raises:
        FormatError: If a file is missing, a line does not have four numbers, or the frame step is irregular.
        OptionError: If `columns` lacks one of the four.
        DataError: If a position is missing or no window is long enough.
    """
    length = observed + future
    if columns is not None and (lacking := [name for name in HEADS if name not in columns]):
        raise OptionError(f"columns says which are {', '.join(HEADS)}; it lacks {', '.join(lacking)}")
    parts = []
    for label, path in _files(source, environment).items():
        if not path.is_file():
            raise FormatError(f"there is no file {path}")
        with guarded(path, "is damaged"):
            if path.suffix == ".npz":
                parts.append(_from_arrays(path, label, observed, length))
            elif columns is None and read_text(path).split("\n", 1)[0].strip().split(",")[: len(WRITTEN)] == [*WRITTEN]:
                parts.append(_from_scenes(path))
            else:
                rows = _plain_lines(path) if columns is None else _lines_with_heads(path, columns)
                parts.append(_from_rows(path, rows, label, length, frame_step, stride or length, least_agents))
    agents = max(part.tracks.shape[1] for part in parts)
    return Tracks(
        np.concatenate([_padded(part.tracks, agents) for part in parts]),
        np.concatenate([part.environment for part in parts]),
        np.concatenate([_padded(part.there, agents) for part in parts]),
        np.concatenate([part.begins for part in parts]),
        _channels(parts, agents),
    )


def write_tracks(tracks: Tracks, path: str | Path) -> None:
    """Writes a `.npz` file that `read_tracks` reads, whole or not at all.

    Raises:
        FormatError: If the file cannot be written.
    """
    import io

    from aitia.files import write_whole

    packed = io.BytesIO()
    channel: dict[str, Any] = {} if tracks.channel is None else {"channel": tracks.channel}
    np.savez_compressed(
        packed, raw=tracks.tracks, environment=tracks.environment, present=tracks.there, begins=tracks.begins, **channel
    )
    write_whole(Path(path), packed.getvalue())


def _files(source: str | Path | Mapping[str, str | Path], environment: str | None) -> dict[str, Path]:
    if isinstance(source, Mapping):
        return {label: Path(path) for label, path in source.items()}
    path = Path(source)
    if path.is_dir():
        found = sorted(p for p in path.iterdir() if p.suffix in (".npz", ".txt", ".csv", ".tsv"))
        if not found:
            raise FormatError(f"{path} holds no file of tracks (.txt or .npz)")
        return {p.stem: p for p in found}
    return {environment or path.stem: path}


def _from_arrays(path: Path, label: str, observed: int, length: int) -> Tracks:
    held = read_arrays(path)
    if "raw" not in held:
        raise FormatError(f"{path} has no array raw; it has {join_names(held)}")
    raw = np.asarray(held["raw"], dtype=np.float64)
    labels = held["environment"] if "environment" in held else np.array([label] * len(raw))
    present, begins, channel = held.get("present"), held.get("begins", np.empty(0)), held.get("channel")
    if raw.ndim == 4 and raw.shape[2] < length and raw.shape[2] != observed:  # the past alone is to be forecast
        raise DataError(f"{path}: a scene has {raw.shape[2]} frames, needs obs+fut={length}")
    return Tracks(raw[:, :, :length] if raw.ndim == 4 else raw, labels, present, begins, channel)


def _from_rows(
    path: Path, rows: Values, label: str, length: int, step: float | None, stride: int, least: int
) -> Tracks:
    """Windows of rows (frame, agent, x, y)."""
    if not len(rows):
        raise DataError(f"{path} has no line")
    frames = np.unique(rows[:, 0])
    gaps, counts = np.unique(np.diff(frames), return_counts=True)
    if step is None:
        step = float(gaps[np.argmax(counts)]) if len(gaps) else 1.0
        if len(gaps) and counts.max() < 0.9 * counts.sum():
            found = ", ".join(f"{gap:g} ({count} times)" for gap, count in zip(gaps, counts, strict=True))
            raise FormatError(f"{path}: frames are {found} apart: say which is right with --frame-step")
    position = {(f, a): (x, y) for f, a, x, y in rows}
    if len(position) < len(rows):
        seen, twice = np.unique(rows[:, :2], axis=0, return_counts=True)
        f, a = seen[np.argmax(twice)]
        raise FormatError(f"{path}: agent {a:g} is twice in frame {f:g}")
    members: dict[float, list[float]] = {}
    for f, a in position:
        members.setdefault(f, []).append(a)
    windows: list[tuple[float, Values]] = []
    for begin in np.arange(frames[0], frames[-1] - (length - 1) * step + step / 2, stride * step):
        times = [float(begin + k * step) for k in range(length)]
        full = [a for a in sorted(members.get(times[0], [])) if all((t, a) in position for t in times)]
        if len(full) >= least:
            windows.append((float(begin), np.array([[position[t, a] for t in times] for a in full])))
    if not windows:
        longest = int(max(np.unique(rows[:, 1], return_counts=True)[1]))
        raise DataError(
            f"{path}: no scene of {least} agents has obs+fut={length} frames; the longest track has {longest}"
        )
    for begin, scene in windows:
        if not np.isfinite(scene).all():
            a, t, _ = np.argwhere(~np.isfinite(scene))[0]
            raise DataError(f"{path}: agent {a} of the window from frame {begin:g} has no position in its frame {t}")
    agents = max(len(scene) for _, scene in windows)
    tracks = np.stack([_padded(scene[None], agents)[0] for _, scene in windows])
    present = np.array([[k < len(scene) for k in range(agents)] for _, scene in windows])
    begins = np.array([begin / step for begin, _ in windows])
    return Tracks(tracks, np.array([label] * len(windows)), present, begins)


def _from_scenes(path: Path) -> Tracks:
    """The scenes that `Tracks.write` wrote."""
    lines = list(csv.reader(read_text(path).splitlines()))
    if len(lines[0]) > len(WRITTEN):
        raise FormatError(f"{path} has a column {lines[0][len(WRITTEN)]!r}: several answers to a scene are no scenes")
    scenes: dict[str, dict[int, dict[int, tuple[float, float]]]] = {}
    labels: dict[str, str] = {}
    for number, cells in enumerate(lines[1:], 2):
        if len(cells) != len(WRITTEN):
            raise FormatError(f"{path}, line {number}: wanted {len(WRITTEN)} columns as in line 1, got {len(cells)}")
        row, agent, frame, x, y, labels[cells[0]] = cells
        try:
            scenes.setdefault(row, {}).setdefault(int(agent), {})[int(frame)] = float(x), float(y)
        except ValueError:
            raise FormatError(f"{path}, line {number}: agent, frame, x and y are numbers") from None
    if not scenes:
        raise DataError(f"{path} has no line")
    agents = 1 + max(agent for scene in scenes.values() for agent in scene)
    frames = 1 + max(frame for scene in scenes.values() for track in scene.values() for frame in track)
    tracks, present = np.zeros((len(scenes), agents, frames, 2)), np.zeros((len(scenes), agents), dtype=bool)
    for k, (row, scene) in enumerate(scenes.items()):
        for number, track in scene.items():
            if gone := sorted(set(range(frames)) - set(track)):
                raise DataError(f"{path}: agent {number} of row {row} has no position in frame {gone[0]}")
            tracks[k, number], present[k, number] = [track[frame] for frame in range(frames)], True
    return Tracks(tracks, np.array([labels[row] for row in scenes]), present)


def _padded(values: NDArray[Any], agents: int) -> NDArray[Any]:
    """More agents at the end, all zero."""
    extra = [(0, 0)] * values.ndim
    extra[1] = (0, agents - values.shape[1])
    return np.pad(values, extra)


def _channels(parts: Sequence[Tracks], agents: int) -> Values | None:
    """The channel of all parts one after the other; None where a part has none."""
    found = [_padded(part.channel, agents) for part in parts if part.channel is not None]
    if len(found) < len(parts) or len({part.shape[2] for part in found}) > 1:
        return None
    return np.concatenate(found)


# -- lines ------------------------------------------------------------------------------------------------------------


def _plain_lines(path: Path) -> Values:
    """Rows (frame, agent, x, y) of a text file of four numbers a line."""
    rows = []
    for number, line in enumerate(read_text(path).splitlines(), 1):
        if line.strip():
            cells = line.replace(",", " ").split()
            if len(cells) != 4:
                raise FormatError(f"{path}, line {number}: wanted frame, agent, x, y, got {len(cells)} columns")
            try:
                rows.append([float(cell) for cell in cells])
            except ValueError:
                raise FormatError(f"{path}, line {number}: {line.strip()!r} is not four numbers") from None
    return np.array(rows).reshape(-1, 4)


def _lines_with_heads(path: Path, columns: Mapping[str, str]) -> Values:
    """Rows (frame, agent, x, y) of a text file with heads; an agent named in words gets a number."""
    lines = read_text(path).splitlines()
    head = lines[0] if lines else ""
    mark = next((m for m in ("\t", ";", ",") if m in head), " ")
    table = list(csv.reader(lines, delimiter=mark, skipinitialspace=mark == " "))
    heads = [cell.strip() for cell in table[0]] if table else []
    if absent := [columns[name] for name in HEADS if columns[name] not in heads]:
        raise FormatError(f"{path} has no column {absent[0]!r}; its first line has {join_names(heads)}")
    places = [heads.index(columns[name]) for name in HEADS]
    agents: list[str] = []
    rows = []
    for number, cells in enumerate(table[1:], 2):
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(heads):
            raise FormatError(f"{path}, line {number}: wanted {len(heads)} columns as in line 1, got {len(cells)}")
        frame, agent, x, y = (cells[place].strip() for place in places)
        try:
            rows.append([float(frame), 0.0, float(x), float(y)])
        except ValueError:
            raise FormatError(f"{path}, line {number}: frame, x and y are numbers, got {frame}, {x}, {y}") from None
        agents.append(agent)
    found = np.array(rows).reshape(-1, 4)
    try:
        found[:, 1] = [float(agent) for agent in agents]
    except ValueError:
        found[:, 1] = np.unique(agents, return_inverse=True)[1]
    return found

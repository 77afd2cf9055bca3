"""Tracks of agents in the plane, scene by scene, with the environment that each scene is from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aitia.data.base import Data, Form
from aitia.data.table import Table
from aitia.data.track_lines import HEADS, lines_with_heads, plain_lines
from aitia.errors import DataError, FormatError, OptionError, join_names

if TYPE_CHECKING:
    from aitia.report import Block

__all__ = ["Tracks", "constant_velocity", "planted_confidence", "read_tracks", "write_tracks"]

Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Tracks(Data):
    """Scenes of moving agents.

    Args:
        tracks: (scenes, agents, frames, 2) positions in metres; zero for an agent that is not there.
        environment: (scenes,) labels.
        present: (scenes, agents) whether the agent is there; None where all are.
        begins: (scenes,) number of the first frame in its file, by which `split` keeps windows apart; if empty, one
            scene follows the other.
        channel: (scenes, agents, frames of the past or more) a further number at each position, such as the confidence
            of a tracker; None where there is none.
        further: What else is known of each scene, one row each.

    Raises:
        DataError: If the shapes do not fit, there is no scene, or a position is not finite.
    """

    form: ClassVar[Form] = "tracks"
    tracks: Values
    environment: NDArray[np.str_]
    present: NDArray[np.bool_] | None = None
    begins: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    channel: Values | None = None
    further: Table | None = None

    def __post_init__(self) -> None:
        tracks = np.asarray(self.tracks, dtype=np.float64)
        if tracks.ndim != 4 or tracks.shape[-1] != 2:
            raise DataError(f"tracks are an array (scenes, agents, frames, 2), got shape {tracks.shape}")
        if not len(tracks):
            raise DataError("there is no scene")
        environment = np.asarray(self.environment).astype(str)
        if environment.shape != (len(tracks),):
            raise DataError(f"there are {len(tracks)} scenes and {environment.size} labels of environments")
        present = np.ones(tracks.shape[:2], bool) if self.present is None else np.asarray(self.present, bool)
        if present.shape != tracks.shape[:2]:
            raise DataError(f"present has shape {present.shape}, tracks have {tracks.shape[:2]} scenes and agents")
        if not np.isfinite(tracks[present]).all():
            s, a, t, _ = np.argwhere(~np.isfinite(tracks))[0]
            raise DataError(f"scene {s} ({environment[s]}), agent {a}, frame {t} has no position: drop or fill it")
        channel = None if self.channel is None else np.asarray(self.channel, dtype=np.float64)
        if channel is not None and (channel.ndim != 3 or channel.shape[:2] != tracks.shape[:2]):
            raise DataError(
                f"the channel has shape {channel.shape}, tracks have {tracks.shape[:2]} scenes and agents: give a "
                "number at each frame, (scenes, agents, frames)"
            )
        if self.further is not None and self.further.n != len(tracks):
            raise DataError(f"there are {len(tracks)} scenes, and {self.further.n} rows of what is known of them")
        begins = np.asarray(self.begins, float) if len(self.begins) else np.arange(len(tracks)) * float(tracks.shape[2])
        for name, value in (
            ("tracks", np.where(present[:, :, None, None], tracks, 0.0)),
            ("environment", environment),
            ("present", present),
            ("begins", begins),
            ("channel", channel),
        ):
            object.__setattr__(self, name, value)

    @classmethod
    def of(cls, given: Any, environment: str | Sequence[Any] | NDArray[Any] | None = None) -> "Tracks":
        """A set from a set, or from an array of tracks and the label or labels of environments."""
        if isinstance(given, Tracks):
            return given
        tracks = np.asarray(given, dtype=np.float64)
        one = environment is None or isinstance(environment, str)
        labels = [str(environment) if environment is not None else "all"] * len(tracks) if one else environment
        return cls(tracks, np.asarray(labels).astype(str))

    def __len__(self) -> int:
        return len(self.tracks)

    @property
    def environments(self) -> tuple[str, ...]:
        """The labels that occur, sorted."""
        return tuple(sorted(set(self.environment.tolist())))

    @property
    def there(self) -> NDArray[np.bool_]:
        """(scenes, agents) whether the agent is there."""
        return np.ones(self.tracks.shape[:2], bool) if self.present is None else self.present

    def take(self, rows: ArrayLike | slice) -> "Tracks":
        """Some of the scenes, in the order given."""
        pick = rows if isinstance(rows, slice) else np.asarray(rows)
        return Tracks(
            self.tracks[pick],
            self.environment[pick],
            self.there[pick],
            self.begins[pick],
            None if self.channel is None else self.channel[pick],
            None if self.further is None else self.further.take(pick),
        )

    def of_environments(self, *labels: str) -> "Tracks":
        """The scenes of these environments.

        Raises:
            OptionError: If a label does not occur; lists those that do.
        """
        for label in labels:
            if label not in self.environments:
                raise OptionError(
                    f"there is no environment {label!r}; the scenes are of {join_names(self.environments)}"
                )
        return self.take(np.isin(self.environment, labels))

    def need_frames(self, observed: int, future: int) -> None:
        """Refuses scenes that are too short.

        Raises:
            DataError: If there are fewer frames than observed + future.
        """
        frames = self.tracks.shape[2]
        if frames < observed + future:
            raise DataError(f"a scene has {frames} frames, needs obs+fut={observed + future}")

    def parts(self) -> dict[str, NDArray[Any]]:
        """The positions."""
        return {"positions": self.tracks}

    @property
    def known(self) -> Table:
        """The environment of each scene, and what else is known of it."""
        place = Table.of({"environment": self.environment}, kinds={"environment": "label"})
        return place if self.further is None else place.joined(self.further)

    def with_known(self, columns: Mapping[str, Any], kinds: Mapping[str, str] | None = None) -> "Tracks":
        """The same with other environments, or with these columns of what else is known."""
        environment, further = self.environment, self.further
        if "environment" in columns:
            environment = np.array([str(label) for label in columns["environment"]])
        others = {name: values for name, values in columns.items() if name != "environment"}
        if others:
            given = Table.of(others, kinds={name: kind for name, kind in (kinds or {}).items() if name in others})
            further = given if further is None else further.joined(given)
        return replace(self, environment=environment, further=further)

    def with_draws(self, draws: int) -> "Tracks":
        """With the columns `row` and `draw` of scenes that stand `draws` times one after the other."""
        told = self.known.with_draws(draws).select(("row", "draw"))
        return replace(self, further=told if self.further is None else self.further.joined(told))

    def with_future(self, observed: int, future: Values) -> "Tracks":
        """The same past of `observed` frames, and this future (scenes, agents, frames, 2) after it."""
        return replace(self, tracks=np.concatenate([self.tracks[:, :, :observed], future], axis=2))

    def hash(self) -> str:
        """SHA-256 of positions and environments, and of what else there is."""
        from aitia.runs import content_hash

        numbers = np.ascontiguousarray(self.tracks, dtype="<f8").tobytes()
        parts: list[Any] = [content_hash(numbers), list(self.tracks.shape), self.environment.tolist()]
        if self.channel is not None:
            parts.append(content_hash(np.ascontiguousarray(self.channel, dtype="<f8").tobytes()))
        if self.further is not None:
            parts.append(self.further.hash())
        return content_hash(parts)

    def write(self, folder: Path, stem: str, rows: Sequence[int]) -> list[Path]:
        """`STEM.csv`: a line for each position, with `row`, `agent`, `frame`, `x`, `y` and `environment`."""
        from aitia.data.writing import write_positions

        return write_positions(self, folder, stem, rows)

    @classmethod
    def draw(cls, shown: "Mapping[str, Tracks]", names: Sequence[str], about: str = "") -> "Sequence[Block]":
        """A figure of tracks: the past that all share, and what each says comes after it."""
        from aitia.data.drawing import draw_tracks

        return draw_tracks(shown, names, about)

    def split(self, share: float, seed: int = 0) -> tuple["Tracks", "Tracks"]:
        """The earlier and the later scenes of each environment, without windows that share a frame.

        Args:
            share: Of the scenes that go to the later part.
            seed: Not used: time decides.

        Raises:
            OptionError: If the share is not between 0 and 1, or leaves a part empty.
        """
        if not 0 < share < 1:
            raise OptionError(f"the share is between 0 and 1, got {share}")
        early, late, frames = np.zeros(len(self), bool), np.zeros(len(self), bool), self.tracks.shape[2]
        for label in self.environments:
            rows = np.flatnonzero(self.environment == label)
            order = rows[np.argsort(self.begins[rows], kind="stable")]
            cut = self.begins[order[min(round(len(order) * (1 - share)), len(order) - 1)]]
            late[order] = self.begins[order] >= cut
            early[order] = self.begins[order] <= cut - frames
        if not early.any() or not late.any():
            raise OptionError(f"a share of {share} of {len(self)} scenes leaves one part empty")
        return self.take(early), self.take(late)


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
        if path.suffix == ".npz":
            parts.append(_from_arrays(path, label, observed, length))
        else:
            rows = plain_lines(path) if columns is None else lines_with_heads(path, columns)
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


def constant_velocity(past: ArrayLike, future: int) -> Values:
    """The past (..., frames, 2) prolonged with its last step: (..., future, 2).

    Example:
        >>> constant_velocity([[0.0, 0.0], [1.0, 0.5]], 2).tolist()
        [[2.0, 1.0], [3.0, 1.5]]
    """
    x = np.asarray(past, dtype=np.float64)
    step = x[..., -1:, :] - x[..., -2:-1, :]
    return np.asarray(x[..., -1:, :] + step * np.arange(1, future + 1)[:, None], dtype=np.float64)


def planted_confidence(tracks: ArrayLike, alpha: ArrayLike, observed: int = 8) -> Values:
    """A channel that leaks the future into the past on purpose, to test whether a forecaster falls for it.

        s_t = alpha (norm(v_{t+8} - v_t) + 1),    v the displacement from frame t to t+1; v_0 = v_1

    A user's data never get it unasked.

    Args:
        tracks: (scenes, agents, frames, 2).
        alpha: Strength, one number or (scenes,).
        observed: Frames of the past; the displacement 8 frames later must exist.

    Returns:
        (scenes, agents, observed).

    Source:
        Liu et al., Towards Robust and Adaptive Motion Forecasting, CVPR 2022, section 4.1.
    """
    x = np.asarray(tracks, dtype=np.float64)
    if x.shape[2] < observed + 8:
        raise DataError(f"a scene has {x.shape[2]} frames, the planted channel needs {observed + 8}")
    v = np.diff(x, axis=2, prepend=2 * x[:, :, :1] - x[:, :, 1:2])
    change = np.linalg.norm(v[:, :, 8 : observed + 8] - v[:, :, :observed], axis=-1)
    return np.asarray(np.reshape(alpha, (-1, 1, 1)) * (change + 1))


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
    try:
        with np.load(path, allow_pickle=False) as file:
            if "raw" not in file.files:
                raise FormatError(f"{path} has no array raw; it has {join_names(file.files)}")
            raw = np.asarray(file["raw"], dtype=np.float64)
            labels = file["environment"] if "environment" in file.files else np.array([label] * len(raw))
            present = file["present"] if "present" in file.files else None
            begins = file["begins"] if "begins" in file.files else np.empty(0)
            channel = file["channel"] if "channel" in file.files else None
    except (OSError, ValueError, EOFError) as error:
        raise FormatError(f"{path} is damaged or no npz file ({error})") from error
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

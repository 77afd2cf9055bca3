"""Tracks of agents in the plane, scene by scene, with the environment that each scene is from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aitia.data.base import Data, Form
from aitia.data.table import Table
from aitia.errors import DataError, OptionError, join_names

if TYPE_CHECKING:
    from aitia.report import Block

__all__ = ["Tracks", "constant_velocity", "planted_confidence"]

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

    def split_rows(self, share: float, seed: int = 0) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Numbers of the earlier and the later scenes of each environment, without windows that share a frame.

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
        return np.flatnonzero(early), np.flatnonzero(late)


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

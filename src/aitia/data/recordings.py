"""Signals of named units over time in several animals, with what is missing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aitia.data.base import Data, Form
from aitia.data.table import Table
from aitia.errors import DataError, join_names, unknown_variable

if TYPE_CHECKING:
    from aitia.report import Block

__all__ = ["Recording", "Recordings", "Stimulus"]

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Stimulus:
    """A window of time in which something was shown.

    Args:
        name: What.
        start: Seconds from the first frame.
        stop: Seconds, after the start.
    """

    name: str
    start: float
    stop: float

    def __post_init__(self) -> None:
        if not self.start < self.stop:
            raise DataError(f"the stimulus {self.name!r} stops after it starts, got {self.start:g} to {self.stop:g}")


@dataclass(frozen=True, eq=False)
class Recording:
    """One animal.

    Args:
        animal: Its name.
        signals: (frames, units).
        units: Names of the columns.
        rate: Frames a second.

    Raises:
        DataError: If the shapes do not fit, a name occurs twice, or a value is no number.
    """

    animal: str
    signals: Values
    units: tuple[str, ...]
    rate: float = 1.0

    def __post_init__(self) -> None:
        signals, units = np.asarray(self.signals, dtype=np.float64), tuple(str(unit) for unit in self.units)
        if signals.ndim != 2 or not signals.size:
            raise DataError(f"{self.animal}: signals are an array (frames, units), got shape {signals.shape}")
        if signals.shape[1] != len(units):
            raise DataError(f"{self.animal}: there are {signals.shape[1]} signals and {len(units)} names of units")
        if twice := [unit for unit in dict.fromkeys(units) if units.count(unit) > 1]:
            raise DataError(
                f"{self.animal}: the unit {twice[0]!r} occurs {units.count(twice[0])} times: name each once"
            )
        if not (np.isfinite(self.rate) and self.rate > 0):
            raise DataError(f"{self.animal}: the rate is a number of frames a second above 0, got {self.rate:g}")
        bad = ~np.isfinite(signals)
        if bad.any():
            unit = int(np.flatnonzero(bad.any(axis=0))[0])
            frames = np.flatnonzero(bad[:, unit])
            others = int(bad.any(axis=0).sum()) - 1
            more = f" ({others} more units have gaps)" if others else ""
            raise DataError(
                f"{self.animal}: the unit {units[unit]!r} has no number in frames {frames[0]} to {frames[-1]}{more}: "
                "interpolate it, or leave the unit out of this animal"
            )
        object.__setattr__(self, "signals", signals)
        object.__setattr__(self, "units", units)


@dataclass(frozen=True, eq=False)
class Recordings(Data):
    """Animals on one list of units.

    Args:
        signals: (animals, frames, units), zero where an animal lacks a unit.
        present: (animals, units), whether the animal has the unit.
        units: Names.
        animals: Names.
        rate: Frames a second.
        stimuli: Windows of time, the same for all animals.
        warnings: What to keep in mind, in sentences.

    Raises:
        DataError: If the shapes do not fit, a name occurs twice, or a value is no number.
    """

    form: ClassVar[Form] = "recordings"
    signals: Values
    present: NDArray[np.bool_]
    units: tuple[str, ...]
    animals: tuple[str, ...]
    rate: float = 1.0
    stimuli: tuple[Stimulus, ...] = ()
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        signals, present = np.asarray(self.signals, dtype=np.float64), np.asarray(self.present, dtype=bool)
        wanted = (len(self.animals), signals.shape[1] if signals.ndim == 3 else 0, len(self.units))
        if signals.shape != wanted or present.shape != (wanted[0], wanted[2]) or not signals.size:
            raise DataError(
                f"signals are (animals, frames, units) and present (animals, units): {len(self.animals)} animals and "
                f"{len(self.units)} units were named, got shapes {signals.shape} and {present.shape}"
            )
        for what, names in (("unit", self.units), ("animal", self.animals)):
            if twice := [name for name in dict.fromkeys(names) if names.count(name) > 1]:
                raise DataError(f"the {what} {twice[0]!r} occurs {names.count(twice[0])} times: name each once")
        signals = np.where(present[:, None], signals, 0.0)
        if not np.isfinite(signals).all():
            w, _, u = (int(k) for k in np.argwhere(~np.isfinite(signals))[0])
            Recording(self.animals[w], signals[w], self.units, self.rate)  # says which unit and frames
            raise DataError(f"{self.animals[w]}: the unit {self.units[u]!r} has no number")
        object.__setattr__(self, "signals", signals)
        object.__setattr__(self, "present", present)

    @classmethod
    def of(
        cls, recordings: Sequence[Recording], *, stimuli: Sequence[Stimulus] = (), units: Sequence[str] | None = None
    ) -> "Recordings":
        """One set of several recordings; a constant signal is taken for one that is missing.

        Args:
            recordings: One an animal.
            stimuli: Windows of time.
            units: The list of names; None takes every name that occurs, in the order in which they do.

        Raises:
            DataError: If there is no recording, or lengths or rates differ.
            UnknownVariableError: If a recording has a unit that the list lacks.
        """
        if not recordings:
            raise DataError("there is no recording")
        first = recordings[0]
        for other in recordings[1:]:
            if len(other.signals) != len(first.signals):
                raise DataError(
                    f"{other.animal} has {len(other.signals)} frames and {first.animal} has {len(first.signals)}: "
                    "bring all animals to the same times by resampling or cutting"
                )
            if not np.isclose(other.rate, first.rate):
                raise DataError(
                    f"{other.animal} has {other.rate:g} frames a second and {first.animal} has {first.rate:g}: "
                    "resample all animals to one rate"
                )
        names = tuple(units or dict.fromkeys(unit for recording in recordings for unit in recording.units))
        place = {name: k for k, name in enumerate(names)}
        signals = np.zeros((len(recordings), len(first.signals), len(names)))
        present = np.zeros((len(recordings), len(names)), dtype=bool)
        constant = []
        for w, recording in enumerate(recordings):
            if unknown := [unit for unit in recording.units if unit not in place]:
                raise unknown_variable(unknown[0], names, "list of units")
            columns = [place[unit] for unit in recording.units]
            moving = np.ptp(recording.signals, axis=0) > 0
            signals[w, :, columns], present[w, columns] = recording.signals.T, moving
            constant += [f"{u} in {recording.animal}" for u, m in zip(recording.units, moving, strict=True) if not m]
        warnings = _rare(present, names) if len(recordings) > 1 else ()
        if constant:
            warnings = (f"Constant signals were taken for missing ones: {join_names(constant)}.", *warnings)
        animals = tuple(recording.animal for recording in recordings)
        return cls(signals, present, names, animals, first.rate, tuple(stimuli), warnings)

    def __len__(self) -> int:
        return len(self.animals)

    @property
    def frames(self) -> int:
        """Of each animal."""
        return int(self.signals.shape[1])

    @property
    def seconds(self) -> float:
        """From the first frame to the end of the last."""
        return self.frames / self.rate

    def take(self, rows: ArrayLike | slice) -> "Recordings":
        """Some of the animals, in the order given."""
        pick = np.arange(len(self))[rows if isinstance(rows, slice) else np.asarray(rows)]
        return Recordings(
            self.signals[pick],
            self.present[pick],
            self.units,
            tuple(self.animals[k] for k in pick),
            self.rate,
            self.stimuli,
            self.warnings,
        )

    def parts(self) -> dict[str, NDArray[Any]]:
        """The signals."""
        return {"signals": self.signals}

    @property
    def known(self) -> Table:
        """The name of each animal."""
        return Table.of({"animal": list(self.animals)}, kinds={"animal": "label"})

    def with_known(self, columns: Mapping[str, Any], kinds: Mapping[str, str] | None = None) -> "Recordings":
        """The same with other environments, for tracks; recordings know of nothing that may be set."""
        raise DataError(f"recordings know of their animals only, not of {next(iter(columns))!r}")

    def hash(self) -> str:
        """SHA-256 of signals, units and rate."""
        from aitia.runs import content_hash

        numbers = np.ascontiguousarray(self.signals, dtype="<f8").tobytes()
        return content_hash([content_hash(numbers), self.present.tolist(), list(self.units), self.rate])

    def write(self, folder: Path, stem: str, rows: Sequence[int]) -> list[Path]:
        """`STEM-ROW.csv` for each animal: a column `time` in seconds and one for each unit that it has."""
        from aitia.data.writing import write_animals

        return write_animals(self, folder, stem, rows)

    @classmethod
    def draw(cls, shown: "Mapping[str, Recordings]", names: Sequence[str], about: str = "") -> "Sequence[Block]":
        """The signals of the first units of each animal, a line for each heading."""
        from aitia.data.drawing import draw_recordings

        return draw_recordings(shown, names, about)

    def of_units(self, units: Sequence[str]) -> "Recordings":
        """The animals on another list of units; what the list lacks is left out, what they lack is missing.

        Raises:
            DataError: If an animal has none of the units.
        """
        place = {name: k for k, name in enumerate(self.units)}
        known = np.array([name in place for name in units])
        columns = np.array([place.get(name, 0) for name in units])
        present = self.present[:, columns] & known
        if empty := [animal for animal, some in zip(self.animals, present.any(axis=1), strict=True) if not some]:
            raise DataError(f"{empty[0]} has none of the units {join_names(units)}")
        return Recordings(
            self.signals[:, :, columns], present, tuple(units), self.animals, self.rate, self.stimuli, self.warnings
        )


def _rare(present: NDArray[np.bool_], names: Sequence[str]) -> tuple[str, ...]:
    rare = [name for name, count in zip(names, present.sum(axis=0), strict=True) if count < 2]
    if not rare:
        return ()
    return (f"In fewer than two animals, so that nothing says whether others do the same: {join_names(rare)}.",)

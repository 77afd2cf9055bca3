"""From what a user names to rows: a folder, a file, a data set of the Hugging Face Hub, or a world of ours."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from inspect import isabstract
from pathlib import Path
from typing import Any

import numpy as np

from aitia.data.clips import Clips
from aitia.data.images import ImageSet, read_images
from aitia.data.recordings import read_recordings
from aitia.data.table import Table
from aitia.data.tables import read_table
from aitia.data.tracks import read_tracks
from aitia.errors import FormatError, OptionError, join_names
from aitia.workflow.observed import ENVIRONMENT, Observed
from aitia.workflow.options import nearest, parse_options
from aitia.worlds.world import World

__all__ = ["Source", "find_world", "world_names"]

WORLD_ROWS, WORLD_SIZE = 1000, 64
WORLD_ANIMALS = 8
"""Rows of a world of traces."""
_TABLES = (".csv", ".tsv", ".parquet", ".arrow", ".feather")
_ENVIRONMENTS = ("environment", "env", "domain")
_NO_CAUSES = ("id", "frame", "view", "row")


@dataclass(frozen=True)
class Source:
    """What a user names as data.

    Args:
        data: A path, a data set of the Hub (`owner/name`), or the name of a world.
        labels: The CSV file of a folder of images, where it is not the only one there.
        environment: The column that says where a row is from; None takes `environment`, `env` or `domain`.
        size: Pixels on a side to scale images to; None leaves them, and draws a world's with 64.
        rows: Rows of a world; None draws 1000, or 8 animals of a world of traces.
        seed: Of a world's rows.
        world: Arguments of the world, by name.
        causes: Labels that are causes, where not all that are numbers are.
        frame_step: Difference of the numbers of consecutive frames in files of tracks; None takes it from the file.
    """

    data: str
    labels: str | None = None
    environment: str | None = None
    size: int | None = None
    rows: int | None = None
    seed: int = 0
    world: Mapping[str, Any] = field(default_factory=dict)
    frame_step: float | None = None
    causes: tuple[str, ...] = ()

    @property
    def is_world(self) -> bool:
        """Whether it names a world and no path."""
        return not Path(self.data).exists() and self.data in _worlds()

    def resolved(self) -> "Source":
        """The same, with the rows and the size of a world's pictures said where nobody did."""
        rows, size = self._drawn
        return replace(self, rows=rows, size=size) if self.is_world else self

    @property
    def _drawn(self) -> tuple[int, int]:
        known = _worlds().get(self.data)
        many = WORLD_ANIMALS if known is not None and known.seen == "traces" else WORLD_ROWS
        return many if self.rows is None else self.rows, WORLD_SIZE if self.size is None else self.size

    def read(self, forms: tuple[str, ...], window: tuple[int, int] = (8, 12)) -> Observed:
        """The rows.

        Args:
            forms: What the method takes: `images`, `clips`, `table`, `tracks`, `traces`.
            window: Frames of the past and of the future in a scene of tracks.

        Raises:
            FormatError: If there is nothing of that name, or it cannot be read.
            OptionError: If an option has no use for such data.
            DataError: If what is there cannot be used.
        """
        if self.is_world:
            if self.environment is not None or self.labels is not None or self.causes:
                raise OptionError(
                    f"{self.data} is a world, which knows its environments and causes: leave out the columns"
                )
            rows, size = self._drawn
            if size < 4:
                raise OptionError(f"a picture has at least 4 pixels on a side, got {size}")
            return Observed.of_world(find_world(self.data, self.world), rows, seed=self.seed, size=size)
        if self.rows is not None or self.world:
            raise OptionError(f"{self.data} is no world: rows and arguments are drawn of worlds only")
        path = Path(self.data)
        if not path.exists() and (self.data.count("/") != 1 or self.data.startswith((".", "/", "~"))):
            raise FormatError(
                f"there is no file, folder or world {self.data!r}.{nearest(self.data, world_names())} "
                f"Worlds: {join_names(world_names(), 40)}"
            )
        if path.is_file() and path.suffix.lower() in _TABLES and "table" in forms:
            return self._placed(read_table(path))
        if path.exists() and "tracks" in forms:
            observed, future = window
            return Observed(
                read_tracks(path, observed=observed, future=future, frame_step=self.frame_step), None, self.data
            )
        if path.exists() and "traces" in forms:
            return Observed(read_recordings(path), None, self.data)
        if "clips" in forms and (not path.is_file() or path.suffix == ".npz"):
            return self._of_suite(forms)
        if "images" in forms and not path.is_file():
            return self._placed(read_images(self.data, labels=self.labels, size=self.size))
        found = "a folder" if path.is_dir() else "a file" if path.exists() else "no file or folder"
        raise FormatError(f"{self.data} is {found}, wanted {_wanted(forms)}")

    def _of_suite(self, forms: tuple[str, ...]) -> Observed:
        """Pictures or clips in any of the layouts that the suite of representation learners reads."""
        from aitia.systems.causalverse.reading import read_observations

        found = read_observations(self.data, labels=self.labels, size=self.size, domain=self.environment)
        if found.x.dtype != np.uint8:
            raise FormatError(f"{self.data} holds vectors in time, no pictures: fit to them from Python")
        if found.frames is None and "images" not in forms:
            raise FormatError(f"{self.data} holds single images, wanted {_wanted(forms)}")
        if found.frames is not None and found.id is not None and all(text.isdigit() for text in found.id.tolist()):
            found = found.take(np.argsort(found.id.astype(np.int64), kind="stable"))  # 2 before 10
        given = {ENVIRONMENT: found.domain, "id": found.id}
        columns = {name: values for name, values in given.items() if values is not None}
        known = found.labels if found.labels is not None else Table.of({"row": np.arange(len(found), dtype=float)})
        labels = known.with_columns(columns, kinds=dict.fromkeys(columns, "label")) if columns else known
        kind = ImageSet if found.frames is None else Clips
        environment = ENVIRONMENT if found.domain is not None else None
        return Observed(kind(found.x, labels, self.data), environment, self.data)

    def _placed(self, rows: ImageSet | Table) -> Observed:
        table = rows if isinstance(rows, Table) else rows.labels
        column = self.environment or next((name for name in _ENVIRONMENTS if name in table), None)
        if column is not None:
            table.column(column)  # names the nearest where it is not there
            if isinstance(rows, ImageSet):
                rows.check_labels([column])
            labels = [str(label) for label in table.labels(column)]
            table = table.with_columns({column: labels}, kinds={column: "label"})
            rows = table if isinstance(rows, Table) else replace(rows, labels=table)
        numbers = [n for n in table.names if table.continuous(n) and n not in (column, *_NO_CAUSES)]
        return Observed(rows, column, self.data, causes=self.causes or tuple(numbers))

    def to_json(self) -> dict[str, Any]:
        """As JSON values, with a path in full, so that the rows are found again from anywhere."""
        here = Path(self.data)
        return {
            "data": str(here.resolve()) if here.exists() else self.data,
            "labels": None if self.labels is None else str(Path(self.labels).resolve()),
            "environment": self.environment,
            "size": self.size,
            "rows": self.rows,
            "seed": self.seed,
            "world": dict(self.world),
            "frame_step": self.frame_step,
            "causes": list(self.causes),
        }


def world_names() -> tuple[str, ...]:
    """The worlds that can be named, sorted."""
    return tuple(sorted(_worlds()))


def find_world(name: str, arguments: Mapping[str, Any] | None = None) -> World:
    """The world of this name.

    Raises:
        OptionError: If there is none, or it has no such argument; names the nearest.
    """
    known = _worlds()
    if name not in known:
        raise OptionError(f"there is no world {name!r}.{nearest(name, known)} There are: {join_names(known, 40)}")
    return known[name](**parse_options(known[name], arguments or {}, of=f"the world {name}"))


def _worlds() -> dict[str, type[World]]:
    import aitia.worlds

    classes = [getattr(aitia.worlds, name) for name in aitia.worlds.__all__]
    found = [c for c in classes if isinstance(c, type) and issubclass(c, World) and not isabstract(c)]
    return dict(sorted((c.name, c) for c in found))


def _wanted(forms: tuple[str, ...]) -> str:
    words = {
        "images": "a folder of images with a CSV file of labels",
        "clips": "clips: a folder of images whose labels have the columns id and frame, or a file of arrays",
        "table": f"a table ({', '.join(_TABLES)})",
        "tracks": "a file or folder of tracks (.txt, .csv, .npz)",
        "traces": "traces: a folder with one .csv or .npz file an animal, or one such file",
    }
    return " or ".join(words[form] for form in forms)

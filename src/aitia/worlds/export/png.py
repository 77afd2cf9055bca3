"""A folder of PNG files with a CSV of the labels."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from aitia.worlds.export.writer import Columns, Writer

__all__ = ["PngFolder"]


class PngFolder(Writer):
    """labels.csv, and each picture at its `render_path`."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._file = (folder / "labels.csv").open("w", newline="", encoding="utf-8")
        self._lines: Any = None

    def write(self, columns: Columns, pictures: Sequence[bytes]) -> None:
        """Adds lines, the names of the columns before the first."""
        paths = columns.get("render_path", [])[: len(pictures)]
        for parent in dict.fromkeys((self.folder / path).parent for path in paths):
            parent.mkdir(parents=True, exist_ok=True)
        # Plain writes: the whole folder moves into place at the end.
        for path, picture in zip(paths, pictures, strict=True):
            (self.folder / path).write_bytes(picture)
        if self._lines is None:
            self._lines = csv.writer(self._file, lineterminator="\n")
            self._lines.writerow(columns)
        self._lines.writerows(zip(*columns.values(), strict=True))

    def close(self) -> None:
        """Closes the labels."""
        self._file.close()

"""What every format of an export gives: a writer that takes the lines part by part."""

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self

from aitia.files import write_whole

__all__ = ["Columns", "Writer"]

Columns = dict[str, list[Any]]
"""Name of a column -> its values, one a line."""


class Writer(ABC):
    """Writes into a folder; to be used as a context, which closes its files.

    Args:
        folder: It is there.
    """

    needs: ClassVar[tuple[str, ...]] = ()
    """Modules of the extra `data` that the format takes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    @abstractmethod
    def write(self, columns: Columns, pictures: Sequence[bytes]) -> None:
        """Adds lines.

        Args:
            columns: The same in every call, one value a line.
            pictures: As PNG, one a line; none where the world is not seen as pictures.
        """

    @abstractmethod
    def close(self) -> None:
        """Closes what is open."""

    def finish(self, described: Mapping[str, Any]) -> None:
        """Writes what is said besides the lines: the manifest, for JSON."""
        text = json.dumps(described, indent=2, ensure_ascii=False) + "\n"
        write_whole(self.folder / "manifest.json", text)

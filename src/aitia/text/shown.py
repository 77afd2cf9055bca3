"""Pictures of rows before a model somewhere is shown them: none from elsewhere, and none that cannot be sent.

A table that somebody else wrote may name any file of this machine; what it names outside of its own folder is shown to
nobody.
"""

from pathlib import Path

from aitia.data.base import Data
from aitia.data.columns.picture import check_head
from aitia.data.kinds import Kind
from aitia.errors import DataError, FormatError
from aitia.text.prompts import MOST_BYTES

__all__ = ["check_shown"]


def check_shown(rows: Data | None, source: object) -> None:
    """Refuses rows with a picture that no model may be shown.

    Args:
        rows: With pictures in files, or in memory.
        source: The file or folder that the rows were read from; what is none names no pictures.

    Raises:
        DataError: If a picture lies outside of the folder of the file; names row and column.
        FormatError: If one is missing, empty, no picture, moves, or is larger than what is sent; names them too.
    """
    if rows is None:
        return
    home = _home(source)
    for name in rows.known.of_kind(Kind.PICTURE):
        for row, path in enumerate(rows.known.labels(name).tolist()):
            if not isinstance(path, str):
                continue
            place = f"row {row}, column {name!r}"
            if home is not None and not Path(path).resolve().is_relative_to(home):
                raise DataError(
                    f"{place}: the picture {path} lies outside of {home}, and would be shown to a model: put it there"
                )
            check_head(path, place, inks=True)
            if (size := Path(path).stat().st_size) > MOST_BYTES:
                raise FormatError(
                    f"{place}: {path} has {size / 1e6:,.0f} MB, and {MOST_BYTES / 1e6:,.0f} are sent at most"
                )


def _home(source: object) -> Path | None:
    """The folder that rows were read from; None of rows in memory."""
    if not isinstance(source, str | Path):
        return None
    path = Path(source).expanduser()
    if not path.exists():
        return None
    return (path if path.is_dir() else path.parent).resolve()

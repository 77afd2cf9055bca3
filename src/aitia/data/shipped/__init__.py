"""Small data files that ship with the package; `SOURCE.md` beside them says where each comes from."""

from importlib.resources import files
from pathlib import Path

from aitia.errors import FormatError

__all__ = ["data_path"]


def data_path(name: str) -> Path:
    """The path of a shipped file, such as `us_macro.csv`.

    Raises:
        FormatError: If no such file ships; lists those that do.
    """
    folder = Path(str(files(__name__)))
    path = folder / name
    if not path.is_file():
        shipped = sorted(p.name for p in folder.iterdir() if p.suffix in (".csv", ".bif"))
        raise FormatError(f"no file {name!r} ships with aitia; there are {', '.join(shipped)}")
    return path

"""What a visitor may name as rows or models: tables, dropped or bundled, worlds, and places of this machine.

A name of the Hub, an address, or code of Python is never one of them: nothing is fetched and nothing is imported
because somebody typed it here.
"""

import os
from functools import cache
from pathlib import Path

from aitia.data.named import NamedData, named_data
from aitia.data.tables import TABLES, suffix_of
from aitia.errors import FormatError
from aitia.studio.workspace import Workspace
from aitia.workflow.source import WORLD, find_world, world_names

__all__ = ["TABLE", "bundled_tables", "local_place", "rows_said", "table_place", "tables_of", "worlds_of"]

TABLE = "table:"
"""Before the name of a table in a form; before that of a world stands `world:`, and a place begins at the root."""
_SEEN = {"video": "clips", "tracks": "tracks", "signals": "recordings"}


def bundled_tables() -> dict[str, NamedData]:
    """The tables that have a name, by it."""
    return {name: told for name, told in named_data().items() if suffix_of(told.path) in TABLES}


def table_place(workspace: Workspace, name: str) -> tuple[str, Path]:
    """How a command names a table, and where it is.

    Raises:
        FormatError: If there is none of this name.
    """
    if name in (bundled := bundled_tables()) and not (workspace.tables / name).exists():
        return name, bundled[name].path
    path = workspace.inside(workspace.tables, name)
    if not path.is_file() or path.is_symlink():
        raise FormatError(f"there is no table {name}")
    return f"tables/{name}", path


def tables_of(workspace: Workspace) -> list[str]:
    """The tables that can be chosen, those that were dropped first."""
    return [*workspace.table_names(), *bundled_tables()]


def worlds_of(rows: tuple[str, ...]) -> list[str]:
    """The worlds that give rows of one of these kinds."""
    return [name for name, form in _forms().items() if form in rows]


@cache
def _forms() -> dict[str, str]:
    """The kind of rows that each world gives."""
    return {name: _SEEN.get(find_world(name).seen, "table") for name in world_names()}


def local_place(said: str, within: Path | None = None) -> Path:
    """A file or folder of this machine, by its full path.

    Args:
        said: The path.
        within: Where it must lie; anywhere if None.

    Raises:
        FormatError: If it is no full path, leads through a link or a hidden folder, lies elsewhere, or is not there.
    """
    shown = said[:200]
    place = Path(said.strip()).expanduser()
    if not place.is_absolute() or "\0" in said:
        raise FormatError(f"{shown!r} is no full path of this machine, such as {Path.home() / 'model'}")
    plain = Path(os.path.normpath(place))
    if any(part.startswith(".") for part in plain.parts[1:]):
        raise FormatError(f"{shown!r} is hidden: what begins with a dot is not opened from here")
    try:
        real = plain.resolve(strict=True)
    except (OSError, RuntimeError) as error:
        raise FormatError(f"there is no file or folder {shown!r}") from error
    if within is not None and not real.is_relative_to(within):
        raise FormatError(f"{shown!r} lies outside of {within}: from another machine nothing else is opened")
    if real != plain:
        raise FormatError(f"{shown!r} leads through a link: say {real}, where it leads to")
    return real


def rows_said(workspace: Workspace, said: str, within: Path | None = None) -> str | None:
    """How a command names the rows that a form names; None where it names none.

    Raises:
        AitiaError: If there is no such table, world or place.
    """
    if not said.strip():
        return None
    if said.startswith(TABLE):
        return table_place(workspace, said.removeprefix(TABLE))[0]
    if said.startswith(WORLD):
        find_world(said.removeprefix(WORLD))
        return said
    return str(local_place(said, within))

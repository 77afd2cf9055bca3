"""A file to double-click that starts the studio on a free port and opens the browser: no terminal needed."""

import shlex
import sys
from pathlib import Path

from aitia.errors import FormatError
from aitia.files import write_whole

__all__ = ["write_shortcut"]

NAME = "aitia studio"


def write_shortcut(folder: Path, workspace: Path, system: str = sys.platform, python: str = sys.executable) -> Path:
    """Writes the launcher of this machine's kind into a folder; gives the file.

    Args:
        folder: Where it goes, such as the desktop.
        workspace: Of the studio that it starts.
        system: As `sys.platform` says it.
        python: Where aitia is installed.

    Raises:
        FormatError: If it is there already or cannot be written, or a path holds a line break.
    """
    if any(mark in f"{workspace}{python}" for mark in "\r\n"):
        raise FormatError("a path with a line break in it cannot stand in a launcher: take another folder")
    words = [python, "-m", "aitia", "studio", str(workspace.resolve())]
    if system.startswith("win"):
        # cmd reads line by line: from the second one on as UTF-8.
        name, text = (
            f"{NAME}.bat",
            "@echo off & chcp 65001 >nul\r\n" + " ".join(f'"{_of_batch(word)}"' for word in words) + "\r\n",
        )
    elif system == "darwin":
        name, text = f"{NAME}.command", f"#!/bin/sh\nexec {shlex.join(words)}\n"
    else:
        line = " ".join(f'"{_of_desktop(word)}"' for word in words)
        entry = ["[Desktop Entry]", "Type=Application", f"Name={NAME}", "Comment=What causes what, and what if",
                 f"Exec={line}", "Terminal=true", "Categories=Science;"]  # fmt: skip
        name, text = f"{NAME.replace(' ', '-')}.desktop", "\n".join(entry) + "\n"
    place = folder / name
    if place.exists():
        raise FormatError(f"{place} is there already: remove it, or say another folder")
    write_whole(place, text)
    try:
        place.chmod(0o755)
    except OSError as error:
        raise FormatError(f"{place} cannot be made one to start: {error.strerror}") from error
    return place


def _of_desktop(word: str) -> str:
    """A word in double quotes of an Exec line, whose backslashes are read twice (Desktop Entry Specification)."""
    for mark in '\\"`$':
        word = word.replace(mark, f"\\{mark}")
    return word.replace("\\", "\\\\").replace("%", "%%")


def _of_batch(word: str) -> str:
    return word.replace("%", "%%")

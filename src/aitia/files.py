"""Files and folders that are there whole or not at all, and nobody else's are touched."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from aitia.errors import AitiaError, FormatError

__all__ = ["check_free", "is_part", "made_folder", "named_as", "new_folder", "write_whole"]

_PART = ".part"
"""How the name of what is half written ends."""


def write_whole(path: Path, data: bytes | str, error: type[AitiaError] = FormatError) -> None:
    """Writes the file beside its place, then moves it there, so that a reader sees the old or the new one.

    Args:
        path: The file.
        data: Its bytes, or text for UTF-8.
        error: What is raised where it cannot be written.

    Raises:
        FormatError: Or `error`, if the disk is full or the folder is missing or closed; an old file is then as it was.
    """
    temporary = None
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=_PART)
        temporary = Path(name)
        with os.fdopen(handle, "wb") as file:
            file.write(data.encode() if isinstance(data, str) else data)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    except BaseException as reason:
        if temporary is not None:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
        if not isinstance(reason, OSError):
            raise
        raise error(f"{path} cannot be written: {reason.strerror or reason}; what was there is unchanged") from reason


def is_part(path: Path, of: str | None = None) -> bool:
    """Whether a path is what a killed `write_whole` left half written: of this file, or of any."""
    name = path.name
    return name.startswith("." if of is None else f".{of}.") and name.endswith(_PART)


@contextmanager
def made_folder(folder: Path, error: type[AitiaError] = FormatError) -> Iterator[None]:
    """Makes a folder, and those above it; where the work in it fails, those that hold nothing are removed again.

    Raises:
        FormatError: Or `error`, if it cannot be made.
    """
    made = [place for place in (folder, *folder.parents) if not os.path.lexists(place)]
    try:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except FileExistsError as reason:
            raise error(f"the folder {folder} cannot be made: a file has that name") from reason
        except OSError as reason:
            raise error(f"the folder {folder} cannot be made: {reason.strerror}") from reason
        yield
    except BaseException:
        for place in made:
            with suppress(OSError):
                place.rmdir()
        raise


@contextmanager
def named_as(place: Path, stage: Path) -> Iterator[None]:
    """An error about a file below `stage` names it as it would have stood below `place`."""
    try:
        yield
    except AitiaError as error:
        if str(stage) not in str(error):
            raise
        raise type(error)(str(error).replace(str(stage), str(place))) from error


@contextmanager
def new_folder(place: Path, error: type[AitiaError] = FormatError) -> Iterator[Path]:
    """A folder to write into, whose content stands at `place` once the work is done, whole or not at all.

    Args:
        place: Is not there, or is an empty folder.
        error: What is raised where it cannot be written, or is not empty.

    Raises:
        FormatError: Or `error`; nothing is left behind then.
    """
    check_free(place, error)
    with made_folder(place.parent, error):
        # An empty folder may be the current one, or a whole disk, which cannot be replaced: what is new moves into it.
        inside = place.is_dir()
        temporary = None
        try:
            temporary = Path(tempfile.mkdtemp(dir=place if inside else place.parent, prefix=f".{place.name}.",
                                              suffix=_PART))  # fmt: skip
            with named_as(place, temporary):
                yield temporary
            temporary.chmod(0o755)
            check_free(place, error, temporary)
            if inside:
                for part in sorted(temporary.iterdir()):
                    part.rename(place / part.name)
                temporary.rmdir()
            else:
                temporary.rename(place)
        except BaseException as reason:
            if temporary is not None:
                shutil.rmtree(temporary, ignore_errors=True)
            if isinstance(reason, OSError) and not isinstance(reason, AitiaError):
                raise error(
                    f"{place} cannot be written: {reason.strerror or reason}; nothing is left of it"
                ) from reason
            raise


def check_free(place: Path, error: type[AitiaError] = FormatError, but: Path | None = None) -> None:
    """Refuses a place that is neither new nor an empty folder; what is at `but` does not count.

    Raises:
        FormatError: Or `error`; names a file that is there.
    """
    if place.is_symlink() or (place.exists() and not place.is_dir()):
        raise error(f"{place} is there already and no folder: give another name")
    if place.is_dir():
        try:
            held = sorted(path.name for path in place.iterdir() if path != but)
        except OSError as reason:
            raise error(f"the folder {place} cannot be read: {reason.strerror}") from reason
        if held:
            raise error(
                f"the folder {place} is not empty ({held[0]} is there), and what is written never mixes with other "
                "files: give a new folder"
            )

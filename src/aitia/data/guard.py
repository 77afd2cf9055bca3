"""The guard that all readers use: whatever a parser throws becomes one sentence that names the file."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aitia.errors import AitiaError, FormatError

__all__ = ["guarded"]


@contextmanager
def guarded(place: str | Path, wrong: str = "cannot be read") -> Iterator[None]:
    """Turns any error but our own, and a package that is not installed, into a FormatError.

    Args:
        place: The file, and the place in it where it is known.
        wrong: What is wrong with it then.

    Raises:
        FormatError: In place of what the parser raised.
    """
    try:
        yield
    except (AitiaError, MemoryError, ModuleNotFoundError):
        raise
    except Exception as error:  # a parser raises whatever it likes
        first = (str(error).splitlines() or [""])[0] or type(error).__name__
        raise FormatError(f"{place} {wrong}: {first}") from error

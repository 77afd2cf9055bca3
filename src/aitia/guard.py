"""What every reader stands behind: whatever a file holds, reading it gives a value or one sentence that names the file.

A parser may raise anything (`guarded`); text is UTF-8 (`read_text`); JSON is of the type that was expected and nested
no deeper than `DEEPEST` (`parse_json`, `read_json`); what a file announces is held against the memory that there is
before it is read (`check_size`).
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from aitia.errors import AitiaError, FormatError

__all__ = ["DEEPEST", "allowed_bytes", "check_size", "guarded", "parse_json", "read_json", "read_text"]

DEEPEST = 100
"""Levels of brackets in brackets that are read; nothing that people keep comes near it."""
_TYPES = {dict: "an object", list: "a list", str: "a text", int: "a number", float: "a number", bool: "a truth value"}


@contextmanager
def guarded(place: object, wrong: str = "cannot be read", error: type[AitiaError] = FormatError) -> Iterator[None]:
    """Turns any error but our own, and a package that is not installed, into one sentence.

    Args:
        place: The file, and the place in it where it is known.
        wrong: What is wrong with it then.
        error: What is raised.

    Raises:
        FormatError: Or `error`, in place of what the parser raised.
    """
    try:
        yield
    except (AitiaError, ModuleNotFoundError):
        raise
    except MemoryError as reason:
        raise error(f"{place} {wrong}: it asks for more memory than there is") from reason
    except Exception as reason:  # a parser raises whatever it likes
        raise error(f"{place} {wrong}: {_told(reason)}") from reason


def _told(reason: Exception) -> str:
    if isinstance(reason, RecursionError):
        return "it is nested too deeply"
    if isinstance(reason, KeyError) and reason.args:
        return f"it lacks {str(reason.args[0])[:80]!r}"
    if isinstance(reason, UnicodeDecodeError):
        return f"byte {reason.start} is not UTF-8: save it as UTF-8"
    if isinstance(reason, OSError) and reason.strerror:
        return reason.strerror
    return (str(reason).splitlines() or [""])[0][:200] or type(reason).__name__


def read_text(path: str | Path, error: type[AitiaError] = FormatError) -> str:
    """The text of a file in UTF-8, with or without a byte order mark.

    Raises:
        FormatError: Or `error`, if it is missing or closed, larger than the memory allowed, or not UTF-8.
    """
    with guarded(path, error=error):
        check_size(path, os.stat(path).st_size, error)
        return Path(path).read_text(encoding="utf-8-sig")


def parse_json(
    text: str | bytes, place: object, kind: type | None = None, error: type[AitiaError] = FormatError
) -> Any:
    """The value of a JSON text.

    Args:
        text: It; bytes are UTF-8.
        place: The file, or what the text is, for the sentence.
        kind: The type expected of the whole, such as dict; None takes any.
        error: What is raised.

    Raises:
        FormatError: Or `error`, if the text is not JSON, is nested deeper than `DEEPEST`, or is of another type; says
            the line.

    Example:
        >>> parse_json("[1, 2]", "run.json", dict)
        Traceback (most recent call last):
        ...
        aitia.errors.FormatError: run.json holds a list, where an object was expected
    """
    try:
        value = json.loads(text)
    except json.JSONDecodeError as reason:
        where = f"line {reason.lineno}, column {reason.colno}"
        raise error(f"{place} is not valid JSON ({where}: {reason.msg})") from None
    except UnicodeDecodeError as reason:
        raise error(f"{place} is not valid JSON: byte {reason.start} is not UTF-8") from None
    except RecursionError:
        raise _too_deep(place, error) from None
    except ValueError as reason:  # a number of thousands of digits
        raise error(f"{place} is not valid JSON: {reason}") from None
    level = [value]
    for _ in range(DEEPEST + 1):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        if not level:
            break
    else:
        raise _too_deep(place, error)
    if kind is not None and not isinstance(value, kind):
        found = "nothing" if value is None else _TYPES[type(value)]
        raise error(f"{place} holds {found}, where {_TYPES[kind]} was expected")
    return value


def _too_deep(place: object, error: type[AitiaError]) -> AitiaError:
    return error(f"{place} is nested too deeply: brackets in brackets are read to {DEEPEST} levels")


def read_json(path: str | Path, kind: type | None = None, error: type[AitiaError] = FormatError) -> Any:
    """The value of a JSON file; arguments and errors are those of `read_text` and `parse_json`."""
    return parse_json(read_text(path, error), path, kind, error)


def check_size(place: object, announced: int, error: type[AitiaError] = FormatError) -> None:
    """Holds what a file announces against the memory that may be used, before anything is read.

    Raises:
        FormatError: Or `error`, if it is more.
    """
    if announced > (allowed := allowed_bytes()):
        raise error(
            f"{place} announces {announced / 1e9:,.1f} GB, and {allowed / 1e9:,.1f} GB may be used here (half of the "
            "memory): it is damaged, or needs a larger machine"
        )


def allowed_bytes() -> int:
    """Half of the memory that this process may have: of the machine's, its container's and its own limit the least."""
    limits = [2**62]
    with suppress(AttributeError, ValueError, OSError):  # no such question on this system
        limits.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    with suppress(OSError, ValueError):  # no container, or one without a limit
        limits.append(int(Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii")))
    try:
        import resource
    except ImportError:
        return min(limits) // 2
    own = resource.getrlimit(resource.RLIMIT_AS)[0]
    return min([*limits, *([own] if own != resource.RLIM_INFINITY else [])]) // 2

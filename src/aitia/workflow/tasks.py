"""Rows of a reasoner as questions that any model can be asked: such a system has them in its module `as_questions`."""

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from aitia.errors import DataError, OptionError, join_names
from aitia.system import find, systems
from aitia.text import Question

__all__ = ["asking_systems", "task_questions"]


def asking_systems() -> tuple[str, ...]:
    """The systems whose rows are questions."""
    return tuple(slug for slug, entry in systems().items() if find_spec(f"{entry.package}.as_questions") is not None)


def task_questions(slug: str, rows: Any, folder: Path, **roles: str) -> list[Question]:
    """The questions of some rows, with labels where the rows have them.

    Args:
        slug: One of `asking_systems`.
        rows: A path, frame, mapping or `Data`, as the system takes them.
        folder: Where pictures are written: they are read from there when they are asked about.
        roles: Columns by role, where their names do not say it.

    Raises:
        OptionError: If the rows of the system are no questions.
        DataError: If a row cannot be read, or there is no question.
    """
    entry = find(slug)
    if find_spec(f"{entry.package}.as_questions") is None:
        raise OptionError(f"the rows of {slug} are no questions; those of {join_names(asking_systems())} are")
    given = entry.load()().given(rows, **roles)
    found: list[Question] = import_module(f"{entry.package}.as_questions").questions(given, folder)
    if not found:
        raise DataError(f"{len(given)} rows of {slug} ask nothing")
    return found

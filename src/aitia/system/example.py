"""A small input of a system: files of the kind that a user has, and how to fit and ask them.

Laws, tests, docs and the studio walk the examples; `aitia run SLUG --example` runs one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from aitia.errors import OptionError
from aitia.system.registry import Entry, find

__all__ = ["Example", "example_of"]


@dataclass(frozen=True)
class Example:
    """What `example.py` of a system writes.

    Args:
        files: The rows: a file or folder; None where the system takes subjects alone.
        roles: Columns by role.
        subjects: Subjects by name.
        options: Of the Config, small enough for 6 CPU seconds.
        do: An intervention; None where the system has no targets.
        other: Another one on the same target.
        rows: A file of rows with holes; None where the system does not predict.
        outcome: A column to watch.
        mask: What an edit may touch, by column: None for the whole cell, the name of a column of spans or of mask
            pictures, or a boolean array that is as large as the pictures.
        confounded: An intervention whose target has causes in common with the outcome: doing differs from conditioning.
        exogenous: One whose target has no causes: doing and conditioning agree.
        why_not: Why neither of the two is named.
    """

    files: Path | str | None
    roles: Mapping[str, Any] = field(default_factory=dict)
    subjects: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    do: str | None = None
    other: str | None = None
    rows: Path | str | None = None
    outcome: str | None = None
    mask: Mapping[str, Any] = field(default_factory=dict)
    confounded: str | None = None
    exogenous: str | None = None
    why_not: str = ""

    @property
    def named(self) -> dict[str, Any]:
        """Roles, subjects and options, as `aitia.fit` takes them."""
        return {**self.roles, **self.subjects, **self.options}


def example_of(slug: str | Entry, folder: Path, seed: int = 0) -> Example:
    """Writes the example of a system into a folder.

    Raises:
        OptionError: If there is no such system, or it has no example.
    """
    entry = slug if isinstance(slug, Entry) else find(slug)
    name = f"{entry.package}.example"
    try:
        module = import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        raise OptionError(f"{entry.card.slug} has no example: write {name.replace('.', '/')}.py") from None
    folder.mkdir(parents=True, exist_ok=True)
    made: Example = module.write(folder, seed)
    return made

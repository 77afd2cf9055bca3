"""The small input of each system: what the laws, the tests of a kill, the docs and the studio walk.

`example.py` in the folder of a system has `write(folder, seed) -> Example`; all of it fits in six seconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from aitia.errors import FormatError
from aitia.system.registry import find

__all__ = ["Example", "example_of"]


@dataclass(frozen=True)
class Example:
    """A small input of a system, and questions about it.

    Args:
        files: What stands for `--data`: a file or folder that was written, or the name of a world; None without rows.
        roles: The column of each role, where its name does not say it.
        subjects: Each by name, as it is typed.
        options: Of the `Config`, and `rows`, `size` or `world` of a world.
        do: An intervention, as text; None where `do` sets nothing.
        other: Another one, with another answer.
        rows: A file of rows with a hole, for `predict`; None takes those of the fit.
        outcome: The column that `predict`, `solve` or `effects` is asked about.
        mask: For an edit the columns that it may change, each with the column of spans or of a mask picture that says
            where; None where the whole cell may change. All else keeps its bytes.
        confounded: An intervention on a target that shares a cause with the outcome: doing and conditioning differ.
        exogenous: An intervention on a target that nothing causes: they agree.
        why_not: Why neither of the two is named.
    """

    files: str | Path | None = None
    roles: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    subjects: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    do: str | None = None
    other: str | None = None
    rows: str | Path | None = None
    outcome: str | None = None
    mask: Mapping[str, str | None] = field(default_factory=dict)
    confounded: str | None = None
    exogenous: str | None = None
    why_not: str = ""

    @property
    def named(self) -> dict[str, Any]:
        """Roles, subjects and options, as `aitia.fit` takes them."""
        return {**self.roles, **self.subjects, **self.options}


def example_of(slug: str, folder: str | Path, seed: int = 0) -> Example:
    """Writes the example of a system into a folder.

    Raises:
        OptionError: If there is no such system.
        FormatError: If it has no example.
    """
    entry = find(slug)
    name = f"{entry.package}.example"
    try:
        module = import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        raise FormatError(f"{slug} has no example here: {name} is missing") from None
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    made = module.write(folder, seed)
    if not isinstance(made, Example):
        raise FormatError(f"{name}.write gives a {type(made).__name__}, not an Example")
    return made

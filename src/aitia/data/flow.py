"""How a table came to be: rows that were read, dropped and used, and what was understood of the file."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

__all__ = ["Flow"]


@dataclass(frozen=True)
class Flow:
    """From the rows of a file to those of a table.

    Args:
        source: Name of the file.
        read: Rows in it.
        dropped: For each reason how many were left out.
        told: What was understood, a line each, with the option that overrules it.
        limits: Of columns of numbers the cells that say only that one lies beyond, such as `>365`, and are missing.
    """

    source: str
    read: int
    dropped: Mapping[str, int] = field(default_factory=dict)
    told: tuple[str, ...] = ()
    limits: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def used(self) -> int:
        """Rows that are left."""
        return self.read - sum(self.dropped.values())

    def without(self, rows: int, reason: str) -> "Flow":
        """The flow after these more were left out."""
        if not rows:
            return self
        return replace(self, dropped={**self.dropped, reason: self.dropped.get(reason, 0) + rows})

    def noting(self, *lines: str) -> "Flow":
        """The flow with further lines."""
        return replace(self, told=(*self.told, *lines))

    def lines(self) -> list[str]:
        """In words: what was understood, and which rows were left out."""
        gone = ", ".join(f"{many} {reason}" for reason, many in self.dropped.items())
        rows = f"{self.source}: {self.read} rows read, {gone} left out, {self.used} used"
        return [*self.told, rows] if gone else list(self.told)

"""What a fit is given of the run that it is part of: where it may keep its state, and whom it tells how far it is."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from aitia.engine import Progress, Store

__all__ = ["QUIET", "RunStore"]


@dataclass(frozen=True)
class RunStore:
    """Of one run.

    Args:
        checkpoint: Folder of the state of a training, to resume from; None keeps none.
        progress: Told how far it is.
        journal: From a name to a mapping that outlives a kill; None keeps none.
    """

    checkpoint: Path | None = None
    progress: Progress | None = None
    journal: Callable[[str], Store] | None = None

    def store(self, name: str) -> Store | None:
        """The journal of this name, of finished pieces of work."""
        return None if self.journal is None else self.journal(name)


QUIET = RunStore()
"""Keeps nothing and tells nobody."""

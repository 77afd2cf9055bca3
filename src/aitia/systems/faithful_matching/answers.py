"""What matching answers with."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Effects", "Matches"]

Values = NDArray[np.float64]
Codes = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Matches:
    """Texts of the pool that stand in for what texts would have been.

    Args:
        rows: For each text the rows of the pool, best first.
        scores: How well each matches; of meaning within one matcher only.
    """

    rows: tuple[Codes, ...]
    scores: tuple[Values, ...]


@dataclass(frozen=True, eq=False)
class Effects:
    """What an explainer says that an intervention does to the class probabilities.

    Args:
        values: (n, classes), changes.
        before: f of the texts, (n, classes).
        matches: What stood in for the counterfactuals; None where nothing was matched.
        edits: What an editor wrote and was kept, for each text; empty where nothing was.
        faults: How often an edit was dropped, by the reason.
    """

    values: Values
    before: Values
    matches: Matches | None = None
    edits: tuple[tuple[str, ...], ...] = ()
    faults: Mapping[str, int] | None = None

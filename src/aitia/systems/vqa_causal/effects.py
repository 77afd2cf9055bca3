"""What an edit of the rows does to the share of true sentences that are chosen.

    effect = mean_i right_i(edited) - right_i(as given),    interval by Student's t over rows                       (1)

Beside each stands the control: the same with the picture of another row.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from aitia.data.table import Table
from aitia.do import Intervention
from aitia.errors import DataError
from aitia.evidence.intervals import mean_interval
from aitia.system import Given
from aitia.systems.vqa_causal.controls import share_right
from aitia.systems.vqa_causal.items import Pairs

if TYPE_CHECKING:
    from aitia.systems.vqa_causal.model import VqaCausal

__all__ = ["OUTCOME", "effects_of"]

OUTCOME = "choice"


def effects_of(model: "VqaCausal", given: Given, target: str | None, outcome: str | None) -> Table:
    """A line for each value of each target that changes a row; `rows` says how many it changes.

    Raises:
        DataError: If no row says which sentence is true.
    """
    if outcome not in (None, OUTCOME, given.column("choice")):
        raise DataError(f"an edit moves the share of right choices ({OUTCOME}), not {outcome!r}")
    whole = model.pairs(given)
    whole = whole.take(np.flatnonzero((whole.right >= 0) & (whole.seen | model.config.blind)))
    if len(whole) < 2:
        raise DataError("fewer than 2 rows say which sentence is true: effects on the share right need some")
    before = share_right(model.margins(whole), whole.right)
    control = _moved(model, whole, {model.picture: "other"}, before)
    lines: list[tuple[str, str, float, float, float, float, float]] = []
    for held in model.targets:
        for label in held.labels if target in (None, held.name) else ():
            edited = whole.under(Intervention({held.name: label}), model.picture, model.connectives)
            changed = [a != b for a, b in zip(whole.sentences, edited.sentences, strict=True)]
            count = sum(changed) if held.name == "connective" else len(whole)
            if not count:
                continue
            moved = share_right(model.margins(edited), edited.right) - before
            low, high = _interval(moved)
            lines.append((f"{held.name}={label}", OUTCOME, float(moved.mean()), low, high, control, float(count)))
    heads = ("target", "outcome", "effect", "low", "high", "control", "rows")
    columns = {head: [line[k] for line in lines] for k, head in enumerate(heads)}
    return Table.of(columns, kinds={"target": "label", "outcome": "label"})


def _moved(model: "VqaCausal", pairs: Pairs, do: dict[str, str], before: NDArray[np.float64]) -> float:
    edited = pairs.under(Intervention(do), model.picture, model.connectives)
    return float((share_right(model.margins(edited), edited.right) - before).mean())


def _interval(moved: NDArray[np.float64]) -> tuple[float, float]:
    found = mean_interval(moved.tolist())
    mean = float(moved.mean())
    return (mean, mean) if found is None else (found.low, found.high)

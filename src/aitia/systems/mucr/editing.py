"""Rows as an edit makes them, and what it does to the share right.

    effect = mean_i right_i(edited) - right_i(as given),    interval by Student's t over rows                       (1)

Beside each stands the control: the same with the picture of another row.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from aitia.data.base import Data
from aitia.data.table import Table
from aitia.do import Intervention
from aitia.errors import DataError
from aitia.evidence.intervals import mean_interval
from aitia.system import Given
from aitia.systems.mucr.items import Items, letter
from aitia.systems.mucr.judge import rights

if TYPE_CHECKING:
    from aitia.systems.mucr.model import Mucr

__all__ = ["OUTCOME", "edited", "effects_of"]

OUTCOME = "choice"


def edited(given: Given, items: Items, held: Mapping[Any, Any], column: str) -> Data:
    """The rows with what is shown, the candidates, cues, captions and choice as what is held makes them.

    Raises:
        DataError: If the candidates are not those of the columns, as those of links are not.
    """
    found = items.under(held, column)
    names = [name for name in given.columns("candidates") if name in given.table]
    if any(len(cells) not in (0, len(names)) for cells in found.candidates):
        raise DataError("these candidates are no columns of the rows, so that no order of theirs can be written")
    columns: dict[str, Any] = {}
    for place, name in enumerate(names):
        columns[name] = [cells[place] if cells else None for cells in found.candidates]
    kinds = dict.fromkeys(columns, "picture")
    for role, values, kind in (
        ("cause", list(found.shown), "picture"), ("effect", list(found.second), "picture"),
        ("captions", [list(one) for one in found.said], "list"), ("cues", [list(one) for one in found.cues], "list"),
        ("choice", [None if k < 0 else letter(k) for k in found.right.tolist()], "label"),
    ):  # fmt: skip
        column_of = given.column(role)
        if column_of in given.table and any(value is not None and len(value) for value in values):
            columns[str(column_of)], kinds[str(column_of)] = values, kind
    return given.data.with_known(columns, kinds)


def effects_of(model: "Mucr", given: Given, target: str | None, outcome: str | None) -> Table:
    """A line for each target.

    Raises:
        DataError: If fewer than 2 rows say which is right.
    """
    if outcome not in (None, OUTCOME, given.column("choice")):
        raise DataError(f"an edit moves the share of right choices ({OUTCOME}), not {outcome!r}")
    whole = model.items(given)
    whole = whole.take(np.flatnonzero(whole.right >= 0))
    if len(whole) < 2:
        raise DataError("fewer than 2 rows say which is right: effects on the share right need some")
    before = rights(model, whole)
    moved = {}
    for held in model.targets:
        for label in held.labels:
            items = whole.under(Intervention({held.name: label}), model.shown)
            moved[held.name, label] = rights(model, items) - before
    control = float(moved[model.shown, "other"].mean())
    lines = []
    for (name, label), change in moved.items():
        if target in (None, name):
            interval, mean = mean_interval(change.tolist()), float(change.mean())
            low, high = (mean, mean) if interval is None else (interval.low, interval.high)
            lines.append((f"{name}={label}", OUTCOME, mean, low, high, control))
    heads = ("target", "outcome", "effect", "low", "high", "control")
    return Table.of(
        {head: [line[k] for line in lines] for k, head in enumerate(heads)},
        kinds={"target": "label", "outcome": "label"},
    )

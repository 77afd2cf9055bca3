"""What is set, held against the rows that a system was fitted to."""

import numpy as np
from numpy.typing import NDArray

from aitia.data.table import Table
from aitia.do.actions import Action, Value
from aitia.do.intervention import Intervention
from aitia.errors import DataError

__all__ = ["outside"]

HALF, LITTLE = 0.5, 0.05
"""Shares of the rows that are taken beyond what is observed: above the one no interval is given, above the other it is
told."""


def outside(table: Table, *sides: Intervention) -> tuple[list[str], list[str]]:
    """A sentence for each number that is set to what no row comes near, or beyond what is seen for a part of the rows.

    Raises:
        DataError: If no row has a label that is set, or a target has one value alone.
    """
    far: list[str] = []
    near: list[str] = []
    for name in dict.fromkeys(str(target) for side in sides for target in side):
        values = table.column(name)
        values = values[~np.isnan(values)]
        if not len(values) or values.min() == values.max():
            only = table.categories(name)[int(values[0])] if len(values) and table.discrete(name) else None
            shown = only if only is not None else (f"{values[0]:g}" if len(values) else "none")
            raise DataError(f"{name!r} has one value in these rows, {shown}: what another would do, no row tells")
        for side in sides:
            action = side.get(name)
            if action is None:
                continue
            if table.discrete(name):
                _check_label(table, name, values, action)
                continue
            share, sentence = _beyond(name, values, action)
            if share > HALF:
                far.append(f"{sentence}: the line goes on there without a row, and no interval is given")
            elif share > LITTLE:
                near.append(f"{sentence}; there the answer rests on the fitted line alone")
    return list(dict.fromkeys(far)), list(dict.fromkeys(near))


def _check_label(table: Table, name: str, values: NDArray[np.float64], action: Action) -> None:
    labels = table.categories(name)
    label = getattr(action, "value", None)
    if label in labels and not (values == labels.index(label)).any():
        raise DataError(f"no row has {name} = {label}: what it would do, no row tells")


def _beyond(name: str, values: NDArray[np.float64], action: Action) -> tuple[float, str]:
    """The share of the rows that an action takes beyond what is observed, and a sentence on it."""
    low, high = float(values.min()), float(values.max())
    if isinstance(action, Value) and isinstance(action.value, int | float):
        off = max(low - action.value, action.value - high) / (high - low)
        reach = f"{name} = {action.value:g} lies outside of what is observed, {low:.4g} to {high:.4g}"
        return float(off > 0), f"{reach}, by {_many(off)} times its width"
    moved = action.apply(values, (np.arange(len(values)) + 0.5) / len(values))
    share = float(((moved < low) | (moved > high)).mean())
    return share, f"{name}={action} takes {share:.0%} of the rows outside of what is observed, {low:.4g} to {high:.4g}"


def _many(times: float) -> str:
    """To one digit, or to the whole number."""
    return f"{times:.1g}" if times < 1 else f"{times:.0f}"

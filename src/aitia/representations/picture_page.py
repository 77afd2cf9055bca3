"""What the report shows: for each cause, rows with it set to values from its range, beside the truth if known."""

import warnings
from collections.abc import Sequence

import numpy as np

from aitia.do import Intervention
from aitia.errors import RangeWarning
from aitia.report import Block
from aitia.representations.picture_judge import LabelledGenerator
from aitia.system import Given

__all__ = ["blocks"]

SHOWN = 4
"""Rows in each picture."""
PLACES = (0.05, 0.35, 0.65, 0.95)
"""Quantiles of a cause that the pictures set it to."""


def blocks(model: LabelledGenerator, given: Given) -> Sequence[Block]:
    """Rows that the fit has not seen, under `do` on each cause."""
    rows = given.take(range(min(SHOWN, len(given))))
    names = [f"row {i}" for i in range(len(rows))]
    values = model.encode(given) if not all(name in given.table for name in model.causes) else given.table
    noise = model.abduct(rows)
    found: list[Block] = []
    for name in model.causes:
        shown = {"fact": rows.data}
        for value in np.nanquantile(values.column(name), PLACES):
            do = Intervention({name: round(float(value), 3)})
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", RangeWarning)
                shown[str(do)] = model.do(do).solve(noise)
            truth = model.truth(rows, do)
            if truth is not None:
                shown[f"{do}\ntruth"] = truth
        found += rows.data.draw(
            shown, names, f"Rows that the fit has not seen, with {name} set to values of its range."
        )
    return found

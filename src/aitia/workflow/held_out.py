"""Which rows a fit does not see: some at random, and of rows in time the last of each series."""

import numpy as np

from aitia.errors import OptionError
from aitia.system import Given

__all__ = ["held_out"]


def held_out(given: Given, share: float, seed: int) -> tuple[Given, Given]:
    """Rows to fit on and rows to score on, as `Given.split`; where a role `time` says when, the last of each series.

    Rows taken out of the midst of a series would leave it full of gaps, and score a fit on what it saw around them.

    Raises:
        OptionError: If the share is not between 0 and 1, or leaves none to fit on.
    """
    time = given.column("time")
    if time is None or time not in given.table:
        return given.split(share, seed)
    if not 0 < share < 1:
        raise OptionError(f"the share of rows to score on is between 0 and 1, got {share}")
    late, series = np.zeros(len(given), dtype=np.bool_), given.labels("series")
    for name in np.unique(series):
        rows = np.flatnonzero(series == name)
        rows = rows[np.argsort(given.table.column(time)[rows], kind="stable")]
        late[rows[len(rows) - max(round(share * len(rows)), 1) :]] = True
    if late.all():
        raise OptionError(f"a share of {share} of {len(given)} rows leaves none to fit on")
    return given.take(np.flatnonzero(~late)), given.take(np.flatnonzero(late))

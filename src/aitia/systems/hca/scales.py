"""Scores that are shares of 1 in some rows and per cent in others, within a column: found, named, refused or rescaled.

Mixed scales are read as capability: the rows on the smaller one are a hundred times worse at everything, and what all
scores have in common looks surer than it is. In a table of scores from 0 to 100 a cell is taken for a share where

- no score of its row is above 1, and times 100 they are nearer to the medians of the other rows than as they stand; or
- it is not above 1, times 100 it is nearer to what the rest of its row is like, and so are a few others of its column.

A model that is bad at everything, or one that is bad at one thing, keeps its small scores.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from aitia.errors import DataError, join_names

__all__ = ["columns_of_shares", "on_one_scale", "shares"]

Values = NDArray[np.float64]
NEARLY = 0.95
"""Part of all scores that is to lie from 0 to 100."""
LEAST, OFTEN = 3, 0.02
"""How many cells of a column, and which part of it, are to look like shares where the rest of their rows does not."""


SHOWN = 5
"""Rows that are named."""


def shares(x: Values, usual: Values | None = None) -> NDArray[np.bool_]:
    """(n, columns): which cells are shares of 1 where the others are per cent.

    Args:
        x: (n, columns) scores; NaN where one is missing.
        usual: (columns,) what scores are like on the scale of per cent; None takes the medians of the rows on it.
    """
    found = np.zeros(x.shape, dtype=bool)
    if usual is None and not _per_cent(x):
        return found
    large = np.logical_or.reduce(np.abs(x) > 1.5, axis=1)
    if usual is None:
        if not large.any():
            return found
        usual = _medians(x[large])
    told = np.isfinite(usual) & (usual > 1.5) & (usual <= 100)
    if not told.any():
        return found
    small = ~large & np.logical_or.reduce(np.abs(x) > 0, axis=1)
    if small.any():
        times, plain = (_apart(x[small][:, told] * factor, usual[told]) for factor in (100.0, 1.0))
        found[small] = (times < plain)[:, None] & np.isfinite(x[small])
    lone = large[:, None] & told & (x > 0) & (x <= 1)
    lone &= _as_the_row(100 * x, x, usual)
    often = lone.sum(axis=0) >= np.maximum(LEAST, OFTEN * large.sum())
    both: NDArray[np.bool_] = found | (lone & often)
    return both


def _as_the_row(times: Values, plain: Values, usual: Values) -> NDArray[np.bool_]:
    """(n, columns) whether times 100 a cell is nearer to what the rest of its row is like than as it stands."""
    gaps = np.log1p(np.abs(plain)) - np.log1p(np.abs(usual))
    there = np.isfinite(gaps)
    total, count = np.where(there, gaps, 0.0).sum(axis=1, keepdims=True), there.sum(axis=1, keepdims=True)
    rest = (total - np.where(there, gaps, 0.0)) / np.maximum(count - there, 1)
    return np.asarray(np.abs(np.log1p(np.abs(times)) - np.log1p(np.abs(usual)) - rest) < np.abs(gaps - rest))


def _per_cent(x: Values) -> bool:
    """Whether nearly all scores are from 0 to 100, and some are above 1."""
    there = x[np.isfinite(x)]
    return bool(len(there) and (there > 1).any() and np.mean((there >= 0) & (there <= 100)) >= NEARLY)


def _medians(rows: Values) -> Values:
    there = np.isfinite(rows).any(axis=0)
    medians = np.full(rows.shape[1], np.nan)
    medians[there] = np.nanmedian(rows[:, there], axis=0)
    return medians


def _apart(x: Values, usual: Values) -> Values:
    """(n,) mean difference of the logarithms, of scores plus 1."""
    gaps = np.abs(np.log1p(np.abs(x)) - np.log1p(usual))
    return np.asarray(np.nansum(gaps, axis=1) / np.maximum(np.isfinite(gaps).sum(axis=1), 1))


def on_one_scale(
    x: Values,
    columns: Sequence[str],
    groups: Sequence[str],
    rows: Sequence[int],
    rescale: bool,
    usual: Values | None = None,
) -> Values:
    """The scores in per cent, (n, columns).

    Args:
        x: (n, columns).
        columns: Their names.
        groups: Of the rows; empty where a row has none.
        rows: Their positions in the table.
        rescale: Whether shares are multiplied by 100; else they are refused.
        usual: As in `shares`.

    Raises:
        DataError: If a column is on two scales, and is not to be rescaled; names columns, groups and rows.
    """
    found = shares(x, usual)
    if rescale:
        return np.where(found, 100 * x, x)
    if not found.any():
        return x
    named = [name for name, any_ in zip(columns, np.logical_or.reduce(found, axis=0), strict=True) if any_]
    odd: NDArray[np.bool_] = np.logical_or.reduce(found, axis=1)
    are = "is" if len(named) == 1 else "are"
    raise DataError(
        f"{join_names(named, 60)} {are} in shares of 1 in {int(odd.sum())} of {len(x)} rows and in per cent in the "
        f"others: {_where(odd, groups, rows)}. Bring all to one scale, or say scales=rescale (--scales rescale)"
    )


def columns_of_shares(x: Values) -> NDArray[np.bool_]:
    """(columns,) which are shares of 1 in every row, where others are per cent."""
    if not _per_cent(x):
        return np.zeros(x.shape[1], dtype=bool)
    none: NDArray[np.bool_] = ~np.logical_or.reduce(x > 1, axis=0) & np.logical_or.reduce(x > 0, axis=0)
    return none


def _where(odd: NDArray[np.bool_], groups: Sequence[str], rows: Sequence[int]) -> str:
    """Groups that are mostly on the smaller scale, and rows of the others."""
    of = np.array(groups, dtype=np.str_)
    told, mostly = [], set()
    for group in dict.fromkeys(of[odd].tolist()):
        count, size = int(odd[of == group].sum()), int((of == group).sum())
        if group and size > 1 and count > size / 2:
            mostly.add(group)
            told.append(f"{'all' if count == size else f'{count} of the'} {size} rows of group {group!r}")
    alone = [int(k) for k in np.flatnonzero(odd) if str(of[k]) not in mostly]
    told += [f"row {rows[k]}" + (f" of group {str(of[k])!r}" if of[k] else "") for k in alone[:SHOWN]]
    return ", ".join(told) + (f" and {len(alone) - SHOWN} rows more" if len(alone) > SHOWN else "")

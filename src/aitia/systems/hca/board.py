"""What is fitted of a leaderboard: its scores, the group of each row, and the rows left out with the reason."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aitia.data.table import Table
from aitia.errors import DataError, OptionError, join_names
from aitia.system import Given
from aitia.systems.hca.base_models import Grouping, group_by_base, read_rules
from aitia.systems.hca.config import HCAConfig
from aitia.systems.hca.reading import group_labels, numbers
from aitia.systems.hca.scales import columns_of_shares, on_one_scale

__all__ = ["Board", "groups_of", "read_board", "read_scores"]

ABOUT = ("param", "like", "average", "co2", "generation", " raw", "date")
"""Words in the names of columns that are about the model itself."""
_PLACES = ("id", "row", "environment")


@dataclass(frozen=True, eq=False)
class Board:
    """Rows to fit on.

    Args:
        columns: Of the scores.
        labels: (n,) the group of each row of the table; empty for none.
        kept: Positions of the rows that are whole, have a group, and are no repetition.
        dropped: How many rows were left out, by reason.
        grouping: How rows came to their base models; None where a column said it.
    """

    columns: tuple[str, ...]
    labels: NDArray[np.str_]
    kept: NDArray[np.int64]
    dropped: dict[str, int]
    grouping: Grouping | None


def read_board(given: Given, config: HCAConfig) -> Board:
    """Scores, groups and rows of what is given.

    Raises:
        OptionError: If no column says the group and none a name to find it by, or rules are given beside a group.
        DataError: If no column looks like a score, or no rule matches a row.
    """
    columns = given.columns("scores") or _score_columns(given)
    labels, grouping = _groups(given, config)
    kept, dropped = _kept(given, columns, labels, config)
    return Board(columns, labels, kept, dropped, grouping)


def read_scores(given: Given, board: Board, config: HCAConfig) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """(n, columns) the scores of the rows to fit on, on one scale, and which columns were shares of 1 as a whole.

    Raises:
        DataError: If a column is on two scales, and is not to be rescaled.
    """
    x = numbers(given.table.take(board.kept), board.columns)
    labels, rescale = board.labels[board.kept].tolist(), config.scales == "rescale"
    whole = columns_of_shares(x) if rescale else np.zeros(len(board.columns), dtype=bool)
    x = on_one_scale(np.where(whole, 100 * x, x), board.columns, labels, board.kept.tolist(), rescale)
    return x, tuple(name for name, of_one in zip(board.columns, whole, strict=True) if of_one)


def groups_of(given: Given, config: HCAConfig) -> NDArray[np.str_]:
    """(n,) the group of each row; empty where it has none."""
    return _groups(given, config)[0]


def _groups(given: Given, config: HCAConfig) -> tuple[NDArray[np.str_], Grouping | None]:
    column = given.column("base")
    if column is not None and column in given.table:
        if config.rules is not None:
            raise OptionError("rules find the base model where no column says it: give rules or base, not both")
        return group_labels(given.table.labels(column)), None
    names = [c for c in (given.column("name"), given.column("made_from")) if c is not None]
    if not names:
        raise OptionError(
            "hca compares groups: say which column tells them (base=COLUMN, --base COLUMN), or which the name of a "
            f"model (--name COLUMN); there are {join_names(given.table.names)}"
        )
    grouping = group_by_base(
        given.table,
        names,
        rules=read_rules(config.rules),
        architecture=given.column("architecture"),
        parameters=given.column("parameters"),
    )
    return grouping.labels, grouping


def _score_columns(given: Given) -> tuple[str, ...]:
    """All columns of numbers that no role has; of a leaderboard of names those from 0 to 100 that are scores."""
    table = given.table
    taken = {column for role in given.roles for column in given.columns(role)}
    free = [n for n in table.names if n not in taken and n not in _PLACES and table.plain(n) and table.continuous(n)]
    free = [n for n in free if not any(word in n.lower() for word in ABOUT)]
    found = [n for n in free if _looks_like_a_score(table, n)] if given.column("name") is not None else free
    if not found:
        raise DataError(f"no column looks like a score: name them (--scores); there are {join_names(table.names)}")
    return tuple(found)


def _looks_like_a_score(table: Table, name: str) -> bool:
    values = table.column(name)
    present = values[~np.isnan(values)]
    return bool(len(present) and np.ptp(present) > 0 and present.min() >= 0 and present.max() <= 100)


def _kept(
    given: Given, scores: Sequence[str], labels: NDArray[np.str_], config: HCAConfig
) -> tuple[NDArray[np.int64], dict[str, int]]:
    """Rows to fit on: whole, with a group, each model once."""
    table = given.table
    going = np.ones(table.n, dtype=bool)
    dropped: dict[str, int] = {}

    def leave(bad: NDArray[np.bool_], why: str) -> None:
        nonlocal going
        if count := int((going & bad).sum()):
            dropped[why] = count
        going &= ~bad

    leave(np.asarray(labels == "", dtype=bool), "no base model")
    if config.missing == "complete":
        leave(np.logical_or.reduce(np.isnan(numbers(table, scores)), axis=1), "a score is missing")
    if config.drop_merged:
        merged = given.column("merged")
        if merged is None:
            raise DataError("the table has no column Merged to tell merged models by (--merged COLUMN)")
        leave(np.array([str(v).lower() == "true" for v in table.labels(merged)]), "merged models")
    name = given.column("name")
    if name is not None and name in table:
        first: dict[str, int] = {}
        again = np.zeros(table.n, dtype=bool)
        names = table.texts(name)
        for row in np.flatnonzero(going).tolist():
            again[row] = first.setdefault(names[row], row) != row
        leave(again, "the same model again, such as in another precision")
    return np.flatnonzero(going), dropped

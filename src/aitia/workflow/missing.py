"""What becomes of rows with missing cells, in a fit and where a fitted system is asked.

A cell is missing where it is empty in the column of a role that the system needs, or of one that takes all columns
that are left. A cell that the system fills is a hole and stays; so does one of a role that a row may do without.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, get_args, get_type_hints

import numpy as np

from aitia.card import Card
from aitia.data.flow import Flow
from aitia.data.table import Table
from aitia.errors import DataError, OptionError, join_names
from aitia.stats.imputation import FEWEST, imputed
from aitia.system import Given

__all__ = ["MISSING", "OWN", "TESTWISE", "Used", "check_missing", "filled", "filled_note", "gaps", "policy", "used"]

MISSING = ("complete", "impute", "error")
"""Whole rows; gaps filled by chained equations; refused."""
OWN, TESTWISE = "own", "testwise"
"""What a system does itself."""


@dataclass(frozen=True, eq=False)
class Used:
    """The rows that are used.

    Args:
        given: They.
        flow: Rows read, left out and used, and what was understood of them.
        numbers: Of each in what was given.
    """

    given: Given = field(repr=False)
    flow: Flow | None = None
    numbers: tuple[int, ...] = ()


def policy(config: type, missing: str | None) -> tuple[dict[str, str], str]:
    """The options that this makes for a system, and what becomes of rows with gaps before it sees them.

    A system with an option `missing` of its own is told where it knows the answer.

    Args:
        config: Its `Config`.
        missing: What the user said; None leaves searches the rows that each test can use, and others whole rows.

    Raises:
        OptionError: If there is no such answer.
    """
    own: tuple[str, ...] = get_args(get_type_hints(config).get("missing"))
    if missing is None:
        if TESTWISE in own:
            return {}, TESTWISE
        return {}, OWN if own and config().missing != "error" else "complete"
    if missing in own:
        return {"missing": missing}, OWN
    known = own if "complete" in own else tuple(dict.fromkeys((*own, *MISSING)))
    if missing not in known:
        raise OptionError(f"missing is {join_names(known)}, got {missing!r}")
    return {}, missing


def check_missing(missing: str | None) -> None:
    """Refuses what is no answer where a fitted system is asked.

    Raises:
        OptionError: If it is none.
    """
    if missing is not None and missing not in MISSING:
        raise OptionError(f"missing is {join_names(MISSING)}, got {missing!r}")


def gaps(card: Card, given: Given) -> dict[str, int]:
    """How many cells are missing, by column."""
    if given.rows is None or given.world is not None:
        return {}
    roles = [name for name, role in card.takes.items() if name not in card.fills and (role.needed or role.rest)]
    columns = dict.fromkeys(column for role in roles for column in given.columns(role) if column in given.table)
    return {column: many for column in columns if (many := int(given.table.absent(column).sum()))}


def used(card: Card, given: Given, missing: str, seed: int = 0, flow: Flow | None = None) -> Used:
    """The rows of which nothing is missing.

    Args:
        card: Of the system.
        given: What is there.
        missing: `complete` leaves rows with gaps out, `impute` fills them once, `error` refuses them; all else leaves
            them as they are.
        seed: Of what is drawn.
        flow: How they came to be, where they do not say it themselves.

    Raises:
        DataError: If rows are refused, none is left, or a gap cannot be filled.
    """
    flow = given.table.flow if flow is None and given.rows is not None else flow
    every = tuple(range(len(given)))
    lacking = gaps(card, given) if missing in MISSING else {}
    if not lacking:
        return Used(given, flow, every)
    flow = flow or Flow("the table", len(given))
    told = _told(lacking)
    if missing == "error":
        raise DataError(f"of {len(given)} rows cells are missing: {told}. Say --missing complete or impute")
    if missing == "impute":
        whole = given.with_rows(filled(given, tuple(lacking), 1, seed)[0])
        return Used(whole, flow.noting(filled_note(lacking, 1)), every)
    kept = np.flatnonzero(~np.any([given.table.absent(name) for name in lacking], axis=0))
    if not len(kept):
        worst = max(lacking, key=lambda name: lacking[name])
        raise DataError(
            f"no row has all of {join_names(lacking)}; {worst!r} lacks {lacking[worst]} of {len(given)}: say "
            "--missing impute, or leave the column out"
        )
    note = f"missing: {told}; whole rows are used (--missing impute fills gaps)"
    left = flow.noting(note).without(len(given) - len(kept), "with gaps")
    return Used(given.take(kept), left, tuple(kept.tolist()))


def _told(lacking: Mapping[str, int]) -> str:
    return join_names((f"{name} in {many}" for name, many in lacking.items()), 8)


def filled_note(lacking: Mapping[str, int], many: int) -> str:
    """A line on cells that were filled."""
    how = "once, which no interval takes in" if many == 1 else f"{many} times, and the answers pooled by Rubin's rules"
    return f"missing: {_told(lacking)}; filled {how} (--missing complete leaves the rows out)"


def filled(given: Given, columns: tuple[str, ...], many: int, seed: int) -> list[Any]:
    """The rows with the gaps of these columns filled from all numbers and labels that have a role, several times.

    Raises:
        DataError: If one holds neither numbers nor labels.
    """
    table = given.table
    for name in columns:
        if not table.plain(name):
            raise DataError(
                f"{name!r} is of kind {table.kind(name)}, whose gaps cannot be filled: say --missing complete"
            )
    others = dict.fromkeys(column for role in given.roles for column in given.columns(role) if column in table)
    part = table.select(name for name in others if name in columns or _useful(table, name))
    return [given.data.with_filled(copy, columns) for copy in imputed(part, many, seed)]


def _useful(table: Table, name: str) -> bool:
    """Whether a column tells enough to fill those of others."""
    plain = table.plain(name) and table.column(name).ndim == 1
    return plain and table.n - table.missing(name) >= FEWEST

"""From what a user gives to rows with a column for each role: reading by the card, names, kinds, what is left over."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from aitia.card import Card, Role
from aitia.data.base import Data
from aitia.data.clips import Clips
from aitia.data.read import read
from aitia.data.table import Table
from aitia.data.tracks import Tracks
from aitia.errors import DataError, OptionError, join_names, unknown_variable

__all__ = ["ENVIRONMENT", "PLACES", "Columns", "placed_rows", "read_rows", "with_label"]

ENVIRONMENT = "environment"
"""The column that says where a row of a world is from."""
PLACES = (ENVIRONMENT, "id", "view", "frame", "row")
"""Columns that say where a row is from: no values of a variable."""
Columns = str | tuple[str, ...]


def _of_arrays(card: Card, x: Any) -> Data:
    """Rows that are held in memory: an array is what the card takes first and its shape allows."""
    shape = np.shape(x) if isinstance(x, np.ndarray) else ()
    if len(shape) in (3, 5) and "clips" in card.rows:
        return Clips(x, Table.of({"row": np.arange(len(x), dtype=float)}, kinds={"row": "number"}))
    if len(shape) == 4 and "table" not in card.rows and "tracks" in card.rows:
        return Tracks.of(x)
    return Table.of({"image": x}) if len(shape) == 4 else Table.of(x)


def with_label(card: Card, y: Any, names: Mapping[str, Any]) -> dict[str, Any]:
    """The names with `y` as the one role of labels, or the one that is filled or called `label` of several.

    Raises:
        OptionError: If there are none or several such roles, or that one is given by name too.
    """
    labels = [name for name, role in card.takes.items() if role.kind == "label"]
    filled = [name for name in labels if name in card.fills] or [name for name in labels if name == "label"]
    if len(labels) > 1 and len(filled) == 1:
        labels = filled
    if len(labels) != 1:
        raise OptionError(
            f"{card.slug} has {len(labels)} roles of labels ({join_names(labels)}): name the one you give"
        )
    if labels[0] in names:
        raise OptionError(f"{labels[0]!r} is given twice: as the second argument and by name")
    return {**names, labels[0]: y}


def read_rows(
    card: Card, x: Any, names: Mapping[str, Any] | None = None, options: Mapping[str, Any] | None = None
) -> Data | None:
    """The rows that a user has, in a form that the card takes.

    Args:
        card: Of the system.
        x: A path, frame, mapping, array or `Data`; None gives none.
        names: Roles, by which a file is told the kinds of the columns that are named.
        options: Of the reader, such as `window`.

    Raises:
        FormatError: If a file cannot be read.
        OptionError: If the system takes no such rows.
    """
    if x is None or isinstance(x, Data):
        rows = x
    elif isinstance(x, (str, Path)):
        kinds, expected = _kinds(card, names or {})
        told = dict(options or {})
        kinds = {**kinds, **(told.pop("kinds", None) or {})}
        expected = {**expected, **(told.pop("expected", None) or {})}
        rows = read(x, takes=card.rows, kinds=kinds, expected=expected, **told)
    else:
        rows = _of_arrays(card, x)
    if rows is not None and rows.form not in card.rows:
        raise OptionError(f"{card.slug} takes {' or '.join(card.rows) or 'no rows'}, and these rows are {rows.form}")
    return rows


def _kinds(card: Card, names: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
    """Kinds of the columns that are named for a role, and of those that a role takes where nobody names one.

    Numbers and labels are told by their values. A column that is filled, or that rows can do without, may be missing in
    rows that are asked about.
    """
    kinds: dict[str, str] = {}
    expected: dict[str, str] = {}
    filled: dict[str, str] = {}
    for name, role in card.takes.items():
        if role.kind not in ("text", "picture", "list", "spans"):
            continue
        named = names.get(name)
        for column in _columns_named(named):
            (filled if name in card.fills or not role.needed else kinds)[column] = role.kind
        if named is None:
            expected |= dict.fromkeys((name, *role.names), role.kind)
    taken = {column for value in names.values() for column in _columns_named(value)}
    return kinds, {column: kind for column, kind in expected.items() if column not in taken} | filled


def _columns_named(value: Any) -> tuple[str, ...]:
    """The columns that are named for a role of a file that is not read yet."""
    if isinstance(value, (list, tuple)) and all(isinstance(name, str) for name in value):
        return tuple(value)
    return (value,) if isinstance(value, str) else ()


def placed_rows(
    card: Card, rows: Data, given: Mapping[str, Any], kept: Mapping[str, Columns]
) -> tuple[Data, dict[str, Columns]]:
    """The rows with a column for each role, and the column of each role."""
    roles: dict[str, Columns] = {}
    others = {column for columns in kept.values() for column in ((columns,) if isinstance(columns, str) else columns)}
    for name, value in given.items():
        role = card.takes[name]
        if isinstance(value, str) or _names(value, rows.known, role.many):
            chosen = (value,) if isinstance(value, str) else tuple(value)
            for column in chosen:
                if column not in rows.known:
                    raise unknown_variable(column, rows.known.names, "table")
            roles[name] = chosen if role.many else _single(card, name, chosen)
        else:
            rows = rows.with_known({name: value}, {name: role.kind} if role.kind != "any" else {})
            roles[name] = (name,) if role.many else name
    for name, role in card.takes.items():
        if name in roles or (role.rest and name not in kept):
            continue
        if name in kept and (role.many or kept[name] in rows.known):
            roles[name] = kept[name]
        elif found := next((n for n in (name, *role.names) if n in rows.known and n not in others), None):
            roles[name] = (found,) if role.many else found
        elif name in kept:
            roles[name] = kept[name]
    for name, role in card.takes.items():
        if name not in roles and role.rest:
            taken = {c for columns in roles.values() for c in ((columns,) if isinstance(columns, str) else columns)}
            taken |= {*PLACES}
            left = tuple(n for n in rows.known.names if n not in taken and rows.known.fits(n, role.kind))
            if left:
                roles[name] = left if role.many else left[0]
    for name, role in card.takes.items():
        if name in roles:
            rows = _checked(card, rows, name, role, roles[name])
        elif role.needed and name not in card.fills:
            raise OptionError(
                f"{card.slug} needs {role.about or name}: say which column it is (--{name}); there are "
                f"{join_names(rows.known.names) or 'none'}"
            )
    return rows, roles


def _single(card: Card, role: str, chosen: tuple[str, ...]) -> str:
    if len(chosen) != 1:
        raise OptionError(f"{card.slug}: {role} is one column, got {join_names(chosen)}")
    return chosen[0]


def _names(value: Any, known: Table, many: bool) -> bool:
    """Whether a value names columns: texts that are columns, or that cannot be values as they are not one a row."""
    if not isinstance(value, (list, tuple)) or not value or not all(isinstance(v, str) for v in value):
        return False
    return (many and len(value) != len(known)) or all(v in known for v in value)


def _checked(card: Card, rows: Data, name: str, role: Role, columns: Columns) -> Data:
    """The rows with the column of a role in the kind of the role."""
    for column in (columns,) if isinstance(columns, str) else columns:
        if column not in rows.known:
            continue
        labels = role.kind == "number" and rows.known.discrete(column)  # whole numbers that look like labels
        if rows.known.fits(column, role.kind) and not labels:
            continue
        try:
            rows = rows.with_known({column: rows.known.labels(column)}, {column: role.kind})
        except DataError as error:
            raise DataError(
                f"{card.slug}: {name} is a column of {role.kind}, and {column!r} is not ({error}): name another, "
                f"--{name.replace('_', '-')} COLUMN"
            ) from error
    return rows

"""A context as people write it, made into numbers where it is a time."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np

from aitia.data.spreadsheet.dates import dates_of
from aitia.data.table import Kind, Table
from aitia.errors import DataError

__all__ = ["dated"]

START = datetime(1970, 1, 1)
_DAY = re.compile(r"(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])$")
_MONTH = re.compile(r"(?:19|20)\d{2}(?:0[1-9]|1[0-2])$")


def dated(table: Table, context: str) -> Table:
    """The table with a context of dates turned into days since 1970; any other context stays as it is.

    Dates are those that a file may hold: 2021-03-04, 4.3.2021, 3 March 2021, Mar 2021, 2021Q1, 2021-W09, with a time of
    day or without; and whole numbers that are all days (20210304) or months (202103).

    Raises:
        DataError: If nothing says whether the day or the month stands first.
    """
    if context not in table or table.kind(context) is Kind.TIME or table.column(context).ndim > 1:
        return table
    values = table.column(context)
    labels = table.categories(context)
    distinct = labels or tuple(np.unique(values[~np.isnan(values)]).tolist())
    days = _of_text(context, distinct) if isinstance(distinct[0], str) else _of_numbers(distinct)
    if days is None:
        return table
    places = values if labels else np.searchsorted(distinct, values).astype(np.float64)
    places = np.where(np.isnan(values), len(days), places).astype(int)
    return table.with_columns({context: np.array([*days, np.nan])[places]}, kinds={context: Kind.NUMBER})


def _of_text(context: str, labels: Sequence[Any]) -> list[float] | None:
    """Days since 1970 of dates in text; None where one of them is none."""
    if not all(isinstance(label, str) for label in labels):
        return None
    found = dates_of(labels, None)
    if found is None:
        return None
    if found.ambiguous is not None:
        raise DataError(
            f"the context {context!r} holds dates such as {found.ambiguous!r}, and nothing says whether the day or the "
            "month stands first: write them as 2021-04-03"
        )
    moments = [found.value(label) or START for label in labels]
    return [(moment.replace(tzinfo=None) - START).total_seconds() / 86_400 for moment in moments]


def _of_numbers(numbers: Sequence[Any]) -> list[float] | None:
    """Days since 1970 of numbers such as 20210304 or 202103; None unless there are three or more, and all are such."""
    if len(numbers) < 3 or any(isinstance(n, bool) or float(n) != np.floor(float(n)) for n in numbers):
        return None
    texts = [f"{float(number):.0f}" for number in numbers]
    for form, pattern in ((_DAY, "%Y%m%d"), (_MONTH, "%Y%m")):
        if all(form.match(text) for text in texts):
            try:
                return [float((datetime.strptime(text, pattern) - START).days) for text in texts]
            except ValueError:  # the 31st of a short month: plain numbers after all
                return None
    return None

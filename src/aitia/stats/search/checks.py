"""What a search asks of a table before it starts, each with one sentence that says what to do."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aitia.data.moments import table_moments
from aitia.data.summed import SummedTable
from aitia.data.table import DISCRETE_AT_MOST, Table
from aitia.errors import DataError, join_names
from aitia.stats.independence import DegenerateGaussian, FisherZ, IndependenceTest
from aitia.stats.independence.ranks import table_scores
from aitia.stats.search.functions import determines, may_determine, two_may_determine

__all__ = ["check_functions", "check_lines", "check_table", "table_warnings"]

Values = NDArray[np.float64]

FEW_ROWS = 50
"""Below this the null distributions of the tests are rough."""

FEW_LABELS = 8
"""Up to so many labels are counted one by one, which takes less time."""

FEW_COLUMNS = 20
"""Up to so many columns of labels, functions of two of them are looked for."""


def check_table(table: Table, *, missing: str = "error", context: str | None = None) -> None:
    """Refuses a table that no search can use.

    Raises:
        DataError: If there are missing values (unless `missing` is "testwise"), fewer than two variables beside the
            context or fewer than ten rows; if a column is constant, names the rows, mixes numbers with text, repeats
            another one, or is a linear combination of others.
    """
    names = [name for name in table.names if name != context]
    if len(names) < 2:
        raise DataError(f"a causal graph needs two variables or more, the table has {join_names(names) or 'none'}")
    if table.n < 10:
        raise DataError(f"the table has {table.n} rows: no test says anything from fewer than ten")
    gaps = {name: table.missing(name) for name in table.names if table.missing(name)}
    if context is not None and context in gaps:
        raise DataError(f"{gaps[context]} rows have no {context!r}: drop these rows, the context must be known")
    if gaps and missing == "error":
        told = join_names(f"{name} ({count} of {table.n})" for name, count in gaps.items())
        raise DataError(
            f"values are missing: {told}; fill or drop them, or use for each test the rows that it can (--missing "
            "testwise), or fill them (--missing impute)"
        )
    if empty := [name for name, count in gaps.items() if count > table.n - 10]:
        raise DataError(f"{join_names(empty)}: fewer than ten rows have a value; drop the column")
    if constant := [name for name in table.names if _is_constant(table.column(name))]:
        if context in constant:
            raise DataError(
                f"the context {context!r} has one value: nothing changes with it; use pc, without a context"
            )
        raise DataError(f"{join_names(constant)}: every row has the same value; drop the column")
    counts = {name: _label_counts(table, name) for name in names if table.discrete(name)}
    _check_labels(table, counts)
    _check_duplicates(table, counts)
    _check_collinear(table, names)


def check_functions(table: Table, context: str | None = None) -> None:
    """Refuses a column that is a function of another one, for tests that see more than lines.

    Raises:
        DataError: If there is one.
    """
    table = _looked_through(table)
    names = [name for name in table.names if name != context]
    labels = {name: k for k, name in enumerate(name for name in names if table.discrete(name))}
    may = may_determine(table, tuple(labels)) if len(labels) > 1 else None
    for a, b in combinations(names, 2):
        for given, name in ((a, b), (b, a)):
            if may is not None and given in labels and name in labels and not may[labels[given], labels[name]]:
                continue
            if determines(table, (given,), name):
                raise DataError(
                    f"{name!r} follows exactly from {given!r}: given one of the two nothing is left to test of the "
                    "other; drop one of them"
                )


def _looked_through(table: Table) -> Table:
    """The rows in which functions are looked for: of a table that is known by its sums those of its sample."""
    return table.sample if isinstance(table, SummedTable) else table


def _check_labels(table: Table, counts: Mapping[str, Sequence[int]]) -> None:
    """Text that stands for no group of rows: a stray word among numbers, or a name for each row."""
    for name, of_labels in counts.items():
        codes = table.column(name)
        labels = [label for label, n in zip(table.categories(name), of_labels, strict=True) if n]
        words = [label for label in labels if isinstance(label, str) and not _is_number(label)]
        texts = sum(isinstance(label, str) for label in labels)
        if words and texts - len(words) > max(DISCRETE_AT_MOST, len(labels) / 2):
            row = int(np.flatnonzero(codes == table.categories(name).index(words[0]))[0])
            raise DataError(
                f"{name!r} holds numbers, but also text such as {words[0]!r} (row {row}): leave the field empty where "
                "the value is missing, or drop the column"
            )
        rows = table.n - table.missing(name)
        if len(labels) > rows / 2:
            raise DataError(
                f"{name!r} has {len(labels)} labels in {rows} rows: it names the rows rather than groups of them; drop "
                "the column" + ("" if texts else ", or declare it continuous")
            )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _is_constant(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> bool:
    if values.ndim == 1 and (abs(values[0] - values[-1]) > 0 or np.ptp(values[: 2 * FEW_ROWS]) > 0):
        return False
    seen = values[~np.isnan(values.reshape(len(values), -1)).any(axis=1)]
    return len(seen) == 0 or bool((seen == seen[0]).all())


def _check_duplicates(table: Table, counts: Mapping[str, Sequence[int]]) -> None:
    """Two columns of labels that name the same groups are one variable."""
    seen: dict[tuple[int, ...], list[str]] = {}
    for name, of_labels in counts.items():
        alike = seen.setdefault(tuple(sorted(n for n in of_labels if n)), [])
        for other in alike:
            if _same_groups(table, other, name):
                raise DataError(f"{name!r} repeats {other!r}: they are one variable, drop one of them")
        alike.append(name)


def _same_groups(table: Table, a: str, b: str) -> bool:
    """Whether two columns of labels put the same rows together, missing ones too."""
    left, right = (np.nan_to_num(table.column(name), nan=-1).astype(np.int64) + 1 for name in (a, b))
    pairs = np.unique(left * (int(right.max()) + 1) + right)
    return len(pairs) == len(np.unique(left)) == len(np.unique(right))


def _label_counts(table: Table, name: str) -> list[int]:
    """How many rows have each category, code 0 first."""
    codes = table.column(name)
    labels = len(table.categories(name))
    if isinstance(table, SummedTable):
        weighted: list[int] = np.bincount(codes.astype(np.intp), table.weights, labels).astype(int).tolist()
        return weighted
    if labels <= FEW_LABELS:
        return [int(np.count_nonzero(codes == label)) for label in range(labels)]
    seen = codes[~np.isnan(codes)] if table.missing(name) else codes
    counts = np.bincount(seen.astype(np.intp), minlength=labels)
    found: list[int] = counts.tolist()
    return found


def _check_collinear(table: Table, names: Sequence[str]) -> None:
    """A column that repeats another, or that others give exactly, leaves tests given them without meaning. O(n p^2).

    A few huge values can make correlations of 1 where nothing repeats: then the other rows tell.
    """
    columns = [n for n in names if table.continuous(n) and table.column(n).ndim == 1]
    if len(columns) < 2:
        return
    found = table_moments(table, columns)
    if found.n <= len(columns):
        return
    correlation = found.correlation
    beside = np.abs(correlation)
    np.fill_diagonal(beside, 0)
    i, j = divmod(int(beside.argmax()), len(columns))  # of a symmetric matrix the first stands above the diagonal
    if abs(correlation[i, j]) > 1 - 1e-12 and _one_order(table, columns[i], columns[j]):
        raise DataError(f"{columns[j]!r} repeats {columns[i]!r} up to scale: they are one variable, drop one of them")
    line = None if found.definite else _line(table.matrix(columns))
    if line is not None and line.exact:
        others = [columns[k] for k in line.others]
        raise DataError(f"{columns[line.last]!r} follows exactly from {join_names(others)}: drop one of them")


class _Line(NamedTuple):
    """A column that follows from others by a straight line; `exact` where it does in the usual row as well."""

    last: int
    others: list[int]
    exact: bool


def _line(values: Values) -> _Line | None:
    """The first column that those before it give; None where none does."""
    values = values[~np.isnan(values).any(axis=1)]
    if len(values) <= values.shape[1]:
        return None
    middle = np.median(values, axis=0)
    rows = values - middle  # beside a huge mean most rows are alike
    values = values - values.mean(axis=0)
    scale = np.maximum(np.sqrt(np.einsum("ij,ij->j", values, values)), 1e-300)
    values /= scale
    _, r = np.linalg.qr(values)  # without squaring: tells rounding from a true dependence, and which column it is
    small = np.flatnonzero(np.abs(np.diagonal(r)) < 1e-7)
    if not small.size:
        return None
    last = int(small[0])
    weights = np.linalg.lstsq(values[:, :last], values[:, last], rcond=None)[0]
    left = rows[:, last] / scale[last] - rows[:, :last] / scale[:last] @ weights
    usual, off = (float(np.median(np.abs(part - np.median(part)))) for part in (rows[:, last] / scale[last], left))
    return _Line(last, np.flatnonzero(np.abs(weights) > 1e-6).tolist(), off <= 1e-3 * usual)


def _one_order(table: Table, a: str, b: str) -> bool:
    """Whether two columns of numbers rise together in every row, or one falls where the other rises."""
    x, y = (table_scores(table, name) for name in (a, b))
    there = ~np.isnan(x + y)
    return bool(abs(np.corrcoef(x[there], y[there])[0, 1]) > 1 - 1e-6)


def check_lines(test: IndependenceTest) -> list[str]:
    """Warnings of columns that follow from others as a test of lines sees them, by ranks and as indicators.

    Raises:
        DataError: If two columns of numbers are one by ranks, or a few huge values leave nothing of a column to see.
    """
    if not isinstance(test, FisherZ | DegenerateGaussian) or test.definite or (line := _line(test.columns)) is None:
        return []
    places = {} if isinstance(test, FisherZ) else test.places
    names = [name for name in test.names for _ in range(places[name].stop - places[name].start if places else 1)]
    last, others = names[line.last], list(dict.fromkeys(names[k] for k in line.others))
    numbers = not any(test.table.discrete(name) for name in (last, *others))
    if numbers and test.name == FisherZ.name:
        raise DataError(
            f"a few huge values of {last!r} leave nothing to see of its other rows beside {join_names(others)}: take "
            "ranks (--test ranks), or logarithms of such columns"
        )
    if numbers and len(others) == 1:
        raise DataError(
            f"{last!r} and {others[0]!r} rise together in every row, or one falls where the other rises: by ranks they "
            "are one variable, drop one of them"
        )
    return [
        f"{last} follows exactly from {join_names(others)} together: tests given these have nothing left to say, and "
        "edges between them may be missing or turned."
    ]


def table_warnings(table: Table, *, context: str | None = None, missing: str = "testwise") -> list[str]:
    """What to keep in mind about a table that can be used, in plain words.

    Args:
        table: The rows.
        context: The context column, or None.
        missing: What becomes of gaps; `samples` where a search of samples over time says it itself.
    """
    warnings = []
    if table.n < FEW_ROWS:
        warnings.append(f"Only {table.n} rows: p-values are rough below {FEW_ROWS}, and weak edges will be missed.")
    gaps = {name: table.missing(name) for name in table.names if table.missing(name)}
    if gaps and missing != "samples":
        told = join_names(f"{name} ({count})" for name, count in gaps.items())
        how = "each test uses the rows that have all of its variables, which is sound when values are missing at random"
        if missing == "impute":
            how = (
                "they are filled several times along straight lines and each test is pooled, which is sound when what "
                "is missing depends on what is observed"
            )
        warnings.append(f"Values are missing in {told}; {how} and can mislead when a variable causes its own gaps.")
    for name in table.names:
        if table.discrete(name) and name != context:
            counts = _label_counts(table, name)
            rare = [label for label, n in zip(table.categories(name), counts, strict=True) if n < 5]
            if rare:
                warnings.append(f"{name} has labels with fewer than five rows: {join_names(rare, 5)}.")
    return warnings + _function_warnings(table, context)


def _function_warnings(table: Table, context: str | None) -> list[str]:
    """Functions that a search survives, but that its reader has to know of."""
    warnings = []
    table = _looked_through(table)
    names = [name for name in table.names if name != context]
    if context is not None:
        fixed = [name for name in names if determines(table, (context,), name)]
        if fixed:
            warnings.append(
                f"{join_names(fixed)} follows exactly from the context {context!r}: given it, nothing is left that "
                "could depend on other columns."
            )
    labels = [name for name in names if table.discrete(name)]
    if not 3 <= len(labels) <= FEW_COLUMNS:
        return warnings
    may = two_may_determine(table, labels)
    for three in sorted({tuple(sorted(found)) for found in np.argwhere(may).tolist() if len(set(found)) == 3}):
        for k in three[::-1]:
            i, j = (other for other in three if other != k)
            a, b, name = labels[i], labels[j], labels[k]
            if may[i, j, k] and determines(table, (a, b), name):
                warnings.append(
                    f"{name} follows exactly from {a} and {b} together: tests given two of the three have nothing left "
                    "to say, and edges between them may be missing or turned."
                )
                break
    return warnings

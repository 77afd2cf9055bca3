"""Which independence test suits a table, and why.

A table whose columns have an order (numbers, ordinals, two labels) is looked at twice: as it is, and by ranks. Where
straight lines say all, partial correlation is taken; where an increasing change of columns makes them straight, that of
ranks; else kernels, which see any dependence and need more rows for it. On random graphs of eight columns (200 rows;
Gaussian, uniform, Laplace, exponential, heavy-tailed, exponentiated and cut into five) ranks find the skeleton better
than kernels in each, and lose to them only where the dependence is not monotone.
"""

from collections.abc import Sequence

import numpy as np

from aitia.data.moments import table_moments
from aitia.data.table import Kind, Table
from aitia.stats.independence import DegenerateGaussian, FisherZ, RankCorrelation, independence_test, table_scores
from aitia.stats.independence.degenerate_gaussian import embedded
from aitia.stats.independence.fisher_z import of_numbers
from aitia.stats.search.shape import Shape
from aitia.stats.search.skeleton import predicted_seconds

__all__ = ["choose_test", "departure", "shape"]

MANY_ROWS = 2000
"""Beyond it the exact kernel test takes seconds a test, and random features lose little."""

SLOW = 600.0
"""Seconds of predicted kernel tests from which partial correlation is taken instead."""

ROWS_A_CELL = 5
"""Expected count from which the chi-square distribution of a table of counts is trusted."""

ROWS_A_COLUMN = 10
"""With fewer rows for each column only lines can be told from chance."""


def choose_test(table: Table, max_depth: int, *, context: str | None = None) -> tuple[str, str]:
    """The name of a test and the reason for it in a sentence.

    With a context it is a kernel test, whatever the marginals: a linear test sees a change of mean but neither one of
    variance nor one of an effect's size.
    """
    names = [name for name in table.names if name != context]
    kernel = "kci" if table.n <= MANY_ROWS else "rcit"
    rows = f"{table.n} rows" + (", too many for the exact kernel test" if kernel == "rcit" else "")
    if context is not None:
        return kernel, f"Test {kernel}: changes with {context!r} may be of any form, which a kernel test sees; {rows}."
    discrete = [name for name in names if table.discrete(name)]
    ordinal = [name for name in names if table.kind(name) is Kind.ORDINAL]
    loose = [name for name in discrete if name not in ordinal and len(table.categories(name)) > 2]
    if len(discrete) == len(names):
        return _of_labels(table, names, ordinal, loose)
    if any(table.column(name).ndim > 1 for name in names):
        return kernel, f"Test {kernel}: some columns hold vectors; {rows}."
    if loose:
        return _mixed(table, names, loose[0], kernel, rows)
    if table.n < ROWS_A_COLUMN * len(names):
        few = f"{table.n} rows of {len(names)} columns are too few to tell more than lines from chance"
        return _straight(table, names, discrete, few)
    why = _ordered(ordinal, discrete)
    if why is None and (why := departure(table, names)) is None:
        return FisherZ.name, "Test fisher-z: the columns look Gaussian and related in straight lines."
    bent = Shape.of([table_scores(table, name) for name in names]).bent(names)
    if bent is None:
        return RankCorrelation.name, f"Test ranks: {why}, and by their ranks the columns are related in lines."
    seconds = predicted_seconds(independence_test(kernel, table, missing="testwise"), len(names), max_depth)
    if seconds > SLOW:
        return _straight(
            table, names, discrete, f"{bent}, but {kernel} is predicted to take {seconds / 60:.0f} minutes; choose it "
            "by name to see dependence that is not linear",
        )  # fmt: skip
    return kernel, f"Test {kernel}: {bent}; {rows}."


def _mixed(table: Table, names: list[str], loose: str, kernel: str, rows: str) -> tuple[str, str]:
    """Labels without an order beside numbers: lines between indicators and scores, or kernels where they bend."""
    told = f"{loose!r} holds labels without an order beside columns of numbers"
    columns, of = [], []
    for name in names:
        for column in embedded(table, name).T:
            columns.append(column)
            of.append(name)
    if table.n < ROWS_A_COLUMN * len(columns):
        return kernel, (
            f"Test {kernel}: {told}, and indicators of all labels make {len(columns)} columns, more than one for every "
            f"{ROWS_A_COLUMN} rows; {rows}."
        )
    bent = Shape.of(columns).bent(of)
    if bent is None:
        return (
            DegenerateGaussian.name,
            f"Test {DegenerateGaussian.name}: {told}, and by ranks all are related in lines.",
        )
    return kernel, f"Test {kernel}: {told}, and {bent}; {rows}."


def departure(table: Table, names: list[str]) -> str | None:
    """What in columns of numbers speaks against straight lines with Gaussian noise; None where nothing does."""
    found = shape(table, names)
    return found.far_from_gaussian(names) or found.bent(names)


def shape(table: Table, names: Sequence[str]) -> Shape:
    """The shape of these columns of numbers, computed once."""
    names = tuple(names)
    return table.kept(
        ("shape", names), lambda: Shape.of([table.column(name) for name in names], table_moments(table, names))
    )


def _of_labels(table: Table, names: list[str], ordinal: list[str], loose: list[str]) -> tuple[str, str]:
    """Tables of counts, but for what has an order and where the rows do not fill them."""
    words = [name for name in loose if not of_numbers(table, name)]
    sizes = sorted((len(table.categories(name)) for name in names), reverse=True)[:3]
    thin = table.n < ROWS_A_CELL * int(np.prod(sizes)) and max(sizes) > 2
    if words or not ((ordinal and not loose) or thin):
        return "chi2", "Test chi2: every column holds labels."
    bent = Shape.of([table_scores(table, name) for name in names]).bent(names)
    if bent is not None:
        return "chi2", f"Test chi2: every column holds labels, and {bent}."
    if not loose:
        return RankCorrelation.name, f"Test ranks: {_ordered(ordinal, names)}, and every other column has one."
    cells = " x ".join(map(str, sizes))
    return RankCorrelation.name, (
        f"Test ranks: {table.n} rows are too few for tables of {cells} labels, and the labels are numbers, whose order "
        "is taken (--test chi2 takes none)."
    )


def _straight(table: Table, names: list[str], discrete: list[str], reason: str) -> tuple[str, str]:
    """Partial correlation, of ranks where the columns are not numbers near a Gaussian."""
    ranks = bool(discrete) or shape(table, names).far_from_gaussian(names) is not None
    name = RankCorrelation.name if ranks else FisherZ.name
    return name, f"Test {name}: {reason}."


def _ordered(ordinal: list[str], discrete: list[str]) -> str | None:
    """The column whose labels ranks keep the order of."""
    if ordinal:
        return f"{ordinal[0]!r} holds labels with an order"
    return f"{discrete[0]!r} holds two labels" if discrete else None

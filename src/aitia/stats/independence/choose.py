"""Independence tests by name."""

from collections.abc import Mapping
from typing import Any, Literal

from aitia.data.summed import SummedTable
from aitia.data.table import Kind, Table
from aitia.errors import OptionError, join_names, unknown_variable
from aitia.stats.imputation import IMPUTATIONS, imputed
from aitia.stats.independence.base import Gaps, IndependenceTest
from aitia.stats.independence.contingency import ChiSquare, GSquare
from aitia.stats.independence.degenerate_gaussian import DegenerateGaussian
from aitia.stats.independence.filled import FilledTest
from aitia.stats.independence.fisher_z import FisherZ
from aitia.stats.independence.kci import KCI
from aitia.stats.independence.ranks import RankCorrelation
from aitia.stats.independence.rcit import RCIT
from aitia.stats.independence.summed import summed_test

__all__ = ["TESTS", "ContextKind", "independence_test"]

ContextKind = Literal["time", "domain"]

TESTS: Mapping[str, type[IndependenceTest]] = {
    t.name: t for t in (FisherZ, RankCorrelation, DegenerateGaussian, ChiSquare, GSquare, KCI, RCIT)
}
"""Every test by its name."""


def independence_test(
    name: str,
    table: Table,
    *,
    context: str | None = None,
    context_kind: ContextKind | None = None,
    missing: Gaps = "error",
    jobs: int = 1,
    fill_seed: int = 0,
    **options: Any,
) -> IndependenceTest:
    """The named test for this table.

    Args:
        name: `fisher-z`, `ranks`, `degenerate-gaussian`, `chi2`, `g2`, `kci` or `rcit`.
        table: The rows.
        context: The column that says when or where a row was taken.
        context_kind: `domain` compares its values as labels, `time` as numbers.
        missing: `error`; `testwise` to use for each test the rows that have its variables; or `impute` to fill gaps
            several times by chained equations and pool each test (see `FilledTest`).
        jobs: Threads.
        fill_seed: Of the numbers that fill gaps.
        options: Of the test itself; see `KCI` and `RCIT`.

    Raises:
        OptionError: If there is no such test or option.
        UnknownVariableError: If the context is no column.
        DataError: If the table does not suit the test.
    """
    if name not in TESTS:
        raise OptionError(f"there is no test {name!r}; there are {join_names(TESTS)}")
    if context is not None:
        if context not in table:
            raise unknown_variable(context, table.names, "table")
        labels = context_kind == "domain"
        if table.discrete(context) != labels:
            table = Table.of(table, kinds={context: Kind.LABEL if labels else Kind.NUMBER})
        if issubclass(TESTS[name], FisherZ) and labels:
            # A linear test has no way to compare labels: it gets their numbers, which CD-NOD warns of.
            table = table.with_columns({context: table.column(context)}, kinds={context: Kind.NUMBER})
    if options and name not in ("kci", "rcit"):
        raise OptionError(f"{name} has no option {join_names(options)}")
    if isinstance(table, SummedTable):
        return summed_test(name)(table)
    try:
        if missing != "impute":
            return TESTS[name](table, missing=missing, jobs=jobs, **options)
        if not any(map(table.missing, table.names)):
            return TESTS[name](table, jobs=jobs, **options)
        if name in ("kci", "rcit"):
            options.setdefault("cache_bytes", (1 << 30) // IMPUTATIONS)
        tables = imputed(table, IMPUTATIONS, fill_seed)
        return FilledTest(table, [TESTS[name](filled, jobs=1, **options) for filled in tables], jobs=jobs)
    except TypeError as error:
        if "unexpected keyword" in str(error):
            raise OptionError(f"{name} has no such option: {str(error).split('argument ')[-1]}") from None
        raise

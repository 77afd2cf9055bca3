"""Which independence test suits a table, and why."""

import numpy as np

from aitia.data.table import Table
from aitia.stats.independence import FisherZ, independence_test
from aitia.stats.search.skeleton import predicted_seconds

__all__ = ["choose_test", "departure"]

MANY_ROWS = 2000
"""Beyond it the exact kernel test takes seconds a test, and random features lose little."""

SLOW = 600.0
"""Seconds of predicted kernel tests from which partial correlation is taken instead."""


def choose_test(table: Table, max_depth: int, *, context: str | None = None) -> tuple[str, str]:
    """The name of a test and the reason for it in a sentence.

    With a context it is a kernel test, whatever the marginals: a linear test sees a change of mean but neither one of
    variance nor one of an effect's size.
    """
    names = [name for name in table.names if name != context]
    discrete = [name for name in names if table.discrete(name)]
    kernel = "kci" if table.n <= MANY_ROWS else "rcit"
    rows = f"{table.n} rows" + (", too many for the exact kernel test" if kernel == "rcit" else "")
    if context is not None:
        return kernel, f"Test {kernel}: changes with {context!r} may be of any form, which a kernel test sees; {rows}."
    if len(discrete) == len(names):
        return "chi2", "Test chi2: every column holds labels."
    if discrete:
        return kernel, f"Test {kernel}: columns of labels ({len(discrete)}) and numbers together; {rows}."
    if any(table.column(name).ndim > 1 for name in names):
        return kernel, f"Test {kernel}: some columns hold vectors; {rows}."
    bent = departure(table, names)
    if bent is None:
        return FisherZ.name, "Test fisher-z: the columns look Gaussian and related in straight lines."
    seconds = predicted_seconds(independence_test(kernel, table, missing="testwise"), len(names), max_depth)
    if seconds > SLOW:
        return FisherZ.name, (
            f"Test fisher-z: {bent}, but {kernel} is predicted to take {seconds / 60:.0f} minutes; "
            f"choose it by name to see dependence that is not linear."
        )
    return kernel, f"Test {kernel}: {bent}; {rows}."


def departure(table: Table, names: list[str]) -> str | None:
    """What in columns of numbers speaks against linear Gaussian relations, None where nothing does.

    Bounds are on sizes, not p-values.
    """
    values = table.matrix(names)
    values = values[~np.isnan(values).any(axis=1)]
    if len(values) < 20:
        return None
    z = (values - values.mean(axis=0)) / values.std(axis=0)
    slack = 4 / np.sqrt(len(z))  # what chance alone reaches in a small sample
    skewed = np.abs((z**3).mean(axis=0)) > 0.5 + slack
    heavy = np.abs((z**4).mean(axis=0) - 3) > 1 + 2 * slack
    if (odd := np.flatnonzero(skewed | heavy)).size:
        return f"{names[int(odd[0])]!r} is far from Gaussian"
    correlation = z.T @ z / len(z)
    squares = z**2 - 1
    squares = squares / squares.std(axis=0)
    # Correlation of x^2 with what a line in x leaves of y.
    spread = np.sqrt(np.maximum(1 - correlation**2, 1e-9))
    left = squares.T @ z / len(z) - correlation * (squares * z).mean(axis=0)[:, None]
    bent = np.abs(left) / spread
    np.fill_diagonal(bent, 0)
    if bent.max() > 0.15 + slack:
        i, j = np.unravel_index(int(bent.argmax()), bent.shape)
        return f"{names[j]!r} bends with {names[i]!r}"
    return None

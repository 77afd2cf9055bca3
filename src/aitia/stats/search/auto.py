"""Which independence test suits a table, and why."""

import numpy as np

from aitia.data.moments import blocks, complete, table_moments
from aitia.data.table import Table
from aitia.stats.independence import FisherZ, independence_test
from aitia.stats.search.skeleton import predicted_seconds

__all__ = ["choose_test"]

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
    bent = _not_linear_gaussian(table, names)
    if bent is None:
        return FisherZ.name, "Test fisher-z: the columns look Gaussian and related in straight lines."
    seconds = predicted_seconds(independence_test(kernel, table, missing="testwise"), len(names), max_depth)
    if seconds > SLOW:
        return FisherZ.name, (
            f"Test fisher-z: {bent}, but {kernel} is predicted to take {seconds / 60:.0f} minutes; "
            f"choose it by name to see dependence that is not linear."
        )
    return kernel, f"Test {kernel}: {bent}; {rows}."


def _not_linear_gaussian(table: Table, names: list[str]) -> str | None:
    """What speaks against linear Gaussian relations, None where nothing does. Bounds are on sizes, not p-values."""
    found = table_moments(table, names)
    if (n := found.n) < 20:
        return None
    third, fourth = np.zeros((2, len(names)))
    cross = np.zeros((len(names), len(names)))  # of x^2 with y
    for z in blocks(complete([table.column(name) for name in names]), found.mean, 1 / np.maximum(found.spread, 1e-300)):
        squares = z * z
        third += np.einsum("ij,ij->i", squares, z)
        fourth += np.einsum("ij,ij->i", squares, squares)
        cross += squares @ z.T
    third, fourth, cross = third / n, fourth / n, cross / n
    slack = 4 / np.sqrt(n)  # what chance alone reaches in a small sample
    skewed = np.abs(third) > 0.5 + slack
    heavy = np.abs(fourth - 3) > 1 + 2 * slack
    if (odd := np.flatnonzero(skewed | heavy)).size:
        return f"{names[int(odd[0])]!r} is far from Gaussian"
    correlation = found.correlation
    # Correlation of x^2 with what a line in x leaves of y.
    spread = np.sqrt(np.maximum(1 - correlation**2, 1e-9))
    left = (cross - correlation * third[:, None]) / np.sqrt(np.maximum(fourth - 1, 1e-12))[:, None]
    bent = np.abs(left) / spread
    np.fill_diagonal(bent, 0)
    if bent.max() > 0.15 + slack:
        i, j = np.unravel_index(int(bent.argmax()), bent.shape)
        return f"{names[j]!r} bends with {names[i]!r}"
    return None

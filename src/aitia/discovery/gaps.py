"""Whether what is missing depends on what is not: a test of each column's gaps against every other column."""

import numpy as np

from aitia.data.table import Table

__all__ = ["gap_warnings"]

ALPHA = 0.05
FEWEST = 5
"""Rows with a gap, and without, below which nothing is tested."""


def gap_warnings(table: Table, mend: str = "") -> list[str]:
    """A sentence for each column whose gaps depend on another one, at level 0.05 over all pairs (Bonferroni).

    Numbers are compared by the rank test of Mann and Whitney, labels by chi-square.

    Args:
        table: As it was read.
        mend: What to do then, for the end of the sentence.
    """
    columns = [name for name in table.names if table.plain(name) and table.column(name).ndim == 1]
    gaps = [name for name in columns if FEWEST <= table.missing(name) <= table.n - FEWEST]
    pairs = len(gaps) * (len(columns) - 1)
    said = []
    for name in gaps:
        found = [(p, other) for other in columns if other != name and (p := _p_value(table, name, other)) is not None]
        close = sorted((p, other) for p, other in found if p * pairs <= ALPHA)
        if close:
            told = ", ".join(f"{other!r} (p = {p:.1g})" for p, other in close[:4])
            said.append(
                f"whether {name!r} is missing depends on {told}: rows that have it differ from those that lack it{mend}"
            )
    return said


def _p_value(table: Table, name: str, other: str) -> float | None:
    """Of no difference in `other` between rows with and without `name`; None where too few have it."""
    from scipy.stats import chi2_contingency, mannwhitneyu

    there = ~table.absent(other)
    gap, values = table.absent(name)[there], table.column(other)[there]
    if min(int(gap.sum()), int((~gap).sum())) < FEWEST or values.min() == values.max():
        return None
    if table.continuous(other):
        return float(mannwhitneyu(values[gap], values[~gap], method="asymptotic").pvalue)
    codes = np.unique(values, return_inverse=True)[1]
    counts = np.stack([np.bincount(codes[mask], minlength=codes.max() + 1) for mask in (gap, ~gap)])
    return float(chi2_contingency(counts, correction=False).pvalue)

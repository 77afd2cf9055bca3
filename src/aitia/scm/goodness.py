"""Does a system fit a table? Three things that (1) implies are held against the rows.

    x_i = f_i(x_pa(i), u_i),    u_i independent                                 (1)

The noise u_i that explains the rows must be independent of the parents (else f_i has the wrong form), must have the
distribution that the system gives it, and the noises of different variables must not be related (else a common cause is
missing or an edge is wrong). For a discrete variable the noise is drawn within the interval that explains its label.

Source:
    Peters, Mooij, Janzing, Schölkopf, Causal discovery with continuous additive noise models (2014), section 4.1;
    Dunn and Smyth, Randomized quantile residuals (1996); Székely and Rizzo, The distance correlation t-test (2013), and
    Shen, Panda, Vogelstein, The chi-square test of distance correlation (2022), for the p-values of dependence.
"""

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from aitia.data.table import Table
from aitia.errors import DataError, join_names
from aitia.scm._arrays import Values, design
from aitia.scm._columns import read_column
from aitia.scm.mechanism import Mechanism
from aitia.scm.model import SCM

__all__ = ["Goodness", "VariableFit", "goodness_of_fit"]


MOST_ROWS_FOR_DEPENDENCE = 500


@dataclass(frozen=True)
class VariableFit:
    """How well one mechanism fits.

    Args:
        name: The variable.
        mechanism: Its mechanism's class.
        n: Rows complete in the variable and its parents.
        explained: Share of the variance (continuous) or of the log-loss (discrete) that the parents explain; NaN for a
            constant column.
        independence: p-value of "the noise does not depend on the parents"; None without parents.
        distribution: p-value of "the noise is distributed as the system says"; it is generous on the rows that the
            system was fitted to.
    """

    name: str
    mechanism: str
    n: int
    explained: float
    independence: float | None
    distribution: float


@dataclass(frozen=True)
class Goodness:
    """The fit of a system to a table.

    Args:
        variables: One row a variable.
        related: Pairs of variables whose noises are correlated, with the p-value, smallest first.
        level: Chance of at least one false alarm when all is well; shared among the tests (Bonferroni).
    """

    variables: tuple[VariableFit, ...]
    related: tuple[tuple[str, str, float], ...]
    level: float

    @property
    def threshold(self) -> float:
        """The p-value below which a test raises the alarm."""
        d = len(self.variables)
        return self.level / max(1, 2 * d + d * (d - 1) // 2)

    @property
    def fits(self) -> bool:
        """Whether nothing in the table contradicts the system."""
        return not self._complaints()

    @property
    def sentence(self) -> str:
        """The verdict in words."""
        if complaints := self._complaints():
            return "; ".join(complaints) + "."
        return f"Nothing in these rows contradicts the system (level {self.level:g})."

    def _complaints(self) -> list[str]:
        bent = [v.name for v in self.variables if v.independence is not None and v.independence < self.threshold]
        odd = [v.name for v in self.variables if v.distribution < self.threshold]
        pairs = [f"{a} and {b}" for a, b, p in self.related if p < self.threshold]
        found = []
        if bent:
            found.append(f"The noise of {join_names(bent)} depends on the parents: the mechanism has the wrong form")
        if odd:
            found.append(f"The noise of {join_names(odd)} is not distributed as the system says")
        if pairs:
            found.append(f"The noises of {join_names(pairs)} are related: an edge or a common cause is missing")
        return found

    def __str__(self) -> str:
        head = ("variable", "mechanism", "rows", "explained", "p independence", "p distribution")
        rows = [
            (
                v.name,
                v.mechanism,
                str(v.n),
                f"{v.explained:.3f}",
                "-" if v.independence is None else f"{v.independence:.3g}",
                f"{v.distribution:.3g}",
            )
            for v in self.variables
        ]
        widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in (head, *rows)]
        return "\n".join([*(line.rstrip() for line in lines), self.sentence])


def goodness_of_fit(scm: SCM, table: Any, *, level: float = 0.05, seed: int = 0) -> Goodness:
    """Holds a system, with nothing done to it, against the rows of a table.

    Args:
        scm: The system.
        table: Whatever `Table.of` reads; each family uses its complete rows.
        level: Chance of a false alarm.
        seed: Draws the noise of discrete variables, and the rows (at most 500) for the test of independence.

    Raises:
        UnknownVariableError: If the table lacks a variable.
        DataError: If a family has fewer than 10 complete rows, or a row is impossible in the system.
    """
    data = Table.of(table)
    graph = scm.observational.graph
    x = {name: read_column(data, name, scm.categories(name)) for name in graph}
    rng = np.random.default_rng(seed)
    fits, noises = [], {}
    for name in graph:
        fit, noises[name] = _judge(name, scm.mechanisms[name], x, rng)
        fits.append(fit)
    related = [(a, b, _rank_correlation(noises[a], noises[b])) for a, b in combinations(graph, 2)]
    return Goodness(tuple(fits), tuple(sorted(related, key=lambda pair: pair[2])[:20]), level)


def _judge(
    name: str, mechanism: Mechanism, x: dict[str, Values], rng: np.random.Generator
) -> tuple[VariableFit, Values]:
    """The fit of one mechanism, and its noise in every row, NaN where the family is incomplete."""
    family = np.column_stack([x[v] for v in (name, *mechanism.parents)])
    complete = ~np.isnan(family).any(axis=1)
    n = int(complete.sum())
    if n < 10:
        raise DataError(f"{name!r} and its parents have {n} complete rows: at least 10 are needed to judge a fit")
    y, parents = family[complete, 0], list(family[complete, 1:].T)
    noise = mechanism.abduct(y, parents, np.maximum(rng.random(n), 2.0**-54), name)
    independence = None
    if parents:
        some = rng.permutation(n)[:MOST_ROWS_FOR_DEPENDENCE]
        X = design(parents, mechanism.levels, n)[some]
        independence = _distance_dependence(X, noise[some, None])
    everywhere = np.full(len(family), np.nan)
    everywhere[complete] = noise
    fit = VariableFit(
        name=name,
        mechanism=type(mechanism).__name__,
        n=n,
        explained=_explained(mechanism, y, parents, noise),
        independence=independence,
        distribution=_kolmogorov(mechanism, noise),
    )
    return fit, everywhere


def _explained(mechanism: Mechanism, y: Values, parents: list[Values], noise: Values) -> float:
    if not mechanism.cardinality:
        return float(1 - np.var(noise) / np.var(y)) if np.var(y) > 0 else float("nan")
    probabilities = getattr(mechanism, "probabilities", None)
    share = np.bincount(y.astype(int), minlength=mechanism.cardinality) / len(y)
    entropy = -float((share[share > 0] * np.log(share[share > 0])).sum())
    if probabilities is None or entropy == 0:
        return float("nan")
    p = probabilities(parents, len(y))[np.arange(len(y)), y.astype(int)]
    return 1 + float(np.log(p).mean()) / entropy


def _kolmogorov(mechanism: Mechanism, noise: Values) -> float:
    """p-value of the largest distance between the noise's distribution function and the system's."""
    from scipy.special import kolmogorov

    level = (np.arange(999) + 1) / 1000
    quantile = mechanism.draw(level)
    below, upto = (np.searchsorted(np.sort(noise), quantile, side=side) / len(noise) for side in ("left", "right"))
    # Where the distributions have atoms, any level between the two one-sided limits agrees.
    distance = np.maximum(np.maximum(below - level, level - upto), 0.0).max()
    return float(kolmogorov(np.sqrt(len(noise)) * distance))


def _distance_dependence(X: Values, Y: Values) -> float:
    """p-value of the bias-corrected distance correlation of the rows of X and Y by its chi-square bound."""
    from scipy.special import chdtrc

    a, b = _u_centred(X), _u_centred(Y)
    size = float(np.sqrt((a * a).sum() * (b * b).sum()))
    correlation = float((a * b).sum()) / size if size > 0 else 0.0
    return float(chdtrc(1, max(len(X) * correlation + 1, 0.0)))


def _u_centred(X: Values) -> Values:
    spread = X.std(axis=0)
    Z = X / np.where(spread > 0, spread, 1.0)
    squared = (Z**2).sum(axis=1)[:, None] + (Z**2).sum(axis=1) - 2 * Z @ Z.T
    distance = np.sqrt(np.maximum(squared, 0.0))
    n = len(X)
    row = distance.sum(axis=1)
    centred: Values = distance - row[:, None] / (n - 2) - row / (n - 2) + row.sum() / ((n - 1) * (n - 2))
    np.fill_diagonal(centred, 0.0)
    return centred


def _rank_correlation(a: Values, b: Values) -> float:
    """p-value of Spearman's correlation over the rows that have both."""
    from scipy.special import ndtr
    from scipy.stats import rankdata

    both = ~np.isnan(a) & ~np.isnan(b)
    n = int(both.sum())
    if n < 10:
        return 1.0
    ranks = [rankdata(v[both]) for v in (a, b)]
    if min(np.ptp(r) for r in ranks) == 0:
        return 1.0
    rho = float(np.clip(np.corrcoef(*ranks)[0, 1], -0.999999, 0.999999))
    z = np.arctanh(rho) * np.sqrt(max(n - 3, 1) / 1.06)
    return float(2 * ndtr(-abs(z)))

"""Where the rows say something of what is asked: every cell and range that the answer needs, looked up.

The mechanisms that `do` reaches are asked for their values at parents' values as they are under `do`. For each row that
is drawn there:

    cell     the labels of its parents occur together in the table; else nothing is known of it
    region   a label that is set occurs among the rows that are near in the other parents (one at a time, and in the
             least-squares index of the label); else the answer rests on a line or curve alone
    range    a number that is set lies, given the other parents, within what is seen of it; else the same

References:
    Rosenbaum and Rubin, The central role of the propensity score, Biometrika 70 (1983), for the index.
    Manski, Nonparametric bounds on treatment effects, American Economic Review 80 (1990), for what is done then.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.data.table import Table
from aitia.graph import Graph

__all__ = ["THIN", "Cell", "Family", "Support"]

Values = NDArray[np.float64]
Mask = NDArray[np.bool_]

THIN = 5
"""Rows below which a cell is named as thin."""
MOST_CELLS = 2_000_000
NEAR = 20
"""Rows that are near, at least; so many more for a rare label that ten of them would be expected."""
EXPECTED = 10


@dataclass(frozen=True)
class Cell:
    """Labels that are needed together, and how many rows have them.

    Args:
        labels: By variable.
        rows: That have all of them.
        share: Of the population under `do` that is in the cell.
    """

    labels: Mapping[str, object]
    rows: int
    share: float

    def __str__(self) -> str:
        told = ", ".join(f"{name} = {label}" for name, label in self.labels.items())
        return f"{told}: {self.rows or 'no'} row{'s' if self.rows != 1 else ''}"


@dataclass(frozen=True)
class Family:
    """A mechanism that `do` reaches, and what the table has of its parents.

    Args:
        name: Of the variable.
        discrete: Its parents of labels.
        sizes: Their numbers of labels.
        others: Its parents of numbers.
        joint: Whether cells of all labels together are needed; else each label that is set, given the others.
        set_: Its parents that are set.
    """

    name: str
    discrete: tuple[str, ...]
    sizes: tuple[int, ...]
    others: tuple[str, ...]
    joint: bool
    set_: tuple[str, ...]

    def places(self, rows: Table) -> NDArray[np.intp]:
        """(n,) the cell of each row; -1 where a label is missing."""
        codes = [rows.column(name) for name in self.discrete]
        whole = ~np.isnan(codes).any(axis=0)
        filled = [np.where(whole, code, 0).astype(np.intp) for code in codes]
        return np.where(whole, np.ravel_multi_index(filled, self.sizes), -1)

    def counts(self, rows: Table, weights: Values | None) -> NDArray[np.int64]:
        """How many rows each cell has; those of weight zero do not count."""
        places = self.places(rows)
        kept = places >= 0 if weights is None else (places >= 0) & (weights > 0)
        return np.bincount(places[kept], minlength=int(np.prod(self.sizes)))

    def labels(self, rows: Table, place: int) -> dict[str, object]:
        """The labels of a cell."""
        codes = np.unravel_index(place, self.sizes)
        return {name: rows.categories(name)[int(k)] for name, k in zip(self.discrete, codes, strict=True)}


@dataclass(frozen=True)
class Region:
    """Near rows in one direction, to look for a label or to say which values of a number are seen.

    Args:
        family: Whose parents.
        treatment: The parent that is set.
        label: Code of the label that is looked for; None for a number.
        axes: For each direction the sorted place of the table's rows and, in that order, how many have the label.
        coefficients: Of the directions over the design of the other parents, with the constant first.
        low: Of a number, the least and
        high: the most that it deviates from what the other parents say.
    """

    family: Family
    treatment: str
    label: int | None
    axes: tuple[tuple[Values, NDArray[np.int64]], ...]
    coefficients: Values
    low: float = 0.0
    high: float = 0.0

    def lacks(self, rows: Table) -> Mask:
        """(n,) the rows of which nothing like them is seen."""
        Z = _design(rows, [n for n in (*self.family.discrete, *self.family.others) if n != self.treatment])
        if self.label is None:
            off = rows.column(self.treatment) - Z @ self.coefficients[:, 0]
            slack = 1e-9 * max(self.high - self.low, 1e-300)
            beyond: Mask = (off < self.low - slack) | (off > self.high + slack)
            return beyond
        asked = rows.column(self.treatment) == self.label
        none: Mask = np.zeros(rows.n, dtype=bool)
        for values, (places, seen) in zip((Z @ self.coefficients).T, self.axes, strict=True):
            n = len(places)
            near = min(n, max(NEAR, int(np.ceil(EXPECTED * n / max(seen[-1], 1)))))
            first, last = np.searchsorted(places, values), np.searchsorted(places, values, side="right")
            start = np.clip((first + last) // 2 - near // 2, 0, n - near)
            # Rows that are exactly alike are near together, however many.
            begin, end = np.minimum(start, first), np.maximum(start + near, last)
            none |= seen[end] - seen[begin] == 0
        none &= asked
        return none


@dataclass(frozen=True)
class Support:
    """What the table has of what the mechanisms under `do` are asked.

    Args:
        families: That `do` reaches.
        regions: That are looked up beside cells.
        fixed: Whether rows can be trimmed: no parent but those that are set is itself moved.
        counted: For each family whose cells are needed, the rows of each cell.
    """

    families: tuple[Family, ...]
    regions: tuple[Region, ...]
    fixed: bool
    counted: Mapping[str, NDArray[np.int64]]

    @classmethod
    def of(
        cls, graph: Graph, table: Table, targets: Sequence[str], outcome: str, weights: Values | None = None
    ) -> "Support":
        """Looks up a table.

        Args:
            graph: The DAG of the mechanisms.
            table: The rows, with the columns of the graph.
            targets: What is set.
            outcome: What is watched.
            weights: Of the rows.
        """
        set_ = {name for name in targets if name in graph}
        moved = set(graph.descendants(sorted(set_))) if set_ else set()
        families, regions, fixed = [], [], True
        for name in graph.nodes:
            parents = graph.parents(name)
            if name in set_ or not moved & set(parents):
                continue
            fixed &= not (moved - set_) & set(parents)
            family = _family(table, name, parents, tuple(p for p in parents if p in set_))
            families.append(family)
            regions += _regions(family, table)
        counted = {f.name: f.counts(table, weights) for f in families if f.joint}
        return cls(tuple(families), tuple(regions), fixed, counted)

    def recounted(self, table: Table, weights: Values | None = None) -> "Support":
        """With the cells of other rows, such as a bootstrap sample, and the regions as they are."""
        counted = {f.name: f.counts(table, weights) for f in self.families if f.joint}
        return replace(self, counted=counted)

    def empty(self, rows: Table) -> Mask:
        """(n,) rows under `do` whose parents' labels occur together in no row of the table."""
        lacking: Mask = np.zeros(rows.n, dtype=bool)
        for family in self.families:
            if family.joint:
                lacking |= self.counted[family.name][family.places(rows)] == 0
        return lacking

    def extrapolated(self, rows: Table, kind: str) -> Mask:
        """(n,) rows under `do` that rest on a line alone: of labels (`region`) or numbers (`range`) that are set."""
        lacking: Mask = np.zeros(rows.n, dtype=bool)
        for region in self.regions:
            if (region.label is None) == (kind == "range"):
                lacking |= region.lacks(rows)
        return lacking

    def cells(self, table: Table, rows: Table) -> list[Cell]:
        """The needed cells with fewer than five rows, the most needed first."""
        found: dict[tuple[Any, ...], Cell] = {}
        for family in self.families:
            if not family.joint:
                continue
            counts = self.counted[family.name]
            places, many = np.unique(family.places(rows), return_counts=True)
            for place, times in zip(places.tolist(), many.tolist(), strict=True):
                if counts[place] < THIN:
                    labels = family.labels(table, place)
                    found[tuple(labels.items())] = Cell(labels, int(counts[place]), times / rows.n)
        return sorted(found.values(), key=lambda cell: (cell.rows > 0, -cell.share))

    @property
    def fewest(self) -> int:
        """Rows of the least cell that is not empty."""
        least = [int(counts[counts > 0].min()) for counts in self.counted.values() if (counts > 0).any()]
        return min(least, default=10**9)


def _family(table: Table, name: str, parents: Sequence[str], set_: tuple[str, ...]) -> Family:
    discrete = tuple(p for p in parents if table.discrete(p))
    sizes = tuple(len(table.categories(p)) for p in discrete)
    others = tuple(p for p in parents if p not in discrete)
    cells = float(np.prod([float(k) for k in sizes])) if sizes else 0.0
    # A table of frequencies needs every cell; a line over many labels is a model of few numbers, looked up by regions.
    tabular = table.discrete(name) and not others
    joint = bool(discrete) and cells <= MOST_CELLS and (tabular or cells <= table.n / NEAR)
    return Family(name, discrete, sizes, others, joint, set_)


def _regions(family: Family, table: Table) -> list[Region]:
    """What is looked up beside cells: none where cells say it all."""
    parents = (*family.discrete, *family.others)
    found = []
    for treatment in family.set_:
        rest = [name for name in parents if name != treatment]
        if not rest or (family.joint and not family.others):
            continue
        values = table.column(treatment)
        Z = _design(table, rest)
        whole = ~np.isnan(values) & ~np.isnan(Z).any(axis=1)
        values, Z = values[whole], Z[whole]
        if table.continuous(treatment):
            beta = np.linalg.lstsq(Z, values, rcond=None)[0][:, None].astype(np.float64)
            off = values - Z @ beta[:, 0]
            found.append(Region(family, treatment, None, (), beta, float(off.min()), float(off.max())))
            continue
        numbers = [k for k, name in enumerate(_columns(table, rest)) if table.continuous(name)]
        for code in np.unique(values).astype(int).tolist():
            has = values == code
            index = np.linalg.lstsq(Z, has.astype(np.float64), rcond=None)[0]
            directions = np.column_stack([np.eye(Z.shape[1])[:, [k + 1 for k in numbers]], index])
            axes = []
            for column in (Z @ directions).T:
                order = np.argsort(column, kind="stable")
                axes.append((column[order], np.concatenate([[0], np.cumsum(has[order])])))
            found.append(Region(family, treatment, code, tuple(axes), directions))
    return found


def _columns(table: Table, names: Sequence[str]) -> list[str]:
    """The variable behind each column of `_design`, without the constant."""
    return [name for name in names for _ in range(max(len(table.categories(name)) - 1, 1))]


def _design(table: Table, names: Sequence[str]) -> Values:
    """(n, 1 + p) a constant, numbers as they are, labels as indicators without the first."""
    columns: list[Values] = [np.ones(table.n)]
    for name in names:
        values = table.column(name)
        if table.continuous(name):
            columns.append(values)
        else:
            width = max(len(table.categories(name)) - 1, 1)
            columns += [(values == k).astype(np.float64) for k in range(1, 1 + width)]
    return np.column_stack(columns)

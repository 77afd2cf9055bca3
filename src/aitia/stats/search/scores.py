"""Scores of graphs that are sums over their variables: BIC, BDeu, BIC of ranks, and the degenerate Gaussian score.

- `bic`, of columns of numbers: the Gaussian likelihood; of labels: the multinomial one; less a penalty of log(n) / 2
  for each parameter.
- `bdeu`, of labels: the probability of the table where every table of probabilities has a Dirichlet prior, times that
  of the graph, in which each of the p - 1 other variables is a cause with probability s / (p - 1).
- `ranks`, of numbers, ordinals and columns of two labels: the Gaussian BIC of the normal scores of their ranks.
- `degenerate-gaussian`, of numbers and labels: the Gaussian BIC with a column for each label but one, as if those were
  Gaussian too.

Equivalent graphs have the same score under each of them.

Sources:
    Schwarz, Estimating the dimension of a model, Annals of Statistics 6 (1978).
    Heckerman, Geiger and Chickering, Learning Bayesian networks, Machine Learning 20 (1995).
    Liu, Lafferty and Wasserman, The nonparanormal, JMLR 10 (2009), for normal scores in place of the columns.
    Andrews, Ramsey and Cooper, Learning high-dimensional directed acyclic graphs with mixed data-types, 2019.
"""

from collections.abc import Iterable, Sequence
from math import log, pi
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from aitia.data.moments import moments, table_moments
from aitia.data.summed import SummedTable
from aitia.data.table import Kind, Table
from aitia.errors import DataError, OptionError, join_names, unknown_variable
from aitia.graph.bits import bits
from aitia.graph.graph import Graph
from aitia.stats.independence import table_scores
from aitia.stats.search._score_kernel import BDEU, BIC, GAUSSIAN, ScoreData
from aitia.stats.search.compiling import kernels
from aitia.stats.search.shape import Shape

__all__ = ["LocalScore", "ScoreName", "bent_ranks", "choose_score", "plain_seconds", "ranked"]

ScoreName = Literal["bic", "bdeu", "ranks", "degenerate-gaussian"]
Values = NDArray[np.float64]

MANY = 1e300
"""Expected causes with which every graph is as likely."""

ROWS_A_PARENT = 10
"""A set of parents has at most a parent for so many rows, where a score could else fit noise exactly."""


def choose_score(table: Table) -> tuple[ScoreName, str]:
    """The score that suits the kinds of a table, and why in a sentence."""
    labels = [name for name in table.names if table.discrete(name)]
    ordinal = [name for name in labels if table.kind(name) is Kind.ORDINAL]
    if not labels:
        return "bic", "Score bic: every column holds numbers, whose relations are taken as straight lines."
    lost = ""
    if ordinal:
        why = _unordered(table)
        if why is None:
            return "ranks", (
                f"Score ranks: {ordinal[0]!r} holds labels with an order and every other column has one; their ranks "
                "are related in lines."
            )
        lost = f" The order of {join_names(ordinal, 3)} is not used: {why}."
    if len(labels) == len(table.names):
        return "bdeu", f"Score bdeu: every column holds labels.{lost}"
    return "degenerate-gaussian", (
        f"Score degenerate-gaussian: columns of labels ({len(labels)}) and numbers together; relations are taken as "
        f"straight lines.{lost}"
    )


def ranked(table: Table, name: str) -> bool:
    """Whether a column has an order that ranks keep: numbers, ordinals, two labels."""
    if table.discrete(name):
        return table.kind(name) is Kind.ORDINAL or len(table.categories(name)) <= 2
    return table.column(name).ndim == 1


def _unordered(table: Table) -> str | None:
    """What speaks against ranks, in words; None where nothing does."""
    if loose := [name for name in table.names if not ranked(table, name)]:
        return f"{join_names(loose, 3)} has none"
    return bent_ranks(table)


def bent_ranks(table: Table) -> str | None:
    """What speaks against straight lines between the ranks of columns, in words; None where nothing does."""
    return Shape.of([table_scores(table, name) for name in table.names]).bent(table.names)


class LocalScore:
    """The score of each variable given a set of others, in nats; higher is better. Each is computed once.

    Args:
        table: The rows, none missing.
        name: The score.
        penalty: Factor of the penalty of `bic`, `ranks` and `degenerate-gaussian`; 1 is Schwarz's.
        prior: Equivalent sample size of `bdeu`.
        structure_prior: Causes of a variable that `bdeu` expects beforehand; half of the others, or more: all graphs
            are as likely.

    Raises:
        OptionError: If there is no such score, or a number is out of range.
        DataError: If a value is missing, or the score does not fit the kinds of the columns.

    Example:
        >>> x = np.arange(8.0) % 4
        >>> score = LocalScore(Table.of({"x": x, "y": x + [0, 0, 1, 1, 0, 1, 0, 1]}), "bic")
        >>> both, reversed_ = score.graph(Graph("x -> y")), score.graph(Graph("y -> x"))
        >>> bool(abs(both - reversed_) < 1e-9)
        True
    """

    def __init__(
        self, table: Table, name: str, *, penalty: float = 1.0, prior: float = 1.0, structure_prior: float = MANY
    ) -> None:
        if name not in get_args(ScoreName):
            raise OptionError(f"a score is one of {', '.join(get_args(ScoreName))}, or auto; got {name!r}")
        if isinstance(table, SummedTable) and name not in ("bic", "bdeu"):
            raise DataError(f"the score {name} needs the rows, of which only sums are in memory: take bic, or bdeu")
        if not penalty > 0:
            raise OptionError(f"the penalty of a score is above 0, got {penalty}")
        if not prior > 0:
            raise OptionError(f"the prior sample size is above 0, got {prior}")
        if not structure_prior > 0:
            raise OptionError(f"the structure prior is above 0, got {structure_prior}")
        gaps = [column for column in table.names if table.missing(column)]
        if gaps:
            raise DataError(
                f"a score needs the same rows for every column, and values are missing in {join_names(gaps)}"
            )
        labels = [column for column in table.names if table.discrete(column)]
        numbers = [column for column in table.names if not table.discrete(column)]
        if name == "bdeu" and numbers:
            raise DataError(
                f"the score bdeu is of labels, and there are numbers in {join_names(numbers, 3)}: take "
                "degenerate-gaussian"
            )
        if name == "bic" and labels and numbers:
            raise DataError(
                f"the score bic is of numbers or of labels, and there are labels in {join_names(labels, 3)} and "
                f"numbers in {join_names(numbers, 3)}: take degenerate-gaussian"
            )
        if name == "ranks" and (loose := [column for column in table.names if not ranked(table, column)]):
            raise DataError(
                f"the score ranks is of what has an order, and there are labels without one, or vectors, in "
                f"{join_names(loose, 3)}: take degenerate-gaussian, or say that they have (--ordinal)"
            )
        self.table, self.name, self.names = table, name, table.names
        self.discrete = bool(labels) and name in ("bic", "bdeu")
        odds = (len(self.names) - 1 - structure_prior) / structure_prior  # of no edge, beforehand
        edge = log(odds) if name == "bdeu" and odds > 1 else 0.0
        if self.discrete:
            self.data = _counted(table, name, penalty, prior, edge)
        else:
            self.data = _gaussian(table, name, penalty)
        self.limit = max(1, min(len(self.names) - 1, table.n // ROWS_A_PARENT))
        self._known: dict[tuple[int, int], float] = {}
        self._grown: set[tuple[int, int]] = set()
        self._nothing = np.zeros(0, np.bool_), np.zeros(0)

    def __call__(self, y: int, parents: int) -> float:
        """The score of the y-th variable given the variables of a bit row."""
        known = self._known.get((y, parents))
        if known is None:
            listed = np.array([*bits(parents)], np.int64)
            run = kernels(self.seconds(len(listed), 1))
            known = self._known[y, parents] = float(run.local(self.data, y, listed, len(listed), *self._nothing))
        return known

    def several(self, asked: Iterable[tuple[int, int]]) -> None:
        """Computes at once what is not known yet of scores of a variable given a bit row."""
        new = [key for key in dict.fromkeys(asked) if key not in self._known]
        if not new:
            return
        sets = [[*bits(parents)] for _, parents in new]
        sizes = [len(listed) for listed in sets]
        found, begins = np.empty(len(new)), np.cumsum([0, *sizes])
        listed = np.array([z for one in sets for z in one], np.int64)
        seconds = sum(self.seconds(size, 1) for size in sizes)
        kernels(seconds).several(self.data, np.array([y for y, _ in new], np.int64), begins, listed, found)
        self._known.update(zip(new, found.tolist(), strict=True))

    def grown(self, y: int, parents: int) -> None:
        """Computes at once the scores of the y-th variable given a bit row and each one further variable."""
        if (y, parents) in self._grown:
            return
        self._grown.add((y, parents))
        p = len(self.names)
        listed, out = np.array([*bits(parents)], np.int64), np.zeros(p)
        wanted = np.ones(p, np.bool_)
        wanted[y] = False
        wanted[listed] = False
        kernels(self.seconds(len(listed), p)).grow(self.data, y, listed, len(listed), wanted, out, -np.inf)
        for z, value in enumerate(out.tolist()):
            if wanted[z]:
                self._known.setdefault((y, parents | 1 << z), value)

    def of(self, name: str, parents: Iterable[str] = ()) -> float:
        """The same by name.

        Raises:
            UnknownVariableError: If the table has no such variable.
        """
        place = {column: k for k, column in enumerate(self.names)}
        for column in (name, *(parents := tuple(parents))):
            if column not in place:
                raise unknown_variable(column, self.names, "table")
        return self(place[name], sum(1 << place[parent] for parent in parents))

    def graph(self, dag: Graph) -> float:
        """The score of a DAG: the sum over its variables."""
        place = {name: k for k, name in enumerate(self.names)}
        asked = [(place[name], sum(1 << place[parent] for parent in dag.parents(name))) for name in self.names]
        self.several(asked)
        return sum(self(*one) for one in asked)

    def seconds(self, size: int, further: int) -> float:
        """About how long it takes in plain Python to grow a set of this size by each of so many further variables."""
        each = self.data.codes.shape[1] if self.discrete else 2 + size * size
        return plain_seconds(size, further, each)


def plain_seconds(size: int, further: int, each: int) -> float:
    """The same where a score takes `each` steps beside the elimination of the set."""
    return 3e-7 * (size * size * size + each * (further + size))


def _gaussian(table: Table, score: str, penalty: float) -> ScoreData:
    """The correlations of all columns, labels as indicators of all but the first that occurs; or of all ranks."""
    if score == "ranks":
        first = np.arange(len(table.names) + 1)
        found = moments([table_scores(table, name) for name in table.names])
    elif any(table.discrete(name) or table.column(name).ndim > 1 for name in table.names):
        blocks = [_columns(table, name) for name in table.names]
        first = np.concatenate([[0], np.cumsum([block.shape[1] for block in blocks])]).astype(np.int64)
        found = moments([*np.concatenate(blocks, axis=1).T])
    else:
        first, found = np.arange(len(table.names) + 1), table_moments(table, table.names)
    spread, correlation = found.spread, found.correlation.copy()  # of one type with those that are made elsewhere
    if (flat := np.flatnonzero(spread == 0)).size:
        name = table.names[int(np.searchsorted(first, flat[0], side="right")) - 1]
        raise DataError(f"{name!r}: every row has the same value; drop the column")
    widths = np.diff(first)
    logs = np.diff(np.concatenate([[0.0], np.cumsum(np.log(spread))])[first])  # a label that is alone has no column
    constant = -table.n * (0.5 * widths * (log(2 * pi) + 1) + logs)
    return ScoreData(
        GAUSSIAN, correlation, first, constant, np.zeros((0, 0), np.int32), np.zeros(0, np.int64),
        np.zeros(0, np.int64), table.n, float(penalty), 1.0, 0.0,
    )  # fmt: skip


def _columns(table: Table, name: str) -> Values:
    values = table.column(name)
    if table.discrete(name):
        indicators: Values = (values[:, None] == np.unique(values)[None, 1:]).astype(np.float64)
        return indicators
    columns: Values = values.reshape(len(values), -1)
    return columns


def _counted(table: Table, name: str, penalty: float, prior: float, edge: float) -> ScoreData:
    """The distinct rows of labels, and how often each occurs."""
    columns: list[NDArray[np.int32]] = []
    levels = []
    for column in table.names:
        found, codes = np.unique(table.column(column), return_inverse=True)
        if len(found) < 2:
            raise DataError(f"{column!r}: every row has the same value; drop the column")
        columns.append(codes.astype(np.int32))
        levels.append(len(found))
    rows, counts = _distinct(np.array(columns), levels)
    if isinstance(table, SummedTable) and table.weights is not None:
        rows, counts = np.ascontiguousarray(np.array(columns)), table.weights
    return ScoreData(
        BIC if name == "bic" else BDEU, np.zeros((0, 0)), np.zeros(0, np.int64), np.zeros(0), rows, counts,
        np.array(levels, np.int64), table.n, float(penalty), float(prior), edge,
    )  # fmt: skip


def _distinct(codes: NDArray[np.int32], levels: Sequence[int]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """The distinct columns of `codes` in order, and how often each occurs."""
    key: NDArray[Any] = np.zeros(codes.shape[1], np.int64)
    size = 1
    for row, count in zip(codes, levels, strict=True):
        if size * count > 1 << 62:  # number anew what occurs before the product overflows
            found, key = np.unique(key, return_inverse=True)
            size = len(found)
        key = key * count + row
        size *= count
    _, first, counts = np.unique(key, return_index=True, return_counts=True)
    return np.ascontiguousarray(codes[:, first]), counts.astype(np.int64)

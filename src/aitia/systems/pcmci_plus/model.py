"""PCMCI+: a lagged causal graph of time series from tests of independence, where no hidden variable causes two columns.

Plain PC on lagged columns misses links and makes up others where series are autocorrelated: neighbouring samples are
alike whatever causes what. PCMCI+ tests each link given the lagged parents of both of its ends (momentary conditional
independence), which takes the memory of both out. `search` has the three phases.

Samples of all lags cross neither gaps in time nor the ends of a series; those of a panel are put together, as of one
process. All tests use the same samples, which reach 2 x lags steps back.

The graph is the template of a stationary process: its edges end at time t. x[t-2] --> y[t]: x causes y two steps later;
x[t] --- y[t]: one of the two causes the other within a step, the data leave open which.

Source:
    Runge, Discovering contemporaneous and lagged causal relations in autocorrelated nonlinear time series datasets,
    UAI 2020.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from aitia.data.table import Table
from aitia.engine import Progress, Store
from aitia.errors import DataError, IdentifiabilityError, OptionError
from aitia.graph.graph import Graph
from aitia.graph.marks import Edge, Mark
from aitia.report import Block
from aitia.runs import RunStore
from aitia.scm.model import SCM
from aitia.stats.bootstrap import EdgeFrequencies, Rows, bootstrap_graphs
from aitia.stats.forked import ForkedEngine
from aitia.stats.independence import independence_test
from aitia.stats.search import Asker, ConstraintSearch, Skeleton, TestRecord, check_table, choose_test, table_warnings
from aitia.stats.search.cost import in_words
from aitia.stats.search.telling import left_open, listed
from aitia.system import Discovers, Given, Score, Scores, Training
from aitia.systems.pcmci_plus.card import CARD
from aitia.systems.pcmci_plus.config import PARTIAL_CORRELATION, PCMCIPlusConfig
from aitia.systems.pcmci_plus.denied import denied
from aitia.systems.pcmci_plus.links import AskedLinks, CorrelatedLinks, Links, predicted_tests
from aitia.systems.pcmci_plus.page import CAPTION, blocks, summary_blocks, summary_rows
from aitia.systems.pcmci_plus.samples import lagged_samples
from aitia.systems.pcmci_plus.search import Found, Search

__all__ = ["PCMCIPlus"]

FEWEST = 4
"""Samples below which no partial correlation can be tested."""


class PCMCIPlus(ConstraintSearch, Discovers):
    """The PCMCI+ search. What it leaves behind are the attributes of `ConstraintSearch`, and these.

    Attributes:
        graph_: The template: every edge ends at time t.
        skeleton_: Its adjacencies.
        strengths_: Of each edge (left, right) the size of the statistic of its weakest test; |r| with partial
            correlation.
        samples_: How many lagged samples were tested.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> x, y = np.zeros((2, 400))
        >>> for t in range(1, 400):
        ...     x[t], y[t] = 0.6 * x[t - 1] + rng.normal(), 0.5 * y[t - 1] + 0.8 * x[t - 1] + rng.normal()
        >>> print(PCMCIPlus(alpha=0.01).fit({"day": np.arange(400.0), "x": x, "y": y}, time="day").graph)
        x[t-1] --> x[t]; x[t-1] --> y[t]; y[t-1] --> y[t]
    """

    card = CARD
    Config = PCMCIPlusConfig
    config: PCMCIPlusConfig
    caption: ClassVar[str] = CAPTION
    strengths_: Mapping[tuple[str, str], float]
    samples_: int

    def work(self, given: Given) -> str:
        """Variables, lags and rows."""
        return (
            f"a search over {len(given.columns('variables'))} variables and {self.config.lags} lags ({len(given)} rows)"
        )

    def _fit(self, given: Given, run: RunStore) -> None:
        """Searches the series; `run` keeps finished tests and bootstrap samples, so that a stopped search goes on.

        Raises:
            DataError: If the series cannot be analysed as they stand; says what is wrong with the time, or a column.
            GraphError: If the knowledge does not fit the columns.
        """
        time, series = str(given.column("time")), given.column("series")
        variables = [name for name in given.columns("variables") if name not in (time, series)]
        table = given.table.select(variables)
        check_table(table, missing=self.config.missing)
        samples = lagged_samples(given.table, variables, time, series, self.config.lags)
        self.warnings_ = [*table_warnings(table, missing="samples"), *samples.notes]
        self.asked_ = {"context": None, "context_kind": None, "widths": None, "variables": variables}
        self._choose(table)
        progress, store = run.progress, run.store("search")
        if samples.table.n < FEWEST:
            raise DataError(
                f"{given.table.n} rows leave {samples.table.n} samples of {2 * self.config.lags + 1} times each, too "
                "few to test a link: ask for fewer lags (--lags)"
            )
        links = self._links(samples.table, progress, store)
        if progress is not None:
            told = in_words(predicted_tests(len(variables), self.config.lags) * links.cost)
            progress(f"predicted: {told} of {self.test_name_} tests of {samples.table.n} samples", 0, 1)
        self._keep(self._found(links, variables), links, variables)
        self.rule_, self.mended_, self.separated_ = self.config.rule, [], []
        self.rule_reason_ = (
            f"Collider rule {self.rule_}: {'as asked' if self.config.colliders != 'auto' else 'a vote'}."
        )
        self.samples_, self.predicted_seconds_ = samples.table.n, links.count * links.cost
        self._samples = samples.table
        self.edge_frequencies_ = None
        if self.config.bootstrap:
            self.resample(self.config.bootstrap, store=store, progress=progress)
        self.rows_ = given.table.select([name for name in (time, series, *variables) if name is not None])

    # -- steps ----------------------------------------------------------------------------------------------------

    def _choose(self, table: Table) -> None:
        """The test, and why."""
        self.test_name_, self.test_reason_ = self.config.test, f"Test {self.config.test}: as asked."
        if self.config.test == "auto":
            self.test_name_ = PARTIAL_CORRELATION
            self.test_reason_ = f"Test {PARTIAL_CORRELATION}: every column holds numbers."
            if any(table.discrete(name) for name in table.names):
                self.test_name_, self.test_reason_ = choose_test(table.complete(), 3)

    def _links(self, table: Table, progress: Progress | None, store: Store | None) -> Links:
        """What answers tests over these samples."""
        if self.test_name_ != PARTIAL_CORRELATION:
            options: dict[str, Any] = {"seed": self.config.seed} if self.test_name_ == "rcit" else {}
            test = independence_test(self.test_name_, table, jobs=self.config.jobs, **options)
            return AskedLinks(Asker(test, store, progress))
        test = independence_test("fisher-z", table)  # which refuses labels in a sentence
        return CorrelatedLinks(table.names, test.correlation, table.n)  # type: ignore[attr-defined]

    def _forbidden(self, variables: Sequence[str]) -> NDArray[np.bool_]:
        n, known = len(variables), self.config.known
        return np.zeros((n, n), dtype=np.bool_) if known is None else known.forbidden_matrix(variables)

    def _found(self, links: Links, variables: Sequence[str]) -> Found:
        n = len(variables)
        depth = n if self.config.max_depth is None else self.config.max_depth
        search = Search(
            links, n, self.config.lags, self.config.alpha, self.config.rule, depth, self._forbidden(variables)
        )
        return search.run()

    def _graph(self, found: Found, names: Sequence[str], n: int) -> Graph:
        """The template."""
        edges = [Edge(names[i + lag * n], names[j]) for i, lag, j in found.lagged]
        edges += [Edge(names[i], names[j]) for i, j in found.arrows]
        edges += [Edge(names[i], names[j], Mark.TAIL, Mark.TAIL) for i, j in found.open]
        return Graph(edges, [names[i + lag * n] for lag in range(self.config.lags, -1, -1) for i in range(n)])

    def _keep(self, found: Found, links: Links, variables: Sequence[str]) -> None:
        """What was found, as the attributes of every search."""
        n, names = len(variables), links.names
        self.graph_ = self._graph(found, names, n)
        told = {
            (i + lag * n, j): TestRecord(
                names[i + lag * n], names[j], tuple(names[k] for k in of.given), of.strength, of.p_value
            )
            for (i, lag, j), of in found.evidence.items()
            if lag or (j, 0, i) not in found.evidence or i < j
        }
        self.tests_ = tuple(told.values())
        rows = self.graph_.skeleton()
        self.skeleton_ = Skeleton(self.graph_.nodes, rows._adjacent, {}, self.tests_, links.count, False)
        of_pair = {frozenset((t.x, t.y)): t.statistic for t in self.tests_}
        self.strengths_ = {(e.left, e.right): of_pair[frozenset((e.left, e.right))] for e in self.graph_.edges}
        self.orientation_reasons_ = {
            (e.left, e.right): "a cause comes before its effect"
            if not e.left.endswith("[t]")
            else "colliders and what follows from them, or what is known"
            for e in self.graph_.edges
            if e.symbol == "-->"
        }
        if found.conflicts:
            i, j = found.conflicts[0]
            self.warnings_.append(
                f"The tests contradict each other on directions within one time, which are left open: in "
                f"{len(found.conflicts)} of these edges, for one {names[i]} --- {names[j]}."
            )
        if found.ambiguous:
            self.warnings_.append(left_open(found.ambiguous))
        if against := denied(found, links, n, self.config.lags, self._forbidden(variables)):
            what = "The graph contradicts the table: a link is missing or an arrow wrong"
            self.warnings_.append(listed(what, against))

    def resample(
        self, samples: int, *, store: Store | None = None, progress: Progress | None = None
    ) -> EdgeFrequencies:
        """Searches again in random halves of the lagged samples, and keeps how often each edge was found.

        A sample holds the past that it is tested given, so that halves need not be of neighbouring times.

        Args:
            samples: How many halves.
            store: Keeps finished ones, so that a search that was stopped goes on.
            progress: Told how far it is.

        Raises:
            OptionError: If nothing has been searched here.
            DataError: If halves of the samples cannot be searched.
        """
        if not hasattr(self, "_samples"):
            raise OptionError("this PCMCIPlus has not been fitted here: call fit first")
        learner = type(self)(replace(self.config, bootstrap=None, jobs=1))
        learner.test_name_ = self.test_name_
        again = _Again(learner, self._samples, tuple(self.asked_["variables"]))
        self.edge_frequencies_ = bootstrap_graphs(
            again, self.graph_.nodes, self.samples_, samples,
            seed=self.config.seed, engine=self.engine or ForkedEngine(self.config.jobs), store=store, progress=progress,
        )  # fmt: skip
        return self.edge_frequencies_

    def sample_seconds(self) -> float:
        """Predicted seconds of the search in half of the samples."""
        return self.predicted_seconds_

    @property
    def summary_(self) -> list[tuple[str, str, str]]:
        """Cause, effect and lags among the variables, a row each."""
        return summary_rows(self.graph_)

    def summary_blocks(self) -> Sequence[Block]:
        """The graph over the variables, as the report shows it."""
        return summary_blocks(self.graph_)

    # -- what it answers ------------------------------------------------------------------------------------------

    def graphs(self, rows: Any = None) -> dict[str, Graph]:
        """The template found; with rows, the one that the same search finds in those."""
        self._need_fit()
        if rows is None:
            return {"graph": self.graph_}
        return {"graph": type(self)(self.config).fit(self.given(rows)).graph_}

    def scm(self, rows: Any = None) -> SCM:
        """There is none.

        Raises:
            IdentifiabilityError: Always: the causes in a window have causes before it that they share.
        """
        raise IdentifiabilityError(
            "a window of a process is no system of its own: its oldest values have causes in common that lie before it"
        )

    def upheld(self, table: Table) -> dict[str, float]:
        """Which share of what graphs say of pairs holds in other rows, each pair given the set of its weakest test.

        The empty graph says that all pairs are independent, the full one that all are dependent.

        Args:
            table: Rows with the same columns.

        Returns:
            A share for each of `found`, `empty graph` and `full graph`.
        """
        time, series = str(self.roles["time"]), self.roles.get("series")
        variables = self.asked_["variables"]
        samples = lagged_samples(table, variables, time, series, self.config.lags)
        links = self._links(samples.table, None, None)
        place = {name: k for k, name in enumerate(links.names)}
        pairs = [(place[t.x], place[t.y]) for t in self.tests_]
        _, p_value = links.test(pairs, [tuple(place[name] for name in t.given) for t in self.tests_], "fresh rows")
        dependent = np.array(p_value) <= self.config.alpha
        there = np.array([self.graph_.has_edge(t.x, t.y) for t in self.tests_])
        shares = {"found": dependent == there, "empty graph": ~dependent, "full graph": dependent}
        return {name: float(np.mean(held)) for name, held in shares.items()}

    @property
    def training(self) -> Training:
        """The test and the collider rule that were taken, and what to keep in mind."""
        return Training((), (self.test_reason_, self.rule_reason_), tuple(self.warnings_))

    def judge(self, fresh: Given, seen: Given) -> Scores:
        """Which share of what the graph says of pairs of lagged variables holds in fresh rows."""
        shares = self.upheld(fresh.table)
        about = "Share of the independences and dependences that the graph states which fresh rows bear out."
        others = {name: share for name, share in shares.items() if name != "found"}
        return {"statements upheld": Score(shares["found"], "higher", about, others)}

    def report(self, given: Given) -> Sequence[Block]:
        """The window, the summary over lags, and why each edge stands."""
        return blocks(self)

    def _state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        options, arrays = super()._state()
        more = {"strengths": [[*edge, value] for edge, value in self.strengths_.items()], "samples": self.samples_}
        return {**options, **more}, arrays

    @classmethod
    def _restored(cls, options: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Self:
        model = super()._restored(options, arrays)
        model.strengths_ = {(a, b): float(value) for a, b, value in options["strengths"]}
        model.samples_ = int(options["samples"])
        return model


@dataclass
class _Again:
    """The same search in some of the lagged samples; picklable."""

    learner: PCMCIPlus
    table: Table
    variables: tuple[str, ...]

    def __call__(self, rows: Rows) -> Graph:
        links = self.learner._links(self.table.take(rows), None, None)
        return self.learner._graph(self.learner._found(links, self.variables), links.names, len(self.variables))

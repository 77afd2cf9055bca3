"""A search by scores as a system: the score, evidence for each edge, the bootstrap, findings, and how it is judged."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, ClassVar, Self

from numpy.typing import NDArray

from aitia.data.table import Table
from aitia.engine import Engine, Progress, Store
from aitia.errors import DataError, OptionError, join_names
from aitia.graph._pdag import Pdag
from aitia.graph.bits import bits
from aitia.graph.graph import Graph
from aitia.graph.marks import Edge
from aitia.report import Block
from aitia.runs import RunStore
from aitia.saving import SavedArrays
from aitia.scm.model import SCM
from aitia.stats.bootstrap import EdgeFrequencies
from aitia.stats.independence import RankCorrelation, independence_test
from aitia.stats.search.auto import departure
from aitia.stats.search.checks import FEW_ROWS, check_lines, check_table
from aitia.stats.search.greedy import Step, conditioned, deletions, known, member
from aitia.stats.search.halves import Again, resampled
from aitia.stats.search.keeping import kept, recall
from aitia.stats.search.learner import scm_on
from aitia.stats.search.records import Skeleton, TestRecord, weakest_tests
from aitia.stats.search.scores import ROWS_A_PARENT, LocalScore, bent_ranks, choose_score
from aitia.stats.search.tied import agreed, all_that_tie, best_alike, in_words, may_tie
from aitia.system import Discovers, Given, Score, Scores, Training

__all__ = ["ScoreSearch"]

PLAIN = ("test_name_", "test_reason_", "warnings_", "score_name_", "score_")
"""Findings that are JSON values as they are."""
EVIDENCE = ("score_", "_cheapest", "losses_", "tests_", "skeleton_", "orientation_reasons_")
"""What is made of the class and its score when it is read."""
PRIORS = ("prior", "structure_prior")
"""Options of BDeu, which not every search has."""


class ScoreSearch(SavedArrays, Discovers):
    """A search for the class of graphs of the highest score, and what it leaves behind. A subclass gives `_ends`.

    Attributes:
        config: The options, see `ScoreConfig`.
        graph_: The CPDAG found, with the arrows that knowledge decides.
        score_name_: Which score.
        test_name_: The test that is asked of each edge beside its score; empty where labels and numbers are mixed.
        test_reason_: Which score, and why; which test stands beside it.
        edge_frequencies_: Of the bootstrap, or None.
        warnings_: What to keep in mind, in plain words.
        rows_: The rows that were scored.
        engine: Where halves of the rows are searched; None takes `config.jobs` copies of this process.
    """

    config: Any
    arrow: ClassVar[str] = "every graph of this score has it"
    """Why an arrow points so that knowledge does not decide."""
    graph_: Graph
    score_name_: str
    test_name_: str
    test_reason_: str
    edge_frequencies_: EdgeFrequencies | None
    warnings_: list[str]
    rows_: Table
    engine: Engine | None = None
    _of: tuple[Sequence[Graph], LocalScore]
    """The class found, several where they tie, and the score: what evidence is made of."""

    @abstractmethod
    def _ends(self, score: LocalScore, progress: Progress | None = None, *, every: bool = False) -> Sequence[Graph]:
        """The CPDAG of the best class found, some member of which obeys the knowledge; every one that ties if asked."""

    def work(self, given: Given) -> str:
        """Variables and rows."""
        return f"a search over {len(given.columns('variables'))} variables ({len(given)} rows)"

    def _fit(self, given: Given, run: RunStore) -> None:
        """Searches the table; `run` keeps finished bootstrap samples, so that a stopped search goes on.

        Raises:
            DataError: If the table cannot be analysed as it stands.
            GraphError: If the knowledge does not fit the columns.
        """
        self._search(given.table.select(given.columns("variables")), run.progress, run.store("search"))

    # -- what was found ------------------------------------------------------------------------------------------------

    @property
    def choices_(self) -> tuple[str, ...]:
        """What was chosen and why, a sentence each."""
        return (self.test_reason_,)

    def why(self, edge: Edge) -> list[str]:
        """Why an edge stands, in sentences: its score, what a test says, its direction, its bootstrap share."""
        pair = (edge.left, edge.right) if (edge.left, edge.right) in self.losses_ else (edge.right, edge.left)
        lines = [f"Score: the best graph next to this one without the edge is {self.losses_[pair]:.3g} nats worse."]
        test = weakest_tests(self.tests_).get(frozenset(pair))
        if test is not None:
            given = ", ".join(test.given) or "nothing"
            lines.append(f"Test: {self.test_name_} given {given} has p = {test.p_value:.2g}.")
        reason = self.orientation_reasons_.get((edge.left, edge.right))
        told = reason or "both ways have the same score"
        lines.append(f"Direction: {told}.")
        if self.edge_frequencies_ is not None:
            lines.append(self.edge_frequencies_.told(edge))
            if (doubt := self.edge_frequencies_.doubt(edge)) is not None:
                lines.append(doubt)
        return lines

    def scm(self, rows: Any = None) -> SCM:
        """The structural causal model on the graph found, fitted to rows; it obeys `do`.

        Args:
            rows: Whatever `Table.of` reads; None takes the rows of the fit.

        Raises:
            OptionError: If nothing has been searched.
            IdentifiabilityError: If the graph leaves open which way an edge points.
            UnknownVariableError: If the rows lack a variable of the graph.
        """
        self._need_fit()
        return scm_on(self.graph_, self.rows_ if rows is None else Table.of(rows), self.config.seed)

    def fresh_scores(self, table: Table) -> dict[str, float]:
        """The score in other rows, in nats a row, of the graph found, of no edges, and of all edges."""
        table = table.select(self.rows_.names).complete()
        score = self._score(table)
        names = score.names
        every = Graph([(a, b) for k, b in enumerate(names) for a in names[:k]], names)
        graphs = {"found": member(self.graph_, None), "empty graph": Graph([], names), "full graph": every}
        return {name: score.graph(graph) / table.n for name, graph in graphs.items()}

    def _need_fit(self) -> None:
        if not hasattr(self, "graph_"):
            raise OptionError(f"this {type(self).__name__} has not been fitted: call fit first")

    def graphs(self, rows: Any = None) -> dict[str, Graph]:
        """The graph found; with rows, the one that the same search finds in those."""
        self._need_fit()
        if rows is None:
            return {"graph": self.graph_}
        return {"graph": type(self)(self.config).fit(self.given(rows)).graph_}

    @property
    def training(self) -> Training:
        """The score that was taken, and what to keep in mind."""
        return Training((), (self.test_reason_,), tuple(self.warnings_))

    def judge(self, fresh: Given, seen: Given) -> Scores:
        """How the graph scores in fresh rows, beside no edges and all edges."""
        scores = self.fresh_scores(fresh.table)
        about = f"The score {self.score_name_} of the graph in fresh rows, nats a row."
        return {"score a row": Score(scores.pop("found"), "higher", about, scores)}

    def report(self, given: Given) -> Sequence[Block]:
        """The graph, and why each edge stands."""
        from aitia.searches.page import blocks

        return blocks(self)

    # -- keeping -------------------------------------------------------------------------------------------------------

    def _state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        self._need_fit()
        options, arrays = kept(self, PLAIN)
        return options | {"losses": [[*pair, loss] for pair, loss in self.losses_.items()]}, arrays

    @classmethod
    def _restored(cls, options: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Self:
        model = cls(**options["config"])
        recall(model, options, arrays, PLAIN)
        model.losses_ = {(a, b): loss for a, b, loss in options["losses"]}
        return model

    # -- steps of a search ---------------------------------------------------------------------------------------------

    def _search(self, table: Table, progress: Progress | None = None, store: Store | None = None) -> Graph:
        self.warnings_ = []
        table = self._whole(table)
        check_table(table)
        self.score_name_, self.test_reason_ = self._choice(table)
        if self.score_name_ == RankCorrelation.name:
            self.warnings_ += check_lines(RankCorrelation(table))
        score = self._score(table)
        self._warn(table, score)
        classes = self._classes(score, progress)
        self.graph_ = self._graph(classes)
        if len(classes) > 1:
            self.warnings_.append(in_words(classes, self.graph_))
        self._explain(classes, score)
        self.rows_ = table
        self.edge_frequencies_ = None
        if self.config.bootstrap:
            self.resample(self.config.bootstrap, store=store, progress=progress)
        return self.graph_

    def _classes(self, score: LocalScore, progress: Progress | None = None) -> Sequence[Graph]:
        """The class found; where several may tie, all of them."""
        found = self._ends(score, progress, every=score.discrete)
        if len(found) == 1 and not may_tie(score):
            return found

        def again(names: Sequence[str]) -> Sequence[Graph]:
            return self._ends(self._score(score.table.select(names)), every=True)

        return all_that_tie(found, score, self.config.known, again, self.config.seed, progress)

    def _in_part(self, score: LocalScore) -> Graph:
        """What one search of some of the rows finds: of ends that tie what they agree on."""
        found = self._ends(score, every=score.discrete)
        return self._graph(found if len(found) == 1 else best_alike(found, score, self.config.known))

    def _graph(self, classes: Sequence[Graph]) -> Graph:
        """What the classes found agree on, with the arrows that knowledge decides."""
        return agreed([known(found, self.config.known) for found in classes])

    def _whole(self, table: Table) -> Table:
        gaps = [name for name in table.names if table.missing(name)]
        if not gaps:
            return table
        whole = table.complete()
        if self.config.missing == "error":
            raise DataError(
                f"values are missing in {join_names(gaps)}, and a score needs the same rows for every column: fill or "
                f"drop them, or use the {len(whole)} rows of {table.n} that are complete (--missing complete)"
            )
        if not len(whole):
            worst = max(gaps, key=table.missing)
            raise DataError(f"no row is complete; {worst!r} lacks {table.missing(worst)} of {table.n}: drop the column")
        self.warnings_.append(
            f"{table.n - len(whole)} rows of {table.n} lack a value and were left out: a score needs the same rows for "
            "every column."
        )
        return whole

    def _choice(self, table: Table) -> tuple[str, str]:
        """The score, and why it is taken, in a sentence."""
        if self.config.score == "auto":
            return choose_score(table)
        return self.config.score, f"Score {self.config.score}: as asked."

    def _score(self, table: Table) -> LocalScore:
        given = {name: getattr(self.config, name) for name in PRIORS if hasattr(self.config, name)}
        return LocalScore(table, self.score_name_, penalty=self.config.penalty, **given)

    def _limit(self, score: LocalScore) -> int:
        """Most parents of a variable."""
        asked = self.config.max_parents
        return score.limit if asked is None else min(asked, score.limit)

    def _warn(self, table: Table, score: LocalScore) -> None:
        p = len(table.names)
        if table.n <= p:
            self.warnings_.append(
                f"{table.n} rows are no more than the {p} columns: a variable gets at most {score.limit} causes, and "
                "many edges will be missed or by chance."
            )
        elif table.n < FEW_ROWS:
            self.warnings_.append(f"Only {table.n} rows: weak edges will be missed.")
        if p - 1 > score.limit and table.n > p:
            self.warnings_.append(
                f"A variable gets at most {score.limit} causes, one for every {ROWS_A_PARENT} of the {table.n} rows."
            )
        single = [name for name in table.names if table.column(name).ndim == 1]
        if self.score_name_ == "bic" and not score.discrete and (bent := departure(table, single)):
            self.warnings_.append(f"The score sees straight lines of Gaussian columns only, and {bent}.")
        if self.config.score == "ranks" and (bent := bent_ranks(table)):
            self.warnings_.append(f"The score sees straight lines of ranks only, and {bent}.")

    # -- the evidence for each edge, made when it is read ----------------------------------------------------------

    def _explain(self, found: Sequence[Graph], score: LocalScore) -> None:
        """Keeps what the evidence is made of, and names the test that stands beside the score."""
        for name in EVIDENCE:
            self.__dict__.pop(name, None)
        self._of = found, score
        self.test_name_ = _test_beside(score)
        if self._asks_tests:
            self.test_reason_ += f" Test {self.test_name_} stands beside it."

    @property
    def _asks_tests(self) -> bool:
        _, score = self._of
        return bool(self.test_name_) and score.table.n > len(score.names) + 3

    @cached_property
    def _cheapest(self) -> Mapping[tuple[str, str], tuple[Step, Pdag]]:
        """Of each edge the deletion after which the score is highest, and the class that it is one of."""
        classes, score = self._of
        every, place = [Pdag(found) for found in classes], {name: k for k, name in enumerate(score.names)}
        return {
            (e.left, e.right): max(
                ((_cheapest(rows, place[e.left], place[e.right], score), rows) for rows in every),
                key=lambda found: found[0].gain,
            )
            for e in self.graph_.edges
        }

    @cached_property
    def score_(self) -> float:
        """Of the graph, in nats."""
        classes, score = self._of
        return score.graph(member(classes[0], self.config.known))

    @cached_property
    def losses_(self) -> Mapping[tuple[str, str], float]:
        """For each edge (left, right), how many nats the best neighbouring class without it is worse."""
        return {pair: -step.gain for pair, (step, _) in self._cheapest.items()}

    @cached_property
    def tests_(self) -> Sequence[TestRecord]:
        """One test for each edge, given what its cheapest deletion conditions on."""
        if not self._asks_tests:
            return ()
        _, score = self._of
        test = independence_test(self.test_name_, score.table)
        asked = [
            (*pair, tuple(score.names[k] for k in bits(conditioned(rows, step))))
            for pair, (step, rows) in self._cheapest.items()
        ]
        answers = zip(asked, test.test(asked), strict=True)
        return tuple(TestRecord(x, y, given, a.statistic, a.p_value) for (x, y, given), a in answers)

    @cached_property
    def skeleton_(self) -> Skeleton:
        """The adjacencies, with the tests."""
        return Skeleton(self.graph_.nodes, self.graph_._adjacent, {}, self.tests_, len(self.tests_))

    @cached_property
    def orientation_reasons_(self) -> Mapping[tuple[str, str], str]:
        """For each arrow (cause, effect), why it points so."""
        classes, _ = self._of
        shared = set.intersection(*({(e.left, e.right) for e in c.edges if e.symbol == "-->"} for c in classes))
        knowledge = self.config.known
        return {
            (e.left, e.right): self.arrow
            if (e.left, e.right) in shared and not (knowledge and knowledge.forbids(e.right, e.left))
            else "background knowledge"
            for e in self.graph_.edges
            if e.symbol == "-->"
        }

    # -- the bootstrap ---------------------------------------------------------------------------------------------

    def resample(
        self, samples: int, *, store: Store | None = None, progress: Progress | None = None
    ) -> EdgeFrequencies:
        """Searches again in random halves of the rows, and keeps how often each edge was found.

        Args:
            samples: How many halves.
            store: Keeps finished ones, so that a search that was stopped goes on.
            progress: Told what it is predicted to cost, and how far it is.

        Raises:
            OptionError: If nothing has been searched, or there is no sample.
            DataError: If there are too few rows to halve, or halves of them cannot be searched.
        """
        self._need_fit()
        learner = type(self).__new__(type(self))
        learner.config = replace(self.config, bootstrap=None, jobs=1)
        learner.score_name_ = self.score_name_
        again = Again(_again, learner, self.rows_)
        self.edge_frequencies_ = resampled(
            again, samples, self.sample_seconds(), self.config, engine=self.engine, store=store, progress=progress
        )
        return self.edge_frequencies_

    def sample_seconds(self) -> float:
        """Predicted seconds of the search in half of the rows, on one core; the same on every machine."""
        n, p = self.rows_.n, len(self.rows_.names)
        return 2e-3 + 1e-8 * n * p**2 + 1e-6 * p**3  # measured with 8 to 50 columns


def _test_beside(score: LocalScore) -> str:
    """The test that takes columns as the score does; empty where labels and numbers are mixed."""
    if score.name == "ranks":
        return "ranks"
    kinds = {score.table.discrete(name) for name in score.names}
    return ("g2" if True in kinds else "fisher-z") if len(kinds) == 1 else ""


def _again(learner: ScoreSearch, table: Table) -> Graph:
    return learner._in_part(learner._score(table))


def _cheapest(rows: Pdag, i: int, j: int, score: LocalScore) -> Step:
    """Of the deletions of an edge the one after which the score is highest."""
    return max((*deletions(rows, i, j, score), *deletions(rows, j, i, score)), key=lambda step: step.gain)

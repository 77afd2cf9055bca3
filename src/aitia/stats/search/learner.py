"""What learners that search with independence tests have in common: the choice of a test, the bootstrap, findings."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from aitia.collector import uncollected
from aitia.data.table import Table
from aitia.engine import Engine, Progress, Store
from aitia.errors import CostError, IdentifiabilityError, OptionError, join_names
from aitia.graph._question import ReadAs
from aitia.graph.graph import Graph
from aitia.graph.marks import Edge
from aitia.saving import SavedArrays
from aitia.scm.model import SCM
from aitia.stats.bootstrap import EdgeFrequencies
from aitia.stats.independence import ContextKind, FisherZ, IndependenceTest, RankCorrelation, independence_test
from aitia.stats.independence.contingency import Contingency
from aitia.stats.search.auto import choose_test
from aitia.stats.search.checks import check_functions, check_lines, check_table, table_warnings
from aitia.stats.search.cost import Cost, in_words, search_sizes
from aitia.stats.search.evidence import ColliderRule
from aitia.stats.search.halves import Again, resampled
from aitia.stats.search.keeping import kept, recall
from aitia.stats.search.likelihood import score_of
from aitia.stats.search.orientation import Orientation
from aitia.stats.search.partial_correlation import DecisiveTests, partial_correlation_skeleton
from aitia.stats.search.records import Skeleton, TestRecord, weakest_tests
from aitia.stats.search.skeleton import LONG, Asker, Constraints, find_skeleton

__all__ = ["ConstraintSearch", "scm_on"]

NO_LIMIT = 1 << 20

RULES = {"majority": "a vote over all sets that separate", "likelihood": "the arrows that explain the rows best"}
"""What a collider rule does that nobody asked for by name."""


class ConstraintSearch(SavedArrays):
    """Steps of a constraint-based search, and what it leaves behind.

    Attributes:
        config: The options, see `SearchConfig`.
        graph_: The graph found.
        skeleton_: Adjacencies and separating sets.
        tests_: The tests behind it.
        test_name_, test_reason_: Which test, and why.
        rule_, rule_reason_: How colliders were told, and why so.
        mended_: Edges that the tests had taken out and the table asked back, each with the reason.
        separated_: Edges of the skeleton that went once others came back: two variables, then those given which a test
            takes them apart.
        orientation_reasons_: For each arrow (cause, effect), why it points so.
        edge_frequencies_: Of the bootstrap, or None.
        warnings_: What to keep in mind, in plain words.
        predicted_seconds_: What the search was predicted to cost.
        rows_: The rows of the variables, and of the context where there is one.
        engine: Where halves of the rows are searched; None takes `config.jobs` copies of this process.
    """

    config: Any
    read_as: ClassVar[ReadAs] = "auto"
    """What the edges of the graph mean to a question of adjustment."""
    graph_: Graph
    skeleton_: Skeleton
    tests_: Sequence[TestRecord]
    test_name_: str
    test_reason_: str
    rule_: ColliderRule
    rule_reason_: str
    mended_: list[list[str]]
    separated_: list[list[str]]
    orientation_reasons_: Mapping[tuple[str, str], str]
    edge_frequencies_: EdgeFrequencies | None
    warnings_: list[str]
    predicted_seconds_: float
    rows_: Table
    asked_: Mapping[str, Any]
    engine: Engine | None = None
    ready: IndependenceTest | None = None
    again = False
    mendable: Sequence[tuple[str, str]] | None = None
    _searched: tuple[Callable[[Any, Table], Graph], Table, str | None]

    # -- what was found -------------------------------------------------------------------------------------------

    @property
    def choices_(self) -> tuple[str, ...]:
        """What was chosen and why, a sentence each."""
        return self.test_reason_, self.rule_reason_

    @property
    def whole_graph_(self) -> Graph:
        """The graph over all that was searched."""
        self._need_fit()
        return self.graph_

    def scm(self, rows: Any = None) -> SCM:
        """The structural causal model on the graph found, fitted to rows; it obeys `do`.

        Args:
            rows: Whatever `Table.of` reads; None takes the rows of the fit.

        Raises:
            OptionError: If nothing has been searched.
            IdentifiabilityError: If the graph leaves open which way an edge points.
            UnknownVariableError: If the rows lack a variable of the graph.
        """
        return scm_on(self.whole_graph_, self.rows_ if rows is None else Table.of(rows), self.config.seed)

    def upheld(self, table: Table) -> dict[str, float]:
        """Which share of what graphs say of pairs holds in other rows, by the test of the search.

        Of each two variables the graph found says that they are independent given their separating set, or dependent
        given the set of their weakest test. The empty graph says that all are independent, the full one that all are
        dependent given all others.

        Args:
            table: Rows with the same columns.

        Returns:
            A share for each of `found`, `empty graph` and `full graph`.
        """
        graph, names = self.whole_graph_, self.skeleton_.names
        apart = {frozenset((a, b)): given for a, b, *given in self.separated_}
        test = self._test_of(table)
        right: dict[str, list[bool]] = {"found": [], "empty graph": [], "full graph": []}

        def dependent(x: str, y: str, given: Sequence[str]) -> bool:
            return bool(test(x, y, given).p_value <= self.config.alpha)

        for k, y in enumerate(names):
            for x in names[:k]:
                there = graph.has_edge(x, y)
                last = self._weakest(x, y)
                given = apart.get(frozenset((x, y))) or self.skeleton_.separating_set(x, y) or ()
                if there:
                    given = last.given if last else ()
                right["found"].append(dependent(x, y, given) is there)
                right["empty graph"].append(not dependent(x, y, ()))
                right["full graph"].append(dependent(x, y, [name for name in names if name not in (x, y)]))
        return {name: float(np.mean(held)) for name, held in right.items()}

    def why(self, edge: Edge) -> list[str]:
        """Why an edge stands, in sentences: its weakest test, its direction, its shares of the resamples."""
        lines = []
        last = self._weakest(edge.left, edge.right)
        mended = next((why for a, b, why in self.mended_ if {a, b} == {edge.left, edge.right}), None)
        if mended is not None:
            lines.append(f"{mended[:1].upper()}{mended[1:]}.")
        elif last is not None:
            given = ", ".join(last.given) or "nothing"
            lines.append(f"Dependent given {given} (p = {last.p_value:.2g}), its weakest test of all.")
        reason = self.orientation_reasons_.get((edge.left, edge.right))
        if reason:
            lines.append(f"Direction: {reason}.")
        elif edge.symbol == "---":
            lines.append("Direction: both fit the data equally well.")
        if self.edge_frequencies_ is not None and self.asked_["context"] not in (edge.left, edge.right):
            lines.append(self.edge_frequencies_.told(edge))
            if (doubt := self.edge_frequencies_.doubt(edge)) is not None:
                lines.append(doubt)
        return lines

    def _weakest(self, x: str, y: str) -> TestRecord | None:
        """The test of these two with the largest p-value among those that were kept."""
        tests, weakest = self.__dict__.get("_weakest_tests", (None, {}))
        if tests is not self.tests_:  # the tests are walked once a fit, not once an edge
            weakest = weakest_tests(self.tests_)
            self._weakest_tests = self.tests_, weakest
        found: TestRecord | None = weakest.get(frozenset((x, y)))
        return found

    def _need_fit(self) -> None:
        if not hasattr(self, "skeleton_"):
            raise OptionError(f"this {type(self).__name__} has not been fitted: call fit first")

    # -- keeping --------------------------------------------------------------------------------------------------

    def _state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        self._need_fit()
        return kept(self)

    @classmethod
    def _restored(cls, options: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Self:
        model = cls(**options["config"])
        recall(model, options, arrays)
        return model

    # -- steps of a search ----------------------------------------------------------------------------------------

    @property
    def _depth(self) -> int:
        return NO_LIMIT if self.config.max_depth is None else self.config.max_depth

    def _begin(
        self,
        table: Table,
        progress: Progress | None,
        store: Store | None,
        *,
        context: str | None = None,
        context_kind: ContextKind | None = None,
        widths: Mapping[str, float] | None = None,
    ) -> Asker:
        """Checks the table, takes a test, and says what the search is predicted to cost."""
        self.asked_ = {"context": context, "context_kind": context_kind, "widths": dict(widths) if widths else None}
        if self.again:
            self.warnings_, self.test_name_, self.test_reason_ = [], self.config.test, ""
            return Asker(self.ready or self._test_of(table))
        check_table(table, missing=self.config.missing, context=context)
        self.warnings_ = table_warnings(table, context=context, missing=self.config.missing)
        self.test_name_, self.test_reason_ = self.config.test, f"Test {self.config.test}: as asked."
        if self.config.test == "auto":
            self.test_name_, self.test_reason_ = choose_test(table, min(self._depth, 3), context=context)
        if self.test_name_ not in (FisherZ.name, RankCorrelation.name):  # which see lines only
            check_functions(table, context)
        test = self._test_of(table)
        named = {told.split()[0] for told in self.warnings_ if " follows exactly from " in told}
        self.warnings_ += [told for told in check_lines(test) if told.split()[0] not in named]
        sizes = search_sizes(test, alpha=self.config.alpha, max_depth=self._depth)
        cost = Cost(test, self._test_of, sizes, self.config.bootstrap or 0, self.config.jobs)
        self.predicted_seconds_ = cost.seconds
        if cost.seconds > LONG and not self.config.accept_cost:
            samples = f", with {cost.samples} bootstrap samples," if cost.samples else ""
            raise CostError(
                f"the search with {test.name}{samples} is predicted to take {in_words(cost.seconds)}: lower max_depth, "
                "take a faster test (rcit, fisher-z, degenerate-gaussian), fewer variables or samples, or accept the "
                f"cost (--accept-cost, accept_cost=True){cost.cheaper()}"
            )
        if progress is not None:
            progress(f"predicted: {cost.told()}", 0, 1)
        return Asker(test, store, progress)

    def _test_of(self, table: Table, name: str | None = None) -> IndependenceTest:
        """The test of the search, or the named one, of these rows."""
        name = name or self.test_name_
        options = {"context": self.asked_["context"], "context_kind": self.asked_["context_kind"]}
        options["fill_seed"] = self.config.seed
        if name == "rcit":
            options["seed"] = self.config.seed
        if name in ("kci", "rcit"):
            options["widths"] = self.asked_["widths"]
        return independence_test(name, table, missing=self.config.missing, jobs=self.config.jobs, **options)

    def _find_skeleton(self, asker: Asker, limits: Constraints) -> Skeleton:
        """The skeleton; by the compiled search where the test is Fisher's z and nobody wants every test recorded."""
        test = asker.test
        if isinstance(test, FisherZ) and self.config.record == "decisive" and not test.has_gaps:
            skeleton = partial_correlation_skeleton(
                test.correlation, test.n, test.names, alpha=self.config.alpha, max_depth=self._depth,
                limits=limits, jobs=self.config.jobs, progress=asker.progress,
            )  # fmt: skip
        else:
            with uncollected() if isinstance(test, Contingency) else nullcontext():  # a test takes microseconds
                skeleton = find_skeleton(
                    asker, alpha=self.config.alpha, max_depth=self._depth, limits=limits,
                    accept_cost=self.config.accept_cost,
                )  # fmt: skip
        if skeleton.capped:
            self.warnings_.append(
                f"The search stopped at sets of {self._depth}: some edges may be indirect (max_depth)."
            )
        return skeleton

    def _orient(self, oriented: Orientation, asker: Asker) -> None:
        """Orients by the rule that was asked for, says which it was, and checks what the graph implies.

        Raises:
            OptionError: If a likelihood is asked for and the test has none.
        """
        rule, score = self.config.colliders, None
        if rule in ("auto", "likelihood"):
            score = score_of(asker.test)
            if rule == "likelihood" and score is None:
                raise OptionError(
                    f"the collider rule 'likelihood' needs a test with a likelihood (fisher-z, ranks, chi2, g2, "
                    f"degenerate-gaussian) and complete rows, got {asker.test.name}: take majority or max-p"
                )
        chosen: ColliderRule = rule if rule != "auto" else "likelihood" if score else "majority"
        how = RULES[chosen] if rule in ("auto", type(self.config)().colliders) else "as asked"
        self.rule_, self.rule_reason_ = chosen, f"Collider rule {chosen}: {how}."
        oriented.mendable, oriented.in_words = self.mendable, not self.again
        with uncollected() if score is not None else nullcontext():
            oriented.colliders(chosen, asker, self.config.alpha, self._depth, score)
        if not oriented.settled:
            oriented.close(with_knowledge=self.config.known is not None)
        if not self.again:
            oriented.check(asker)
        self.mended_ = [[*pair, why] for pair, why in oriented.mended.items()]
        self.separated_ = [[*pair, *given] for pair, (given, _) in oriented.separated.items()]

    def _keep_tests(self, skeleton: Skeleton, asker: Asker) -> Sequence[TestRecord]:
        """The skeleton's tests; where the search put them one by one, those of its orientation as well."""
        return skeleton.tests if isinstance(skeleton.tests, DecisiveTests) else asker.records()

    def _bootstrap(
        self,
        search: Callable[[Self, Table], Graph],
        table: Table,
        context: str | None,
        store: Store | None,
        progress: Progress | None,
    ) -> EdgeFrequencies | None:
        """The frequencies of edges in halves of the rows; None where no bootstrap was asked for."""
        self._searched = search, table, context
        self.edge_frequencies_ = None
        if not self.config.bootstrap or self.again:
            return None
        return self.resample(self.config.bootstrap, store=store, progress=progress)

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
            CostError: If it is predicted to take more than an hour and `accept_cost` is False.
        """
        again = self._again()
        self.edge_frequencies_ = resampled(
            again, samples, self.sample_seconds(), self.config, engine=self.engine, store=store, progress=progress
        )
        return self.edge_frequencies_

    def sample_seconds(self) -> float:
        """Predicted seconds of the search in half of the rows, on one core; the same on every machine."""
        again = self._again()
        if again.whole is not None:
            return Cost(again.whole, self._test_of, {0: self.skeleton_.count}).half
        sizes = Counter(len(record.given) for record in self.tests_)
        return Cost(self._test_of(again.table), self._test_of, sizes).half

    def _again(self) -> Again:
        """The search as the halves repeat it."""
        if not hasattr(self, "_searched"):
            raise OptionError(f"this {type(self).__name__} has not been fitted here: call fit first")
        search, table, context = self._searched
        learner = type(self).__new__(type(self))
        learner.config = replace(
            self.config, bootstrap=None, test=self.test_name_, jobs=1, accept_cost=True, record="decisive"
        )
        learner.again = True
        learner.mendable = [(a, b) for a, b, _ in self.mended_]
        linear = self.test_name_ in (FisherZ.name, RankCorrelation.name)
        test = self._test_of(table) if linear and context is None else None
        thin = test if isinstance(test, FisherZ) and not test.has_gaps else None
        return Again(search, learner, table, context, thin)


def scm_on(graph: Graph, table: Table, seed: int) -> SCM:
    """The structural causal model on a graph that was found, fitted to rows.

    Raises:
        IdentifiabilityError: If the graph leaves open which way an edge points.
        UnknownVariableError: If the rows lack a variable of the graph.
    """
    if open_ := [edge for edge in graph.edges if edge.symbol != "-->"]:
        told = join_names(f"{edge.left} {edge.symbol} {edge.right}" for edge in open_)
        raise IdentifiabilityError(
            f"the graph leaves open which way an edge points ({told}), and an SCM needs every arrow: say what is "
            "known (knowledge), or fit SCM.fit to a member of the class (aitia.graph.consistent_extension)"
        )
    return SCM.fit(graph, table.select(graph.nodes), seed=seed)

"""What learners that search with independence tests have in common: options, the choice of a test, the bootstrap."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, Self

from aitia.data.table import Table
from aitia.engine import LocalEngine, Progress, Store
from aitia.errors import CostError, DataError, OptionError
from aitia.graph.graph import Graph
from aitia.graph.knowledge import Knowledge
from aitia.stats.bootstrap import EdgeFrequencies, bootstrap_graphs, resampled
from aitia.stats.independence import ContextKind, FisherZ, Missing, independence_test
from aitia.stats.search.auto import choose_test
from aitia.stats.search.checks import check_functions, check_table, table_warnings
from aitia.stats.search.orientation import ColliderRule
from aitia.stats.search.partial_correlation import partial_correlation_skeleton
from aitia.stats.search.records import Skeleton, TestRecord
from aitia.stats.search.skeleton import LONG, Asker, Constraints, SeparatingSets, find_skeleton, predicted_seconds

__all__ = ["ConstraintSearch"]

NO_LIMIT = 1 << 20

ATTEMPTS = 20
"""Draws of one bootstrap sample before its table is given up."""


@dataclass
class ConstraintSearch:
    """Options and steps of a constraint-based search.

    Args:
        alpha: Level of the tests; a pair with a p-value above it counts as independent.
        test: `auto` looks at the table; or `fisher-z`, `chi2`, `g2`, `kci`, `rcit`.
        max_depth: Largest conditioning set; None for no limit.
        separating_sets: `first` stops a pair at its first separating set; `union` runs every test of a level and keeps
            the union of the separating sets, as causal-learn does.
        colliders: How a collider is told: `sepset` looks at the separating set; `majority`, `conservative` and `max-p`
            test all sets of neighbours and go by most of them, by all of them, or by the one with the largest p-value.
        knowledge: What is known beforehand.
        missing: `error`, or `testwise` to use for each test the rows that have its variables.
        bootstrap: How many times to search again in resampled rows; None for not at all.
        record: `decisive` keeps of each pair the test that decided; `all` keeps every test (slower with fisher-z).
        seed: Of the bootstrap and of random features.
        jobs: Cores; they do not change the answer.
        accept_cost: Start even where hours of tests are predicted.

    Attributes:
        graph_: The graph found.
        skeleton_: Adjacencies and separating sets.
        tests_: The tests behind it.
        test_name_, test_reason_: Which test, and why.
        orientation_reasons_: For each arrow (cause, effect), why it points so.
        edge_frequencies_: Of the bootstrap, or None.
        warnings_: What to keep in mind, in plain words.
        predicted_seconds_: What the search was predicted to cost.
    """

    alpha: float = 0.05
    test: str = "auto"
    max_depth: int | None = None
    separating_sets: SeparatingSets = "first"
    colliders: ColliderRule = "sepset"
    knowledge: Knowledge | None = None
    missing: Missing = "error"
    bootstrap: int | None = None
    record: Literal["decisive", "all"] = "decisive"
    seed: int = 0
    jobs: int = 1
    accept_cost: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.alpha < 1:
            raise OptionError(f"alpha lies between 0 and 1, got {self.alpha}")
        if self.max_depth is not None and self.max_depth < 0:
            raise OptionError(f"max_depth is 0 or more, got {self.max_depth}")
        if self.bootstrap is not None and self.bootstrap < 1:
            raise OptionError(f"a bootstrap needs at least one sample, got {self.bootstrap}")
        if self.jobs < 1:
            raise OptionError(f"jobs is 1 or more, got {self.jobs}")
        if self.seed < 0:
            raise OptionError(f"a seed is 0 or more, got {self.seed}")
        choices = {
            "separating_sets": ("first", "union"),
            "colliders": ("sepset", "majority", "conservative", "max-p"),
            "record": ("decisive", "all"),
        }
        for name, allowed in choices.items():
            if getattr(self, name) not in allowed:
                raise OptionError(f"{name} is one of {', '.join(allowed)}, got {getattr(self, name)!r}")

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The options by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    # -- steps of a search ----------------------------------------------------------------------------------------

    @property
    def _depth(self) -> int:
        return NO_LIMIT if self.max_depth is None else self.max_depth

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
        check_table(table, missing=self.missing, context=context)
        self.warnings_ = table_warnings(table, context=context)
        self.test_name_, self.test_reason_ = self.test, f"Test {self.test}: as asked."
        if self.test == "auto":
            self.test_name_, self.test_reason_ = choose_test(table, min(self._depth, 3), context=context)
        if self.test_name_ != FisherZ.name:  # which sees lines only
            check_functions(table, context)
        options: dict[str, Any] = {"seed": self.seed} if self.test_name_ == "rcit" else {}
        if self.test_name_ in ("kci", "rcit"):
            options["widths"] = widths
        test = independence_test(
            self.test_name_, table, context=context, context_kind=context_kind, missing=self.missing, jobs=self.jobs,
            **options,
        )  # fmt: skip
        once = predicted_seconds(test, len(test.names), min(self._depth, 4))
        seconds = self.predicted_seconds_ = once * (1 + (self.bootstrap or 0) / self.jobs)
        if seconds > LONG and not self.accept_cost:
            raise CostError(
                f"the search with {test.name}{_and_bootstrap(self.bootstrap)} is predicted to take "
                f"{seconds / 3600:.1f} hours: lower max_depth, take a faster test (rcit, fisher-z), fewer variables or "
                "samples, or accept the cost (--accept-cost, accept_cost=True)"
            )
        if progress is not None:
            told = f"about {seconds:.0f} s" if seconds >= 2 else "under two seconds"
            progress(f"predicted: {told} of {test.name} tests{_and_bootstrap(self.bootstrap)}", 0, 1)
        return Asker(test, store, progress)

    def _find_skeleton(self, asker: Asker, limits: Constraints) -> Skeleton:
        """The skeleton; by the compiled search where the test is Fisher's z and nobody wants every test recorded."""
        test, union = asker.test, self.separating_sets == "union"
        if isinstance(test, FisherZ) and self.record == "decisive" and not any(map(test.table.missing, test.names)):
            skeleton = partial_correlation_skeleton(
                test.correlation, test.n, test.names, alpha=self.alpha, max_depth=self._depth, union=union,
                limits=limits, jobs=self.jobs, progress=asker.progress,
            )  # fmt: skip
        else:
            skeleton = find_skeleton(
                asker, alpha=self.alpha, max_depth=self._depth, separating_sets=self.separating_sets, limits=limits,
                accept_cost=self.accept_cost,
            )  # fmt: skip
        if skeleton.capped:
            self.warnings_.append(
                f"The search stopped at sets of {self._depth}: some edges may be indirect (max_depth)."
            )
        return skeleton

    def _keep_tests(self, skeleton: Skeleton, asker: Asker) -> Sequence[TestRecord]:
        """The skeleton's tests, and those that its orientation added."""
        if not asker.answers:
            return skeleton.tests
        known = {(t.x, t.y, t.given) for t in skeleton.tests}
        return (*skeleton.tests, *(t for t in asker.records() if (t.x, t.y, t.given) not in known))

    def _bootstrap(
        self,
        search: Callable[[Self, Table], Graph],
        table: Table,
        context: str | None,
        store: Store | None,
        progress: Progress | None,
    ) -> EdgeFrequencies | None:
        """The frequencies of edges in resampled rows; None where no bootstrap was asked for."""
        if not self.bootstrap:
            return None
        learner = replace(self, bootstrap=None, test=self.test_name_, jobs=1, accept_cost=True, record="decisive")
        again = _Again(search, learner, table, context)
        nodes = [name for name in table.names if name != context]
        return bootstrap_graphs(
            again, nodes, self.bootstrap, engine=LocalEngine(self.jobs), store=store, progress=progress
        )


def _and_bootstrap(samples: int | None) -> str:
    return f", with {samples} bootstrap samples" if samples else ""


@dataclass
class _Again:
    """The same search in resampled rows; picklable, so that it can run in other processes."""

    search: Callable[[Any, Table], Graph]
    learner: Any
    table: Table
    context: str | None

    def __call__(self, number: int) -> list[list[Any]]:
        for attempt in range(ATTEMPTS - 1):
            try:
                return self._edges(number, attempt)
            except DataError:  # a rare label is gone, or two columns agree in these rows: draw them again
                continue
        return self._edges(number, ATTEMPTS - 1)

    def _edges(self, number: int, attempt: int) -> list[list[Any]]:
        rows = resampled(self.table, self.learner.seed, number, self.context, attempt)
        edges = self.search(self.learner, rows).edges
        return [[e.left, e.right, int(e.left_mark), int(e.right_mark)] for e in edges]

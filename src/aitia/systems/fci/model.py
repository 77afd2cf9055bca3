"""FCI: a causal graph from tests of independence, where hidden variables may be common causes of the columns.

1. Skeleton among neighbours, as in PC. With hidden causes some pairs are left that no set of neighbours separates.
2. Unshielded colliders, and from them for each x the nodes that may be in a set that separates it (possible d-sep).
   Each pair that is left is tested given the sets of these that lie on paths between the two and may be above one.
3. Unshielded colliders anew, and the rules R1-R10, which are complete: marks that stay circles differ between the
   graphs with hidden causes that explain the independences.
4. Where tests contradict each other the marks may be those of no PAG: the weakest verdicts on colliders are passed
   over, each named, until they are.

The result is a partial ancestral graph (PAG). A tail at x on x *-* y: x causes y or the selection of the rows. A head
at x: x causes neither. Two heads: a hidden common cause. A circle: both occur.

The order of the columns does not matter: sets of a level are all tested, the rules make their marks at once.

Sources:
    Spirtes, Meek and Richardson, Causal inference in the presence of latent variables and selection bias, UAI 1995.
    Spirtes, An anytime algorithm for causal inference, AISTATS 2001 (`max_depth`).
    Zhang, Artificial Intelligence 172 (2008), section 3 (the rules).
    Colombo and Maathuis, Order-independent constraint-based causal structure learning, JMLR 15 (2014).
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from aitia.data.table import Table
from aitia.engine import Progress, Store
from aitia.graph._question import ReadAs
from aitia.graph.bits import bits, transpose
from aitia.graph.equivalence import is_pag, pag, unshielded_colliders
from aitia.graph.graph import Graph
from aitia.graph.marks import Edge, Mark
from aitia.report import Block
from aitia.searches.tested import TestedSearch
from aitia.stats.independence import FisherZ
from aitia.stats.search import Asker, Constraints, Skeleton
from aitia.stats.search.assembly import Triple, least_contradicted
from aitia.stats.search.evidence import HUGE, Verdict, saturated, verdicts
from aitia.stats.search.telling import left_open
from aitia.system import Given
from aitia.systems.fci.card import CARD
from aitia.systems.fci.config import FCIConfig
from aitia.systems.fci.marks import OrderFreeMarks, openly_joined
from aitia.systems.fci.page import MARKS, blocks, reading
from aitia.systems.fci.separation import Separation
from aitia.systems.fci.turning import weakest_first

__all__ = ["FCI"]

TRIED = 400
"""Sets of verdicts, the weakest first, that are turned round where the marks contradict each other."""
SHOWN = 5
"""Verdicts that a warning tells one by one."""
SMALL_SETS = 3
"""Largest set of neighbours that is asked about a collider."""
SURE = 1e-6
"""A dependence with a smaller p-value counts as sure."""


class FCI(TestedSearch):
    """The FCI algorithm, order-independent. What it leaves behind are the attributes of `ConstraintSearch`.

    Example:
        >>> import numpy as np
        >>> rng = np.random.default_rng(0)
        >>> a, b, hidden = rng.normal(size=(3, 1000))
        >>> x, y = a + hidden + rng.normal(size=1000), b + hidden + rng.normal(size=1000)
        >>> print(FCI(alpha=0.01).fit({"a": a, "x": x, "y": y, "b": b}).graph)
        a o-> x; x <-> y; b o-> y
    """

    card = CARD
    Config = FCIConfig
    config: FCIConfig
    read_as: ClassVar[ReadAs] = "pag"
    caption: ClassVar[str] = MARKS

    def _search(self, table: Table, progress: Progress | None = None, store: Store | None = None) -> Graph:
        limits = Constraints.of(table.names, self.config.known)
        asker = self._begin(table, progress, store)
        self.graph_ = self._learn(asker, limits)
        self.tests_ = self._keep_tests(self.skeleton_, asker)
        self.edge_frequencies_ = self._bootstrap(_again, table, None, store, progress)
        self.rows_ = table
        return self.graph_

    def _learn(self, asker: Asker, limits: Constraints) -> Graph:
        """The graph by the answers of a test."""
        first = self._find_skeleton(asker, limits)
        how = "the set that separates a pair best" if self.config.colliders == "auto" else "as asked"
        self.rule_, self.rule_reason_ = self.config.rule, f"Collider rule {self.config.rule}: {how}."
        self.mended_, self.separated_ = [], []
        recorded = not isinstance(asker.test, FisherZ) or self.config.record == "all"
        apart = Separation(first, asker, self.config.alpha, recorded)
        found = self._verdicts(first, asker)
        marks = self._with_colliders(apart, limits, found)
        apart.search(marks, self._depth, limits, self.config.accept_cost)
        self.skeleton_ = Skeleton(
            first.names, apart.adjacent, apart.separators, first.tests, first.count + apart.count,
            first.capped or apart.capped,
        )  # fmt: skip
        if apart.capped and not first.capped:
            self.warnings_.append(
                f"The search stopped at sets of {self._depth}: some edges may be indirect (max_depth); its heads and "
                "tails are as sound as without a limit."
            )
        if tuple(apart.adjacent) != tuple(first.adjacent):
            found = self._verdicts(self.skeleton_, asker)
        marks = self._oriented(apart, limits, found)
        graph = marks.graph(first.names)
        if self.config.known is None and not self._open and not is_pag(graph):
            graph = self._reconciled(apart, limits, found)
            marks = OrderFreeMarks.of(graph)
        self._tell_why(graph, found)
        self._warn(graph, marks, apart)
        return graph

    def _verdicts(self, skeleton: Skeleton, asker: Asker) -> Mapping[Triple, Verdict]:
        """What the rule says of each unshielded triple, by sets of neighbours of a few nodes."""
        return verdicts(skeleton, self.config.rule, asker, self.config.alpha, min(self._depth, SMALL_SETS))

    def _oriented(
        self, apart: Separation, limits: Constraints, found: Mapping[Triple, Verdict], turned: Sequence[Triple] = ()
    ) -> OrderFreeMarks:
        """The marks that knowledge, colliders and the rules make, with the verdicts on some triples turned round."""
        marks = self._with_colliders(apart, limits, found, turned)
        marks.orient(lambda s, a, b, c: apart.is_collider(s, b, c))  # type: ignore[arg-type, return-value]
        return marks

    def _reconciled(self, apart: Separation, limits: Constraints, found: Mapping[Triple, Verdict]) -> Graph:
        """The PAG that passes over the weakest verdicts, each told.

        Sets of verdicts are turned round, the weakest in sum first, until the marks are those of a PAG; of sets that
        weigh the same none is preferred. Where none of those that are tried is enough, it is the PAG of the DAG
        that contradicts the verdicts least.
        """
        names = apart.names
        weights = {triple: abs(saturated(verdict.strength)) for triple, verdict in found.items()}
        # What is certain is turned nowhere: of two such verdicts the order of the columns would say which.
        unsure = {triple: weights[triple] for triple, verdict in found.items() if abs(verdict.strength) < HUGE}
        graph = None
        for group in weakest_first(unsure, TRIED):
            tried = {turned: self._oriented(apart, limits, found, turned).graph(names) for turned in group}
            good = {turned: other for turned, other in tried.items() if is_pag(other)}
            if len(set(good.values())) > 1:  # as good as one another: all at once, or none of them
                every = tuple(dict.fromkeys(triple for turned in good for triple in turned))
                good = {every: self._oriented(apart, limits, found, every).graph(names)}
            graph = next(filter(is_pag, good.values()), None)
            if graph is not None:
                break
        if graph is None:
            evidence = {triple: saturated(verdict.strength) for triple, verdict in found.items()}
            rows = transpose(next(least_contradicted(apart.adjacent, evidence, [0] * len(names), names)))
            back = [near & ~row for near, row in zip(apart.adjacent, rows, strict=True)]
            graph = pag(Graph.from_bits(names, back, rows, [0] * len(names)))
        colliders = set(unshielded_colliders(graph))
        passed = [
            triple
            for triple, verdict in found.items()
            if verdict.collider is not None and verdict.collider != (tuple(names[k] for k in triple) in colliders)
        ]
        passed.sort(key=lambda triple: -weights[triple])
        told = [_passed_over([names[k] for k in t], found[t]) for t in passed[:SHOWN]]
        told = told or ["what separates variables further apart is passed over"]
        more = f"; and {len(passed) - SHOWN} more" if len(passed) > SHOWN else ""
        self.warnings_.append(
            f"The tests contradict each other: {'; '.join(told)}{more}, as no graph with hidden causes has all marks "
            "otherwise."
        )
        return graph

    def _with_colliders(
        self, apart: Separation, limits: Constraints, found: Mapping[Triple, Verdict], turned: Sequence[Triple] = ()
    ) -> OrderFreeMarks:
        """The skeleton with what is known and the unshielded colliders (R0) marked."""
        marks = OrderFreeMarks(apart.adjacent)
        for i, row in enumerate(apart.adjacent):
            for j in bits(row):
                if limits.forbidden[i, j]:
                    marks.put(j, i, Mark.ARROW)
                if limits.forbidden[j, i] and limits.required[i, j]:
                    marks.put(j, i, Mark.TAIL)
        marks.settle()
        self._open = 0
        for triple, verdict in found.items():
            self._open += verdict.collider is None
            if verdict.collider is not None and verdict.collider != (triple in turned):
                x, y, z = triple
                marks.put(x, y, Mark.ARROW)
                marks.put(z, y, Mark.ARROW)
        marks.settle()
        return marks

    def _tell_why(self, graph: Graph, found: Mapping[Triple, Verdict]) -> None:
        """Keeps of each head that a collider made what says so."""
        self.orientation_reasons_ = {}
        colliders = {tuple(map(graph.index, triple)) for triple in unshielded_colliders(graph)}
        names = graph.nodes
        for x, y, z in sorted(colliders & set(found)):
            for a, b in ((x, z), (z, x)):
                why = f"{names[a]} and {names[b]} are independent without {names[y]} in the condition"
                self.orientation_reasons_.setdefault((names[a], names[y]), why)

    def _warn(self, graph: Graph, marks: OrderFreeMarks, apart: Separation) -> None:
        if self._open:
            self.warnings_.append(left_open(self._open))
        names = graph.nodes
        if marks.contested:
            i, j = next(iter(marks.contested))
            self.warnings_.append(
                f"The tests contradict each other at {len(marks.contested)} ends of edges, which keep their circle; "
                f"for one, at {names[j]} on its edge with {names[i]}."
            )
        if self.config.known is None and not self._open and not is_pag(graph):
            self.warnings_.append(
                "The tests contradict each other: no graph with hidden causes has exactly these marks in common with "
                "all that explain the same independences; trust single edges more than chains of them."
            )
        joined = openly_joined(marks)
        denied = [
            (apart.p_values((i, j), [0], "what the graph implies")[0], names[i], names[j])
            for i, row in enumerate(joined)
            for j in bits(~row & ((1 << i) - 1))
            if (j, i) in apart.separators
        ]
        if sure := sorted(pair for pair in denied if pair[0] < SURE):
            p_value, a, b = sure[0]
            self.warnings_.append(
                f"{len(sure)} pairs depend on each other (p < {SURE:g}) and the graph joins them by no open path: an "
                f"edge between them or on the way is missing, hidden by a set of close relatives; the surest is "
                f"{a} and {b} (p = {p_value:.1g})."
            )

    # -- what it answers ------------------------------------------------------------------------------------------

    def why(self, edge: Edge) -> list[str]:
        """What an edge says and why it stands, in sentences."""
        lines = [reading(edge), *super().why(edge)]
        back = self.orientation_reasons_.get((edge.right, edge.left))
        return [*lines, f"Head at {edge.left}: {back}."] if back else lines

    def report(self, given: Given) -> Sequence[Block]:
        """The graph, and what each edge says and why it stands."""
        return blocks(self)


def _passed_over(names: Sequence[str], verdict: Verdict) -> str:
    x, y, z = names
    what = "no collider" if verdict.collider else "a collider"
    return f"{y} is taken as {what} between {x} and {z} against its own tests (strength {abs(verdict.strength):.1f})"


def _again(learner: FCI, table: Table) -> Graph:
    return learner._search(table)

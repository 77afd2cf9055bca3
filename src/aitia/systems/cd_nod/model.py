"""CD-NOD: a causal graph, what changes, and how, from a table whose mechanisms change with a context.

The context C (a time stamp, or the name of a site, batch or person) joins the variables as one more node that nothing
causes. Every hidden cause is assumed to be a function of C.

1. Skeleton over the variables and C. A variable adjacent to C has a mechanism that changes with C.
2. C -> X for these. A changing X whose neighbour Y is not adjacent to C then tells the direction of X - Y: a mechanism
   that stays the same while its cause changes (invariance). Other colliders, and Meek's rules.
3. Where both ends of an undirected edge change, the cause's mechanism P(x | c) and the effect's P(y | x, c) move
   independently of each other in the causal direction only. Over domains the direction with the smaller coupling is
   taken; of several variables the one that makes the best sink goes first. Over time it is the direction with the
   larger evidence, the surest edge first.
4. Driving forces: the leading curves of each changing mechanism over C.

Where we differ from the source: the coupling has a linear kernel on the embeddings, and over time a marginal likelihood
takes its place (`stats.mechanism_change` says why both); the time has a kernel width of its own in every test; labels
are compared by label and never by number; and contradictions are resolved in a stated order and counted.

Source:
    Huang, Zhang, Zhang, Ramsey, Sanchez-Romero, Glymour and Schölkopf, Causal Discovery from Heterogeneous/
    Nonstationary Data, JMLR 21 (2020), algorithms 1-3.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from aitia.data.table import Kind, Table
from aitia.engine import Progress, Store
from aitia.errors import DataError
from aitia.graph.bits import bits
from aitia.graph.graph import Graph
from aitia.report import Block
from aitia.runs import RunStore
from aitia.stats.independence import ContextKind
from aitia.stats.search import Constraints, ConstraintSearch, Orientation, TestRecord
from aitia.system import Discovers, Given, Score, Scores, Training
from aitia.systems.cd_nod.card import CARD
from aitia.systems.cd_nod.config import CDNODConfig
from aitia.systems.cd_nod.findings import ChangingMechanism, DrivingForce, kept, recall
from aitia.systems.cd_nod.mechanism_change import coupling, evidence, leading_curves, mechanism_curve
from aitia.systems.cd_nod.page import blocks
from aitia.threads import one_blas_thread

__all__ = ["CDNOD", "ChangingMechanism", "DrivingForce"]

FEW_DOMAINS = 15
"""Below this many domains independent change tells directions little better than chance."""

RULED_OUT = "the other direction is ruled out by background knowledge or a cycle"


class CDNOD(ConstraintSearch, Discovers):
    """Causal discovery from heterogeneous or nonstationary data, all four phases.

    Attributes:
        graph_: The graph over the variables.
        augmented_graph_: The same with the context as a node.
        changing_: The changing mechanisms, each a `ChangingMechanism`.
        forces_: For each changing variable, its `DrivingForce`.
        couplings_: For each pair that phase 3 decided over domains, (cause, effect) -> (coupling this way, coupling the
            other way).
        evidence_: For each pair that phase 3 decided over time, (cause, effect) -> logarithm of the Bayes factor.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> site = np.repeat(["a", "b", "c", "d"], 100)
        >>> x = rng.normal(size=400) + np.repeat([0, 2, -2, 4], 100)
        >>> found = CDNOD(phases=2).fit({"x": x, "y": x + rng.normal(size=400), "site": site}, context="site")
        >>> print(found.graph, [c.variable for c in found.changing_])
        x --> y ['x']
    """

    card = CARD
    Config = CDNODConfig
    config: CDNODConfig
    augmented_graph_: Graph
    changing_: tuple[ChangingMechanism, ...]
    forces_: Mapping[str, DrivingForce]
    couplings_: dict[tuple[str, str], tuple[float, float]]
    evidence_: dict[tuple[str, str], float]

    def work(self, given: Given) -> str:
        """Variables, context and rows."""
        return (
            f"a search over {len(given.columns('variables'))} variables and the context {given.column('context')!r} "
            f"({len(given)} rows), {self.config.phases} phases"
        )

    def _fit(self, given: Given, run: RunStore) -> None:
        """Searches the table; `run` keeps finished tests and bootstrap samples, so that a stopped search goes on.

        Raises:
            DataError: If the table cannot be analysed as it stands, or the context has one value or one for each row.
            GraphError: If the knowledge does not fit the columns.
            CostError: If hours of tests are predicted and `accept_cost` is False.
        """
        context = str(given.column("context"))
        variables = [name for name in given.columns("variables") if name != context]
        with one_blas_thread():  # phases 3 and 4 factorise many small kernels
            self._search(given.table.select((*variables, context)), context, run.progress, run.store("search"))

    def _search(
        self, table: Table, context: str, progress: Progress | None = None, store: Store | None = None
    ) -> Graph:
        table, kind = self._with_context(table, context)
        variables = [name for name in table.names if name != context]
        limits = self._limits(variables)
        widths = {context: self.config.time_width} if kind == "time" else None
        asker = self._begin(table, progress, store, context=context, context_kind=kind, widths=widths)
        self._warn(table, context, kind)

        self.skeleton_ = self._find_skeleton(asker, limits)  # phase 1
        oriented = Orientation(self.skeleton_, limits.forbidden)
        oriented.exogenous(context)  # phase 2
        oriented.known()
        self._orient(oriented, asker)
        self.tests_ = self._keep_tests(self.skeleton_, asker)
        self.couplings_, self.evidence_ = {}, {}
        complete = table.take(np.flatnonzero(~np.isnan(table.matrix()).any(axis=1))) if self._has_gaps(table) else table
        if complete is not table and self.config.phases >= 3:
            self.warnings_.append(f"Phases 3 and 4 use the {complete.n} whole rows of {table.n}.")
        if self.config.phases >= 3:
            self._measured: dict[tuple[int, int], float] = {}
            if kind == "time":
                self._by_evidence(oriented, complete, context, progress)
            else:
                self._by_coupling(oriented, complete, context, progress)
            oriented.close(with_knowledge=self.config.known is not None)
        self.augmented_graph_ = oriented.graph
        self.graph_ = self.augmented_graph_.subgraph(variables)
        self.orientation_reasons_ = oriented.reasons
        self.warnings_ += oriented.warnings
        self.changing_ = self._changing(context)
        self.forces_ = {}
        if self.config.phases >= 4:
            self.forces_ = self._driving_forces(complete, context, kind, progress)
        self.edge_frequencies_ = self._bootstrap(_Search(context), table, context, store, progress)
        self.rows_ = table
        return self.graph_

    # -- what it answers --------------------------------------------------------------------------------------------

    @property
    def whole_graph_(self) -> Graph:
        """The graph with the context as a node."""
        self._need_fit()
        return self.augmented_graph_

    def graphs(self, rows: Any = None) -> dict[str, Graph]:
        """The graph over the variables; with rows, the one that the same search finds in those."""
        self._need_fit()
        if rows is None:
            return {"graph": self.graph_}
        return {"graph": type(self)(self.config).fit(self.given(rows)).graph_}

    @property
    def training(self) -> Training:
        """The test that was taken, what changes, and what to keep in mind."""
        told = ", ".join(change.variable for change in self.changing_) or "none"
        notes = (self.test_reason_, self.rule_reason_, f"Mechanisms that change with {self.asked_['context']}: {told}.")
        return Training((), notes, tuple(self.warnings_))

    def judge(self, fresh: Given, seen: Given) -> Scores:
        """Which share of what the graph says of pairs, the context among them, holds in fresh rows."""
        context = str(self.asked_["context"])
        shares = self.upheld(self._with_context(fresh.table.select(self.rows_.names), context)[0])
        about = "Share of the independences and dependences that the graph states which fresh rows bear out."
        others = {name: share for name, share in shares.items() if name != "found"}
        return {"statements upheld": Score(shares["found"], "higher", about, others)}

    def report(self, given: Given) -> Sequence[Block]:
        """The graph, why each edge stands, and what changes with the context."""
        return blocks(self)

    def _state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        options, arrays = super()._state()
        more, curves = kept(self)
        return {**options, **more}, {**arrays, **curves}

    @classmethod
    def _restored(cls, options: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Self:
        model = super()._restored(options, arrays)
        recall(model, options, arrays)
        return model

    # -- context ----------------------------------------------------------------------------------------------------

    def _with_context(self, table: Table, context: str) -> tuple[Table, ContextKind]:
        """The table with its context as labels or as numbers, and which of the two."""
        kind = self.config.context_kind
        if kind == "auto":
            kind = "domain" if table.discrete(context) else "time"
        if kind == "time" and table.discrete(context):
            try:
                return Table.of(table, kinds={context: Kind.NUMBER}), kind
            except DataError:
                label = table.categories(context)[0]
                raise DataError(
                    f"the context {context!r} holds labels such as {label!r}, not times: use context_kind='domain', or "
                    "give the time as a number"
                ) from None
        if kind == "domain":
            table = Table.of(table, kinds={context: Kind.LABEL})
            if len(table.categories(context)) > table.n / 2:
                raise DataError(
                    f"the context {context!r} has {len(table.categories(context))} labels in {table.n} rows: domains "
                    "hold several rows each; if it orders the rows, use context_kind='time'"
                )
        return table, kind

    def _warn(self, table: Table, context: str, kind: ContextKind) -> None:
        if self.test_name_ == "fisher-z":
            self.warnings_.append(
                "Partial correlation sees a shift of the mean only: a mechanism whose variance or strength changes "
                "will be missed, and domains are compared by their number. Use kci or rcit."
            )
        domains = len(table.categories(context))
        if kind == "domain" and domains < FEW_DOMAINS and self.config.phases >= 3:
            self.warnings_.append(
                f"With {domains} domains, directions between two changing variables (phase 3) are little better "
                f"than chance; {FEW_DOMAINS} or more are needed to rely on them."
            )
        if kind == "time":
            self.warnings_.append(
                "Rows are taken as independent given the time: strong correlation between neighbouring rows makes "
                "p-values too small."
            )

    def _has_gaps(self, table: Table) -> bool:
        return any(map(table.missing, table.names))

    def _limits(self, variables: Sequence[str]) -> Constraints:
        """Background knowledge on the variables, and that nothing causes the context, which comes last."""
        inner = Constraints.of(variables, self.config.known)
        p = len(variables)
        allowed, required, forbidden = (np.zeros((p + 1, p + 1), dtype=np.bool_) for _ in range(3))
        allowed[:p, :p], required[:p, :p], forbidden[:p, :p] = inner.allowed, inner.required, inner.forbidden
        allowed[:p, p] = allowed[p, :p] = True
        forbidden[:p, p] = True
        return Constraints(allowed, required, forbidden)

    def _changing(self, context: str) -> tuple[ChangingMechanism, ...]:
        worst: dict[str, TestRecord] = {}
        for test in self.tests_:
            if context in (test.x, test.y):
                name = test.y if test.x == context else test.x
                if name not in worst or test.p_value > worst[name].p_value:
                    worst[name] = test
        return tuple(
            ChangingMechanism(name, worst[name].p_value, worst[name].given)
            for name in self.augmented_graph_.children(context)
        )

    # -- phase 3 ----------------------------------------------------------------------------------------------------

    def _by_coupling(self, oriented: Orientation, table: Table, context: str, progress: Progress | None) -> None:
        """Orients edges between changing variables so that cause and effect change independently over the domains."""
        names, rows = oriented.names, oriented.rows
        left = rows.children[names.index(context)]
        done = 0
        while candidates := [i for i in bits(left) if rows.neighbors[i] & left]:
            if progress is not None:
                progress("independent change", done, done + len(candidates))
            done += 1
            scores = {i: self._sink_score(oriented, i, left, table, context) for i in candidates}
            sink = min(scores, key=lambda i: (scores[i], i))
            for j in bits(rows.neighbors[sink] & left):
                forwards = self._coupling(names, 1 << j, sink, table, context)
                backwards = self._coupling(names, 1 << sink, j, table, context)
                why = (
                    f"the two mechanisms change more independently this way (coupling {forwards:.2f} against "
                    f"{backwards:.2f} the other way)"
                )
                if oriented.orient(j, sink, why):
                    self.couplings_[names[j], names[sink]] = (forwards, backwards)
                elif oriented.orient(sink, j, RULED_OUT):
                    self.couplings_[names[sink], names[j]] = (backwards, forwards)
            left &= ~(1 << sink)

    def _sink_score(self, oriented: Orientation, sink: int, left: int, table: Table, context: str) -> float:
        """The coupling of P(parents) and P(sink | parents), were all its open neighbours its parents."""
        at = oriented.names.index(context)
        parents = (oriented.rows.parents[sink] & ~(1 << at)) | (oriented.rows.neighbors[sink] & left)
        return self._coupling(oriented.names, parents, sink, table, context)

    def _coupling(self, names: Sequence[str], parents: int, effect: int, table: Table, context: str) -> float:
        if (parents, effect) not in self._measured:
            causes = tuple(names[k] for k in bits(parents))
            self._measured[parents, effect] = coupling(
                mechanism_curve(table, causes, (), context, "domain"),
                mechanism_curve(table, (names[effect],), causes, context, "domain"),
            )
        return self._measured[parents, effect]

    def _by_evidence(self, oriented: Orientation, table: Table, context: str, progress: Progress | None) -> None:
        """Orients edges between variables that change over time by their evidence, the surest first."""
        names, rows = oriented.names, oriented.rows
        changing = rows.children[names.index(context)]
        done = 0
        while edges := [(i, j) for i in bits(changing) for j in bits(rows.neighbors[i] & changing) if i < j]:
            if progress is not None:
                progress("independent change", done, done + len(edges))
            done += 1
            factors = {edge: self._bayes_factor(oriented, *edge, table, context) for edge in edges}
            (i, j), factor = max(factors.items(), key=lambda item: (abs(item[1]), item[0]))
            cause, effect = (i, j) if factor > 0 else (j, i)
            why = (
                "taken to change independently, the two mechanisms explain the data better this way (logarithm of the "
                f"Bayes factor {abs(factor):.1f})"
            )
            if oriented.orient(cause, effect, why):
                self.evidence_[names[cause], names[effect]] = abs(factor)
            elif oriented.orient(effect, cause, RULED_OUT):
                self.evidence_[names[effect], names[cause]] = -abs(factor)
            else:
                changing &= ~(1 << i)  # neither way is allowed
            oriented.close(with_knowledge=self.config.known is not None)

    def _bayes_factor(self, oriented: Orientation, i: int, j: int, table: Table, context: str) -> float:
        """log p(i, j | their parents) with i -> j, less the same with j -> i."""
        at = 1 << oriented.names.index(context)
        of_i, of_j = (oriented.rows.parents[k] & ~at for k in (i, j))

        def term(parents: int, effect: int) -> float:
            if (parents, effect) not in self._measured:
                causes = tuple(oriented.names[k] for k in bits(parents))
                self._measured[parents, effect] = evidence(table, (oriented.names[effect],), causes, context)
            return self._measured[parents, effect]

        forwards = term(of_i, i) + term(of_j | 1 << i, j)
        return forwards - term(of_j, j) - term(of_i | 1 << j, i)

    # -- phase 4 ----------------------------------------------------------------------------------------------------

    def _driving_forces(
        self, table: Table, context: str, kind: ContextKind, progress: Progress | None
    ) -> Mapping[str, DrivingForce]:
        forces = {}
        for done, change in enumerate(self.changing_):
            if progress is not None:
                progress("driving forces", done, len(self.changing_))
            parents = self.graph_.parents(change.variable)
            try:
                curve = mechanism_curve(table, (change.variable,), parents, context, kind)
            except DataError:  # two domains: there is a difference but no curve
                continue
            labels = table.categories(context)
            at = np.array([labels[int(k)] for k in curve.context], dtype=object) if labels else curve.context
            forces[change.variable] = DrivingForce(
                change.variable, parents, at, leading_curves(curve), leading_curves(curve, kernel="gaussian")
            )
        return forces


@dataclass(frozen=True)
class _Search:
    """The search as the bootstrap repeats it; picklable."""

    context: str

    def __call__(self, learner: CDNOD, table: Table) -> Graph:
        learner.config = replace(learner.config, phases=min(learner.config.phases, 3))
        return learner._search(table, self.context)

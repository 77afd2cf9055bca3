"""The effect of an intervention on a learned or given graph, fitted to a table, with its interval."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from aitia.data.flow import Flow
from aitia.data.table import Table
from aitia.discovery.gaps import gap_warnings
from aitia.do import Effect, Intervention, do
from aitia.engine import Engine, LocalEngine, Progress
from aitia.errors import DataError, IdentifiabilityError, InterventionError, OptionError, join_names, unknown_variable
from aitia.graph import Graph, Identification, consistent_extension, identify, pag
from aitia.graph._question import ReadAs, graph_kind
from aitia.graph.equivalence import _member_mag
from aitia.graph.lagged import is_window
from aitia.stats.imputation import IMPUTATIONS, imputed, pooled
from aitia.stats.worth import LEAST
from aitia.threads import one_blas_thread

if TYPE_CHECKING:
    from aitia.scm import SCM

__all__ = ["EstimatedEffect", "estimate_effect"]

MISSING = ("complete", "testwise", "impute", "error")
_OFF = ", and the effect may be off; --missing impute uses what is observed"
"""Times that gaps are filled."""


@dataclass(frozen=True)
class EstimatedEffect(Effect):
    """An `Effect` on fitted mechanisms; its interval is a percentile bootstrap over the rows, or follows Rubin's rules
    over imputations with a bootstrap in each.

    Args:
        identification: Why the effect follows from the graph, in words.
        graph: The DAG whose mechanisms were fitted.
        resamples: Number of bootstrap samples behind the interval.
        rows: That the mechanisms were fitted to.
        imputations: How many times the gaps were filled; 0 where they were not.
        flow: How the rows came to be, and which were left out, a line each.
        warnings: What to keep in mind, in sentences.
    """

    identification: str
    graph: Graph
    resamples: int
    rows: int
    imputations: int = 0
    flow: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def alarms(self) -> tuple[str, ...]:
        """Why the effect is worth little, in sentences."""
        if self.rows >= LEAST:
            return ()
        return (f"the effect rests on {self.rows} rows, fewer than {LEAST}: on others it may be anything",)

    @property
    def because(self) -> str:
        """Why this is the effect, and what it rests on, in words."""
        why = self.identification[:1].upper() + self.identification[1:].rstrip(".")
        interval = (
            f"The interval covers sampling of the rows ({self.resamples} resamples), not an error in the graph."
            if self.resamples
            else "No interval was asked for (0 resamples)."
        )
        if self.imputations and self.resamples:
            interval = (
                f"The interval covers sampling of the rows, and gaps filled {self.imputations} times (Rubin's rules "
                f"over {self.resamples} resamples), not an error in the graph."
            )
        return f"{why}. Mechanisms fitted on: {self.graph}. {interval}"

    def to_json(self) -> dict[str, Any]:
        """In JSON values, for programs."""
        return {
            "intervention": str(self.intervention),
            "against": str(self.against),
            "resamples": self.resamples,
            "outcome": self.outcome,
            "label": self.label if self.label is None else str(self.label),
            "estimate": self.estimate,
            "low": None if np.isnan(self.low) else self.low,
            "high": None if np.isnan(self.high) else self.high,
            "confidence": self.confidence,
            "mean": self.mean,
            "mean_against": self.mean_against,
            "identification": self.identification,
            "graph": str(self.graph),
            "alarms": list(self.alarms),
            "imputations": self.imputations,
            "flow": list(self.flow),
            "warnings": list(self.warnings),
        }


def estimate_effect(
    graph: Graph,
    table: Table,
    intervention: Intervention,
    outcome: str,
    *,
    against: Intervention | None = None,
    label: object | None = None,
    latent: Sequence[str] = (),
    read_as: ReadAs = "auto",
    resamples: int = 200,
    confidence: float = 0.95,
    draws: int = 4000,
    missing: str = "complete",
    seed: int = 0,
    engine: Engine | None = None,
    progress: Progress | None = None,
) -> EstimatedEffect:
    """Fits the mechanisms above the outcome and measures what the intervention does to it.

    The mechanisms are fitted anew to each of `resamples` samples of the rows; both sides use the same noise.

    Args:
        graph: A DAG, a CPDAG in which the effect is identified, or a PAG in which an adjustment set gives it.
        table: Rows to fit to, with a column for each variable that matters.
        intervention: What is done.
        outcome: The variable to watch.
        against: What to compare with; None leaves the system alone.
        label: For a discrete outcome, the label whose probability is reported; None takes the last one.
        latent: Variables of the graph that are not observed, such as `Roles.latent`: the table needs no column for
            them, and they are never adjusted for.
        read_as: What the edges mean, as in `adjustment_set`; `pag` for a PAG, which may have no circles.
        resamples: Bootstrap samples of rows.
        confidence: Coverage of the interval.
        draws: Rows simulated for each mean.
        missing: `complete` takes whole rows; `testwise` for each mechanism those it can use; `impute` fills gaps 20
            times and pools the answers; `error` refuses them.
        seed: Seed of noise, gaps and bootstrap.
        engine: Where the bootstrap runs.
        progress: Told how far it is.

    Raises:
        UnknownVariableError: If the graph lacks a target or the outcome.
        IdentifiabilityError: If the effect does not follow from the graph and the observed variables; says why.
        InterventionError: If the outcome itself is intervened on.
        OptionError: If an option is out of its range, or the outcome has no such label.
        DataError: If no row is complete, or gaps are refused.

    Source:
        Pearl, Causality (2009), sections 3.2 and 7.1; Efron and Tibshirani (1993), section 13.3, for the interval.
    """
    _check_options(seed, resamples, confidence)
    against = Intervention({}) if against is None else against
    part, answer = _asked(graph, intervention, against, outcome, latent, read_as)
    label = _label(table, outcome, label)
    rows = table.select(part.nodes)
    warnings = [] if missing == "impute" else gap_warnings(rows, _OFF)
    rows, flow = _without_gaps(rows, table.flow, missing)
    # The mechanisms above the outcome are all that matters to it; the answer still bears the whole question.
    done, other = _restricted(intervention, part), _restricted(against, part)
    job = _Job(part, rows, done, other, outcome, label, draws, seed)
    many = IMPUTATIONS if missing == "impute" and any(map(rows.missing, rows.names)) else 0
    found = _contrast(job, many, resamples, confidence, engine or LocalEngine(), progress)
    return EstimatedEffect(
        intervention=intervention,
        against=against,
        outcome=outcome,
        label=label,
        estimate=found.mean - found.mean_against,
        **vars(found),
        confidence=confidence,
        n=draws,
        identification=answer.reason,
        graph=part,
        resamples=max(resamples // many, 2) * many if many and resamples else resamples,
        rows=rows.n,
        imputations=many,
        flow=tuple(flow.lines()),
        warnings=tuple(warnings),
    )


def _check_options(seed: int, resamples: int, confidence: float) -> None:
    if seed < 0 or resamples < 0:
        raise OptionError(f"seed and resamples are 0 or more, got {seed} and {resamples}")
    if not 0 < confidence < 1:
        raise OptionError(f"confidence lies between 0 and 1, got {confidence}")


def _without_gaps(rows: Table, flow: Flow | None, missing: str) -> tuple[Table, Flow]:
    """The rows that are used, and how they came to be."""
    if missing not in MISSING:
        raise OptionError(f"missing is {', '.join(MISSING[:-1])} or {MISSING[-1]}, got {missing!r}")
    flow = flow or Flow("the table", rows.n)
    gaps = {name: rows.missing(name) for name in rows.names if rows.missing(name)}
    if not gaps:
        return rows, flow
    told = join_names((f"{name} in {many}" for name, many in gaps.items()), 8)
    worst = max(gaps, key=lambda name: gaps[name])
    if missing == "error":
        raise DataError(f"of {rows.n} rows cells are missing: {told}. Say --missing complete, testwise or impute")
    if missing == "impute":
        return rows, flow.noting(f"missing: {told}; filled {IMPUTATIONS} times (--missing impute)")
    if missing == "testwise":
        return rows, flow.noting(f"missing: {told}; each mechanism uses the rows that have its columns")
    whole = rows.complete()
    if not whole.n:
        raise DataError(
            f"no row has all of {join_names(rows.names)}; {worst!r} lacks {gaps[worst]} of {rows.n}: say --missing "
            "impute, or testwise"
        )
    flow = flow.noting(f"missing: {told}; whole rows are used (--missing impute fills gaps)")
    return whole, flow.without(rows.n - whole.n, "with gaps")


@dataclass(frozen=True)
class _Contrast:
    """The means on either side, and the interval of their difference; NaN without resamples."""

    mean: float
    mean_against: float
    low: float
    high: float


def _contrast(
    job: "_Job", many: int, resamples: int, confidence: float, engine: Engine, progress: Progress | None
) -> _Contrast:
    """The job done on its table, or on `many` in which the gaps are filled, and pooled by Rubin's rules."""
    what = "bootstrap of the effect"
    if not many:
        with one_blas_thread():
            mean, against = job.means(None)
        differences = np.array(
            [a - b for a, b in engine.map(job.means, range(resamples), progress=progress, what=what)]
        )
        tail = (1 - confidence) / 2
        low, high = np.quantile(differences, [tail, 1 - tail]) if resamples else (np.nan, np.nan)
        return _Contrast(mean, against, float(low), float(high))
    jobs = [replace(job, table=table) for table in imputed(job.table, many, job.seed)]
    with one_blas_thread():
        means = np.array([filled.means(None) for filled in jobs])
    mean, against = (float(side) for side in means.mean(axis=0))
    if not resamples:
        return _Contrast(mean, against, float("nan"), float("nan"))
    each = max(resamples // many, 2)
    spread = []
    for k, filled in enumerate(jobs):
        runs = engine.map(filled.means, range(k * each, (k + 1) * each), progress=progress, what=what)
        spread.append(float(np.var([a - b for a, b in runs], ddof=1)))
    low, high = pooled((means[:, 0] - means[:, 1]).tolist(), spread).interval(confidence)
    return _Contrast(mean, against, low, high)


def _asked(
    graph: Graph,
    intervention: Intervention,
    against: Intervention,
    outcome: str,
    latent: Sequence[str],
    read_as: ReadAs,
) -> tuple[Graph, Identification]:
    """The DAG whose mechanisms are fitted, and why the effect follows from them."""
    if is_window(graph):
        raise IdentifiabilityError(
            "no effect follows from a window of a process: its oldest values have causes in common that lie before it; "
            "a graph over rows that are independent is needed (--graph)"
        )
    if graph_kind(graph, read_as) == "pag":
        graph, read_as = _pag(graph), "pag"
    answer = _identified(graph, intervention, against, outcome, latent, read_as)
    targets = {str(t) for t in (*intervention.targets, *against.targets)}
    return _part(graph, answer, targets, outcome, latent, read_as), answer


def _identified(
    graph: Graph,
    intervention: Intervention,
    against: Intervention,
    outcome: str,
    latent: Sequence[str],
    read_as: ReadAs,
) -> Identification:
    """That the effect follows from the graph, and why."""
    targets = sorted({str(t) for t in (*intervention.targets, *against.targets)})
    for name in (*targets, outcome):
        if name not in graph:
            raise unknown_variable(name, graph.nodes)
        if name in latent:
            raise IdentifiabilityError(
                f"the graph marks {name!r} as latent: what is not observed cannot be asked about"
            )
    if outcome in targets:
        raise InterventionError(
            f"the outcome {outcome!r} is itself intervened on: its value is then what you set it to"
        )
    answer = identify(graph, targets, (outcome,), latent=latent, read_as=read_as)
    if not answer.identified:
        raise IdentifiabilityError(answer.reason)
    return answer


def _pag(graph: Graph) -> Graph:
    """The PAG that this graph is, or, where background knowledge put further marks into it, that it came from.

    Raises:
        IdentifiabilityError: If there is none.
    """
    member = _member_mag(graph)
    if member is None:
        raise IdentifiabilityError(
            "no effect follows from this graph: no graph with hidden causes has its marks, as the tests behind it "
            "contradict each other; search at another level (--alpha), or say which graph to use (--graph)"
        )
    return pag(member)


def _part(
    graph: Graph, answer: Identification, targets: set[str], outcome: str, latent: Sequence[str], read_as: ReadAs
) -> Graph:
    """The DAG whose mechanisms are fitted: what lies above the outcome.

    In a PAG, and where some of that is not observed, the mechanisms of the adjustment formula stand for it: the joint
    distribution of the adjusted variables as a complete DAG, the targets given these, and the outcome given all of
    them.
    """
    order: Sequence[str] = graph.nodes
    if read_as != "pag":
        member = graph if graph.is_dag else consistent_extension(graph)
        above, order = member.ancestors(outcome), member.topological_order()
        if not set(latent) & set(above):
            return member.subgraph(above)
    if answer.method == "no-effect":
        return Graph([], [outcome])
    if answer.method != "adjustment":
        raise IdentifiabilityError(
            f"the effect follows from the graph ({answer.reason}), but with latent variables only what an adjustment "
            "set gives is estimated, and there is none"
        )
    adjusted = answer.adjustment or ()
    order = (*adjusted, *(name for name in order if name in targets), outcome)
    return Graph([(a, b) for k, b in enumerate(order) for a in order[:k]], order)


def _label(table: Table, outcome: str, wanted: object | None) -> object | None:
    """The label to report; text stands for the label that prints so."""
    labels: tuple[object, ...] = table.categories(outcome)
    if table.continuous(outcome):
        if wanted is not None:
            raise OptionError(f"{outcome!r} is continuous: its mean is reported, it has no label {wanted!r}")
        return None
    if wanted is None:
        return labels[-1]
    found = [label for label in labels if label == wanted or str(label) == str(wanted)]
    if not found:
        raise OptionError(f"{wanted!r} is no label of {outcome!r}: it has {join_names(labels)}")
    return found[0]


def _restricted(intervention: Intervention, part: Graph) -> Intervention:
    """Without the targets that have no path to the outcome: they change nothing."""
    return Intervention({target: action for target, action in intervention.items() if target in part})


@dataclass(frozen=True)
class _Job:
    """One fit and contrast; picklable, so that the bootstrap can run in other processes."""

    graph: Graph
    table: Table
    intervention: Intervention
    against: Intervention
    outcome: str
    label: object | None
    draws: int
    seed: int

    def means(self, resample: int | None) -> tuple[float, float]:
        """The outcome's mean on either side, fitted to resample number `resample`, or to the table itself."""
        from aitia.scm import SCM

        table = self.table
        if resample is not None:
            rng = np.random.default_rng([self.seed, resample])
            table = table.take(rng.integers(0, table.n, table.n))
        scm = SCM.fit(self.graph, table, seed=self.seed)
        return self._mean(scm, self.intervention), self._mean(scm, self.against)

    def _mean(self, scm: "SCM", intervention: Intervention) -> float:
        rows = do(scm, intervention).sample(self.draws, seed=self.seed)
        if self.label is None:
            return float(np.mean(rows.column(self.outcome)))
        return float(np.mean(rows.labels(self.outcome) == self.label))

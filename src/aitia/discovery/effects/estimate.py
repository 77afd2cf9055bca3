"""The effect of an intervention on a learned or given graph, fitted to a table, with its interval."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from aitia.data.table import Table
from aitia.discovery.effects.contrast import NO_END, Contrast, How, contrast, point
from aitia.discovery.effects.estimators import Columns, Estimator, beside, by_instruments, disagreement
from aitia.discovery.effects.instrumented import effect_by_instruments, instrument_columns
from aitia.discovery.effects.job import Job
from aitia.discovery.effects.over import Search, over_graphs
from aitia.discovery.effects.overlap import Overlap
from aitia.discovery.effects.question import (
    Asked,
    asked,
    check_actions,
    check_names,
    check_rows_are_independent,
    label_of,
    restricted,
    targets_of,
    without_mediators,
)
from aitia.discovery.effects.refute import Refutation, refutations
from aitia.discovery.effects.result import EstimatedEffect, Member, OverGraphs
from aitia.discovery.effects.rows import Rows, as_table, censored, rows_of
from aitia.discovery.effects.scale import NULL, check_scale
from aitia.discovery.effects.unsure import unsure_line
from aitia.discovery.gaps import gap_warnings
from aitia.do import Intervention
from aitia.do.observed import outside
from aitia.engine import Engine, LocalEngine, Progress
from aitia.errors import DataError, IdentifiabilityError, OptionError
from aitia.graph import Graph
from aitia.graph._question import ReadAs
from aitia.threads import one_blas_thread

__all__ = ["estimate_effect"]

_OFF = ", and the effect may be off; --missing impute uses what is observed"
Done = Intervention | Mapping[Any, Any] | str


def estimate_effect(
    graph: Graph,
    table: Any,
    intervention: Done,
    outcome: str,
    *,
    against: Done | None = None,
    label: object | None = None,
    latent: Sequence[str] = (),
    read_as: ReadAs = "auto",
    scale: str = "difference",
    weights: str | None = None,
    cluster: str | None = None,
    instrument: str | None = None,
    trim: bool = False,
    accept_censored: bool = False,
    resamples: int = 200,
    confidence: float = 0.95,
    draws: int = 4000,
    missing: str = "complete",
    search: Search | None = None,
    refute: bool = False,
    seed: int = 0,
    engine: Engine | None = None,
    progress: Progress | None = None,
) -> EstimatedEffect:
    """Fits the mechanisms above the outcome and measures what the intervention does to it.

    The mechanisms are fitted anew to each of `resamples` samples of the rows; both sides use the same noise. Cells that
    the mechanisms need and no row is in become bounds; a CPDAG or PAG whose members do not agree is answered by all of
    them, and without estimate or interval where hidden causes leave it open in some.
    Where hidden causes leave no adjustment set, an instrument of the graph answers (two-stage least squares).

    Args:
        graph: A DAG, a CPDAG, a PAG, or an ADMG or MAG in which an adjustment set gives the effect.
        table: Rows to fit to, with a column for each variable that matters: a file, or whatever `Table.of` reads.
        intervention: What is done: an `Intervention`, a mapping from variable to action, or text such as `"do(x=1)"`.
        outcome: The variable to watch.
        against: What to compare with; None leaves the system alone.
        label: For a discrete outcome, the label whose probability is reported; None takes the last one.
        latent: Variables of the graph that are not observed, such as `Roles.latent`: the table needs no column for
            them, and they are never adjusted for.
        read_as: What the edges mean, as in `adjustment_set`; `pag` for a PAG, which may have no circles.
        scale: `difference`, `ratio` of the means or probabilities, or `odds` ratio of a label.
        weights: Column that says how much each row counts, such as 1 over its chance of being sampled.
        cluster: Column of clusters, such as patients or villages: whole clusters are drawn again.
        instrument: An instrument to use of those that the graph has; None takes all that need nothing held fixed.
        trim: Whether rows without support are left out; the effect is that on the others.
        accept_censored: Whether an outcome that looks censored is taken as it stands.
        resamples: Bootstrap samples of rows.
        confidence: Coverage of the interval.
        draws: Rows simulated for each mean where it has no exact form.
        missing: `complete` takes whole rows; `testwise` for each mechanism those it can use; `impute` fills gaps 20
            times and pools the answers; `error` refuses them.
        search: How the graph was found; it is found again in other rows, and the interval covers that. Of its edges
            that are not sure those that decide the effect are told.
        refute: Whether to try to refute the effect: placebo, random cause, subsets, sensitivity to a hidden cause.
        seed: Seed of noise, gaps and bootstrap.
        engine: Where the bootstrap runs.
        progress: Told how far it is.

    Raises:
        UnknownVariableError: If the graph lacks a target or the outcome.
        IdentifiabilityError: If the effect does not follow from the graph and the observed variables; says why.
        InterventionError: If the outcome itself is intervened on.
        OptionError: If an option is out of its range, or the outcome has no such label.
        DataError: If no row is complete, gaps are refused, the outcome is censored, what is set has one value, or a
            label that is set has no rows.

    Source:
        Pearl, Causality (2009), sections 3.2 and 7.1; Efron and Tibshirani (1993), section 13.3, for the interval.
    """
    sides = _intervention(intervention), _intervention(against)
    return _posed(
        _Ask(
            graph, as_table(table), sides, outcome, label, tuple(latent), read_as, scale, weights, cluster, instrument,
            trim, accept_censored, resamples, confidence, draws, missing, search, refute, seed, engine or LocalEngine(),
            progress,
        )
    )  # fmt: skip


@dataclass(frozen=True)
class _Ask:
    """The arguments of `estimate_effect`, the two sides together."""

    graph: Graph
    table: Table
    sides: tuple[Intervention, Intervention]
    outcome: str
    label: object | None
    latent: tuple[str, ...]
    read_as: ReadAs
    scale: str
    weights: str | None
    cluster: str | None
    instrument: str | None
    trim: bool
    accept_censored: bool
    resamples: int
    confidence: float
    draws: int
    missing: str
    search: Search | None
    refute: bool
    seed: int
    engine: Engine
    progress: Progress | None


def _posed(ask: _Ask) -> EstimatedEffect:
    """The question checked, and put to the mechanisms or to instruments."""
    _check_options(ask.seed, ask.resamples, ask.confidence)
    check_rows_are_independent(ask.graph)
    label = label_of(ask.table, ask.outcome, ask.label)
    check_scale(ask.scale, ask.outcome, label)
    targets = targets_of(*ask.sides)
    check_names(ask.graph, targets, ask.outcome, ask.latent)
    check_actions(ask.table, ask.sides)
    helpers = instrument_columns(ask.graph, targets, ask.outcome, ask.latent, ask.instrument, ask.read_as)
    taken = censored(ask.table, ask.outcome, ask.accept_censored)
    try:
        question = asked(ask.graph, ask.sides, ask.outcome, ask.latent, ask.read_as)
    except IdentifiabilityError as refused:
        if not helpers:
            raise
        found = effect_by_instruments(
            ask.graph, ask.table, ask.sides, ask.outcome, label, helpers, refused, latent=ask.latent,
            asked=ask.instrument, scale=ask.scale, weights=ask.weights, cluster=ask.cluster, missing=ask.missing,
            confidence=ask.confidence, trim=ask.trim, refute=ask.refute,
        )  # fmt: skip
    else:
        question = without_mediators(question, targets, ask.outcome) if ask.trim else question
        whole = [name for name in helpers if name in ask.table and not ask.table.missing(name)]
        found = _answered(replace(ask, label=label), question, whole)
    return replace(found, warnings=(*taken, *found.warnings))


def _answered(ask: _Ask, question: Asked, helpers: Sequence[str]) -> EstimatedEffect:
    """The effect by fitted mechanisms, and beside it by other estimators."""
    names = [name for name in ask.graph if any(name in part for part in question.parts)]
    gaps = [] if ask.missing == "impute" else gap_warnings(ask.table.select(names), _OFF)
    rows = rows_of(ask.table, list(dict.fromkeys((*names, *helpers))), ask.missing, ask.weights, ask.cluster)
    far, near = outside(rows.table, *(restricted(side, _union(question)) for side in ask.sides))
    how = How(ask.scale, ask.resamples, ask.confidence, ask.missing == "impute", ask.engine, ask.progress)
    jobs = [_job(ask, part, rows) for part in question.parts]
    contrasts = [contrast(job, how) for job in jobs]
    over = None
    if ask.search is not None and ask.search.graphs and ask.resamples:
        over = over_graphs(
            ask.search, jobs[0], ask.sides, ask.scale, ask.confidence, ask.engine, ask.progress, ask.weights,
            ask.cluster,
        )  # fmt: skip
    found = _combined(contrasts, over, far, question.unidentified is not None)
    with one_blas_thread():
        lines, tried, told = _beside(ask, question, rows, jobs[0], contrasts)
    if far:
        lines, told = (), []
    several = len(contrasts) > 1 or question.unidentified is not None
    doubts = {} if ask.search is None else ask.search.doubts
    unsure = unsure_line(ask.graph, doubts, targets_of(*ask.sides), ask.outcome)
    few = [] if far or found["zero"] or how.impute else _few(ask.resamples, "resamples (--resamples)", ask.confidence)
    if over is not None:
        if any(map(rows.table.missing, names)):
            few.append(f"effects over bootstrap graphs take whole rows, and this is --missing {ask.missing}")
        few += [NO_END] if math.isinf(over.high) and NO_END not in found["warnings"] else []
        few += _few(over.answered, "bootstrap graphs (--graphs)", ask.confidence)
    warnings = [*unsure, *gaps, *rows.warnings, *far, *near, *found.pop("warnings"), *few, *told]
    return EstimatedEffect(
        intervention=ask.sides[0],
        against=ask.sides[1],
        outcome=ask.outcome,
        label=ask.label,
        scale=ask.scale,
        confidence=ask.confidence,
        n=ask.draws,
        identification=_left_open(question) if several else question.answers[0].reason,
        graph=question.parts[0],
        resamples=max(c.resamples for c in contrasts),
        rows=rows.table.n,
        imputations=max(c.imputations for c in contrasts),  # none is filled for a member that has no path
        members=_members(contrasts, question) if several else (),
        undecided=question.undecided if several else (),
        open_triples=question.open_triples if several else (),
        unidentified=question.unidentified,
        over=over,
        uncovered=ask.search is not None and over is None,
        estimators=lines,
        refutations=tried,
        flow=tuple(rows.flow.lines()),
        warnings=tuple(warnings),
        weighted=ask.weights,
        clustered=ask.cluster,
        **found,
    )


def _job(ask: _Ask, part: Graph, rows: Rows) -> Job:
    sides = [restricted(side, part) for side in ask.sides]
    return Job(
        part, rows.table.select(part.nodes), sides[0], sides[1], ask.outcome, ask.label, ask.draws, ask.seed,
        ask.trim, rows.weights, rows.clusters,
    )  # fmt: skip


def _beside(
    ask: _Ask, question: Asked, rows: Rows, job: Job, contrasts: Sequence[Contrast]
) -> tuple[tuple[Estimator, ...], tuple[Refutation, ...], list[str]]:
    """Other estimators, refutations, and where they disagree; none where there is no one estimate."""
    first = contrasts[0]
    several = len(contrasts) > 1 or question.unidentified is not None
    if several or first.zero or first.exact or math.isnan(first.member.estimate):
        why = "every sample of the rows gives the same effect" if first.exact else "there is no one estimate"
        why = (
            "the effect is zero by the graph"
            if all(c.zero for c in contrasts) and question.unidentified is None
            else why
        )
        return (), (), [f"--refute tried nothing: {why}"] if ask.refute else []
    adjusted = question.answers[0].adjustment
    columns = None
    if not any(map(rows.table.missing, rows.table.names)):
        columns = Columns.of(rows.table, *ask.sides, ask.outcome, ask.label, rows.weights, rows.clusters)
    lines: list[Estimator] = []
    apart = _apart(ask, columns is None and any(map(rows.table.missing, rows.table.names)), first)
    told = [] if apart is None else [f"{apart}: none stands beside it"]
    if columns is not None and apart is None:
        member = first.member
        own = Estimator("g-formula", member.estimate, member.low, member.high, "the fitted mechanisms")
        others = [] if adjusted is None else [beside(columns, adjusted, ask.confidence, ask.seed)]
        if ask.read_as != "pag":
            try:
                others.append(
                    by_instruments(columns, ask.graph, ask.outcome, ask.latent, ask.instrument, ask.confidence)
                )
            except DataError as why:
                if ask.instrument is not None:
                    raise
                told.append(f"no 2SLS stands beside it: {why}")
        lines = [own, *(line for line in others if line is not None)]
    tried: list[Refutation] = []
    if ask.refute:
        ends, means = (first.member.low, first.member.high), first.means.plain
        tried = refutations(
            job, columns, adjusted, lambda other: point(other.means(None), ask.scale), NULL[ask.scale], ends, means,
            ask.scale,
        )  # fmt: skip
    lines = lines if len(lines) > 1 else []
    return tuple(lines), tuple(tried), [*told, *(disagreement(lines) if lines else [])]


def _apart(ask: _Ask, gaps: bool, first: Contrast) -> str | None:
    """Why what other estimators tell is another effect; None where it is not."""
    if ask.scale != "difference":
        return f"other estimators tell a difference, and this is --scale {ask.scale}"
    if ask.trim:
        return "other estimators tell the effect on all rows, and --trim leaves some out"
    if gaps:
        return f"other estimators take whole rows, and this is --missing {ask.missing}"
    if first.means.lacking:
        return "other estimators carry on a line where the table says nothing, and this interval does not"
    return None


def _intervention(given: Done | None) -> Intervention:
    return Intervention.parse(given) if isinstance(given, str) else Intervention(given)


def _check_options(seed: int, resamples: int, confidence: float) -> None:
    if seed < 0 or resamples < 0:
        raise OptionError(f"seed and resamples are 0 or more, got {seed} and {resamples}")
    if resamples == 1:
        raise OptionError("one resample tells no spread: resamples is 0, for no interval, or 2 or more")
    if not 0 < confidence < 1:
        raise OptionError(f"confidence lies between 0 and 1, got {confidence}")


def _few(many: int, what: str, confidence: float) -> list[str]:
    """A sentence where an interval's ends are the least and the largest of its samples."""
    needed = math.ceil(2 / (1 - confidence) - 1e-9) - 1
    if not 0 < many < needed:
        return []
    return [
        f"{many} {what} are too few for an interval at {confidence:.4g}: its ends are the least and the largest of "
        f"them, and it is too narrow; from {needed} on it is not"
    ]


def _union(question: Asked) -> Graph:
    """The variables of all parts."""
    return Graph([], dict.fromkeys(name for part in question.parts for name in part))


def _members(contrasts: Sequence[Contrast], question: Asked) -> tuple[Member, ...]:
    counts = question.counts or (None,) * len(contrasts)
    return tuple(replace(c.member, count=count) for c, count in zip(contrasts, counts, strict=True))


def _left_open(question: Asked) -> str:
    if question.counts:
        edges = ", ".join(map(str, question.undecided))
        none = "" if question.unidentified is None else ", and in some there is none"
        many = f"{len(question.parts)} answer{'s' if len(question.parts) > 1 else ''}"
        return f"the graph leaves circles of {edges} open, and its members give {many} by adjustment{none}"
    edges = ", ".join(f"{e.left} - {e.right}" for e in question.undecided)
    left = f"the direction of {edges} open"
    if question.open_triples:
        triples = ", ".join(f"{b} is a collider between {a} and {c}" for a, b, c in question.open_triples)
        left = f"open whether {triples}{f', and the direction of {edges}' if edges else ''}"
    return (
        f"the graph leaves {left}, and its members give {len(question.parts)} answers, each "
        "adjusted for the parents that what is set has there"
    )


def _combined(
    contrasts: Sequence[Contrast], over: OverGraphs | None, far: Sequence[str], unidentified: bool
) -> dict[str, Any]:
    """One answer from those of all members, and of the bootstrap graphs; none where some members give none."""
    first = contrasts[0]
    nothing = float("nan")
    needed = [c.overlap for c in contrasts if c.overlap is not None]
    lacks = Overlap.merged(needed) if needed else None
    found: dict[str, Any] = {
        "lacking": max(c.means.lacking for c in contrasts),
        "trimmed": max(c.means.trimmed for c in contrasts),
        "overlap": () if lacks is None else lacks.lines(),
        "warnings": [
            *(() if lacks is None else lacks.notes()),
            *dict.fromkeys(w for c in contrasts for w in c.warnings if not far),  # they are of the interval
        ],
        "zero": all(c.zero for c in contrasts) and not unidentified,
    }
    mean, against = first.means.plain
    estimates = [c.member.estimate for c in contrasts]
    same = max(estimates) - min(estimates) <= 1e-9 * max(map(abs, estimates)) if len(estimates) > 1 else True
    estimate = first.member.estimate if same and not unidentified else nothing
    if math.isnan(estimate):
        mean = against = nothing
    ends = [(c.member.low, c.member.high) for c in contrasts if not (found["zero"])]
    if over is not None and not math.isnan(over.low):
        ends.append((over.low, over.high))
    ends = [(low, high) for low, high in ends if not math.isnan(low)]
    low = min((low for low, _ in ends), default=nothing)
    high = max((high for _, high in ends), default=nothing)
    if far or low == high or unidentified:
        low = high = nothing
    return {**found, "estimate": estimate, "mean": mean, "mean_against": against, "low": low, "high": high}

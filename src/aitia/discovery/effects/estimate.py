"""The effect of an intervention on a learned or given graph, fitted to a table, with its interval."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from aitia.data.table import Table
from aitia.discovery.effects.job import Job, Means, overlap_lines
from aitia.discovery.effects.over import Search, over_graphs
from aitia.discovery.effects.question import Asked, asked, label_of, outside, restricted
from aitia.discovery.effects.result import EstimatedEffect, Member, OverGraphs
from aitia.discovery.effects.rows import IMPUTATIONS, Rows, censored, rows_of
from aitia.discovery.effects.scale import NULL, check_scale, on_scale
from aitia.discovery.gaps import gap_warnings
from aitia.discovery.imputation import imputed, pooled
from aitia.do import Intervention
from aitia.engine import Engine, LocalEngine, Progress
from aitia.errors import OptionError
from aitia.graph import Graph
from aitia.threads import one_blas_thread

__all__ = ["estimate_effect"]

_OFF = ", and the effect may be off; --missing impute uses what is observed"
WITHHELD = 0.05
"""Share of the rows without support above which bounds are given in place of an estimate."""
Done = Intervention | Mapping[Any, Any] | str


def estimate_effect(
    graph: Graph,
    table: Table,
    intervention: Done,
    outcome: str,
    *,
    against: Done | None = None,
    label: object | None = None,
    latent: Sequence[str] = (),
    scale: str = "difference",
    weights: str | None = None,
    cluster: str | None = None,
    trim: bool = False,
    resamples: int = 200,
    confidence: float = 0.95,
    draws: int = 4000,
    missing: str = "complete",
    search: Search | None = None,
    seed: int = 0,
    engine: Engine | None = None,
    progress: Progress | None = None,
) -> EstimatedEffect:
    """Fits the mechanisms above the outcome and measures what the intervention does to it.

    The mechanisms are fitted anew to each of `resamples` samples of the rows; both sides use the same noise. Cells that
    the mechanisms need and no row is in become bounds; a CPDAG whose members do not agree is answered by all of them.

    Args:
        graph: A DAG, a CPDAG, or an ADMG, MAG or PAG in which an adjustment set gives the effect.
        table: Rows to fit to, with a column for each variable that matters.
        intervention: What is done: an `Intervention`, a mapping from variable to action, or text such as `"do(x=1)"`.
        outcome: The variable to watch.
        against: What to compare with; None leaves the system alone.
        label: For a discrete outcome, the label whose probability is reported; None takes the last one.
        latent: Variables of the graph that are not observed, such as `Roles.latent`: the table needs no column for
            them, and they are never adjusted for.
        scale: `difference`, `ratio` of the means or probabilities, or `odds` ratio of a label.
        weights: Column that says how much each row counts, such as 1 over its chance of being sampled.
        cluster: Column of clusters, such as patients or villages: whole clusters are drawn again.
        trim: Whether rows without support are left out; the effect is that on the others.
        resamples: Bootstrap samples of rows.
        confidence: Coverage of the interval.
        draws: Rows simulated for each mean where it has no exact form.
        missing: `complete` takes whole rows; `testwise` for each mechanism those it can use; `impute` fills gaps 20
            times and pools the answers; `error` refuses them.
        search: How the graph was found; it is found again in bootstrap samples, and the interval covers that.
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
    _check_options(seed, resamples, confidence)
    done, other = _intervention(intervention), _intervention(against)
    question = asked(graph, done, other, outcome, latent)
    label = label_of(table, outcome, label)
    check_scale(scale, outcome, label)
    censored(table, outcome)
    names = [name for name in graph if any(name in part for part in question.parts)]
    warnings = [] if missing == "impute" else gap_warnings(table.select(names), _OFF)
    rows = rows_of(table, names, missing, weights, cluster)
    far = outside(rows.table, *(restricted(side, _union(question)) for side in (done, other)))
    engine = engine or LocalEngine()
    how = _How(scale, resamples, confidence, missing == "impute", engine, progress)
    contrasts = []
    for part in question.parts:
        sides = restricted(done, part), restricted(other, part)
        table_of = rows.table.select(part.nodes)
        job = Job(part, table_of, *sides, outcome, label, draws, seed, trim, rows.weights, rows.clusters)
        contrasts.append(_contrast(job, how))
    over = None
    if search is not None and resamples:
        over = over_graphs(search, job, (done, other), scale, confidence, engine, progress)
    found = _combined(contrasts, over, far, scale)
    return EstimatedEffect(
        intervention=done,
        against=other,
        outcome=outcome,
        label=label,
        scale=scale,
        confidence=confidence,
        n=draws,
        identification=question.answers[0].reason if len(contrasts) == 1 else _left_open(question),
        graph=question.parts[0],
        resamples=contrasts[0].resamples,
        rows=rows.table.n,
        imputations=contrasts[0].imputations,
        members=() if len(contrasts) == 1 else tuple(c.member for c in contrasts),
        undecided=question.undecided,
        over=over,
        flow=tuple(rows.flow.lines()),
        warnings=tuple([*warnings, *rows.warnings, *far, *found.pop("warnings")]),
        weighted=weights,
        clustered=cluster,
        **found,
    )


def _intervention(given: Done | None) -> Intervention:
    return Intervention.parse(given) if isinstance(given, str) else Intervention(given)


def _check_options(seed: int, resamples: int, confidence: float) -> None:
    if seed < 0 or resamples < 0:
        raise OptionError(f"seed and resamples are 0 or more, got {seed} and {resamples}")
    if not 0 < confidence < 1:
        raise OptionError(f"confidence lies between 0 and 1, got {confidence}")


def _union(question: Asked) -> Graph:
    """The variables of all parts."""
    return Graph([], dict.fromkeys(name for part in question.parts for name in part))


def _left_open(question: Asked) -> str:
    edges = ", ".join(f"{a} - {b}" for a, b in question.undecided)
    return (
        f"the graph leaves the direction of {edges} open, and its members give {len(question.parts)} answers, each "
        "adjusted for the parents that what is set has there"
    )


@dataclass(frozen=True)
class _How:
    """How a contrast is made."""

    scale: str
    resamples: int
    confidence: float
    impute: bool
    engine: Engine
    progress: Progress | None


@dataclass(frozen=True)
class _Contrast:
    """One graph's answer."""

    member: Member
    means: Means
    resamples: int
    imputations: int
    zero: bool
    overlap: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def _contrast(job: Job, how: _How) -> _Contrast:
    """The job done on its table, or on several in which the gaps are filled, and pooled by Rubin's rules."""
    if not job.intervention and not job.against:
        null = NULL[how.scale]
        mean = job.means_alone()
        return _Contrast(Member(job.graph, null, null, null), mean, how.resamples, 0, True)
    if how.impute and any(map(job.table.missing, job.table.names)):
        return _pooled(job, how)
    with one_blas_thread():
        means = job.prepared().means(None)
    overlap = _overlap(job, means)
    estimate, warnings = _estimate(means, how.scale), list(overlap[1])
    what = "bootstrap of the effect"
    runs = how.engine.map(job.means, range(how.resamples), progress=how.progress, what=what)
    low, high = _interval(runs, how)
    if how.resamples and high - low <= 1e-12 * max(abs(low), abs(high), 1e-300):
        low, high, told = _exact(job, estimate, how)
        warnings.append(told)
    if math.isinf(high):
        warnings.append("in some samples the denominator is zero: the interval has no upper end")
    return _Contrast(Member(job.graph, estimate, low, high), means, how.resamples, 0, False, overlap[0], tuple(warnings))


def _estimate(means: Means, scale: str) -> float:
    """The effect; NaN where too much of it is open."""
    if means.lacking > WITHHELD:
        return float("nan")
    return on_scale(scale, *means.plain)


def _interval(runs: Sequence[Means], how: _How) -> tuple[float, float]:
    """Percentiles of the least and of the largest effect of the samples; NaN without samples."""
    if not runs:
        return float("nan"), float("nan")
    tail = (1 - how.confidence) / 2
    lows = [_scaled(how.scale, run.low, run.high_against) for run in runs]
    highs = [_scaled(how.scale, run.high, run.low_against) for run in runs]
    low, high = _quantile(lows, tail), _quantile(highs, 1 - tail)
    return low, high


def _quantile(values: Sequence[float], level: float) -> float:
    """As numpy's, where some values are infinite."""
    ordered = np.sort(values)
    place = level * (len(ordered) - 1)
    below, above = ordered[math.floor(place)], ordered[math.ceil(place)]
    return float(below if below == above or math.isinf(below) else below + (above - below) * (place % 1))


def _scaled(scale: str, mean: float, against: float) -> float:
    """The effect in a sample; infinite where its denominator is zero."""
    try:
        return on_scale(scale, mean, against)
    except OptionError:
        return float("inf")


def _exact(job: Job, estimate: float, how: _How) -> tuple[float, float, str]:
    """The interval where the samples do not differ: a label that all or none have, or an outcome without noise."""
    if job.label is None or how.scale != "difference":
        nothing = float("nan")
        return nothing, nothing, "the outcome follows from its causes without noise in these rows: no interval is given"
    n = job.table.n
    for side in (job.intervention, job.against):
        for name, action in side.items():
            if job.table.discrete(name) and getattr(action, "value", None) in job.table.categories(name):
                code = job.table.categories(name).index(action.value)  # type: ignore[attr-defined]
                n = min(n, int((job.table.column(name) == code).sum()))
    # What none of n rows has, has a probability below 1 - tail^(1/n) at this confidence (the rule of three).
    reach = 1 - ((1 - how.confidence) / 2) ** (1 / max(n, 1))
    told = f"the samples do not differ: the interval is that of a share that none of {n} rows has"
    return estimate - reach, estimate + reach, told


def _pooled(job: Job, how: _How) -> _Contrast:
    """Rubin's rules over tables in which the gaps are filled, with a bootstrap in each."""
    jobs = [replace(job, table=table) for table in imputed(job.table, IMPUTATIONS, job.seed)]
    with one_blas_thread():
        means = [filled.prepared().means(None) for filled in jobs]
    mean = Means(*(float(np.mean([getattr(m, side) for m in means])) for side in _SIDES))
    mean = replace(mean, lacking=max(m.lacking for m in means), trimmed=max(m.trimmed for m in means))
    overlap = _overlap(jobs[0], mean)
    estimate = _estimate(mean, how.scale)
    if not how.resamples:
        nothing = float("nan")
        member = Member(job.graph, estimate, nothing, nothing)
        return _Contrast(member, mean, 0, IMPUTATIONS, False, overlap[0], overlap[1])
    each = max(how.resamples // IMPUTATIONS, 2)
    ends: list[tuple[list[float], list[float]]] = [([], []), ([], [])]
    log = how.scale != "difference"  # ratios are pooled as logarithms
    for k, filled in enumerate(jobs):
        run = range(k * each, (k + 1) * each)
        runs = how.engine.map(filled.means, run, progress=how.progress, what="bootstrap of the effect")
        for at, (point, spread) in enumerate(ends):
            effects = [_end(m, how.scale, at) for m in (means[k], *runs)]
            values = np.log(effects) if log else np.array(effects)
            point.append(float(values[0]))
            spread.append(float(np.var(values[1:], ddof=1)))
    low, high = (pooled(*end).interval(how.confidence)[at] for at, end in enumerate(ends))
    low, high = (math.exp(low), math.exp(high)) if log else (low, high)
    member = Member(job.graph, estimate, low, high)
    return _Contrast(member, mean, each * IMPUTATIONS, IMPUTATIONS, False, overlap[0], overlap[1])


_SIDES = ("low", "high", "low_against", "high_against")


def _end(means: Means, scale: str, at: int) -> float:
    """The least (0) or the largest (1) effect."""
    if at:
        return on_scale(scale, means.high, means.low_against)
    return on_scale(scale, means.low, means.high_against)


def _overlap(job: Job, means: Means) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What the table lacks of what is needed, in sentences, and what became of the answer because of it."""
    told = overlap_lines(job)
    lines, notes = [], []
    if told["empty"]:
        lines.append(f"cells that the answer needs and no row is in: {'; '.join(told['empty'][:6])}{_more(told['empty'])}")
    if told["thin"]:
        lines.append(f"thin cells: {'; '.join(told['thin'][:6])}{_more(told['thin'])}")
    lines += [f"{line}; there the answer rests on the fitted line alone" for line in told["range"]]
    so = "that is too many to go by the line" if job.bounded else "there the answer rests on the fitted line alone"
    lines += [f"{line}; {so}" for line in told["region"]]
    if means.trimmed:
        notes.append(
            f"{means.trimmed:.1%} of the rows are left out for want of support (--trim): the effect is that on the others"
        )
    elif means.lacking:
        held = "the interval holds every outcome for them"
        if means.lacking > WITHHELD:
            held = f"only bounds are given, which hold every outcome for them{_trim(job)}"
        notes.append(f"of {means.lacking:.1%} of the rows the table says nothing: {held}")
    return tuple(lines), tuple(notes)


def _trim(job: Job) -> str:
    return "; --trim gives the effect on the others" if job.support.fixed else ""


def _more(lines: Sequence[str]) -> str:
    return f" and {len(lines) - 6} more" if len(lines) > 6 else ""


def _combined(contrasts: Sequence[_Contrast], over: OverGraphs | None, far: Sequence[str], scale: str) -> dict[str, Any]:
    """One answer from those of all members, and of the bootstrap graphs."""
    first = contrasts[0]
    nothing = float("nan")
    found: dict[str, Any] = {
        "lacking": max(c.means.lacking for c in contrasts),
        "trimmed": max(c.means.trimmed for c in contrasts),
        "overlap": tuple(dict.fromkeys(line for c in contrasts for line in c.overlap)),
        "warnings": list(dict.fromkeys(line for c in contrasts for line in c.warnings)),
        "zero": all(c.zero for c in contrasts),
    }
    mean, against = first.means.plain
    estimates = [c.member.estimate for c in contrasts]
    same = max(estimates) - min(estimates) <= 1e-9 * max(map(abs, estimates)) if len(estimates) > 1 else True
    estimate = first.member.estimate if same else nothing
    if math.isnan(estimate):
        mean = against = nothing
    ends = [(c.member.low, c.member.high) for c in contrasts if not (found["zero"])]
    if over is not None and not math.isnan(over.low):
        ends.append((over.low, over.high))
    ends = [(low, high) for low, high in ends if not math.isnan(low)]
    low = min((low for low, _ in ends), default=nothing)
    high = max((high for _, high in ends), default=nothing)
    if far or low == high:
        low = high = nothing
    return {**found, "estimate": estimate, "mean": mean, "mean_against": against, "low": low, "high": high}

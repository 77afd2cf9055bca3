"""One graph's answer: the contrast of both sides, its interval, and what the table lacks of it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from aitia.discovery.effects.job import Job, Means
from aitia.discovery.effects.overlap import WITHHELD, Overlap, overlap_of
from aitia.discovery.effects.result import Member
from aitia.discovery.effects.scale import NULL, on_scale
from aitia.engine import Engine, Progress
from aitia.errors import OptionError
from aitia.stats.imputation import IMPUTATIONS, imputed, pooled
from aitia.threads import one_blas_thread

__all__ = ["NO_END", "Contrast", "How", "contrast", "point", "quantile", "scaled"]

NO_END = "in some samples the denominator is zero: the interval has no upper end"


@dataclass(frozen=True)
class How:
    """How a contrast is made."""

    scale: str
    resamples: int
    confidence: float
    impute: bool
    engine: Engine
    progress: Progress | None


@dataclass(frozen=True)
class Contrast:
    """One graph's answer; `exact` where every sample of the rows gives the same, so that there is nothing to try."""

    member: Member
    means: Means
    resamples: int
    imputations: int
    zero: bool
    overlap: Overlap | None = None
    warnings: tuple[str, ...] = ()
    exact: bool = False


def contrast(job: Job, how: How) -> Contrast:
    """The job done on its table, or on several in which the gaps are filled, and pooled by Rubin's rules."""
    if job.intervention == job.against:  # what is left of both sides where paths lead to the outcome
        null = NULL[how.scale]
        mean = job.means_alone()
        return Contrast(Member(job.graph, null, null, null), mean, how.resamples, 0, True)
    _check_zeros(job, how.scale)
    if how.impute and any(map(job.table.missing, job.table.names)):
        return _pooled(job, how)
    with one_blas_thread():
        means = job.prepared().means(None)
    overlap = overlap_of(job, means)
    warnings: list[str] = []
    estimate = point(means, how.scale)
    what = "bootstrap of the effect"
    runs = how.engine.map(job.means, range(how.resamples), progress=how.progress, what=what)
    low, high = _interval(runs, how)
    exact = math.isfinite(high) and high - low <= 1e-12 * max(abs(low), abs(high), 1e-300)
    if exact:
        low, high, told = _exact(job, estimate, how)
        warnings.append(told)
    if math.isinf(high):
        warnings.append(NO_END)
    member = Member(job.graph, estimate, low, high)
    return Contrast(member, means, how.resamples, 0, False, overlap, tuple(warnings), exact)


def _check_zeros(job: Job, scale: str) -> None:
    """Refuses a ratio of which a side is zero in the rows, and odds of which one is zero or one.

    Raises:
        OptionError: In that case.
    """
    if scale == "difference":
        return
    for side in (job.against, job.intervention):
        found = job.alike(side, job.table, job.weights)
        if found is None or not (found[1] == 0 or (scale == "odds" and found[1] == 1)):
            continue
        name, share = found
        where = f"{name} = {side[name]} has {job.outcome} = {job.label}"
        if job.label is None:
            told = f"every row with {name} = {side[name]} has {job.outcome} = 0"
        else:
            told = f"{'every' if share else 'no'} row with {where}"
        of = "odds of that have no end" if scale == "odds" else "a ratio to zero, or of it, tells nothing"
        coded = job.label is not None and not isinstance(job.label, str)
        number = f", or --continuous {job.outcome} where it is a number" if coded else ""
        raise OptionError(f"{told}: {of}; say --scale difference{number}")


def point(means: Means, scale: str) -> float:
    """The effect; NaN where too much of it is open.

    Raises:
        OptionError: If a ratio is of numbers that are not above zero.
    """
    if means.lacking > WITHHELD:
        return float("nan")
    mean, against = means.plain
    if scale == "ratio" and mean < 0 < against:
        raise OptionError(
            f"a ratio is of numbers above zero, and the outcome is {mean:.4g} under what is done: say --scale "
            "difference"
        )
    return on_scale(scale, mean, against)


def _interval(runs: Sequence[Means], how: How) -> tuple[float, float]:
    """Percentiles of the least and of the largest effect of the samples; NaN without samples."""
    if not runs:
        return float("nan"), float("nan")
    tail = (1 - how.confidence) / 2
    lows = [scaled(how.scale, run.low, run.high_against) for run in runs]
    highs = [scaled(how.scale, run.high, run.low_against) for run in runs]
    low, high = quantile(lows, tail), quantile(highs, 1 - tail)
    return low, high


def quantile(values: Sequence[float], level: float) -> float:
    """Of which a further sample exceeds the share `level` on average (Hyndman and Fan's sixth); may be infinite."""
    ordered = np.sort(values)
    place = min(max(level * (len(ordered) + 1) - 1, 0.0), len(ordered) - 1.0)
    below, above = ordered[math.floor(place)], ordered[math.ceil(place)]
    return float(below if below == above or math.isinf(below) else below + (above - below) * (place % 1))


def scaled(scale: str, mean: float, against: float) -> float:
    """The effect in a sample; infinite where its denominator is zero."""
    try:
        return on_scale(scale, mean, against)
    except OptionError:
        return float("inf")


def _exact(job: Job, estimate: float, how: How) -> tuple[float, float, str]:
    """The interval where the samples do not differ: a label that all or none have, or an outcome without noise."""
    if job.label is None or how.scale != "difference":
        nothing = float("nan")
        told = "as where the outcome follows from its causes without noise"
        return nothing, nothing, f"every sample of the rows gives the same effect, {told}: no interval is given"
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


def _pooled(job: Job, how: How) -> Contrast:
    """Rubin's rules over tables in which the gaps are filled, with a bootstrap in each."""
    jobs = [replace(job, table=table) for table in imputed(job.table, IMPUTATIONS, job.seed)]
    with one_blas_thread():
        means = [filled.prepared().means(None) for filled in jobs]
    mean = Means(*(float(np.mean([getattr(m, side) for m in means])) for side in _SIDES))
    mean = replace(mean, lacking=max(m.lacking for m in means), trimmed=max(m.trimmed for m in means))
    overlap = overlap_of(jobs[0], mean)
    estimate = point(mean, how.scale)
    if not how.resamples:
        nothing = float("nan")
        member = Member(job.graph, estimate, nothing, nothing)
        return Contrast(member, mean, 0, IMPUTATIONS, False, overlap)
    each = max(how.resamples // IMPUTATIONS, 2)
    ends: list[tuple[list[float], list[float]]] = [([], []), ([], [])]
    log = how.scale != "difference"  # ratios are pooled as logarithms
    for k, filled in enumerate(jobs):
        run = range(k * each, (k + 1) * each)
        runs = how.engine.map(filled.means, run, progress=how.progress, what="bootstrap of the effect")
        for at, (middle, spread) in enumerate(ends):
            effects = [_end(m, how.scale, at) for m in (means[k], *runs)]
            values = np.log(effects) if log else np.array(effects)
            middle.append(float(values[0]))
            spread.append(float(np.var(values[1:], ddof=1)))
    low, high = (pooled(*end).interval(how.confidence)[at] for at, end in enumerate(ends))
    low, high = (math.exp(low), math.exp(high)) if log else (low, high)
    member = Member(job.graph, estimate, low, high)
    return Contrast(member, mean, each * IMPUTATIONS, IMPUTATIONS, False, overlap)


_SIDES = ("low", "high", "low_against", "high_against")


def _end(means: Means, scale: str, at: int) -> float:
    """The least (0) or the largest (1) effect."""
    if at:
        return on_scale(scale, means.high, means.low_against)
    return on_scale(scale, means.low, means.high_against)

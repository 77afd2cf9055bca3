"""Attempts to refute an effect: where it should vanish, where it should stay, and what hidden cause would explain it.

    placebo        what is set is dealt out anew among the rows: the effect should be none
    common cause   a column of chance is made a cause of what is set and of the outcome: the effect should stay
    subset         eight rows in ten: the effect should stay
    robustness     R2 that a hidden cause needs in both, what is set and the outcome, to explain the effect away:
                   RV = (sqrt(f^4 + 4 f^2) - f^2) / 2,  f = |t| / sqrt(df)                                        (1)
    E-value        risk ratio that it needs with both:  E = RR + sqrt(RR (RR - 1))                                (2)

References:
    Cinelli and Hazlett, Making sense of sensitivity, JRSS-B 82 (2020), equations 12 to 19, for (1).
    VanderWeele and Ding, Sensitivity analysis in observational research, Annals of Internal Medicine 167 (2017), for
    (2) and for numbers RR = exp(0.91 effect / sd).
    Sharma and Kiciman, DoWhy (2020), for the first three.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from aitia.discovery.effects.estimators import Columns, columns_of
from aitia.discovery.effects.job import Job
from aitia.discovery.effects.regression import least_squares
from aitia.errors import AitiaError
from aitia.graph import Graph

__all__ = ["Refutation", "Sensitivity", "e_value", "refutations", "sensitivity"]

TIMES = 20
KEPT = 0.8
SD_TO_LOG_RISK = 0.91


@dataclass(frozen=True)
class Refutation:
    """One attempt, in a sentence.

    Args:
        name: Of the attempt.
        passed: Whether the effect stood it; None where the reader judges.
        told: What came of it.
        values: The numbers behind it.
    """

    name: str
    passed: bool | None
    told: str
    values: dict[str, float]

    def __str__(self) -> str:
        return f"{self.name}: {self.told}"

    def to_json(self) -> dict[str, Any]:
        """In JSON values."""
        values = {name: value if math.isfinite(value) else None for name, value in self.values.items()}
        return {"name": self.name, "passed": self.passed, "told": self.told, **values}


@dataclass(frozen=True)
class Sensitivity:
    """(1) of a coefficient.

    Args:
        partial_r2: Share of the outcome's variance left by the others that what is set explains.
        robustness: RV: R2 of a hidden cause with both that explains the coefficient away.
        robustness_significance: The same for its significance at level alpha.
    """

    partial_r2: float
    robustness: float
    robustness_significance: float


def sensitivity(t: float, freedom: int, alpha: float = 0.05) -> Sensitivity:
    """(1) from the t statistic of a coefficient and its degrees of freedom.

    Example:
        >>> darfur = sensitivity(4.184, 783)
        >>> round(darfur.partial_r2, 3), round(darfur.robustness, 3), round(darfur.robustness_significance, 3)
        (0.022, 0.139, 0.076)
    """
    from scipy.special import stdtrit

    f = abs(t) / math.sqrt(freedom)
    critical = abs(float(stdtrit(freedom - 1, alpha / 2))) / math.sqrt(freedom - 1)
    return Sensitivity(t**2 / (t**2 + freedom), _robustness(f), _significant(f, critical))


def _robustness(f: float) -> float:
    return 2 / (1 + math.sqrt(1 + 4 / f**2)) if f > 0 else 0.0  # (1) without the difference of two large numbers


def _significant(f: float, critical: float) -> float:
    """RV of a significance: the solution of (1) for what f exceeds it by, or at the bound of a cause of the outcome."""
    if f <= critical:
        return 0.0
    less = f - critical
    if critical > 0 and f > 1 / critical:
        return (f**2 - critical**2) / (1 + f**2)
    return _robustness(less)


def e_value(ratio: float) -> float:
    """(2) of a risk ratio, above or below 1.

    Example:
        >>> round(e_value(3.9), 2), round(e_value(1 / 3.9), 2), e_value(1.0)
        (7.26, 7.26, 1.0)
    """
    ratio = max(ratio, 1 / ratio)
    return ratio + math.sqrt(ratio * (ratio - 1))


def refutations(
    job: Job, columns: Columns | None, adjusted: Sequence[str] | None, effect: Callable[[Job], float], null: float,
    ends: tuple[float, float], means: tuple[float, float], scale: str,
) -> list[Refutation]:  # fmt: skip
    """All attempts at one effect.

    Args:
        job: The question.
        columns: Of a contrast of one target, or None.
        adjusted: The adjustment set, or None where there is none.
        effect: The effect that a job comes to.
        null: No effect, on its scale.
        ends: The interval.
        means: Under either side.
        scale: Of effect and interval.
    """
    lines = [_placebo(job, effect, null), _common_cause(job, effect), _subset(job, effect, ends)]
    if columns is not None and adjusted is not None and (found := _hidden(columns, adjusted)) is not None:
        lines.append(found)
    if (line := _e(job, ends, means, scale)) is not None:
        lines.append(line)
    return [line for line in lines if line is not None]


def _tried(jobs: Sequence[Job], effect: Callable[[Job], float]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """The effects of the jobs that have one."""
    found = []
    for job in jobs:
        try:
            found.append(effect(job))
        except AitiaError:  # a subset without a label
            continue
    return np.array([value for value in found if math.isfinite(value)])


def _placebos(job: Job, effect: Callable[[Job], float]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """The effects where what is set is dealt out anew."""
    rng = np.random.default_rng([job.seed, 51])
    targets = [t for t in dict.fromkeys((*job.intervention.targets, *job.against.targets)) if t in job.table]
    jobs = []
    for _ in range(TIMES):
        order = rng.permutation(job.table.n)
        dealt = {str(t): job.table.column(str(t))[order] for t in targets}
        jobs.append(replace(job, table=job.table.with_codes(dealt)))
    return _tried(jobs, effect)


def _placebo(job: Job, effect: Callable[[Job], float], null: float) -> Refutation | None:
    found = _placebos(job, effect)
    if len(found) < 2:
        return None
    mean, sd = float(found.mean()), float(found.std(ddof=1))
    real = effect(job)
    passed = abs(mean - null) <= 3 * sd / math.sqrt(len(found)) + 1e-12
    beyond = float((np.abs(found - null) >= abs(real - null)).mean())
    told = f"dealt out anew it comes to {mean:.3g} (sd {sd:.2g}), where {null:g} is none"
    told += "" if passed else ": that is not none, and the mechanisms are amiss"
    told += f"; {beyond:.0%} of {len(found)} placebos reach the effect"
    return Refutation("placebo treatment", passed, told, {"mean": mean, "sd": sd, "reached": beyond})


def _common_cause(job: Job, effect: Callable[[Job], float]) -> Refutation | None:
    rng = np.random.default_rng([job.seed, 52])
    name = "random cause"
    while name in job.graph:
        name += " "
    targets = [str(t) for t in dict.fromkeys((*job.intervention.targets, *job.against.targets)) if t in job.graph]
    arrows = [(name, node) for node in (*targets, job.outcome)]
    graph = Graph([*job.graph.edges, *arrows], [*job.graph.nodes, name])
    jobs = [
        replace(job, graph=graph, table=job.table.with_columns({name: rng.standard_normal(job.table.n)}))
        for _ in range(max(TIMES // 4, 2))
    ]
    found = _tried(jobs, effect)
    if not len(found):
        return None
    real = effect(job)
    shift = float(np.abs(found - real).mean())
    told = f"with a column of chance as a cause of both it moves by {shift:.2g} on average"
    return Refutation("random common cause", None, told, {"mean": float(found.mean()), "moved": shift})


def _subset(job: Job, effect: Callable[[Job], float], ends: tuple[float, float]) -> Refutation | None:
    rng = np.random.default_rng([job.seed, 53])
    jobs = []
    for _ in range(TIMES):
        rows = np.sort(rng.permutation(job.table.n)[: max(int(KEPT * job.table.n), 2)])
        weights = None if job.weights is None else job.weights[rows]
        jobs.append(replace(job, table=job.table.take(rows), weights=weights, clusters=None))
    found = _tried(jobs, effect)
    if not len(found):
        return None
    low, high = float(found.min()), float(found.max())
    inside = None if math.isnan(ends[0]) else bool(ends[0] <= np.median(found) <= ends[1])
    told = f"in {len(found)} subsets of eight rows in ten it lies between {low:.4g} and {high:.4g}"
    return Refutation("subsets", inside, told, {"least": low, "most": high})


def _hidden(columns: Columns, adjusted: Sequence[str]) -> Refutation | None:
    """(1) of what is set, in least squares on the adjustment set."""
    x = columns.table.column(columns.target)
    if columns.sides is not None:
        labels = columns.table.categories(columns.target)
        codes = [labels.index(side) for side in columns.sides]
        kept = np.isin(x, codes)
        table = columns.table.take(kept)
        x, y = (x[kept] == codes[0]).astype(np.float64), columns.outcome[kept]
        weights = None if columns.weights is None else columns.weights[kept]
    else:
        table, y, weights = columns.table, columns.outcome, columns.weights
    Z = columns_of(table, adjusted, squares=False)
    try:
        fit = least_squares(np.column_stack([Z, x]), y, weights)
    except AitiaError:  # what is set follows from what is adjusted for
        return None
    if not fit.plain[-1, -1] > 0:
        return None
    found = sensitivity(float(fit.coefficients[-1]) / math.sqrt(fit.plain[-1, -1]), fit.freedom)
    told = (
        f"a hidden cause would have to explain {found.robustness:.1%} of what is left of both to make it zero, "
        f"{found.robustness_significance:.1%} to make it insignificant; what is set explains {found.partial_r2:.1%} "
        "of the outcome (partial R2)"
    )
    values = {
        "robustness_value": found.robustness,
        "robustness_value_significance": found.robustness_significance,
        "partial_r2": found.partial_r2,
    }
    return Refutation("unobserved confounder", None, told, values)


def _e(job: Job, ends: tuple[float, float], means: tuple[float, float], scale: str) -> Refutation | None:
    """(2) of the estimate, and of the end of the interval that is nearer to none."""
    mean, against = means
    if job.label is not None:
        if not (mean > 0 and against > 0):
            return None
        ratio, near = mean / against, list(ends)
        if scale == "difference":
            near = [(against + end) / against for end in ends]
    else:
        sd = float(np.nanstd(job.table.column(job.outcome)))
        if not sd > 0:
            return None
        ratio = math.exp(SD_TO_LOG_RISK * (mean - against) / sd)
        near = [math.exp(SD_TO_LOG_RISK * end / sd) for end in ends]
    if scale == "odds" or (scale == "ratio" and job.label is None):
        near = [math.nan, math.nan]
    value = e_value(ratio)
    limit = float("nan")
    if not any(map(math.isnan, near)) and min(near) > 0:
        limit = 1.0 if min(near) <= 1 <= max(near) else min(map(e_value, near))
    told = f"a hidden cause would need a risk ratio of {value:.3g} with both to explain it"
    told += "" if math.isnan(limit) else f", {limit:.3g} to bring the interval to none"
    return Refutation("E-value", None, told, {"e_value": value, "e_value_interval": limit})

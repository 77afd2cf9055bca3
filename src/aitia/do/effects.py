"""`effect` of any system; of one that was fitted with what its rows leave open.

Source:
    Efron and Tibshirani, An introduction to the bootstrap (1993), sections 6.2 and 12.2, for the interval.
"""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np

from aitia.data.table import Table
from aitia.do.intervention import Intervention
from aitia.do.observed import outside
from aitia.do.verbs import Effect, Sampler
from aitia.do.verbs import effect as drawn
from aitia.errors import OptionError, RangeWarning

__all__ = ["FittedEffect", "effect"]

MOST_DRAWN = 4000
"""Rows drawn from each further fit."""


@dataclass(frozen=True)
class FittedEffect(Effect):
    """An `Effect` of a system that was fitted; its interval is a normal one with the standard error of a bootstrap
    over the rows of the fit: it covers their sampling and the drawing of rows, and no error in the graph.

    Args:
        resamples: Times that the system was fitted again.
        warnings: What is set beyond the rows of the fit, in sentences. Where these are most of the rows `low` and
            `high` are NaN.
    """

    resamples: int = 0
    warnings: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "; ".join((super().__str__(), *self.warnings))


def effect(
    system: Sampler,
    a: Intervention | Mapping[Any, Any] | str,
    b: Intervention | Mapping[Any, Any] | str | None = None,
    *,
    outcome: str,
    label: object | None = None,
    n: int = 10_000,
    seed: int = 0,
    confidence: float = 0.95,
    resamples: int = 50,
) -> Effect:
    """The effect of `a` against `b` on the mean of the outcome, from `n` rows with the same noise on both sides.

    Args:
        system: Anything with `do` and `sample`.
        a: What is done.
        b: What it is compared with; None leaves the system alone.
        outcome: The variable to watch.
        label: For a discrete outcome, the label whose probability is reported; None takes the last one.
        n: Rows drawn on either side.
        seed: Seed of the noise.
        confidence: Coverage of the interval; of a system that was not fitted mean +- z sd / sqrt(n) of the paired
            differences, which covers the chance of drawing alone.
        resamples: Times that a fitted system (`SCM.fit`) is fitted again; 0 takes it as it is, else 2 or more.

    Returns:
        A `FittedEffect` of a system that can be fitted again, else an `Effect`.

    Warns:
        RangeWarning: If a number is set that no row of the fit comes near; there is no interval then.

    Raises:
        UnknownVariableError: If the system has no such variable.
        InterventionError: If the label is not one of the outcome's.
        OptionError: If `n` is below 2, `resamples` below 0 or 1, or `confidence` not between 0 and 1.
        DataError: If a system that was fitted is set to what no row of the fit has: another value of a variable that
            has one alone, a label without rows.
    """
    if resamples < 0 or resamples == 1:
        raise OptionError(f"resamples is 0, or 2 or more, got {resamples}")
    how: dict[str, Any] = {"outcome": outcome, "label": label, "n": n, "confidence": confidence}
    found = drawn(system, a, b, seed=seed, **how)
    refitted: Any = getattr(system, "refitted", None)
    rows: Table | None = getattr(system, "rows", None)
    if rows is None or refitted is None or found.zero:
        return found
    far, near = outside(rows, found.intervention, found.against)
    for told in (*far, *near):
        warnings.warn(told, RangeWarning, stacklevel=3)
    if not resamples or far:
        ends = {"low": float("nan"), "high": float("nan")} if far else {}
        return FittedEffect(**{**vars(found), **ends}, resamples=0, warnings=(*far, *near))
    # Other rows are drawn from each fit, so that the spread holds the chance of drawing too.
    how["n"] = min(n, MOST_DRAWN)
    estimates = [drawn(refitted(k), a, b, seed=seed + 1 + k, **how).estimate for k in range(resamples)]
    half = NormalDist().inv_cdf((1 + confidence) / 2) * float(np.std(estimates, ddof=1))
    ends = {"low": found.estimate - half, "high": found.estimate + half}
    return FittedEffect(**{**vars(found), **ends}, resamples=resamples, warnings=tuple(near))

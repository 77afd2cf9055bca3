"""The rows of a claim: the values of ours and of every arm, seed by seed, and what they are judged by."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np

from aitia.errors import OptionError
from aitia.evidence.intervals import Interval, Statistic, mean_interval, median_interval, paired_shares, wilson
from aitia.evidence.verdict import Direction, Judged, Verdict, judge

__all__ = ["Kind", "Row", "Summary", "row"]

Kind = Literal["value", "difference", "ratio", "share"]


@dataclass(frozen=True)
class Summary:
    """What evidence of before the values were stored tells of a row: it cannot be judged by it.

    Args:
        ours: Mean or median over the seeds.
        seeds: How many there were.
        baselines: The same of each arm.
        judged: Whether it was judged.
    """

    ours: float
    seeds: int
    baselines: Mapping[str, float]
    judged: bool


@dataclass(frozen=True)
class Row:
    """One measured number of a claim.

    Args:
        part: The part of the claim, such as `a`.
        metric: What was measured, in the field's words.
        direction: Whether higher or lower is better.
        values: Ours, one a seed.
        arms: The same of each arm in the same runs.
        kind: `value`, a number on its own scale; `difference` and `ratio`, already taken from or over the arm that
            `against` names; `share`, how often something is so: 0 or 1 in a seed.
        statistic: Whether the numbers are put together by their mean (of a ratio the geometric one) or median.
        bar: What ours has to reach; None where only rivals count, or nothing.
        ahead_of: Rivals among the arms, and by how much ours has to be ahead of each. Of a ratio the margin is a part
            of one: 0.1 asks for a factor of more than 1.1.
        against: The rival that differences or ratios are taken from or over.
        note: What to know when reading it.
        summary: What there is in place of values in evidence of before these were stored.
    """

    part: str
    metric: str
    direction: Direction
    values: tuple[float, ...]
    arms: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    kind: Kind = "value"
    statistic: Statistic = "mean"
    bar: float | None = None
    ahead_of: Mapping[str, float] = field(default_factory=dict)
    against: str | None = None
    note: str = ""
    summary: Summary | None = None

    @property
    def seeds(self) -> int:
        """How many seeds gave a value."""
        return len(self.values) if self.summary is None else self.summary.seeds

    @property
    def ours(self) -> float | None:
        """Mean or median of ours; None where no seed gave a value."""
        return self._middle(self.values) if self.summary is None else self.summary.ours

    @property
    def baselines(self) -> dict[str, float | None]:
        """Mean or median of each arm."""
        if self.summary is not None:
            return dict(self.summary.baselines)
        return {name: self._middle(values) for name, values in self.arms.items()}

    @cached_property
    def interval(self) -> Interval | None:
        """The 95 % interval of ours; None where the seeds are too few."""
        if self.kind == "share" and self.statistic == "mean":
            return wilson(sum(self.values), len(self.values))
        if self.kind != "ratio":
            return self._interval(self.values)
        if any(value <= 0 for value in self.values):
            return None
        logarithms = self._interval([math.log(value) for value in self.values])
        return None if logarithms is None else Interval(math.exp(logarithms.low), math.exp(logarithms.high))

    @cached_property
    def judged(self) -> tuple[Judged, ...]:
        """Every comparison that the row is judged by: with its bar, then with each rival."""
        if self.summary is not None:
            return self._ungraded()
        made = [] if self.bar is None else [self._against_bar(self.bar)]
        return (*made, *(self._against_rival(name, by) for name, by in self.ahead_of.items()))

    @property
    def holds(self) -> bool | None:
        """Whether all that it is judged by holds; None for a number that is only reported."""
        verdicts = [j.verdict for j in self.judged]
        return all(v == "holds" for v in verdicts) if verdicts else None

    def _against_bar(self, bar: float) -> Judged:
        verdict = judge(self.interval, bar, self.direction)
        return Judged(self.part, self.metric, self.against, self.ours, self.interval, bar, self.direction, verdict)

    def _against_rival(self, name: str, margin: float) -> Judged:
        """Ahead is higher, whatever the direction."""
        better, worse = np.array([self.values, self.arms[name]], dtype=np.float64)
        if self.direction == "lower":
            better, worse = worse, better
        middle: float | None
        interval: Interval | None
        if self.kind == "ratio":
            bar, middle, interval = 1 + margin, None, None
            if (better > 0).all() and (worse > 0).all():
                lead = Row(self.part, self.metric, "higher", tuple((better / worse).tolist()), kind="ratio",
                           statistic=self.statistic)  # fmt: skip
                middle, interval = lead.ours, lead.interval
        else:
            bar, ahead = margin, better - worse
            binary = self.kind == "share" and bool(np.isin([better, worse], [0, 1]).all())
            middle = self._middle(ahead.tolist())
            interval = paired_shares(better.tolist(), worse.tolist()) if binary else self._interval(ahead.tolist())
        verdict = judge(interval, bar, "higher", beyond=True)
        return Judged(self.part, self.metric, name, middle, interval, bar, "higher", verdict)

    def _ungraded(self) -> tuple[Judged, ...]:
        if self.summary is None or not self.summary.judged:
            return ()
        unknown: Verdict = "ungraded"
        bars = [] if self.bar is None else [(self.against, self.bar, self.direction)]
        higher: Direction = "higher"
        bars += [(name, margin, higher) for name, margin in self.ahead_of.items()]
        return tuple(
            Judged(self.part, self.metric, rival, None, None, bar, direction, unknown) for rival, bar, direction in bars
        )

    def _interval(self, values: Sequence[float]) -> Interval | None:
        return mean_interval(values) if self.statistic == "mean" else median_interval(values)

    def _middle(self, values: Sequence[float]) -> float | None:
        if not len(values):
            return None
        if self.statistic == "median":
            return float(np.median(values))
        if self.kind == "ratio" and min(values) > 0:
            return float(np.exp(np.mean(np.log(values))))
        return float(np.mean(values))


def row(
    part: str,
    metric: str,
    ours: Sequence[float],
    *,
    direction: Direction = "higher",
    bar: float | None = None,
    baselines: Mapping[str, Sequence[float]] | None = None,
    ahead_of: Mapping[str, float] | None = None,
    kind: Kind = "value",
    against: str | None = None,
    note: str = "",
    statistic: Statistic = "mean",
) -> Row:
    """The row of one number a seed.

    Args:
        part: The part of the claim.
        metric: What was measured.
        ours: One value a seed; a seed in which the number has no meaning may be missing.
        direction: Whether higher or lower is better.
        bar: What the whole 95 % interval has to reach.
        baselines: One value a seed of each arm.
        ahead_of: By how much ours has to be ahead of an arm, seed by seed.
        kind: What the values are; it decides the interval.
        against: The rival that differences or ratios are taken from or over.
        note: What to know when reading it.
        statistic: `median` where single seeds may be far out.

    Raises:
        OptionError: If a value is not a number, a share lies outside of 0 to 1, or a rival is no arm with as many
            values as ours.
    """
    values = tuple(float(value) for value in ours)
    arms = {name: tuple(float(value) for value in given) for name, given in (baselines or {}).items()}
    if not all(math.isfinite(value) for given in (values, *arms.values()) for value in given):
        raise OptionError(f"{metric}: a row takes numbers only")
    if kind == "share" and any(not 0 <= value <= 1 for given in (values, *arms.values()) for value in given):
        raise OptionError(f"{metric}: a share lies between 0 and 1")
    if against is not None and kind not in ("difference", "ratio"):
        raise OptionError(f"{metric}: only differences and ratios are against a rival, this is a {kind}")
    rivals = dict(ahead_of or {})
    if unknown := sorted(rivals.keys() - arms.keys()):
        raise OptionError(f"{metric}: ahead_of names {unknown}, which are no baselines of the row")
    if short := sorted(name for name in rivals if len(arms[name]) != len(values)):
        raise OptionError(f"{metric}: {short} have not the seeds of ours, so they cannot be compared seed by seed")
    return Row(
        part=part,
        metric=metric,
        direction=direction,
        values=values,
        arms=arms,
        kind=kind,
        statistic=statistic,
        bar=bar,
        ahead_of=rivals,
        against=against,
        note=note,
    )

"""The three verdicts on a number, and the fourth for one that cannot be judged.

holds       the whole 95 % interval lies on the right side of the bar
open        the interval crosses the bar, or there is none: fewer than two seeds (six for a median)
fails       the whole interval lies on the wrong side
ungraded    only the mean was stored, so that nobody can tell
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from aitia.evidence.intervals import Interval

__all__ = ["Direction", "Judged", "Verdict", "judge", "tally"]

Direction = Literal["higher", "lower"]
Verdict = Literal["holds", "open", "fails", "ungraded"]
_ROUNDING = 1e-12
"""What adding up equal numbers may change."""


@dataclass(frozen=True)
class Judged:
    """One comparison that a row is judged by.

    Args:
        part: The part of the claim.
        metric: What was measured.
        rival: The arm that it is compared with; None where the bar is a number that was set.
        middle: What was found: ours, or by how much (ratios: by which factor) ours is ahead of the rival. None where
            no seed gave a number, or where only means were stored.
        interval: Of 95 %; None where the seeds are too few.
        bar: What it has to reach; of a rival, what it has to exceed.
        direction: Whether higher or lower is better.
        verdict: What comes of it.
    """

    part: str
    metric: str
    rival: str | None
    middle: float | None
    interval: Interval | None
    bar: float
    direction: Direction
    verdict: Verdict


def judge(interval: Interval | None, bar: float, direction: Direction, *, beyond: bool = False) -> Verdict:
    """The verdict on an interval.

    Args:
        interval: Of 95 %; None is never more than open.
        bar: What has to be reached.
        direction: Whether higher or lower is better.
        beyond: Whether the bar has to be exceeded: a tie with a rival is no lead.

    Example:
        >>> judge(Interval(0.5, 0.7), 0.6, "higher"), judge(Interval(0.5, 0.7), 0.8, "lower")
        ('open', 'holds')
    """
    if interval is None:
        return "open"
    sign = 1 if direction == "higher" else -1
    worst, best = sorted(sign * (end - bar) for end in interval)
    edge = _ROUNDING * max(1.0, abs(bar))
    if worst > edge or (not beyond and worst >= -edge):
        return "holds"
    return "fails" if best < -edge else "open"


def tally(verdicts: Iterable[str]) -> str:
    """How many of each, as `holds 7, open 2, fails 1`; `ungraded` where none could be judged.

    Example:
        >>> tally(["holds", "fails", "holds"])
        'holds 2, fails 1'
    """
    counts = Counter(verdicts)
    if not counts:
        return "nothing is judged"
    if set(counts) == {"ungraded"}:
        return "ungraded"
    return ", ".join(f"{name} {counts[name]}" for name in ("holds", "open", "fails", "ungraded") if counts[name])

"""What a claim asked once and asks no more: its last value stays beside the evidence that took its place.

A comparison is the same where part, metric, kind, statistic, direction, rival and bar are: a bar that was set anew
makes another comparison. Of evidence that stored means alone the kind is not known, and is not compared.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from aitia.evidence.rows import Row

__all__ = ["Replaced", "no_more_asked"]


@dataclass(frozen=True)
class Replaced:
    """A row of earlier evidence.

    Args:
        row: As it was measured, with the bar and the rivals alone that are asked for no more.
        date: Of the run.
    """

    row: Row
    date: str


def no_more_asked(
    before: Iterable[Row], date: str, earlier: Iterable[Replaced], now: Sequence[Row]
) -> tuple[Replaced, ...]:
    """The comparisons of a run, and those that it had replaced itself, which the rows of now do not make.

    Args:
        before: The rows of the run.
        date: Of the run.
        earlier: What it had replaced.
        now: The rows that take its place.
    """
    kept = [Replaced(row, date) for row in before]
    found = [(_left_of(old.row, now), old.date) for old in (*earlier, *kept)]
    return tuple(Replaced(row, when) for row, when in found if row is not None)


def _left_of(old: Row, now: Sequence[Row]) -> Row | None:
    """The row without the comparisons that are still made; None where all are, or none was."""
    if old.summary is not None and not old.summary.judged:
        return None
    same = [row for row in now if _is_same(old, row)]
    bar = None if any(row.bar == old.bar for row in same) else old.bar
    ahead = {
        name: margin for name, margin in old.ahead_of.items() if not any(r.ahead_of.get(name) == margin for r in same)
    }
    if bar is None and not ahead:
        return None
    return replace(old, bar=bar, ahead_of=ahead, arms={name: old.arms[name] for name in ahead if name in old.arms})


def _is_same(old: Row, row: Row) -> bool:
    if (old.part, old.metric, old.direction, old.statistic) != (row.part, row.metric, row.direction, row.statistic):
        return False
    return old.summary is not None or (old.kind, old.against) == (row.kind, row.against)

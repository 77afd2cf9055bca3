"""What another arm would have got in our place: who matches us, and whether the claim would hold for its swap."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from aitia.evidence.rows import Row
from aitia.evidence.verdict import Judged

__all__ = ["in_place_of_ours", "matched_by", "swap_holds"]


def in_place_of_ours(row: Row, arm: str) -> Row | None:
    """The row with the arm's values in place of ours; None where the arm has none.

    A difference from the arm itself is 0, a ratio over it 1.
    """
    if row.summary is not None:
        return None
    if row.against == arm:
        return replace(row, values=(1.0 if row.kind == "ratio" else 0.0,) * len(row.values))
    if arm not in row.arms:
        return None
    values = row.arms[arm]
    # A rival with other seeds than the arm's cannot be compared with it seed by seed.
    rivals = {name: by for name, by in row.ahead_of.items() if len(row.arms[name]) == len(values)}
    return replace(row, values=values, ahead_of=rivals)


def matched_by(rows: Iterable[Row]) -> dict[str, tuple[str, ...]]:
    """By part, the rivals that match ours.

    R matches ours in a part if R passes every judged row of it but those that compare with R, and ours does not hold
    against R. A row in which R was not measured is not passed.
    """
    parts: dict[str, list[Row]] = {}
    for row in rows:
        parts.setdefault(row.part, []).append(row)
    found = {part: tuple(r for r in _rivals(own) if _matches(own, r)) for part, own in parts.items()}
    return {part: rivals for part, rivals in found.items() if rivals}


def _rivals(rows: Sequence[Row]) -> list[str]:
    named = [name for row in rows for name in (*row.ahead_of, row.against) if name is not None]
    return list(dict.fromkeys(named))


def _matches(rows: Sequence[Row], rival: str) -> bool:
    against = [j.verdict for row in rows for j in row.judged if j.rival == rival]
    if "ungraded" in against or all(verdict == "holds" for verdict in against):
        return False
    return all(
        _verdict(row, rival, j) == "holds" for row in rows for j in row.judged if j.rival != rival
    )  # fmt: skip


def _verdict(row: Row, arm: str, of: Judged) -> str | None:
    """What the arm gets in a comparison of ours; None where it was not measured there."""
    theirs = in_place_of_ours(row, arm)
    found = () if theirs is None else theirs.judged
    return next((j.verdict for j in found if (j.rival, j.bar) == (of.rival, of.bar)), None)


def swap_holds(rows: Iterable[Row], swap: str) -> bool | None:
    """Whether the swap holds wherever ours does; None where it was measured in no row in which ours holds.

    Rows in which the swap has no values do not count, which makes it easier for it, and so harder for ours.
    """
    verdicts = [_verdict(row, swap, j) for row in rows for j in row.judged if j.verdict == "holds"]
    counted = [verdict for verdict in verdicts if verdict is not None]
    return all(verdict == "holds" for verdict in counted) if counted else None

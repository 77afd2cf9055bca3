"""Judged numbers in words, the same on the terminal, in the ledger and in reports."""

from aitia.evidence import Evidence, Interval, Judged, Replaced, Row
from aitia.evidence.intervals import wilson

__all__ = ["asked", "found", "marks", "middle"]


def middle(row: Row) -> str:
    """Mean or median of ours with its interval, and over how many seeds."""
    if row.summary is not None:
        return f"{_number(row.ours)} ({row.seeds} seeds, no values)"
    return f"{_number(row.ours)}{_interval(row.interval)}, {row.seeds} {'seed' if row.seeds == 1 else 'seeds'}"


def asked(judged: Judged, row: Row) -> str:
    """What a comparison asks for."""
    if judged.rival is None or judged.rival == row.against:
        told = f"{'≥' if judged.direction == 'higher' else '≤'} {judged.bar:g}"
        return told if judged.rival is None else f"{told} against {judged.rival}"
    if row.kind == "ratio":
        return f"ahead of {judged.rival} by a factor above {judged.bar:g}"
    return f"ahead of {judged.rival} by more than {judged.bar:g}"


def found(judged: Judged, row: Row) -> str:
    """What a comparison found: ours, or by how much it is ahead of a rival."""
    if judged.verdict == "ungraded":
        return "-"
    if judged.rival is None or judged.rival == row.against:
        return middle(row)
    return f"{_number(judged.middle)}{_interval(judged.interval)} ahead"


def marks(evidence: Evidence, stale: bool = False) -> list[str]:
    """What to know of evidence beside its verdicts, a sentence each."""
    told = ["*stale*: the code has changed since"] if stale else []
    if any(j.verdict == "ungraded" for j in evidence.judged):
        told.append("*ungraded*: means of few seeds were stored and no values, so that no interval can be told")
    told += _too_few_seeds(evidence)
    for part, rivals in evidence.matched_by.items():
        told += [f"({part}) matched by {rival}" for rival in rivals]
    swapped = evidence.swap_holds()
    if swapped is not None:
        verdict = "holds as well, so the method is not what makes it hold" if swapped else "does not hold"
        told.append(f"with {evidence.swap} in place of ours the claim {verdict}")
    for control in evidence.controls:
        verdict = "holds, which it must not" if evidence.control_holds(control.name) else "does not hold"
        told.append(f"negative control {control.name}: {verdict}")
    told += [f"no negative control of {metric}: {why}" for metric, why in evidence.uncontrolled.items()]
    told += [sentence for old in evidence.replaced for sentence in _replaced(old)]
    for replay in evidence.replays:
        at = f" at {replay.commit[:8]}" if replay.commit else ""
        beside = f", beside the code of before on {replay.machine}" if replay.machine else ""
        told.append(f"replayed {replay.date}{at}{beside}")
    return told


def _too_few_seeds(evidence: Evidence) -> list[str]:
    """Rows that no outcome of so few seeds could make hold: one number has no interval, a share of a few a wide one."""
    told = []
    if any(row.seeds == 1 and row.judged and row.kind != "share" for row in evidence.rows):
        told.append("one seed has no interval, so that no number can hold or fail: take at least 5 (--seeds 5)")
    for row in evidence.rows:
        need = _seeds_for(row)
        if row.kind == "share" and row.summary is None and need is not None and row.seeds < need:
            best = wilson(row.seeds, row.seeds)
            held = "one seed has no interval"
            if best is not None:
                held = f"were it so in all {row.seeds}, its interval would be [{best.low:.2f}, 1.00]"
            told.append(
                f"({row.part}) {row.metric} is a share over seeds and needs more of them: {held}, and {row.bar:g} is "
                f"asked; take at least {need} (--seeds {need})"
            )
    return told


def _seeds_for(row: Row) -> int | None:
    """Seeds from which on a share that is 1 (or 0, where lower is better) in all of them reaches its bar."""
    bar = row.bar if row.direction == "higher" else None if row.bar is None else 1 - row.bar
    if bar is None or bar >= 1:
        return None
    return next((n for n in range(1, 1000) if (best := wilson(n, n)) is not None and best.low >= bar), None)


def _replaced(old: Replaced) -> list[str]:
    row = old.row
    return [
        f"replaced: ({row.part}) {row.metric}, asked {asked(j, row)}: {j.verdict} when last measured {old.date}, "
        + (middle(row) if j.rival in (None, row.against) or j.verdict == "ungraded" else found(j, row))
        for j in row.judged
    ]


def _number(value: float | None) -> str:
    return "no value" if value is None else f"{value:.3f}"


def _interval(interval: Interval | None) -> str:
    return " [no interval]" if interval is None else f" [{interval.low:.3f}, {interval.high:.3f}]"

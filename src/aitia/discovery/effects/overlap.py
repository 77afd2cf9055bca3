"""What the table lacks of what an answer needs, in sentences; that of several members is told once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from aitia.data.table import Table
from aitia.discovery.effects.job import Job, Means
from aitia.discovery.effects.scale import in_percent
from aitia.discovery.effects.support import Cell, Region

__all__ = ["WITHHELD", "Overlap", "overlap_of"]

WITHHELD = 0.05
"""Share of the rows without support above which bounds are given in place of an estimate."""
NAMED = {"region": 0.01, "range": 0.05}
"""Share of the rows from which on it is told that they rest on a line."""
SHOWN = 6
LINE = "there the answer rests on the fitted line alone"


@dataclass(frozen=True)
class _Place:
    """Rows under one side that have none like them in the table."""

    share: float
    where: str
    least: float


@dataclass(frozen=True)
class Overlap:
    """What the table lacks.

    Args:
        cells: Needed cells with fewer than five rows, by what they print as, the most needed first.
        places: Rows without any like them, by kind (`range`, `region`) and side.
        bounded: Whether so many rest on a label that is not seen there that nothing is taken from the line.
        lacking: Share of the rows, on the side that has more of them, of which nothing is known.
        trimmed: Share of the rows that was left out.
        trims: Whether rows could be.
    """

    cells: Mapping[str, Cell]
    places: Mapping[tuple[str, str], _Place]
    bounded: bool
    lacking: float
    trimmed: float
    trims: bool

    @classmethod
    def merged(cls, parts: Sequence["Overlap"]) -> "Overlap":
        """That of all members, each lack once, with the largest share that a member gives it."""
        cells: dict[str, Cell] = {}
        places: dict[tuple[str, str], _Place] = {}
        for part in parts:
            for text, cell in part.cells.items():
                cells[text] = max(cells.get(text, cell), cell, key=lambda one: one.share)
            for key, place in part.places.items():
                known = places.get(key, place)
                worse = max(known, place, key=lambda one: one.share)
                places[key] = _Place(worse.share, worse.where, min(known.least, place.least))
        return cls(
            cells, places, any(p.bounded for p in parts), max(p.lacking for p in parts),
            max(p.trimmed for p in parts), all(p.trims for p in parts),
        )  # fmt: skip

    def lines(self) -> tuple[str, ...]:
        """A sentence for the empty cells, one for the thin, and one for each place."""
        empty, thin = ([c for c in self.cells.values() if bool(c.rows) == some] for some in (False, True))
        lines = [f"cells that the answer needs and no row is in: {_listed(empty)}"] if empty else []
        lines += [f"thin cells: {_listed(thin)}"] if thin else []
        so = {"range": LINE, "region": "that is too many to go by the line" if self.bounded else LINE}
        for kind in ("range", "region"):
            for (of, side), place in self.places.items():
                if of == kind:
                    most = "" if f"{place.least:.0%}" == f"{place.share:.0%}" else "up to "
                    told = f"under {side} {most}{place.share:.0%} of the rows have none like them in the table"
                    lines.append(f"{told}{place.where}; {so[kind]}")
        return tuple(lines)

    def notes(self) -> tuple[str, ...]:
        """What became of the answer because of it."""
        if self.trimmed:
            left = f"{in_percent(self.trimmed)} of the rows are left out for want of support (--trim)"
            return (f"{left}: the effect is that on the others",)
        if not self.lacking:
            return ()
        held = "the interval holds every outcome for them"
        if self.lacking > WITHHELD:
            trim = "; --trim gives the effect on the others" if self.trims else ""
            held = f"only bounds are given, which hold every outcome for them{trim}"
        return (f"of {in_percent(self.lacking)} of the rows the table says nothing: {held}",)


def _listed(cells: Sequence[Cell]) -> str:
    more = f" and {len(cells) - SHOWN} more" if len(cells) > SHOWN else ""
    return "; ".join(f"{cell} ({in_percent(cell.share)} of the rows under do)" for cell in cells[:SHOWN]) + more


def overlap_of(job: Job, means: Means) -> Overlap:
    """What the table lacks of what one job needs, whose answer is given."""
    cells = {str(cell): cell for rows in job.simulated for cell in job.support.cells(job.table, rows)}
    places: dict[tuple[str, str], _Place] = {}
    for kind, named in NAMED.items():
        for side, rows in zip((job.intervention, job.against), job.simulated, strict=True):
            share = float(job.support.extrapolated(rows, kind).mean())
            if share > named:
                places[kind, str(side)] = _Place(share, _where(job, rows, kind), share)
    return Overlap(cells, places, job.bounded, means.lacking, means.trimmed, job.support.fixed)


def _where(job: Job, rows: Table, kind: str) -> str:
    """Where the rows lie that have nothing like them in the table, in the column that tells them apart best."""
    lacks = job.support.extrapolated(rows, kind)
    regions: list[Region] = [r for r in job.support.regions if (r.label is None) == (kind == "range")]
    names = dict.fromkeys(n for r in regions for n in (*r.family.others, *r.family.discrete) if n != r.treatment)
    numbers = [name for name in names if rows.continuous(name)]
    if not numbers:
        return ""
    scores = {}
    for name in numbers:
        values = rows.column(name)
        spread = float(values.std()) or 1.0
        scores[name] = abs(float(values[lacks].mean() - values[~lacks].mean())) / spread if not lacks.all() else 0.0
    best = max(scores, key=lambda name: scores[name])
    low, high = np.quantile(rows.column(best)[lacks], [0.05, 0.95])
    return f" ({best} mostly {low:.3g} to {high:.3g})"

"""What an answer is worth: one sentence for each reason why it is worth little, the same for every system.

    no better than trivial     on the rows that were held out, against each baseline that needs no model
    too few rows               under 30 of them were held out
    lost on the way back       with nothing done, the rows come back without what `do` is to set
    not moved                  what `do` sets cannot be seen in the answers
    within its control         no effect is larger than that of a change which means nothing

An alarm is no warning of what to keep in mind: the numbers beside it may be taken for nothing. It is told last on the
terminal, first in a report, and as `alarms` in JSON.
"""

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.data.base import Data
from aitia.data.comparing import looks
from aitia.data.table import Table
from aitia.errors import RangeWarning
from aitia.stats.features import coarse
from aitia.stats.worth import LEAST, beyond_control
from aitia.system import Counterfactuals, Given, Noise, Score, Scores, System

__all__ = ["of_effects", "of_fit", "of_rows", "of_scores"]

NEAREST = 5
"""Rows of the fit, the most alike, from which what a row shows is read."""
READABLE, KEPT = 0.3, 0.3
"""What is to be read off the rows themselves to be looked for, and the share of it that has to come back."""
LOW_AND_HIGH = (0.2, 0.8)
"""Quantiles of the rows of the fit that a target is set to, to see whether the answers show it."""
ASKED = 100
"""Rows that are looked at on their way back."""


def of_fit(system: System, scores: Scores, seen: Given, fresh: Given) -> tuple[str, ...]:
    """All that speaks against the answers of a fitted system.

    Args:
        system: It.
        scores: What `judge` gave.
        seen: What it was fitted to.
        fresh: What it was judged on; the same as `seen` where nothing was held out.
    """
    if seen.rows is None:
        return of_scores(scores)
    return (*of_scores(scores), *of_rows(0 if fresh is seen else len(fresh)), *_lost(system, seen, fresh))


def of_rows(fresh: int) -> tuple[str, ...]:
    """Whether scores rest on too few rows.

    Args:
        fresh: Rows that the fit has not seen.
    """
    if fresh >= LEAST:
        return ()
    if fresh == 0:
        return ("no row was held out: nothing here says how good the answers are on other rows",)
    rows = "row" if fresh == 1 else "rows"
    return (f"the scores rest on {fresh} fresh {rows}, fewer than {LEAST}: on others they may be anything",)


def of_scores(scores: Scores) -> tuple[str, ...]:
    """A sentence for each score that is no better than what needs no model; see `aitia.system.Score.trivial`."""
    told = []
    for place, (name, score) in enumerate(scores.items()):
        if score.trivial is None:
            names = tuple(score.baselines) if place == 0 else ()
        else:
            names = tuple(who for who in score.trivial if who in score.baselines)
        ahead = [who for who in names if not _better(score, score.baselines[who])]
        if not np.isfinite(score.value):
            told.append(f"the {name} is no number")
        elif ahead:
            best = min(ahead, key=lambda who: _cost(score, score.baselines[who]))
            told.append(
                f"no better than the trivial baseline {best!r}: {name} {score.value:.3g}, of the baseline "
                f"{score.baselines[best]:.3g} ({score.better} is better){_times(score, score.baselines[best])}"
            )
    return tuple(told)


def _better(score: Score, other: float) -> bool:
    """A baseline without a number is beaten by any number."""
    return not np.isfinite(other) or _cost(score, score.value) < _cost(score, other)


def _cost(score: Score, value: float) -> float:
    return value if score.better == "lower" else -value


def _times(score: Score, other: float) -> str:
    if score.better == "higher" or other <= 0 or score.value < 1.1 * other:
        return ""
    return f", {score.value / other:.1f} times as much"


def of_effects(table: Table) -> tuple[str, ...]:
    """Whether no effect of a table is larger than its control.

    Args:
        table: As `Explains.effects` gives it.
    """
    if table.n == 0 or "effect" not in table or "control" not in table:
        return ()
    low, high = (table.column(name).tolist() if name in table else None for name in ("low", "high"))
    beyond = beyond_control(table.column("effect"), table.column("control").tolist(), low, high)
    told = [clear for clear in beyond if clear is not None]
    if not told or any(told):
        return ()
    what = "the effect is" if len(told) == 1 else f"none of the {len(told)} effects is"
    return (f"{what}{' not' if len(told) == 1 else ''} larger than its control, a change that means nothing",)


# -- what comes back ---------------------------------------------------------------------------------------------------


def _lost(system: System, seen: Given, fresh: Given) -> tuple[str, ...]:
    """Targets that can be read off the rows, and no more off what the system makes of them with nothing done.

    What a row shows is read from the rows of the fit that look most like it.
    """
    if not isinstance(system, Counterfactuals) or fresh.rows is None or not looks(fresh.data):
        return ()
    names = [n for n in system.targets.names if n in fresh.data.known and n in seen.data.known]
    if not names or len(fresh) < LEAST:
        return ()
    rows = fresh.take(np.arange(min(len(fresh), ASKED)))
    noise = system.abduct(rows)
    reader = _Reader(seen.data)
    facts, made = (reader.nearest(data) for data in (rows.data, system.solve(noise)))
    lost, still = [], []
    for name in names:
        before, after = (reader.skill(rows.data, name, near) for near in (facts, made))
        if before < READABLE:
            continue
        if after < KEPT * before:
            lost.append(f"{name} ({before:.0%} of it is read off the rows, {max(after, 0.0):.0%} off what comes back)")
        elif seen.data.known.continuous(name) and (moved := _moved(system, noise, reader, name, facts)) < KEPT:
            still.append(f"{name} ({max(moved, 0.0):.0%} of the change that rows with other values show)")
    told = [f"what is given back with nothing done has lost what do sets: {', '.join(lost)}"] if lost else []
    if still:
        told.append(f"what do sets is not seen in the answers: {', '.join(still)}")
    return tuple(told)


def _moved(system: Counterfactuals, noise: Noise, reader: "_Reader", name: str, facts: NDArray[np.int64]) -> float:
    """How far the answers to a low and a high value are from each other, over what rows with these values show."""
    low, high = np.nanquantile(reader.seen.column(name), LOW_AND_HIGH)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RangeWarning)  # causes of the target may leave their range
        answers = [system.do({name: float(value)}).solve(noise) for value in (low, high)]
    shown = [reader.read(name, reader.nearest(answer)).mean() for answer in answers]
    read, truth = reader.read(name, facts), noise.given.data.known.column(name)
    told = ~np.isnan(truth)
    slope = float(np.cov(read[told], truth[told])[0, 1] / np.var(truth[told], ddof=1))
    return float((shown[1] - shown[0]) / (slope * (high - low)))


class _Reader:
    """Reads a column off what rows look like, by the rows of the fit that are nearest."""

    def __init__(self, seen: Data) -> None:
        self.seen, self._looks = seen.known, self._of(seen)

    @staticmethod
    def _of(data: Data) -> NDArray[np.float64]:
        parts = []
        for values in looks(data).values():
            flat = coarse(values) if values.ndim == 4 and values.shape[-1] == 3 else values.reshape(len(values), -1)
            parts.append(np.nan_to_num(np.asarray(flat, dtype=np.float64)))
        return np.concatenate(parts, axis=1)

    def nearest(self, data: Data) -> NDArray[np.int64]:
        """(n, 5) positions of rows of the fit."""
        rows, seen = self._of(data), self._looks
        apart = (rows**2).sum(axis=1)[:, None] - 2 * rows @ seen.T + (seen**2).sum(axis=1)
        return np.argsort(apart, axis=1, kind="stable")[:, :NEAREST]

    def read(self, name: str, near: NDArray[np.int64]) -> NDArray[np.float64]:
        """A number of each row: the mean over its nearest."""
        return np.asarray(np.nanmean(self.seen.column(name)[near], axis=1))

    def skill(self, data: Data, name: str, near: NDArray[np.int64]) -> float:
        """Share of the spread (or of the labels beyond the most frequent) that the nearest rows tell."""
        if self.seen.continuous(name):
            truth = data.known.column(name)
            spread = float(np.nanvar(truth))
            return 1 - float(np.nanmean((self.read(name, near) - truth) ** 2)) / spread if spread > 0 else 0.0
        known, truth = (np.array(list(map(str, of.labels(name)))) for of in (self.seen, data.known))
        said = [_most(known[row]) for row in near]
        right, usual = float(np.mean(said == truth)), float(np.mean(truth == _most(known)))
        return (right - usual) / (1 - usual) if usual < 1 else 0.0


def _most(labels: NDArray[Any]) -> str:
    values, counts = np.unique(labels, return_counts=True)
    return str(values[counts.argmax()])

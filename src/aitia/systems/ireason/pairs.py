"""Pairs of events as arrays: which sentences, which objects at which moments, when, and whether annotated as causal."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from aitia.systems.ireason.context import BOX, Objects, looks_at
from aitia.systems.ireason.events import ClipEvents

__all__ = ["MOMENTS", "TIMES", "Looks", "Pairs", "pairs_of"]

Values = NDArray[np.float64]
Numbers = NDArray[np.int64]
MOMENTS = 4
"""Frames of a pair: before the cause and its last one, before the effect and its last one."""
TIMES = 6
"""Numbers that tell when: begin and end of both, and how long the effect begins after both ends of the cause."""


@dataclass(frozen=True)
class Looks:
    """What is seen in frames.

    Args:
        names: Of the objects that there are.
        kinds: (frames, objects) number of the name, -1 where there is no object, one row more at the end without any.
        boxes: (frames, objects, 5).
        features: (frames, objects, d).
    """

    names: tuple[str, ...]
    kinds: Numbers
    boxes: NDArray[np.float32]
    features: NDArray[np.float32]


@dataclass(frozen=True)
class Pairs:
    """Pairs of events, one a row.

    Args:
        sentences: That are said, each once.
        looks: What is seen in the frames of all events.
        clip: (n,) number of the clip.
        events: (n, 2) numbers of cause and effect among its events.
        said: (n, 2) numbers of their sentences.
        seen: (n, 4) rows of `looks`.
        times: (n, 6), in shares of the clip.
        label: (n,) 1 where annotated as cause and effect, 0 where not, nan where nobody says.
    """

    sentences: tuple[str, ...]
    looks: Looks
    clip: Numbers
    events: Numbers
    said: Numbers
    seen: Numbers
    times: Values
    label: Values

    def __len__(self) -> int:
        return len(self.clip)

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> "Pairs":
        """Some of the pairs."""
        picked = {name: getattr(self, name)[rows] for name in ("clip", "events", "said", "seen", "times", "label")}
        return replace(self, **picked)

    def of_whole_clips(self) -> "Pairs":
        """The same with four looks at the whole clip, evenly picked, in place of those at the events; without times."""
        seen = self.seen.copy()
        order = np.argsort(self.clip, kind="stable")
        for rows in np.split(order, np.flatnonzero(np.diff(self.clip[order])) + 1) if len(order) else ():
            looks = np.unique(self.seen[rows])
            seen[rows] = looks[np.linspace(0, len(looks) - 1, MOMENTS).round().astype(int)]
        return replace(self, seen=seen, times=np.zeros_like(self.times))

    @cached_property
    def effects(self) -> list[Numbers]:
        """For each effect of a clip the rows of its candidates."""
        keys = self.clip * (self.events.max(initial=0) + 1) + self.events[:, 1]
        order = np.argsort(keys, kind="stable")
        cuts = np.flatnonzero(np.diff(keys[order])) + 1
        return [rows for rows in np.split(order, cuts) if len(rows)]

    @cached_property
    def weights(self) -> Values:
        """(n,) what a pair weighs so that the same two sentences are as often cause and effect as not, mean 1."""
        group = np.unique(self.said, axis=0, return_inverse=True)[1].reshape(-1)
        total, positive = np.bincount(group), np.bincount(group, weights=self.label)
        own = np.where(self.label > 0, positive[group], (total - positive)[group])
        mixed = (positive > 0) & (positive < total)
        return np.where(mixed[group], total[group] / (2 * np.maximum(own, 1)), 1.0)


def pairs_of(clips: Sequence[ClipEvents], seen: Sequence[dict[int, Objects]], names: Sequence[str] = ()) -> Pairs:
    """All pairs that are asked about.

    Args:
        clips: The events of each clip.
        seen: What is seen of each, by frame.
        names: Of objects that are known; those of `seen` where none are given. Others are no objects.
    """
    known = tuple(names) or tuple(sorted({name for frame in seen for one in frame.values() for name in one.names}))
    place = {name: k for k, name in enumerate(known)}
    sentences = {text: k for k, text in enumerate(dict.fromkeys(e.sentence for c in clips for e in c.events))}
    rows = {key: k for k, key in enumerate((n, frame) for n, one in enumerate(seen) for frame in one)}
    looks = _looks(known, place, [one for held in seen for one in held.values()])
    clip, events, said, look, times, label = [], [], [], [], [], []
    for n, one in enumerate(clips):
        for i, j in one.pairs:
            cause, effect = one.events[i], one.events[j]
            clip.append(n)
            events.append((i, j))
            said.append((sentences[cause.sentence], sentences[effect.sentence]))
            look.append([rows.get((n, frame), len(rows)) for event in (cause, effect) for frame in looks_at(event)])
            ends = (cause.start, cause.stop, effect.start, effect.stop)
            gaps = (effect.start - cause.start, effect.start - cause.stop)
            times.append([when / max(one.length, 1) for when in (*ends, *gaps)])
            label.append(float((i, j) in one.causes) if j in one.annotated else np.nan)
    n = len(clip)
    return Pairs(
        tuple(sentences), looks, np.array(clip, dtype=np.int64), np.array(events, dtype=np.int64).reshape(n, 2),
        np.array(said, dtype=np.int64).reshape(n, 2), np.array(look, dtype=np.int64).reshape(n, MOMENTS),
        np.array(times, dtype=np.float64).reshape(n, TIMES), np.array(label, dtype=np.float64),
    )  # fmt: skip


def _looks(known: tuple[str, ...], place: dict[str, int], held: Sequence[Objects]) -> Looks:
    most = max([1, *(len(one.names) for one in held)])
    wide = max([0, *(one.features.shape[1] for one in held)])
    kinds = np.full((len(held) + 1, most), -1, dtype=np.int64)
    boxes = np.zeros((len(held) + 1, most, BOX), dtype=np.float32)
    features = np.zeros((len(held) + 1, most, wide), dtype=np.float32)
    for row, one in enumerate(held):
        count = len(one.names)
        kinds[row, :count] = [place.get(name, -1) for name in one.names]
        boxes[row, :count] = one.boxes
        if one.features.size:
            features[row, :count] = one.features
    return Looks(known, kinds, boxes, features)

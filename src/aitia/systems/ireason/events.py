"""Clips with events, and the pairs of them that are asked about.

A cause begins before its effect. Where rows do not say which pairs are asked about, every event before another is.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from aitia.errors import DataError

__all__ = ["ClipEvents", "Happening", "Pair", "Thing", "checked"]

Pair = tuple[int, int]
Thing = tuple[str, tuple[float, ...]]
"""Name of an object and its box, of four numbers or none."""
Frames = Callable[[Sequence[int]], NDArray[np.uint8]]


@dataclass(frozen=True)
class Happening:
    """What happens from frame `start` up to, not including, frame `stop`."""

    start: int
    stop: int
    sentence: str


@dataclass(frozen=True)
class ClipEvents:
    """The events of a clip.

    Args:
        name: What the clip is called, for messages and graphs.
        events: In the order of the rows.
        rows: Row of each event in a table, or the one row of the clip for all.
        titles: What each event is called in `causes`.
        pairs: (cause, effect) numbers of events that are asked about, the first before the second.
        causes: Those that are annotated.
        annotated: The events of which it is said what caused them.
        objects: What is there by frame, where the rows say it.
        length: Frames.
        frames: Gives some frames, (n, height, width, 3) of bytes.
        group: The video that the clip is of.
        seen: Whether there are frames.
    """

    name: str
    events: tuple[Happening, ...]
    rows: tuple[int, ...]
    titles: tuple[object, ...]
    pairs: tuple[Pair, ...]
    causes: frozenset[Pair]
    annotated: frozenset[int]
    objects: Mapping[int, Sequence[Thing]] | None = None
    length: int = 0
    frames: Frames = field(default=lambda frames: np.zeros((len(frames), 8, 8, 3), np.uint8), repr=False)
    group: str = ""
    seen: bool = False

    @property
    def effects(self) -> tuple[int, ...]:
        """Numbers of the events that are asked about as effects."""
        return tuple(sorted({effect for _, effect in self.pairs}))

    def said(self, sentences: Mapping[int, str]) -> "ClipEvents":
        """The same with these sentences of events."""
        events = tuple(replace(e, sentence=sentences.get(k, e.sentence)) for k, e in enumerate(self.events))
        return replace(self, events=events)


def checked(place: str, clip: ClipEvents, asked: Mapping[int, Sequence[int]] | None) -> ClipEvents:
    """The clip with its pairs.

    Args:
        place: What the clip is, for messages.
        clip: Without pairs.
        asked: For each effect its candidates; None asks about every event before another.

    Raises:
        DataError: If an event lies beyond the clip or stands twice, or an effect does not begin after its cause.
    """
    events, length = clip.events, clip.length
    for number, event in enumerate(events):
        title = f"{place}: event {clip.titles[number]} ({event.sentence!r})"
        if event.stop <= event.start:
            raise DataError(f"{title} ends at frame {event.stop - 1}, before it begins at frame {event.start}")
        if event.start < 0 or (length and event.stop > length):
            raise DataError(
                f"{title} lasts from frame {event.start} to {event.stop - 1}, and the clip has frames 0 to {length - 1}"
            )
        if event.sentence and event in events[:number]:
            raise DataError(f"{title} stands twice, both from frame {event.start}: take one away")
    every = [(i, j) for j, late in enumerate(events) for i, soon in enumerate(events) if soon.start < late.start]
    said = every if asked is None else [(i, j) for j, some in asked.items() for i in some]
    for what, pairs in (("causes", sorted(clip.causes)), ("asked", said)):
        for i, j in pairs:
            if events[i].start >= events[j].start:
                raise DataError(
                    f"{place}: {what} name event {clip.titles[i]} (from frame {events[i].start}) as a cause of event "
                    f"{clip.titles[j]} (from frame {events[j].start}), which does not begin after it: mend the row of "
                    f"event {clip.titles[j]}"
                )
    return replace(clip, pairs=tuple(dict.fromkeys([*said, *sorted(clip.causes)])))

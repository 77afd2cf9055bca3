"""Rows that were read: their clips, the pairs of events, and what is to be known of them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aitia.systems.ireason.events import ClipEvents
from aitia.systems.ireason.pairs import Pairs

__all__ = ["Read", "notes_of"]


@dataclass(frozen=True)
class Read:
    """Rows as clips and their pairs.

    Args:
        clips: In their order.
        pairs: Of all of them.
        videos: (pairs,) number of the video of each.
        written: Sentences that a captioner wrote, and those left out for their confidence.
    """

    clips: tuple[ClipEvents, ...]
    pairs: Pairs
    videos: NDArray[np.int64]
    written: tuple[int, int] = (0, 0)


def notes_of(read: Read, least: float) -> tuple[str, ...]:
    """What is to be known of rows, in sentences."""
    clips, found = read.clips, []
    if alone := [clip.name for clip in clips if len(clip.events) < 2]:
        found.append(f"{len(alone)} of {len(clips)} clips have fewer than two events, and no pair: {alone[0]} first")
    if twice := [c.name for c in clips if len({e.sentence for e in c.events}) < len(c.events)]:
        found.append(
            f"{len(twice)} clips say one sentence of two events, told apart by their frames alone: {twice[0]} first"
        )
    counts = [sum(j == effect for _, j in c.causes) for c in clips for effect in c.effects if effect in c.annotated]
    one, several = sum(count == 1 for count in counts), sum(count > 1 for count in counts)
    found.append(
        f"{len(counts)} events with a candidate say their causes: {one} one, {several} several, "
        f"{len(counts) - one - several} none (by itself, or no single cause); these are annotated causes, and only a "
        "world knows whether they are true"
    )
    if sum(read.written):
        found.append(
            f"{read.written[0]} sentences were written by the captioner, {read.written[1]} more were left out with a "
            f"confidence below {least:g}"
        )
    return tuple(found)

"""How wide text of a chart is, so that none leaves its picture or lies on another, in the widest common font."""

from html import escape
from unicodedata import east_asian_width

__all__ = ["AXIS", "NOTE", "TICK", "shortened", "text", "width"]

TICK, AXIS = 15.0, 16.0
"""Sizes of letters of a `chart wide` on a small screen, the largest in which they are drawn."""
NOTE = 12.0
"""Size of the letters of other charts."""


def width(line: str, size: float = TICK) -> float:
    """About how wide a line is, rather too much than too little: DejaVu Sans is wider than what most systems have."""
    return size * sum(map(_share, line))


def _share(letter: str) -> float:
    if east_asian_width(letter) in "WF":
        return 1.05
    if letter in "MWmw%@—→…":
        return 1.0
    if letter.isupper():
        return 0.79
    return 0.42 if letter in "iIjlft.,:;'|!()[] " else 0.66


def shortened(line: str, room: float, size: float = TICK) -> str:
    """The line, or as much of it as there is room for, an ellipsis behind it."""
    if width(line, size) <= room:
        return line
    kept = line
    while kept and width(kept + "…", size) > room:
        kept = kept[:-1]
    return kept.rstrip() + "…"


def text(line: str, room: float, size: float = TICK, *, kind: str = "tick", place: str = "") -> str:
    """An SVG text of at most that width; what had to be shortened is told whole where the pointer rests.

    Args:
        line: What to say.
        room: Its largest width.
        size: Of its letters.
        kind: Its class.
        place: Its other attributes.
    """
    shown = shortened(line, room, size)
    whole = f"<title>{escape(line)}</title>" if shown != line else ""
    return f'<text class="{kind}" {place}>{whole}{escape(shown)}</text>'

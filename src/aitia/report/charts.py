"""Line charts as SVG, for values over a context."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import floor, log10

from aitia.report.lettering import AXIS, TICK, text, width

__all__ = ["Line", "legend", "line_chart", "ticks"]

COLOURS = ("#1f5a8a", "#b8741a", "#4d7f3a", "#8a3b5a")
WIDTH, HEIGHT, TOP, BOTTOM = 560.0, 230.0, 12.0, 46.0
SLANT, LONGEST = 0.77, 170.0
"""Cosine of the angle at which labels that do not fit side by side are written, and the longest of them."""


@dataclass(frozen=True)
class Line:
    """One curve.

    Args:
        name: In the legend.
        y: Its values.
    """

    name: str
    y: Sequence[float]


def line_chart(x: Sequence[object], lines: Sequence[Line], *, x_label: str, y_label: str) -> str:
    """Curves over numbers, or points over labels.

    Args:
        x: Numbers in any order, or labels.
        lines: Each with one value a place.
        x_label: Below the axis.
        y_label: Beside the axis.
    """
    numeric = all(isinstance(value, int | float) for value in x)
    places = [float(v) for v in x] if numeric else [float(k) for k in range(len(x))]  # type: ignore[arg-type]
    order = sorted(range(len(places)), key=places.__getitem__)
    low_x, high_x = (min(places), max(places)) if numeric else (-0.5, len(x) - 0.5)
    values = [v for line in lines for v in line.y]
    low, high = min(values), max(values)
    pad = (high - low) * 0.06 or 1.0
    low, high = low - pad, high + pad
    up_marks = [(t, f"{t:g}") for t in ticks(low, high, 4)]
    left = 34 + max((width(told) for _, told in up_marks), default=0.0)
    marks = _across(low_x, high_x, WIDTH - left) if numeric else _labels(x)
    room = (WIDTH - left - 24) / max(len(marks), 1)
    slanted = not numeric and any(width(told) > room for _, told in marks)
    right = 14.0 if not numeric else max(14.0, *(width(told) / 2 + 2 for _, told in marks))
    deep = 0.0
    if slanted:
        longest = min(max(width(told) for _, told in marks), LONGEST)
        left, deep = max(left, SLANT * longest + 20 - room / 2), 0.64 * longest
    base = HEIGHT - BOTTOM

    def across(value: float) -> float:
        return left + (value - low_x) / ((high_x - low_x) or 1.0) * (WIDTH - left - right)

    def up(value: float) -> float:
        return base - (value - low) / (high - low) * (base - TOP)

    parts = []
    for tick, told in up_marks:
        parts.append(f'<path class="grid" d="M{left:.1f} {up(tick):.1f}H{WIDTH - right:.1f}"/>')
        parts.append(f'<text class="tick" x="{left - 6:.1f}" y="{up(tick) + 4:.1f}" text-anchor="end">{told}</text>')
    for place, told in marks:
        at = f'x="{across(place):.1f}" y="{base + 19:g}" text-anchor="middle"'
        if slanted:
            at = f'transform="translate({across(place) + 4:.1f} {base + 16:g}) rotate(-40)" text-anchor="end"'
        parts.append(text(told, LONGEST if slanted else WIDTH, place=at))
    for k, line in enumerate(lines):
        parts += _curve([(across(places[i]), up(float(line.y[i]))) for i in order], k, numeric)
    end = base + 40 + deep
    middle = (left + WIDTH - right) / 2
    below = f'x="{middle:.1f}" y="{end:.1f}" text-anchor="middle"'
    beside = f'transform="translate(15 {(TOP + base) / 2:g}) rotate(-90)" text-anchor="middle"'
    parts.append(text(x_label, 2 * min(middle, WIDTH - middle) - 4, AXIS, kind="axis", place=below))
    parts.append(text(y_label, base + TOP, AXIS, kind="axis", place=beside))
    told, height = legend([(line.name, COLOURS[k % len(COLOURS)], 1.0) for k, line in enumerate(lines)], left, end + 8)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="chart wide" viewBox="0 0 {WIDTH:g} {height:.0f}" role="img" '
        f'aria-label="{escape(y_label, quote=True)} over {escape(x_label, quote=True)}">{"".join(parts)}{told}</svg>'
    )


def _curve(points: Sequence[tuple[float, float]], k: int, numeric: bool) -> list[str]:
    colour = COLOURS[k % len(COLOURS)]
    if numeric:
        path = "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in points)
        return [f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{2 if k == 0 else 1.3}"/>']
    return [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="{4 if k == 0 else 3}" fill="{colour}"/>' for a, b in points]


def legend(entries: Sequence[tuple[str, str, float]], left: float, top: float) -> tuple[str, float]:
    """Names beside their colours, in as many lines as they need, and where they end.

    Args:
        entries: Name, colour and opacity of each.
        left: Where a line begins.
        top: Above the first line.
    """
    parts, x, y = [], left, top + TICK
    for name, colour, opacity in entries:
        wide = 20 + min(width(name), WIDTH - left - 24)
        if x > left and x + wide > WIDTH:
            x, y = left, y + TICK + 6
        parts.append(
            f'<rect x="{x:.1f}" y="{y - 8:.1f}" width="14" height="7" fill="{colour}" fill-opacity="{opacity:g}"/>'
            + text(name, WIDTH - left - 24, place=f'x="{x + 20:.1f}" y="{y:.1f}"')
        )
        x += wide + 22
    return "".join(parts), y + 8


def ticks(low: float, high: float, count: int) -> list[float]:
    """Some round numbers between the ends of an axis."""
    span = high - low
    if not span > 0:
        return [low]
    step = 10.0 ** floor(log10(span / count))
    step = next(s for s in (step, 2 * step, 2.5 * step, 5 * step, 10 * step) if span / s <= count + 1)
    first = -(-low // step)
    return [round((first + k) * step, 12) for k in range(int((high - first * step) // step) + 1)]


def _across(low: float, high: float, room: float) -> list[tuple[float, str]]:
    """As many round numbers as fit side by side, seven or fewer."""
    for count in range(7, 1, -1):
        marks = [(t, f"{t:g}") for t in ticks(low, high, count)]
        if sum(width(told) + 12 for _, told in marks) <= room:
            return marks
    return marks[:1]


def _labels(x: Sequence[object]) -> list[tuple[float, str]]:
    """At most a dozen labels, evenly picked."""
    every = max(1, -(-len(x) // 12))
    return [(float(k), str(value)) for k, value in enumerate(x) if k % every == 0]

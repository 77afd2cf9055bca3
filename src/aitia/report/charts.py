"""Line charts as SVG, for values over a context."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import floor, log10

__all__ = ["Line", "line_chart", "ticks"]

COLOURS = ("#1f5a8a", "#b8741a", "#4d7f3a", "#8a3b5a")
WIDTH, HEIGHT = 640.0, 220.0
LEFT, RIGHT, TOP, BOTTOM = 62.0, 14.0, 12.0, 40.0


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
    low_x, high_x = min(places), max(places)
    values = [v for line in lines for v in line.y]
    low, high = min(values), max(values)
    pad = (high - low) * 0.06 or 1.0
    low, high = low - pad, high + pad

    def across(value: float) -> float:
        return LEFT + (value - low_x) / ((high_x - low_x) or 1.0) * (WIDTH - LEFT - RIGHT)

    def up(value: float) -> float:
        return HEIGHT - BOTTOM - (value - low) / (high - low) * (HEIGHT - TOP - BOTTOM)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox="0 0 {WIDTH:g} {HEIGHT + 18:g}" role="img" '
        f'aria-label="{escape(y_label, quote=True)} over {escape(x_label, quote=True)}">'
    ]
    for tick in ticks(low, high, 4):
        parts.append(f'<path class="grid" d="M{LEFT:g} {up(tick):.1f}H{WIDTH - RIGHT:g}"/>')
        parts.append(f'<text class="tick" x="{LEFT - 6:g}" y="{up(tick) + 4:.1f}" text-anchor="end">{tick:g}</text>')
    marks = [(t, f"{t:g}") for t in ticks(low_x, high_x, 7)] if numeric else _labels(x)
    for place, text in marks:
        parts.append(
            f'<text class="tick" x="{across(place):.1f}" y="{HEIGHT - BOTTOM + 16:g}" text-anchor="middle">'
            f"{escape(text)}</text>"
        )
    for k, line in enumerate(lines):
        colour = COLOURS[k % len(COLOURS)]
        points = [(across(places[i]), up(float(line.y[i]))) for i in order]
        if numeric:
            path = "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in points)
            parts.append(f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{2 if k == 0 else 1.3}"/>')
        else:
            parts += [
                f'<circle cx="{a:.1f}" cy="{b:.1f}" r="{4 if k == 0 else 3}" fill="{colour}"/>' for a, b in points
            ]
        parts.append(
            f'<g transform="translate({LEFT + 150 * k:g} {HEIGHT + 8:g})"><rect width="14" height="4" y="-5" '
            f'fill="{colour}"/><text class="tick" x="20">{escape(line.name)}</text></g>'
        )
    parts.append(
        f'<text class="axis" x="{(LEFT + WIDTH - RIGHT) / 2:g}" y="{HEIGHT - 8:g}" text-anchor="middle">'
        f"{escape(x_label)}</text>"
        f'<text class="axis" transform="translate(13 {(TOP + HEIGHT - BOTTOM) / 2:g}) rotate(-90)" '
        f'text-anchor="middle">{escape(y_label)}</text></svg>'
    )
    return "".join(parts)


def ticks(low: float, high: float, count: int) -> list[float]:
    """Some round numbers between the ends of an axis."""
    span = high - low
    if not span > 0:
        return [low]
    step = 10.0 ** floor(log10(span / count))
    step = next(s for s in (step, 2 * step, 2.5 * step, 5 * step, 10 * step) if span / s <= count + 1)
    first = -(-low // step)
    return [round((first + k) * step, 12) for k in range(int((high - first * step) // step) + 1)]


def _labels(x: Sequence[object]) -> list[tuple[float, str]]:
    """At most a dozen labels, evenly picked."""
    every = max(1, -(-len(x) // 12))
    return [(float(k), str(value)[:12]) for k, value in enumerate(x) if k % every == 0]

"""Estimates as dots with their intervals, one line each, as SVG."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from aitia.errors import OptionError
from aitia.report.charts import COLOURS, WIDTH, ticks
from aitia.report.lettering import AXIS, TICK, text, width

__all__ = ["Interval", "interval_chart"]

RIGHT, TOP, LINE, BOTTOM = 74.0, 10.0, 30.0, 48.0
MOST = 280.0
"""Room for names; one that needs more is shortened."""


@dataclass(frozen=True)
class Interval:
    """One line of the chart.

    Args:
        name: Beside it.
        estimate: The dot.
        low: Left end.
        high: Right end.
        solid: Whether it is an effect (solid) or a control or correlation (hollow).
    """

    name: str
    estimate: float
    low: float
    high: float
    solid: bool = True


def interval_chart(intervals: Sequence[Interval], *, x_label: str, reference: float | None = None) -> str:
    """Dots with their intervals, from zero on, as SVG.

    Args:
        intervals: From top to bottom.
        x_label: Below the axis.
        reference: Where a broken line stands, such as the truth.

    Raises:
        OptionError: If there is none.
    """
    if not intervals:
        raise OptionError("a chart of intervals needs at least one")
    high = max(max(i.high for i in intervals), reference or 0.0) * 1.04 or 1.0
    low = min(0.0, *(i.low for i in intervals))
    bottom = TOP + LINE * len(intervals)
    left = 20 + min(MOST, max(width(i.name, AXIS) for i in intervals))
    count = max(int((WIDTH - left - RIGHT) / (width("-0.25", TICK) + 16)), 2)

    def across(value: float) -> float:
        return left + (value - low) / (high - low) * (WIDTH - left - RIGHT)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="chart wide" viewBox="0 0 {WIDTH:g} {bottom + BOTTOM:g}" '
        f'role="img" aria-label="{escape(x_label, quote=True)}, with intervals">'
    ]
    for tick in ticks(low, high, count):
        parts.append(f'<path class="grid" d="M{across(tick):.1f} {TOP:g}V{bottom:g}"/>')
        parts.append(
            f'<text class="tick" x="{across(tick):.1f}" y="{bottom + 19:g}" text-anchor="middle">{tick:g}</text>'
        )
    if reference is not None:
        parts.append(
            f'<path d="M{across(reference):.1f} {TOP:g}V{bottom:g}" stroke="{COLOURS[2]}" stroke-width="1.5" '
            'stroke-dasharray="5 4" fill="none"/>'
        )
    for k, line in enumerate(intervals):
        y, colour = TOP + LINE * (k + 0.5), COLOURS[0] if line.solid else COLOURS[1]
        parts.append(
            text(line.name, MOST, AXIS, kind="axis", place=f'x="{left - 12:.1f}" y="{y + 4:g}" text-anchor="end"')
            + f'<path d="M{across(line.low):.1f} {y:g}H{across(line.high):.1f}" stroke="{colour}" stroke-width="3"/>'
            f'<circle cx="{across(line.estimate):.1f}" cy="{y:g}" r="5" stroke="{colour}" stroke-width="2" '
            f'fill="{colour if line.solid else "#fff"}"/>'
            f'<text class="tick" x="{WIDTH - RIGHT + 10:g}" y="{y + 4:g}">{line.estimate:.3f}</text>'
        )
    middle = (left + WIDTH - RIGHT) / 2
    below = f'x="{middle:.1f}" y="{bottom + 40:g}" text-anchor="middle"'
    parts.append(text(x_label, 2 * (WIDTH - middle) - 8, AXIS, kind="axis", place=below))
    return "".join(parts) + "</svg>"

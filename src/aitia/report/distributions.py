"""Matrices as shaded tables and numbers as histograms, as SVG."""

from collections.abc import Mapping, Sequence
from html import escape

import numpy as np
from numpy.typing import ArrayLike

from aitia.report.charts import BOTTOM, COLOURS, HEIGHT, TOP, WIDTH, legend, ticks
from aitia.report.lettering import AXIS, NOTE, text, width

__all__ = ["histogram", "shaded_matrix"]

_CELL_HEIGHT = 26.0
_LEFT, _RIGHT = 30.0, 30.0


def shaded_matrix(rows: Sequence[str], columns: Sequence[str], values: ArrayLike, *, digits: int = 2) -> str:
    """A matrix whose cells are the darker the larger their number, from the smallest to the largest one.

    Args:
        rows: Names of the rows.
        columns: Names of the columns.
        values: (rows, columns); a cell that is NaN stays empty.
        digits: After the point.
    """
    given = np.asarray(values, dtype=np.float64)
    low, high = float(np.nanmin(given)), float(np.nanmax(given))
    span = high - low or 1.0
    left = 12 + max((width(name, NOTE) for name in rows), default=0.0)
    wide = 12 + max(width("-0.00", NOTE), *(width(name, NOTE) for name in columns))
    whole, height = left + wide * len(columns), 24 + _CELL_HEIGHT * len(rows)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox="0 0 {whole:.0f} {height:g}" '
        f'style="max-width:{whole:.0f}px" role="img" aria-label="matrix">'
    ]
    for c, name in enumerate(columns):
        x = left + wide * (c + 0.5)
        parts.append(f'<text class="tick" x="{x:.1f}" y="14" text-anchor="middle">{escape(name)}</text>')
    for r, name in enumerate(rows):
        y = 24 + _CELL_HEIGHT * r
        parts.append(f'<text class="tick" x="{left - 8:.1f}" y="{y + 17:.1f}" text-anchor="end">{escape(name)}</text>')
        for c, value in enumerate(given[r]):
            if np.isnan(value):
                continue
            share = (value - low) / span
            ink = "#fff" if share > 0.55 else "#1c2733"
            x = left + wide * c
            parts.append(
                f'<rect x="{x:.1f}" y="{y:.1f}" width="{wide - 1:g}" height="{_CELL_HEIGHT - 1:g}" fill="{COLOURS[0]}" '
                f'fill-opacity="{0.06 + 0.94 * share:.3f}"/><text class="tick" x="{x + wide / 2:.1f}" '
                f'y="{y + 17:.1f}" text-anchor="middle" style="fill:{ink}">{value:.{digits}f}</text>'
            )
    return "".join(parts) + "</svg>"


def histogram(
    draws: Mapping[str, ArrayLike], *, mark: float | None = None, x_label: str = "", bins: int = 24, told: str = "here"
) -> str:
    """Histograms over one axis, and a line where a number of ours stands.

    Args:
        draws: Numbers by their name in the legend.
        mark: Where the line stands; None draws none.
        x_label: Below the axis.
        bins: Over the whole axis.
        told: Beside the line.
    """
    series = {name: np.asarray(values, dtype=np.float64) for name, values in draws.items()}
    every = np.concatenate([*series.values(), [] if mark is None else [mark]])
    low, high = float(every.min()), float(every.max())
    low, high = low - 0.02 * (high - low or 1), high + 0.02 * (high - low or 1)
    edges = np.linspace(low, high, bins + 1)
    counts = {name: np.histogram(values, edges)[0] / len(values) for name, values in series.items()}
    top = max(float(c.max()) for c in counts.values())

    def across(value: float) -> float:
        return _LEFT + (value - low) / (high - low) * (WIDTH - _LEFT - _RIGHT)

    floor = HEIGHT - BOTTOM
    parts = [f'<path class="grid" d="M{_LEFT:g} {floor:g}H{WIDTH - _RIGHT:g}"/>']
    for k, shares in enumerate(counts.values()):
        colour = COLOURS[(k + 1) % len(COLOURS)]
        for share, a, b in zip(shares, edges[:-1], edges[1:], strict=True):
            tall = share / top * (floor - TOP)
            parts.append(
                f'<rect x="{across(a):.1f}" y="{floor - tall:.1f}" width="{across(b) - across(a) - 1:.1f}" '
                f'height="{tall:.1f}" fill="{colour}" fill-opacity="0.55"/>'
            )
    parts += [
        f'<text class="tick" x="{across(tick):.1f}" y="{floor + 19:g}" text-anchor="middle">{tick:g}</text>'
        for tick in ticks(low, high, 6)
    ]
    if mark is not None:
        near_end = mark > (low + high) / 2
        parts.append(
            f'<path d="M{across(mark):.1f} {floor:g}V{TOP:g}" stroke="{COLOURS[0]}" stroke-width="2"/>'
            + text(
                told,
                (across(mark) if near_end else WIDTH - across(mark)) - 10,
                AXIS,
                kind="axis mark",
                place=f'x="{across(mark) + (-6 if near_end else 6):.1f}" y="{TOP + 10:g}" '
                f'text-anchor="{"end" if near_end else "start"}"',
            )
        )
    below = f'x="{WIDTH / 2:g}" y="{floor + 40:g}" text-anchor="middle"'
    parts.append(text(x_label, WIDTH - 8, AXIS, kind="axis", place=below))
    colours = [(name, COLOURS[(k + 1) % len(COLOURS)], 0.55) for k, name in enumerate(series)]
    names, height = legend(colours, _LEFT, floor + 48)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="chart wide" viewBox="0 0 {WIDTH:g} {height:.0f}" role="img" '
        f'aria-label="histogram of {escape(x_label, quote=True)}">{"".join(parts)}{names}</svg>'
    )

"""Points in panels side by side, as SVG: a map of populations, real rows beside drawn ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

import numpy as np
from numpy.typing import NDArray

from aitia.report.charts import COLOURS, ticks

__all__ = ["ScatterPanel", "scatter_panels"]

_SIDE, _LEFT, _TOP, _BOTTOM, _GAP = 240.0, 46.0, 26.0, 40.0, 20.0
_MOST = 400
"""Points of a series that are drawn at most, evenly picked."""


@dataclass(frozen=True, eq=False)
class ScatterPanel:
    """One panel.

    Args:
        title: Above it.
        series: Points (n, 2) by their name in the legend.
        names: Of the points of the first series, written beside them; empty for none.
        axes: Names of the two axes.
    """

    title: str
    series: Mapping[str, NDArray[np.float64]] = field(repr=False)
    names: Sequence[str] = ()
    axes: tuple[str, str] = ("", "")


def scatter_panels(panels: Sequence[ScatterPanel], *, across: int = 3, scale: float = 1.0, same: bool = False) -> str:
    """Panels in rows of `across`, each with its own axes, or all with the same.

    Args:
        panels: One or more.
        across: Panels in a row.
        scale: Of the side of a panel.
        same: Whether the panels share their axes.
    """
    side, columns = _SIDE * scale, min(across, len(panels))
    lines = -(-len(panels) // columns)
    wide, tall = _LEFT + side + _GAP, _TOP + side + _BOTTOM
    legend = list(dict.fromkeys(name for panel in panels for name in panel.series))
    width, height = wide * columns, tall * lines + (20 if len(legend) > 1 else 0)
    every = np.concatenate([points for panel in panels for points in panel.series.values()])
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox="0 0 {width:g} {height:g}" '
        f'style="max-width:{width:g}px" role="img" aria-label="points">'
    ]
    for k, panel in enumerate(panels):
        left, top = wide * (k % columns) + _LEFT, tall * (k // columns) + _TOP
        parts.append(_panel(panel, legend, every if same else np.concatenate(list(panel.series.values())), left, top, side))
    for k, name in enumerate(legend if len(legend) > 1 else []):
        x, y = _LEFT + 150 * k, height - 8
        parts.append(
            f'<circle cx="{x:g}" cy="{y - 4:g}" r="4" fill="{COLOURS[k % len(COLOURS)]}"/>'
            f'<text class="tick" x="{x + 10:g}" y="{y:g}">{escape(name)}</text>'
        )
    return "".join(parts) + "</svg>"


def _panel(
    panel: ScatterPanel, legend: Sequence[str], every: NDArray[np.float64], left: float, top: float, side: float
) -> str:
    low, high = every.min(0), every.max(0)
    room = 0.04 * np.where(high > low, high - low, 1.0)
    low, high = low - room, high + room

    def place(point: NDArray[np.float64]) -> tuple[float, float]:
        share = (point - low) / (high - low)
        return left + share[0] * side, top + (1 - share[1]) * side

    parts = [
        f'<text class="axis" x="{left:g}" y="{top - 9:g}">{escape(panel.title)}</text>',
        f'<rect x="{left:g}" y="{top:g}" width="{side:g}" height="{side:g}" fill="none" stroke="#c9d3dd"/>',
        f'<text class="axis" x="{left + side / 2:g}" y="{top + side + 32:g}" text-anchor="middle">'
        f"{escape(panel.axes[0])}</text>",
        f'<text class="axis" transform="translate({left - 34:g} {top + side / 2:g}) rotate(-90)" '
        f'text-anchor="middle">{escape(panel.axes[1])}</text>',
    ]
    for value in ticks(float(low[0]), float(high[0]), 4):
        x = place(np.array([value, low[1]]))[0]
        parts.append(f'<text class="tick" x="{x:.1f}" y="{top + side + 15:g}" text-anchor="middle">{value:g}</text>')
    for value in ticks(float(low[1]), float(high[1]), 4):
        y = place(np.array([low[0], value]))[1]
        parts.append(f'<text class="tick" x="{left - 5:g}" y="{y + 4:.1f}" text-anchor="end">{value:g}</text>')
    for name, points in panel.series.items():
        colour = COLOURS[legend.index(name) % len(COLOURS)]
        picked = points if len(points) <= _MOST else points[np.linspace(0, len(points) - 1, _MOST).astype(int)]
        radius, opacity = (4.0, 0.85) if len(points) <= 60 else (1.9, 0.5)
        for x, y in map(place, picked):
            parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}" fill="{colour}" fill-opacity="{opacity:g}"/>')
    for name, point in zip(panel.names, next(iter(panel.series.values())), strict=False):
        x, y = place(point)
        right = x > left + 0.7 * side
        parts.append(
            f'<text class="tick" x="{x - 7 if right else x + 7:.1f}" y="{y + 4:.1f}" '
            f'text-anchor="{"end" if right else "start"}">{escape(name)}</text>'
        )
    return "".join(parts)

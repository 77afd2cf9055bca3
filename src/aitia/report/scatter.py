"""Points in panels side by side, as SVG: a map of populations, real rows beside drawn ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

import numpy as np
from numpy.typing import NDArray

from aitia.report.charts import COLOURS, ticks
from aitia.report.lettering import NOTE, text, width

__all__ = ["ScatterPanel", "scatter_panels"]

_SIDE, _LEFT, _TOP, _BOTTOM, _GAP = 240.0, 46.0, 26.0, 40.0, 20.0
_LINE, _TITLE = 12.0, 13.0
_FEW, _MOST = 60, 400
"""Points of a series up to which dots are large, and that are drawn at most, evenly picked."""


@dataclass(frozen=True, eq=False)
class ScatterPanel:
    """One panel.

    Args:
        title: Above it.
        series: Points (n, 2) by their name in the legend.
        names: Of the points of the first series; written beside them where there is room.
        axes: Names of the two axes.
    """

    title: str
    series: Mapping[str, NDArray[np.float64]] = field(repr=False)
    names: Sequence[str] = ()
    axes: tuple[str, str] = ("", "")


def scatter_panels(
    panels: Sequence[ScatterPanel], *, across: int = 3, scale: float = 1.0, same: bool = False, equal: bool = False
) -> str:
    """Panels in rows of `across`, each with its own axes, or all with the same.

    Args:
        panels: One or more.
        across: Panels in a row.
        scale: Of the side of a panel.
        same: Whether the panels share their axes.
        equal: Whether both axes have one unit, so that distances in the picture are distances.
    """
    side, columns = _SIDE * scale, min(across, len(panels))
    lines = -(-len(panels) // columns)
    every = np.concatenate([points for panel in panels for points in panel.series.values()])
    up = side * _flatness(every) if equal else side
    wide, tall = _LEFT + side + _GAP, _TOP + up + _BOTTOM
    few = max(len(points) for panel in panels for points in panel.series.values()) <= _FEW
    legend = list(dict.fromkeys(name for panel in panels for name in panel.series))
    whole = wide * columns
    names, height = _legend(legend, whole, tall * lines)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox="0 0 {whole:g} {height:g}" '
        f'style="max-width:{whole:g}px" role="img" aria-label="points">'
    ]
    for k, panel in enumerate(panels):
        left, top = wide * (k % columns) + _LEFT, tall * (k // columns) + _TOP
        shown = every if same else np.concatenate(list(panel.series.values()))
        ends = _ends(shown, up / side if equal else None)
        parts.append(_panel(panel, legend, ends, (left, top, side, up), few))
    return "".join(parts) + names + "</svg>"


def _legend(names: Sequence[str], whole: float, top: float) -> tuple[str, float]:
    """Names beside their colours, in as many lines as they need, and where they end; none for a single series."""
    if len(names) < 2:
        return "", top
    parts, x, y = [], _LEFT, top + _LINE
    for k, name in enumerate(names):
        room = whole - _LEFT - 10
        if x > _LEFT and x + 10 + width(name, NOTE) > whole:
            x, y = _LEFT, y + 18
        parts.append(
            f'<circle cx="{x:g}" cy="{y - 4:g}" r="4" fill="{COLOURS[k % len(COLOURS)]}"/>'
            + text(name, room, NOTE, place=f'x="{x + 10:g}" y="{y:g}"')
        )
        x += 34 + width(name, NOTE)
    return "".join(parts), y + 8


def _flatness(points: NDArray[np.float64]) -> float:
    """Height over width of a picture in which both axes have one unit."""
    across, up = np.ptp(points, axis=0)
    return float(np.clip(up / across, 0.4, 1.0)) if across > 0 else 1.0


def _ends(points: NDArray[np.float64], ratio: float | None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lower and upper ends of the two axes; with a ratio of height to width both have one unit."""
    middle, half = (points.max(0) + points.min(0)) / 2, np.ptp(points, axis=0) / 2
    half = np.where(half > 0, half, 1.0)
    if ratio is not None:
        half = max(half[0], half[1] / ratio) * np.array([1.0, ratio])
    return middle - 1.08 * half, middle + 1.08 * half


def _panel(
    panel: ScatterPanel,
    legend: Sequence[str],
    ends: tuple[NDArray[np.float64], NDArray[np.float64]],
    box: tuple[float, float, float, float],
    few: bool,
) -> str:
    (low, high), (left, top, side, up) = ends, box

    def place(point: NDArray[np.float64]) -> tuple[float, float]:
        share = (point - low) / (high - low)
        return left + float(share[0]) * side, top + (1 - float(share[1])) * up

    centred = 'text-anchor="middle"'
    parts = [
        text(panel.title, side + _GAP - 4, _TITLE, kind="axis", place=f'x="{left:g}" y="{top - 9:g}"'),
        f'<rect x="{left:g}" y="{top:g}" width="{side:g}" height="{up:g}" fill="none" stroke="#c9d3dd"/>',
        text(
            panel.axes[0], side, _TITLE, kind="axis", place=f'x="{left + side / 2:g}" y="{top + up + 32:g}" {centred}'
        ),
        text(
            panel.axes[1],
            up,
            _TITLE,
            kind="axis",
            place=f'transform="translate({left - 34:g} {top + up / 2:g}) rotate(-90)" {centred}',
        ),
    ]
    for value in ticks(float(low[0]), float(high[0]), 4):
        x = place(np.array([value, low[1]]))[0]
        parts.append(f'<text class="tick" x="{x:.1f}" y="{top + up + 15:g}" text-anchor="middle">{value:g}</text>')
    for value in ticks(float(low[1]), float(high[1]), 4):
        y = place(np.array([low[0], value]))[1]
        parts.append(f'<text class="tick" x="{left - 5:g}" y="{y + 4:.1f}" text-anchor="end">{value:g}</text>')
    for name, points in panel.series.items():
        colour = COLOURS[legend.index(name) % len(COLOURS)]
        picked = points if len(points) <= _MOST else points[np.linspace(0, len(points) - 1, _MOST).astype(int)]
        radius, opacity = (4.0, 0.85) if few else (2.4, 0.6)
        for x, y in map(place, picked):
            dot = f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}" fill="{colour}" fill-opacity="{opacity:g}"/>'
            parts.append(dot)
    dots = list(map(place, next(iter(panel.series.values()))))
    return "".join(parts) + _names(panel.names, dots, left, left + side)


def _names(names: Sequence[str], dots: Sequence[tuple[float, float]], left: float, right: float) -> str:
    """Names to the right or left of their dots, above or below; one that fits nowhere is left out."""
    taken = [(x - 4, y - 4, x + 4, y + 4) for x, y in dots]
    parts = []
    for name, (x, y) in zip(names, dots, strict=False):
        wide = width(name, NOTE)
        places = ((x + 6, y + 4), (x - 6 - wide, y + 4), (x - wide / 2, y - 7), (x - wide / 2, y + 16))
        for begin, base in places:
            box = (begin, base - _LINE + 2, begin + wide, base + 1)
            if left <= box[0] and box[2] <= right and not any(_overlap(box, other) for other in taken):
                taken.append(box)
                parts.append(f'<text class="tick" x="{begin:.1f}" y="{base:.1f}">{escape(name)}</text>')
                break
    return "".join(parts)


def _overlap(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]

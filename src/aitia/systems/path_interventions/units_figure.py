"""Layers of a network side by side as an SVG picture: units as dots, paths as lines."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

__all__ = ["UnitColumn", "units_figure"]

WIDTH, HEIGHT, TOP, BOTTOM, MARGIN = 860.0, 380.0, 30.0, 36.0, 70.0
INK, PALE, LINE = "#1c2733", "#d8dfe6", "#1f5a8a"
WEAK, STRONG = (238, 214, 180), (184, 116, 26)
MOST_LINES = 1500
"""Of the strongest paths that are drawn."""


@dataclass(frozen=True)
class UnitColumn:
    """A layer.

    Args:
        name: Above it.
        units: How many it has.
        marked: For each unit to set off, how strong it is, from 0 to 1.
        labels: Text beside single units.
    """

    name: str
    units: int
    marked: Mapping[int, float]
    labels: Mapping[int, str]


def units_figure(
    columns: Sequence[UnitColumn], lines: Sequence[tuple[tuple[int, int], tuple[int, int], float]], about: str
) -> str:
    """The picture, inputs to the left.

    Args:
        columns: From left to right.
        lines: (column, unit) to (column, unit), and how strong from 0 to 1; the weakest are left out where there are
            many.
        about: What it shows, for who cannot see it.
    """
    step = (WIDTH - 2 * MARGIN) / max(len(columns) - 1, 1)

    def place(column: int, unit: int) -> tuple[float, float]:
        count = columns[column].units
        inside = HEIGHT - TOP - BOTTOM
        gap = min(inside / max(count, 1), 26.0)
        return MARGIN + column * step, TOP + inside / 2 + (unit - (count - 1) / 2) * gap

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img" style="max-width:100%" '
        f'aria-label="{escape(about, quote=True)}" font-family="system-ui,-apple-system,sans-serif">'
    ]
    for start, end, strength in sorted(sorted(lines, key=lambda line: -line[2])[:MOST_LINES], key=lambda line: line[2]):
        (a, b), (c, d) = place(*start), place(*end)
        middle = (a + c) / 2
        parts.append(
            f'<path d="M{a:.1f} {b:.1f}C{middle:.1f} {b:.1f} {middle:.1f} {d:.1f} {c:.1f} {d:.1f}" fill="none" '
            f'stroke="{LINE}" stroke-width="{0.5 + 1.6 * strength:.2f}" stroke-opacity="{0.08 + 0.6 * strength:.2f}"/>'
        )
    for k, column in enumerate(columns):
        inside = (HEIGHT - TOP - BOTTOM) / max(column.units, 1)
        radius = max(min(inside * 0.42, 6.0), 1.0)
        for unit in range(column.units):
            x, y = place(k, unit)
            strong = column.marked.get(unit)
            if strong is None:
                style = f'r="{radius:.1f}" fill="#fff" stroke="{PALE}"'
            else:
                style = (
                    f'r="{radius * (1 + 0.25 * strong):.1f}" fill="{_shade(strong)}" stroke="{INK}" stroke-width="0.7"'
                )
            name = f"{column.name}:{unit}" + (f" {column.labels[unit]}" if unit in column.labels else "")
            parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" {style}><title>{escape(name)}</title></circle>')
            if unit in column.labels:
                parts.append(
                    f'<text x="{x + radius + 7:.1f}" y="{y + 4:.1f}" font-size="12" fill="{INK}">'
                    f"{escape(column.labels[unit])}</text>"
                )
        x = MARGIN + k * step
        share = f"{len(column.marked)} of {column.units}"
        name = column.name if len(column.name) <= 26 else f"...{column.name[-24:]}"
        parts.append(
            f'<text x="{x:.1f}" y="16" font-size="12.5" fill="{INK}" text-anchor="middle">{escape(name)}</text>'
            f'<text x="{x:.1f}" y="{HEIGHT - 10:g}" font-size="12" fill="#55677a" text-anchor="middle">{share}</text>'
        )
    return "".join([*parts, "</svg>"])


def _shade(strength: float) -> str:
    """The colour of a marked unit."""
    r, g, b = (round(low + (high - low) * strength) for low, high in zip(WEAK, STRONG, strict=True))
    return f"#{r:02x}{g:02x}{b:02x}"

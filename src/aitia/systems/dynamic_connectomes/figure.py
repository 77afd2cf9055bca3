"""Motifs as SVG: for each when it is on, which animals have it, and its pairs, sorted by community."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aitia.errors import DataError
from aitia.report.charts import COLOURS

__all__ = ["MotifPanel", "Window", "motifs_figure"]

Values = NDArray[np.float64]
SIDE, GAP, LEFT, TOP = 232.0, 26.0, 16.0, 24.0
"""Of a column in pixels, the space between two, the margin on the left, and the height of a title."""
TIME_HIGH, BARS_HIGH, HEAD = 84.0, 62.0, 30.0
SHADES = 8
SHADE = ("#f4efe4", "#e6eef4")
NAMES = 12
"""Most animals whose names stand below their bars."""
TEXT = 'font-family="system-ui,sans-serif" font-size="11" fill="#1c2733"'


@dataclass(frozen=True)
class Window:
    """A window of time in the background.

    Args:
        name: Above it.
        start: In seconds.
        stop: In seconds.
    """

    name: str
    start: float
    stop: float


@dataclass(frozen=True, eq=False)
class MotifPanel:
    """One motif.

    Args:
        title: Above it.
        seconds: Middle of each bin, (bins,).
        times: When it is on, (bins,).
        animals: How much each animal has of it, (animals,).
        matrix: Weights of pairs, (units, units).
        labels: Community of each unit, (units,).

    Raises:
        DataError: If shapes do not fit or a number is not finite.
    """

    title: str
    seconds: ArrayLike
    times: ArrayLike
    animals: ArrayLike
    matrix: ArrayLike
    labels: ArrayLike

    def __post_init__(self) -> None:
        n = len(np.asarray(self.labels))
        if np.shape(self.matrix) != (n, n) or np.shape(self.times) != np.shape(self.seconds):
            raise DataError(
                f"{self.title}: {n} labels and a matrix {np.shape(self.matrix)}, {np.shape(self.times)} values at "
                f"{np.shape(self.seconds)} times"
            )
        for part in (self.seconds, self.times, self.animals, self.matrix):
            if not np.isfinite(np.asarray(part, dtype=np.float64)).all():
                raise DataError(f"{self.title}: a value is no number")


def motifs_figure(panels: Sequence[MotifPanel], animals: Sequence[str], windows: Sequence[Window] = ()) -> str:
    """Motifs side by side: time course over the windows, animals as bars, pairs as a matrix sorted by community.

    Args:
        panels: The motifs, at least one.
        animals: Names; what all of them begin with is left out below the bars.
        windows: Of time, such as stimuli.

    Raises:
        DataError: If there is no motif.
    """
    if not panels:
        raise DataError("there is no motif to draw")
    columns = min(len(panels), 4)
    high = TOP + TIME_HIGH + 2 * HEAD + BARS_HIGH + 12 + SIDE + GAP / 2
    width = LEFT + columns * (SIDE + GAP)
    height = high * -(-len(panels) // columns)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox="0 0 {width:g} {height:g}" '
        f'style="max-width:{width:g}px" role="img" aria-label="motifs">'
    ]
    for k, panel in enumerate(panels):
        x, y = LEFT + (k % columns) * (SIDE + GAP), high * (k // columns)
        parts.append(f'<g transform="translate({x:g} {y:g})">')
        parts.append(f'<text x="0" y="15" {TEXT} style="font-weight:600;font-size:13px">{escape(panel.title)}</text>')
        parts += _course(panel, windows, TOP)
        parts += _bars(panel, animals, TOP + TIME_HIGH + HEAD)
        parts += _matrix(panel, TOP + TIME_HIGH + 2 * HEAD + BARS_HIGH + 12)
        parts.append("</g>")
    return "".join(parts) + "</svg>"


def _course(panel: MotifPanel, windows: Sequence[Window], top: float) -> list[str]:
    t, f = np.asarray(panel.seconds, dtype=np.float64), np.asarray(panel.times, dtype=np.float64)
    half = float(t[0]) if len(t) else 0.0
    end = float(t[-1]) + half
    most = float(f.max()) or 1.0
    parts = []
    for k, window in enumerate(windows):
        x, wide = SIDE * window.start / end, SIDE * (min(window.stop, end) - window.start) / end
        parts.append(
            f'<rect x="{x:.1f}" y="{top:g}" width="{max(wide, 0.5):.1f}" height="{TIME_HIGH:g}" '
            f'fill="{SHADE[k % len(SHADE)]}"/>'
        )
        if wide > 6.5 * len(window.name):
            parts.append(
                f'<text x="{x + wide / 2:.1f}" y="{top + 11:g}" text-anchor="middle" {TEXT} '
                f'style="font-size:10px">{escape(window.name)}</text>'
            )
    low = top + TIME_HIGH
    points = "L".join(
        f"{SIDE * a / end:.1f} {low - (TIME_HIGH - 18) * b / most:.1f}" for a, b in zip(t, f, strict=True)
    )
    parts.append(f'<path d="M{points}" fill="none" stroke="{COLOURS[0]}" stroke-width="1.6"/>')
    parts.append(f'<path d="M0 {low:g}H{SIDE:g}" stroke="#9aa7b4"/>')
    parts.append(f'<text x="0" y="{low + 13:g}" {TEXT}>0</text>')
    parts.append(f'<text x="{SIDE:g}" y="{low + 13:g}" text-anchor="end" {TEXT}>{end:.0f} s</text>')
    return parts


def _bars(panel: MotifPanel, animals: Sequence[str], top: float) -> list[str]:
    values = np.asarray(panel.animals, dtype=np.float64)
    most, wide = float(values.max()) or 1.0, SIDE / len(values)
    same = next((k for k, letters in enumerate(zip(*animals, strict=False)) if len(set(letters)) > 1), 0)
    shown = [name[same:][:4] or name[-1:] for name in animals]
    parts = [f'<text x="0" y="{top - 3:g}" {TEXT}>animals</text>']
    for k, value in enumerate(values):
        tall = (BARS_HIGH - 8) * value / most
        parts.append(
            f'<rect x="{wide * k + 0.08 * wide:.1f}" y="{top + BARS_HIGH - tall:.1f}" width="{0.84 * wide:.1f}" '
            f'height="{tall:.1f}" fill="{COLOURS[1]}"><title>{escape(animals[k])}: {value:.2f}</title></rect>'
        )
        if len(values) <= NAMES:
            parts.append(
                f'<text x="{wide * (k + 0.5):.1f}" y="{top + BARS_HIGH + 12:g}" text-anchor="middle" {TEXT} '
                f'style="font-size:10px">{escape(shown[k])}</text>'
            )
    parts.append(f'<path d="M0 {top + BARS_HIGH:g}H{SIDE:g}" stroke="#9aa7b4"/>')
    return parts


def _matrix(panel: MotifPanel, top: float) -> list[str]:
    """Shaded cells, those of one shade as one path; lines between communities."""
    matrix, labels = np.asarray(panel.matrix, dtype=np.float64), np.asarray(panel.labels)
    strength = {label: matrix[np.ix_(labels == label, labels == label)].mean() for label in np.unique(labels)}
    order = sorted(range(len(labels)), key=lambda u: (-strength[labels[u]], labels[u], u))
    shown, cell = matrix[np.ix_(order, order)], SIDE / len(labels)
    most = float(np.quantile(shown[shown > 0], 0.98)) if (shown > 0).any() else 1.0
    shade = np.ceil(np.clip(shown / most, 0, 1) * SHADES - 0.5).astype(int)
    parts = [
        f'<text x="0" y="{top - 3:g}" {TEXT}>pairs of units, by community</text>',
        f'<rect x="0" y="{top:g}" width="{SIDE:g}" height="{SIDE:g}" fill="#fff" stroke="#9aa7b4"/>',
    ]
    for level in range(1, SHADES + 1):
        places = np.argwhere(shade == level)
        if len(places):
            path = "".join(
                f"M{cell * c:.1f} {top + cell * r:.1f}h{cell:.2f}v{cell:.2f}h-{cell:.2f}z" for r, c in places
            )
            parts.append(f'<path d="{path}" fill="{COLOURS[0]}" fill-opacity="{level / SHADES:.2f}"/>')
    sorted_labels = labels[order]
    for cut in np.flatnonzero(sorted_labels[1:] != sorted_labels[:-1]) + 1:
        at = cell * cut
        parts.append(
            f'<path d="M{at:.1f} {top:g}v{SIDE:g}M0 {top + at:.1f}h{SIDE:g}" stroke="{COLOURS[1]}" stroke-width="1.2"/>'
        )
    return parts

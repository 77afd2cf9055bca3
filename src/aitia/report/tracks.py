"""Scenes of moving agents as SVG: what was seen, what is forecast, what would be, and what a simulator says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aitia.errors import DataError, OptionError

__all__ = ["TrackPanel", "tracks_figure"]

Values = NDArray[np.float64]


@dataclass(frozen=True)
class _Pen:
    """How a kind of track is drawn; dashes tell apart on paper what colours do on a screen."""

    label: str
    colour: str
    width: float
    dash: str = ""


_PENS: Mapping[str, _Pen] = {
    "past": _Pen("past, seen", "#1c2733", 2.6),
    "truth": _Pen("what came", "#7d93a8", 4.5),
    "forecast": _Pen("forecast", "#1f5a8a", 1.8),
    "counterfactual_truth": _Pen("what would have come (simulator)", "#e3b97c", 4.5),
    "counterfactual": _Pen("counterfactual", "#b8560f", 1.8, "6 3"),
}
"""In the order in which they are drawn, the broad lines of a truth below the thin ones that should lie on it."""
SIDE, GAP, HEAD, PAD = 300.0, 16.0, 24.0, 18.0
"""Of a panel in pixels: its side, the space between two, the height of its title, and the margin around its tracks."""
TEXT = 'font-family="system-ui,sans-serif" font-size="12.5" fill="#1c2733"'


@dataclass(frozen=True, eq=False)
class TrackPanel:
    """One scene, each part (agents, frames, 2) in metres. A future starts where the past ends.

    Args:
        title: Above it.
        past: What was seen.
        forecast: Of a model.
        truth: What came.
        counterfactual: What a model says would come under an intervention.
        counterfactual_truth: What a simulator says.

    Raises:
        DataError: If a part has another shape, agents differ in number, or a position is not finite.
    """

    title: str
    past: ArrayLike
    forecast: ArrayLike | None = None
    truth: ArrayLike | None = None
    counterfactual: ArrayLike | None = None
    counterfactual_truth: ArrayLike | None = None

    def __post_init__(self) -> None:
        agents = np.shape(self.past)[:1]
        for name, part in self.parts().items():
            if part.ndim != 3 or part.shape[2] != 2 or not part.size or part.shape[:1] != agents:
                raise DataError(f"{self.title}: {name} has shape {part.shape}, expected {(*agents, 'frames', 2)}")
            if not np.isfinite(part).all():
                raise DataError(f"{self.title}: {name} has a position that is no number; leave that agent out")

    def parts(self) -> dict[str, Values]:
        """What there is, by name, in the order in which it is drawn."""
        given = {name: getattr(self, name) for name in _PENS}
        return {name: np.asarray(part, dtype=np.float64) for name, part in given.items() if part is not None}


def tracks_figure(panels: Sequence[TrackPanel], *, columns: int = 3) -> str:
    """Scenes side by side, a metre as long across as up in each, with a bar for scale, start dots and one legend.

    Args:
        panels: The scenes.
        columns: Panels side by side; fewer where there are fewer.

    Returns:
        An SVG that needs nothing from outside, on a screen and on paper.

    Raises:
        OptionError: If there is no panel or column.

    Example:
        >>> walk = np.cumsum(np.ones((2, 20, 2)), axis=1) * [[[1.0, 1.0]], [[-1.0, 1.0]]]
        >>> tracks_figure([TrackPanel("two walkers", walk[:, :8], truth=walk[:, 8:])]).count("<path")
        7
    """
    if not panels or columns < 1:
        raise OptionError(f"a figure has at least 1 panel and 1 column, got {len(panels)} and {columns}")
    across = min(columns, len(panels))
    down = -(-len(panels) // across)
    used = [name for name in _PENS if any(name in panel.parts() for panel in panels)]
    width = across * SIDE + (across - 1) * GAP
    legend, height = _legend(used, width, down * (SIDE + HEAD + GAP) + 4)
    drawn = "".join(
        f'<g transform="translate({k % across * (SIDE + GAP):g} {k // across * (SIDE + HEAD + GAP):g})">'
        f"{_panel(panel)}</g>"
        for k, panel in enumerate(panels)
    )
    label = escape("Tracks: " + ", ".join(panel.title for panel in panels), quote=True)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="tracks" viewBox="-1 0 {width + 2:g} {height:g}" '
        f'width="{width + 2:g}" height="{height:g}" role="img" aria-label="{label}">{drawn}{legend}</svg>'
    )


def _panel(panel: TrackPanel) -> str:
    parts = panel.parts()
    points = np.concatenate([part.reshape(-1, 2) for part in parts.values()])
    low, high = points.min(0), points.max(0)
    scale = (SIDE - 2 * PAD) / max(float((high - low).max()), 1.0)
    middle = (low + high) / 2

    def place(track: Values) -> Values:
        """Up is up: the picture's y grows downwards."""
        return np.asarray((track - middle) * [scale, -scale] + SIDE / 2 + [0, HEAD])

    lines = [
        f'<text x="{SIDE / 2:g}" y="15" text-anchor="middle" {TEXT}>{escape(panel.title)}</text>'
        f'<rect y="{HEAD:g}" width="{SIDE:g}" height="{SIDE:g}" fill="none" stroke="#d8dfe6"/>'
    ]
    now = parts["past"][:, -1:]
    for name, part in parts.items():
        pen = _PENS[name]
        tracks = part if name == "past" else np.concatenate([now, part], axis=1)
        lines += [_line(place(track), pen) for track in tracks]
    for x, y in place(parts["past"][:, 0]):
        lines.append(_dot(x, y))
    return "".join(lines) + _bar(scale)


def _line(points: Values, pen: _Pen) -> str:
    path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    dash = f' stroke-dasharray="{pen.dash}"' if pen.dash else ""
    return (
        f'<path d="{path}" fill="none" stroke="{pen.colour}" stroke-width="{pen.width:g}" stroke-linecap="round" '
        f'stroke-linejoin="round"{dash}/>'
    )


def _dot(x: float, y: float) -> str:
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" fill="{_PENS["past"].colour}"/>'


def _bar(scale: float) -> str:
    """A round number of metres, as long as a fifth of the panel or a little less."""
    most = SIDE / 5 / scale
    power = 10.0 ** np.floor(np.log10(most))
    metres = power * max(step for step in (1, 2, 5) if step * power <= most * (1 + 1e-9))
    x, y = SIDE - 10 - metres * scale, HEAD + SIDE - 9
    return (
        f'<path d="M{x:.1f} {y:g}H{SIDE - 10:g}" stroke="#55677a" stroke-width="2"/>'
        f'<text x="{x - 5:.1f}" y="{y + 4:g}" text-anchor="end" {TEXT}>{metres:g} m</text>'
    )


def _legend(used: Sequence[str], width: float, top: float) -> tuple[str, float]:
    """The legend from `top` on, in as many lines as it needs, and where it ends."""
    parts, x, y = [], 0.0, top + 8
    for name in ["start", *used]:
        pen = _PENS.get(name)
        label = pen.label if pen else "where an agent starts"
        wide = 48 + 6.8 * len(label)
        if x and x + wide > width:
            x, y = 0.0, y + 20
        mark = _line(np.array([[x + 2, y], [x + 26, y]]), pen) if pen else _dot(x + 14, y)
        parts.append(f'{mark}<text x="{x + 32:.1f}" y="{y + 4:.1f}" {TEXT}>{escape(label)}</text>')
        x += wide
    return "".join(parts), y + 14

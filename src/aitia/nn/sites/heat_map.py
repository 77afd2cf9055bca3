"""The picture of a trace: modules by positions, heads or units, blue where the metric falls and red where it rises."""

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from aitia.errors import OptionError
from aitia.nn.sites.trace import Trace

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["drawn_grid", "heat_map"]


def heat_map(
    trace: Trace,
    *,
    columns: Literal["position", "head", "unit", "channel", "feature"] = "position",
    value: Literal["change", "recovered"] = "change",
    labels: Sequence[str] | None = None,
    title: str = "",
) -> "Figure":
    """A matplotlib figure with one row a module, the first layer below, and one column a place on an axis.

    Args:
        trace: What to show. Sites that differ on other axes only are averaged.
        columns: The axis.
        value: The mean change of the metric, or the share of the way to the other run.
        labels: For the columns, such as the tokens of the prompt.
        title: Above.

    Raises:
        OptionError: If no site names a place on that axis, the labels are of another number, or nothing can be
            recovered since there was no other run.
    """
    kept = [k for k, site in enumerate(trace.sites) if isinstance(getattr(site, columns), int)]
    if not kept:
        raise OptionError(f"no site of this trace names a {columns}: trace sites such as 'layers.*[{columns}=*]'")
    if value == "recovered" and trace.other is None:
        raise OptionError("nothing is recovered in a trace without another run: show value='change'")
    numbers = trace.changes.mean(axis=1) if value == "change" else trace.recovered
    modules = list(dict.fromkeys(trace.sites[k].module for k in kept))
    places = sorted({int(getattr(trace.sites[k], columns)) for k in kept})
    if labels is not None and len(labels) != len(places):
        raise OptionError(f"{len(labels)} labels for {len(places)} {columns}s")
    total = np.zeros((len(modules), len(places)))
    count = np.zeros_like(total)
    for k in kept:
        cell = modules.index(trace.sites[k].module), places.index(getattr(trace.sites[k], columns))
        total[cell] += numbers[k]
        count[cell] += 1
    grid = np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0)
    names = list(labels) if labels is not None else [str(place) for place in places]
    bar = "change of the metric" if value == "change" else "share recovered"
    return drawn_grid(grid, modules, names, columns, bar, title)


def drawn_grid(
    grid: NDArray[np.float64], modules: Sequence[str], names: Sequence[str], axis: str, bar: str, title: str = ""
) -> "Figure":
    """The picture of a grid (modules, names), blue below 0, red above, white where there is no number.

    Args:
        grid: What to show.
        modules: Of its rows, the first below.
        names: Of its columns.
        axis: What the columns are.
        bar: What the colours are.
        title: Above.
    """
    from matplotlib.figure import Figure

    reach = float(np.nanmax(np.abs(grid))) or 1.0
    low, colours = (-reach, "RdBu_r") if bool((grid < 0).any()) else (0.0, "Reds")
    size = (2.6 + 0.42 * min(len(names), 40), 1.5 + 0.27 * min(len(modules), 60))
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots()
    image = axes.imshow(grid, cmap=colours, vmin=low, vmax=reach, aspect="auto", origin="lower")
    every = -(-len(names) // 40)
    upright = max(map(len, names)) <= 3
    axes.set_xticks(
        range(0, len(names), every), names[::every], rotation=0 if upright else 50, ha="center" if upright else "right"
    )
    every = -(-len(modules) // 60)
    axes.set_yticks(range(0, len(modules), every), modules[::every])
    axes.set_xlabel(axis)
    axes.set_title(textwrap.fill(title, int(10 * size[0])), fontsize="medium")
    figure.colorbar(image, label=bar)
    return figure

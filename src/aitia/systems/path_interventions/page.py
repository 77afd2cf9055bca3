"""The report of an explanation of a network: the units that cause a class, their effects, and where they look."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from aitia.errors import RunError
from aitia.files import write_whole
from aitia.report import Block, Callout, ImageBlock, Picture, Section, TableBlock, Text, image_grid, render
from aitia.systems.path_interventions.explanation import CausalExplanation
from aitia.systems.path_interventions.units_figure import UnitColumn, units_figure
from aitia.version import __version__

__all__ = ["blocks", "explanation_figure", "explanation_report", "write_explanation_report"]

SHOWN, LAYERS, ROWS = 8, 6, 40
"""Images, layers of the picture, and rows of the table that a report shows."""


def explanation_figure(explanation: CausalExplanation, label: str = "") -> str:
    """The causes of a class as an SVG picture: layers from left to right, causes in colour, paths by their effect.

    Args:
        explanation: Of a class.
        label: Of the class.
    """
    used = [name for name in explanation.sizes if name in explanation.effects][-LAYERS:]
    place = {name: k for k, name in enumerate(used)}
    marked: dict[str, dict[int, float]] = {name: {} for name in used}
    lines = []
    for layer in explanation.layers:
        size = -layer.changes.mean(axis=1)
        most = max(float(size[layer.causes].max(initial=0.0)), 1e-12)
        for k in np.flatnonzero(layer.causes):
            strength = max(min(float(size[k]) / most, 1.0), 0.0)
            for name, unit in layer.parents[k]:
                if name in marked:
                    marked[name][unit] = max(marked[name].get(unit, 0.0), strength)
                if name in place and layer.layer in place:
                    ends = [(place[layer.layer], effect) for effect in layer.effects]
                    lines += [((place[name], unit), end, strength) for end in ends]
    last = used[-1]
    marked[last] |= dict.fromkeys(explanation.effects[last], 1.0)
    named = {explanation.target: label or f"class {explanation.target}"}
    columns = [UnitColumn(name, explanation.sizes[name], marked[name], named if name == last else {}) for name in used]
    return units_figure(
        columns, list(dict.fromkeys(lines)), f"Units that cause class {explanation.target}, layer by layer"
    )


def explanation_report(
    explanation: CausalExplanation, model: nn.Module, images: Tensor, *, label: str = "", name: str = ""
) -> str:
    """The report as one HTML page that loads nothing.

    Args:
        explanation: Of a class.
        model: The network that it is of.
        images: Of the class, (n, channels, height, width); the first are shown with their maps.
        label: Of the class.
        name: Of the network.

    Raises:
        OptionError: If it is another network, or the explanation has no layer.
    """
    said = label or f"class {explanation.target}"
    tried = sum(len(layer.causes) for layer in explanation.layers)
    kept = sum(int(layer.causes.sum()) for layer in explanation.layers)
    sections = blocks(explanation, model, images, label)
    lead = f"{kept} of {tried} units tried are causes, from {len(explanation.observed)} images."
    whose = name or explanation.model["class"]
    return render(
        f"Why {whose} says {said}", lead, sections, f"Made with aitia {__version__}, torch {torch.__version__}."
    )


def blocks(explanation: CausalExplanation, model: nn.Module, images: Tensor, label: str = "") -> list[Section]:
    """The sections of the report; arguments as in `explanation_report`.

    Raises:
        OptionError: If it is another network, or the explanation has no layer.
    """
    on = explanation.on(model)
    said = label or f"class {explanation.target}"
    plain, only = on.probability(on.only(), images)
    without = on.probability(on.without(), images)[1]
    sections = []
    if explanation.notes:
        sections.append(Section("Keep in mind", [Callout(explanation.notes, "warning")]))
    figure = explanation_figure(explanation, label)
    caption = (
        "A layer a column, the image to the left. Coloured units are causes: cutting their paths to the effects to the "
        "right lowers the outcome. Broader lines, larger effects within a layer."
    )
    sections.append(Section("Which units", [Picture(figure, caption)]))
    sections.append(Section("Where they look", _maps(explanation, model, images, said)))
    rows: list[list[object]] = [
        ["as it is", float(plain.mean())],
        ["paths of the graph only", float(only.mean())],
        ["without the paths of the graph", float(without.mean())],
    ]
    about = f"Mean probability of {said} over {len(images)} images. With the paths only, other classes are cut as well."
    sections.append(Section("What the network does with them", [TableBlock(["network", "probability"], rows, about)]))
    sections.append(Section("Effects", _effects(explanation)))
    options: list[list[object]] = [[key, str(value)] for key, value in explanation.config.items()]
    sections.append(Section("How it was found", [TableBlock(["option", "value"], options)]))
    return sections


def write_explanation_report(
    path: str | Path, explanation: CausalExplanation, model: nn.Module, images: Tensor, **options: Any
) -> None:
    """Writes `explanation_report` to a file.

    Raises:
        OptionError: If it is another network.
        RunError: If the file cannot be written.
    """
    write_whole(Path(path), explanation_report(explanation, model, images, **options), RunError)


def _maps(explanation: CausalExplanation, model: nn.Module, images: Tensor, said: str) -> list[Block]:
    from aitia.errors import OptionError
    from aitia.systems.path_interventions.attribution import as_map, input_x_gradient

    shown = images[:SHOWN]
    if shown.ndim != 4:
        return [Text("The rows are no pictures, so there is no attribution map.")]
    try:
        causal = explanation.on(model).attribute(shown)
    except OptionError as error:
        return [Text(f"{error}.")]
    gradient = as_map(input_x_gradient(model, shown, explanation.target)).cpu().numpy()
    pictures = _pictures(shown)
    cells = [
        [pictures[k] for k in range(len(shown))],
        [_heat(pictures[k], causal[k]) for k in range(len(shown))],
        [_heat(pictures[k], gradient[k]) for k in range(len(shown))],
    ]
    png = image_grid(cells, [f"{k + 1}" for k in range(len(shown))], ["image", "causes", "input x gradient"])
    text = f"Images of {said}, where its causes in the highest convolution look, and input x gradient beside it."
    return [ImageBlock(png, text)]


def _pictures(images: Tensor) -> NDArray[np.uint8]:
    """Grey or coloured bytes (n, height, width, 3), each image over its own range."""
    values = images.detach().float().cpu().numpy()
    values = values[:, :3] if values.shape[1] >= 3 else values[:, :1].repeat(3, axis=1)
    low, high = values.min(axis=(1, 2, 3), keepdims=True), values.max(axis=(1, 2, 3), keepdims=True)
    scaled = 255 * (values - low) / np.maximum(high - low, 1e-12)
    pictures: NDArray[np.uint8] = scaled.transpose(0, 2, 3, 1).round().astype(np.uint8)
    return pictures


def _heat(given: NDArray[np.uint8], values: NDArray[np.float64]) -> NDArray[np.uint8]:
    """The picture in pale grey, the map over it in orange."""
    grey = given.mean(axis=2, keepdims=True) * 0.5 + 110
    spread = np.clip((values - values.min()) / max(float(values.max() - values.min()), 1e-12), 0, 1)[..., None]
    colour = np.array([224.0, 96.0, 0.0])
    mixed = grey * (1 - 0.85 * spread) + colour * 0.85 * spread
    picture: NDArray[np.uint8] = np.clip(mixed, 0, 255).round().astype(np.uint8)
    return picture


def _effects(explanation: CausalExplanation) -> list[Block]:
    table = explanation.table()
    order = np.argsort(table.column("effect"))[:ROWS]
    names = ("effect", "low", "high", "log_probability", "kl", "p", "adjusted")
    values = table.matrix(names)
    layers, units, causes = table.labels("layer"), table.labels("unit"), table.column("cause")
    rows: list[list[object]] = [
        [str(units[k]), str(layers[k]), *(float(v) for v in values[k]), "yes" if causes[k] else "no"] for k in order
    ]
    head = ["unit", "paths into", "effect", "low", "high", "log-probability", "KL", "p", "adjusted p", "cause"]
    about = (
        f"The {len(rows)} strongest of {table.n}: mean change of the outcome when the paths of a unit are set, with "
        "its 95 % bootstrap interval over images, that of the log-probability, and the one-sided test."
    )
    return [TableBlock(head, rows, about)]

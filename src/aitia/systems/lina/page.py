"""The report: settings that were tried, the scene, and pictures of the same noise with and without what was chosen."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from aitia.nn.pixels import to_bytes
from aitia.report import Block, Callout, ImageBlock, TableBlock, Text, image_grid, narrow_grid
from aitia.system import Given
from aitia.systems.lina.drawing import Prompted, Strengths, calls
from aitia.systems.lina.prompts import told
from aitia.systems.lina.scene_graph import hops, scene_graph

if TYPE_CHECKING:
    from aitia.systems.lina.model import Lina

__all__ = ["blocks"]

SHOWN, NOISES = 6, 2
"""Prompts that are shown, and noises of each."""
SAID = 60
"""Characters of a prompt beside its pictures."""
Cells = list[NDArray[np.uint8] | None]


def blocks(system: "Lina", given: Given) -> list[Block]:
    """Of the rows of the report."""
    found = system._found
    made: list[Block] = [Text(note[:1].upper() + note[1:] + ".") for note in found.notes]
    if found.warnings:
        made.append(Callout(found.warnings, "warning"))
    made += [_settings(system), _scene(system)]
    rows = given.take(range(min(SHOWN, len(given))))
    prompted = told(rows, system.pipeline)
    made.append(_strips(system, rows, prompted))
    return made


def _settings(system: "Lina") -> Block:
    found, config = system._found, system.config
    names = list(found.labels)
    lines = []
    for k, one in enumerate(found.settings):
        right = [f"{float(found.right[k, place]):.2f}" for place in range(len(names))]
        best = " (the best for all)" if one == found.single else ""
        lines.append([f"{one}{best}", calls(one, config.steps, config.early), f"{float(found.marks[k]):.3f}", *right])
    caption = (
        "Each setting on all prompts of the fit, with the same noise: calls of the denoiser for a picture, the "
        "probability that all that is wanted is shown, by the evaluator that chooses, and the share right of each "
        "attribute, by the one that scores."
    )
    return TableBlock(["setting", "calls", "all shown", *names], lines, caption)


def _scene(system: "Lina") -> Block:
    """How far each attribute is from what prompts tell, and how often it is right with one setting for all."""
    found = system._found
    graph = scene_graph(system.config.graph, tuple(found.labels))
    away = {} if graph is None else hops(graph, found.told)
    best = found.settings.index(found.single)
    lines = []
    for place, name in enumerate(found.labels):
        said = f"{found.told[name]:.0%}"
        distance = "-" if name not in away else "nothing leads to it" if away[name] < 0 else str(away[name])
        parents = "-" if graph is None or name not in graph.nodes else ", ".join(graph.parents(name)) or "-"
        lines.append([name, parents, said, distance, f"{float(found.right[best, place]):.2f}"])
    caption = (
        "The scene of these prompts: what determines each attribute, how many of the prompts say it, how many arrows "
        "it is away from what they say, and how often it comes out right."
    )
    return TableBlock(["attribute", "determined by", "said in", "arrows away", "right"], lines, caption)


def _strips(system: "Lina", rows: Given, prompted: Prompted) -> Block:
    """Pictures with no guidance, with one setting for all, and with what is chosen for the prompt."""
    chosen, texts = system.strengths(rows), rows.texts("prompt")
    n = len(prompted)
    ways = [[Strengths()] * n, [system._found.single] * n, chosen]
    drawn = [_pictures(system, prompted, way) for way in ways]
    cells: list[Cells] = []
    labels = []
    for row in range(n):
        cells.append([drawn[way][row * NOISES + k] for way in range(len(ways)) for k in range(NOISES)])
        text = texts[row] if len(texts[row]) <= SAID else f"{texts[row][:SAID]}..."
        labels.append(f"{text} ({chosen[row]})")
    heads = [f"{name}, noise {k + 1}" for name in ("no guidance", "one for all", "chosen") for k in range(NOISES)]
    caption = "The same two noises with no guidance, the best setting for all prompts, and the setting of the prompt."
    return ImageBlock(image_grid(cells, heads, labels), caption, caption, narrow_grid(cells, heads, labels))


def _pictures(system: "Lina", prompted: Prompted, way: Sequence[Strengths]) -> NDArray[np.uint8]:
    x: Tensor = system.pictures(prompted, way, NOISES, system.config.seed + 4)
    return to_bytes(x)

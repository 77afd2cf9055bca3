"""The report: sheets of units, pictures with and without an object, effects, and where insertions take."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import interpolate

from aitia.nn.pixels import to_bytes
from aitia.nn.segmenters import likeliest
from aitia.nn.sites import random_units
from aitia.report import Block, Callout, ImageBlock, Picture, TableBlock, Text, image_grid, narrow_grid, shaded_matrix
from aitia.systems.gan_dissection.effects import context, effect_rows
from aitia.systems.gan_dissection.tail import Change, Tail

if TYPE_CHECKING:
    from aitia.systems.gan_dissection.model import GanDissection

__all__ = ["blocks"]

UNITS, ACROSS, MOST = 4, 5, 6
"""Units of a sheet, pictures beside each other, and objects that are shown."""
_PLACES = 12
"""Pictures in which insertions are tried."""
Images = list[NDArray[np.uint8] | None]


def blocks(system: "GanDissection", tails: Sequence[Tail]) -> list[Block]:
    """Of the objects with the largest share of the pictures."""
    found = system._found
    shown = sorted(found.concepts, key=lambda name: -found.drawn[name])[:MOST]
    made: list[Block] = [Text(note[:1].upper() + note[1:] + ".") for note in found.notes]
    if found.warnings:
        made.append(Callout(found.warnings, "warning"))
    table = [
        [name, f"{found.drawn[name]:.0%}", f"{float(found.iou[:, found.names.index(name)].max()):.3f}",
         ", ".join(map(str, found.sets[name]))]
        for name in found.concepts
    ]  # fmt: skip
    made.append(TableBlock(["object", "drawn in", "best agreement", "its units"], table, "The sets of units."))
    for name in shown:
        made += _sheet(system, tails[0], name)
        made += _strips(system, tails[0], name)
    made.append(_effects(system, tails, shown))
    made += _places(system, tails, [name for name in shown if found.drawn[name] < 0.95][:3] or shown[:1])
    return made


def _effects(system: "GanDissection", tails: Sequence[Tail], shown: Sequence[str]) -> Block:
    """Of each object's set on the object, and where else it changes most."""
    found, config = system._found, system.config
    cells: list[list[object]] = []
    for name in shown:
        for way in ("absent", "present"):
            asked = [(f"{name}={way}", found.change(name, way, config.ablation))]
            rows = effect_rows(tails, system.referee, found, asked, controls=config.controls, seed=config.seed)
            rest = [row for row in rows if row["outcome"] != name]
            most = max(rest, key=lambda row: abs(row["effect"]), default=None)
            elsewhere = "-" if most is None else f"{most['outcome']} {most['effect']:+.3f}"
            for row in (row for row in rows if row["outcome"] == name):
                interval = f"{row['low']:+.3f} to {row['high']:+.3f}"
                told = [f"{row['before']:.3f}", f"{row['effect']:+.3f}", interval, f"{row['control']:+.3f}"]
                cells.append([row["target"], *told, elsewhere])
    heads = ["do", "share before", "change", "95 %", "largest of random sets", "most changed elsewhere"]
    caption = (
        "What becomes of each object's share of a picture; a change that random sets reach too is no effect of the set."
    )
    return TableBlock(heads, cells, caption)


def _grid(cells: list[Images], columns: Sequence[str], rows: Sequence[str], caption: str) -> Block:
    return ImageBlock(image_grid(cells, columns, rows), caption, caption, narrow_grid(cells, columns, rows))


def _sheet(system: "GanDissection", tail: Tail, name: str) -> list[Block]:
    """For the best units the pictures in which they are most active; what lies below their threshold is dim."""
    found = system._found
    k = found.names.index(name)
    cells: list[Images] = []
    units = found.sets[name][:UNITS]
    for unit in units:
        top = tail.maps[:, unit].amax((1, 2)).argsort(descending=True)[:ACROSS]
        cells.append([*_lit(tail.pictures[top], tail.maps[top, unit], float(found.thresholds[unit, k]))])
    heads = [f"picture {i + 1}" for i in range(len(cells[0]))]
    labels = [f"unit {unit}, IoU {float(found.iou[unit, k]):.3f}" for unit in units]
    return [_grid(cells, heads, labels, f"Units of {name}: bright is where each is above its threshold.")]


def _lit(x: Tensor, maps: Tensor, level: float) -> NDArray[np.uint8]:
    large = interpolate(maps[:, None], size=x.shape[2:], mode="bilinear")
    dim = torch.where(large > level, 1.0, 0.25)
    return to_bytes((x + 1) * dim - 1)


def _strips(system: "GanDissection", tail: Tail, name: str) -> list[Block]:
    """Pictures as they are, without the set, without a random one, and with the object put in."""
    found = system._found
    count = min(ACROSS, len(tail.maps))
    shown = likeliest(system.referee.probabilities(tail.pictures)) == tuple(system.referee.names).index(name)
    rows = shown.float().mean((1, 2)).argsort(descending=True)
    half = torch.cat([rows[: (count + 1) // 2], rows.flip(0)[: count // 2]])
    part = tail.take(half)
    chance = random_units(found.sets[name], found.shape[0], 1, system.config.seed)[0]
    changes = [
        found.change(name, "absent", system.config.ablation),
        Change(chance),
        found.change(name, "present", "zero"),
    ]
    drawn = [part.pictures, *part.changed(changes)]
    cells: list[Images] = [list(to_bytes(x)) for x in drawn]
    labels = ["as drawn", f"without {name}", "without a random set", f"{name} put in"]
    return [_grid(cells, [f"z {i + 1}" for i in range(count)], labels, f"The same latents, with and without {name}.")]


def _places(system: "GanDissection", tails: Sequence[Tail], names: Sequence[str]) -> list[Block]:
    """Maps of where an insertion takes."""
    part = tails[0].take(torch.arange(min(_PLACES, len(tails[0].maps))))
    made: list[Block] = []
    for name in names:
        gains, chance = context(
            [part], system.referee, system._found, name, system.config.window, 2, system.config.seed
        )
        step = -(-len(gains) // 8), -(-gains.shape[1] // 8)
        few: Any = gains[:: step[0], :: step[1]]
        down = [f"row {i * step[0] + 1}" for i in range(len(few))]
        across = [f"{j * step[1] + 1}" for j in range(few.shape[1])]
        caption = (
            f"Where putting in {name} takes: what it gains of the window's pixels, by the row and column of the "
            f"window's first cell. The largest gain of a random set anywhere is {chance.max():.2f}."
        )
        made.append(Picture(shaded_matrix(down, across, few), caption))
    return made

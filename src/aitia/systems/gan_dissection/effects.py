"""What becomes of every object when units are set: beside random sets, and where an insertion takes.

The effect on an object is the mean change of the share of a picture that shows it, with an interval over pictures; the
control is the largest change, of either sign, that a random set of as many units makes.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from aitia.data.table import Kind, Table
from aitia.nn.pages import keep_pages
from aitia.nn.segmenters import Segmenter, likeliest
from aitia.nn.sites import random_units
from aitia.stats.effects import mean_effects
from aitia.systems.gan_dissection.found import Found
from aitia.systems.gan_dissection.measures import areas
from aitia.systems.gan_dissection.study import window_at
from aitia.systems.gan_dissection.tail import Change, Tail

__all__ = ["context", "effect_rows", "others", "removed", "swept", "table_of"]

Values = NDArray[np.float64]
_AT_ONCE = 64
"""Pictures of one batch: what fits a cache. 512 took 1.7 times as long on two cores."""


def swept(tails: Sequence[Tail], segmenter: Segmenter, changes: Sequence[Change]) -> Values:
    """(1 + changes, n, names) shares of the pictures, first as they are; side by side, as many as a batch takes."""
    keep_pages()
    found = []
    for tail in tails:
        several = max(1, _AT_ONCE // len(tail.maps))
        parts = [areas(segmenter, tail.pictures)[None]]
        for k in range(0, len(changes), several):
            drawn = tail.changed(changes[k : k + several])
            parts.append(areas(segmenter, drawn.flatten(0, 1)).reshape(*drawn.shape[:2], -1))
        found.append(torch.cat(parts).cpu().numpy())
    return np.concatenate(found, axis=1)


def removed(before: Values, after: Values) -> float:
    """Share of an object's pixels that are gone; 0 where there were none."""
    whole = float(before.sum())
    return 1 - float(after.sum()) / whole if whole else 0.0


def others(before: Values, after: Values, apart: Sequence[int]) -> float:
    """Change of the shares of other objects than these, (n, names) each, as part of what there was of them."""
    rest = [k for k in range(before.shape[1]) if k not in apart]
    whole = float(before[:, rest].sum())
    change = np.abs(after[:, rest].sum(0) - before[:, rest].sum(0)).sum()
    return float(change) / whole if whole else 0.0


def effect_rows(
    tails: Sequence[Tail], referee: Segmenter, found: Found, asked: Sequence[tuple[str, Change]], *, controls: int,
    seed: int,
) -> list[dict[str, Any]]:  # fmt: skip
    """For each change its effect on every object that is drawn, with intervals and controls."""
    names = tuple(referee.names)
    rows: list[dict[str, Any]] = []
    for target, change in asked:
        chance = random_units(change.units, found.shape[0], controls, seed)
        each = swept(tails, referee, [change, *(Change(units, change.value, change.cells) for units in chance)])
        rows += told(target, names, each)
    return rows


def told(target: str, names: Sequence[str], each: Values) -> list[dict[str, Any]]:
    """Rows of one target from shares (before, after, controls..; pictures; names)."""
    kept = [k for k in range(len(names)) if each[:2, :, k].any()]
    moved = each[1:] - each[0]
    interval = mean_effects(moved[0][:, kept].T, [names[k] for k in kept])
    rows = []
    for place, k in enumerate(kept):
        chance = moved[1:, :, k].mean(1)
        before = float(each[0, :, k].mean())
        effect = float(moved[0, :, k].mean())
        rows.append(
            {
                "target": target, "outcome": names[k], "effect": effect,
                "low": float(interval.column("low")[place]), "high": float(interval.column("high")[place]),
                "control": float(chance[np.abs(chance).argmax()]) if len(chance) else 0.0,
                "before": before, "relative": effect / before if before else 0.0,
            }
        )  # fmt: skip
    return rows


def table_of(rows: Sequence[dict[str, Any]]) -> Table:
    """The table of effects."""
    names = ("target", "outcome", "effect", "low", "high", "control", "before", "relative")
    kinds = {name: Kind.LABEL if name in ("target", "outcome") else Kind.NUMBER for name in names}
    return Table.of({name: [row[name] for row in rows] for name in names}, kinds=kinds)


def context(
    tails: Sequence[Tail], referee: Segmenter, found: Found, concept: str, window: tuple[int, int], controls: int,
    seed: int,
) -> tuple[Values, Values]:  # fmt: skip
    """Where an insertion takes: by the place of the window's first cell, what an object gains of the window's pixels.

    Returns:
        The mean gain of the object's set at each place, and the largest of random sets there.
    """
    units, height, width = found.shape
    size = min(window[0], height), min(window[1], width)
    down, across = height - size[0] + 1, width - size[1] + 1
    gains, chance = np.zeros((down, across)), np.zeros((down, across))
    sets = random_units(found.sets[concept], units, controls, seed)
    for row in range(down):
        for column in range(across):
            cells = window_at(row, column, size, (height, width))
            change = found.change(concept, "present", "zero", cells)
            made = gained(tails, referee, concept, [change, *(Change(u, change.value, cells) for u in sets)])
            gains[row, column], chance[row, column] = made[0], made[1:].max()
    return gains, chance


def gained(tails: Sequence[Tail], referee: Segmenter, concept: str, changes: Sequence[Change]) -> Values:
    """(changes,) what an object gains of the pixels under the cells of each change, which are the same in all."""
    k, cells = tuple(referee.names).index(concept), changes[0].cells
    assert cells is not None
    total, rows = np.zeros(len(changes)), 0
    for tail in tails:
        drawn = torch.cat([tail.pictures[None], tail.changed(changes)])
        inside = _enlarged(cells, drawn.shape[-2:])
        with torch.no_grad():
            said = torch.cat([likeliest(referee.probabilities(part)) for part in torch.split(drawn.flatten(0, 1), 512)])
        share = (said.cpu() == k)[:, inside].double().mean(1).reshape(drawn.shape[:2]).numpy()
        total += (share[1:] - share[0]).sum(1)
        rows += drawn.shape[1]
    return total / rows


def _enlarged(cells: Tensor, size: torch.Size) -> Tensor:
    """Cells of a map at the size of the picture."""
    large = torch.nn.functional.interpolate(cells[None, None].float(), size=tuple(size), mode="nearest")
    return large[0, 0] > 0

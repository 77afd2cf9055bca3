"""What a fit keeps: which units agree with what, the sets, their levels and places. Weights of a generator are not."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from aitia.do import Intervention
from aitia.nn.sites import Site
from aitia.systems.gan_dissection.tail import Change

__all__ = ["Found"]

_TENSORS = ("iou", "iqr", "thresholds", "levels", "means")


class Found(nn.Module):
    """What was found in one layer.

    Args:
        layer: Its place.
        layers: Of all places of the generator that are maps: units, height and width.
        names: What the segmenter tells apart.
        concepts: Those that were studied.
        drawn: Share of the drawn pictures that show each name.
        sets: The units of each concept, the best first.
        windows: The cells at which each is put in, as the text of a mask.
        size: Height and width of the pictures.
        latents: Numbers of z.
        fingerprints: Of the segmenter that chose and of the one that scores.
        notes: In sentences.
        warnings: In sentences.

    Attributes:
        iou: (units, names), and so `iqr` and `thresholds`.
        levels: (names, units) at which units are put in.
        means: (units,).
    """

    iou: Tensor
    iqr: Tensor
    thresholds: Tensor
    levels: Tensor
    means: Tensor

    def __init__(
        self,
        layer: str,
        layers: Mapping[str, tuple[int, int, int]],
        names: tuple[str, ...],
        concepts: tuple[str, ...],
        drawn: Mapping[str, float],
        sets: Mapping[str, tuple[int, ...]],
        windows: Mapping[str, str],
        size: tuple[int, int],
        latents: int,
        fingerprints: tuple[str, str],
        notes: tuple[str, ...] = (),
        warnings: tuple[str, ...] = (),
    ) -> None:
        super().__init__()
        self.layer, self.names, self.concepts, self.latents = layer, tuple(names), tuple(concepts), int(latents)
        self.layers: dict[str, tuple[int, int, int]] = {
            name: (int(units), int(height), int(width)) for name, (units, height, width) in layers.items()
        }
        self.drawn = {name: float(share) for name, share in drawn.items()}
        self.sets = {name: tuple(int(unit) for unit in units) for name, units in sets.items()}
        self.windows, self.size = dict(windows), (int(size[0]), int(size[1]))
        self.fingerprints, self.notes, self.warnings = tuple(fingerprints), tuple(notes), tuple(warnings)
        units, count = self.shape[0], len(self.names)
        shapes = {"levels": (count, units), "means": (units,)}
        for name in _TENSORS:
            self.register_buffer(name, torch.zeros(shapes.get(name, (units, count)), dtype=torch.float64))

    @property
    def shape(self) -> tuple[int, int, int]:
        """Units, height and width of the layer."""
        return self.layers[self.layer]

    def with_numbers(self, **tensors: Tensor) -> "Found":
        """The same with its tensors filled in."""
        for name, value in tensors.items():
            getattr(self, name).copy_(value)
        return self

    def cells(self, concept: str) -> Tensor:
        """(h, w) of bool where the concept is put in."""
        cells = Site(self.layer, mask=self.windows[concept]).cells
        assert cells is not None
        return torch.from_numpy(cells)

    def change(self, concept: str, value: str, ablation: str, cells: Tensor | None = None) -> Change:
        """What `do(concept=value)` does to the units of its set; `present` at other cells, where they are given."""
        units = self.sets[concept]
        if value == "present":
            level = self.levels[self.names.index(concept), list(units)]
            return Change(units, tuple(level.tolist()), self.cells(concept) if cells is None else cells)
        return self.absent(units, ablation, cells)

    def absent(self, units: tuple[int, ...], ablation: str, cells: Tensor | None = None) -> Change:
        """Units at 0, or at their mean."""
        return Change(units, 0.0 if ablation == "zero" else tuple(self.means[list(units)].tolist()), cells)

    def written(self, change: Change) -> Intervention:
        """A change as an intervention on sites of the generator."""
        mask = None if change.cells is None else change.cells.numpy()
        value = change.value
        if isinstance(value, tuple) and len(value) == 1:
            value = value[0]
        return Intervention({Site(self.layer, unit=change.units, mask=mask): value})

    def options(self) -> dict[str, Any]:
        """All but the tensors, as JSON values."""
        names = ("layer", "layers", "names", "concepts", "drawn", "sets", "windows", "size", "latents", "fingerprints",
                 "notes", "warnings")  # fmt: skip
        return {name: getattr(self, name) for name in names}

"""The pictures of a generator from the maps of one layer: what comes before is computed once, and handed out.

A change of units is made on copies of the maps side by side, so that a sweep over sets of units runs the rest of the
generator on large batches, and nothing else. Gradients go through the rest, for searches over units.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from aitia.nn.sites import Patch, Site, intervene
from aitia.nn.sites.places import find_places
from aitia.nn.sites.replay import Replay
from aitia.systems.gan_dissection.generators import ImageGenerator

__all__ = ["Change", "Tail"]


@dataclass(frozen=True)
class Change:
    """What is done to some units of a layer.

    Args:
        units: Their numbers.
        value: One number, or one a unit.
        cells: (height, width) of bool: where in the map; None everywhere.
    """

    units: tuple[int, ...]
    value: float | tuple[float, ...] = 0.0
    cells: Tensor | None = None

    def put(self, new: Tensor) -> None:
        """Changes maps (n, units, height, width), in place."""
        which = torch.tensor(self.units, device=new.device)
        level = torch.as_tensor(self.value, dtype=new.dtype, device=new.device).expand(len(self.units))
        level = level[None, :, None, None]
        if self.cells is None:
            new[:, which] = level
        else:
            new[:, which] = torch.where(self.cells.to(new.device), level, new[:, which])


class Tail:
    """Draws rows once, and draws them again from changed maps.

    Args:
        generator: As it is.
        layer: Whose output the maps are.
        z: (n, latents).
        of_class: Of a conditional generator.

    Attributes:
        maps: (n, units, height, width), as they are.
        pictures: (n, 3, height, width), as they are.
    """

    def __init__(self, generator: ImageGenerator, layer: str, z: Tensor, of_class: int | None = None) -> None:
        drawing = _Drawing(generator, of_class).eval()
        self._made_of = (generator, layer, of_class)
        self._site, self._z = Site(f"model.{layer}"), z
        (place,) = find_places(drawing, [self._site])
        with torch.no_grad():
            self._past = Replay(drawing, z, len(z), [place])
        self.maps: Tensor = self._past.given(place)
        self.pictures: Tensor = self._past.output
        self._rest = self._past.before(place)

    def draw(self, maps: Tensor, *, gradients: bool = False) -> Tensor:
        """Pictures of maps (copies * n, units, height, width), each copy of the rows after the other."""
        self._past.copies = len(maps) // len(self._z)
        z = self._z.repeat(self._past.copies, 1)
        with torch.set_grad_enabled(gradients), intervene(self._rest, {self._site: Patch(maps)}):
            found: Tensor = self._rest(z)
        return found

    def take(self, rows: Tensor) -> "Tail":
        """Some of the rows."""
        generator, layer, of_class = self._made_of
        return Tail(generator, layer, self._z[rows], of_class)

    def changed(self, changes: Sequence[Change]) -> Tensor:
        """(changes, n, 3, height, width): the rows under each change."""
        maps = self.maps.repeat(len(changes), 1, 1, 1)
        for change, copied in zip(changes, torch.split(maps, len(self.maps)), strict=True):
            change.put(copied)
        drawn = self.draw(maps)
        return drawn.reshape(len(changes), len(self._z), *drawn.shape[1:])


class _Drawing(nn.Module):
    """A generator as a module whose forward is from z to pictures, in whatever way it wants to be called."""

    def __init__(self, generator: ImageGenerator, of_class: int | None) -> None:
        super().__init__()
        self.model = generator.model
        self.__dict__["_way"], self._class = generator, of_class

    def forward(self, z: Tensor) -> Tensor:
        """(n, 3, height, width)."""
        way = copy.copy(self.__dict__["_way"])
        way.model = self.model
        classes = None if self._class is None else torch.full((len(z),), self._class, device=z.device)
        found: Tensor = way.draw(z, classes, gradients=torch.is_grad_enabled())
        return found

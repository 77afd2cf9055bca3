"""What one segmenter sees in drawn pictures, beside the maps that drew them: all that units are chosen by.

Five rankings of units for an object c: agreement, the relaxed search of `search`, and three that do not look where a
unit is active:

    correlation     corr over pictures of mean_p r_u(p) with the area of c
    activation      sum_p r_u(p) s_c(p) / sum_p s_c(p), the usual level of the unit where c is                   (1)
    gradient        E sum_p r_u(p) d area(c) / d r_u(p)

(1) is the level at which units are put in too.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from aitia.errors import DataError
from aitia.nn.segmenters import Segmenter
from aitia.systems.gan_dissection.config import GanDissectionConfig
from aitia.systems.gan_dissection.generators import ImageGenerator
from aitia.systems.gan_dissection.measures import Agreement, agreement, pixels, thresholds
from aitia.systems.gan_dissection.search import searched
from aitia.systems.gan_dissection.tail import Tail

__all__ = ["Study", "matched_units"]


@dataclass(frozen=True, eq=False)
class Study:
    """Drawn pictures in halves: the first for thresholds, the second for all else.

    Args:
        tails: Of the second half, in batches.
        segmenter: Which chooses.
        agreement: Of units and names, on the second half.
        thresholds: From the first, (units, names).
        drawn: (names,) share of the pictures of both halves that show each.
        shown: (n, names, h, w) share of each cell of the second half that shows each.
        maps: (n, units, h, w) of the second half.
        means: (units,).
    """

    tails: tuple[Tail, ...]
    segmenter: Segmenter
    agreement: Agreement
    thresholds: Tensor
    drawn: Tensor
    shown: Tensor
    maps: Tensor
    means: Tensor

    @classmethod
    def of(
        cls, generator: ImageGenerator, layer: str, z: Tensor, segmenter: Segmenter, config: GanDissectionConfig
    ) -> "Study":
        """Draws and segments.

        Raises:
            DataError: If there are fewer than four rows, or what the segmenter gives does not fit the pictures.
        """
        if len(z) < 4:
            raise DataError(f"units are chosen on 4 drawn pictures or more, got {len(z)}")
        halves = [
            [Tail(generator, layer, part, config.of_class) for part in torch.split(half, config.batch)]
            for half in (z[: len(z) // 2], z[len(z) // 2 :])
        ]
        seen = [torch.cat([checked(segmenter, tail.pictures) for tail in half]) for half in halves]
        maps = [torch.cat([tail.maps for tail in half]) for half in halves]
        at = thresholds(maps[0], seen[0])
        size = (maps[1].shape[2], maps[1].shape[3])
        return cls(
            tails=tuple(halves[1]),
            segmenter=segmenter,
            agreement=agreement(maps[1], seen[1], at),
            thresholds=at,
            drawn=torch.cat(seen).amax((2, 3)).double().mean(0),
            shown=adaptive_avg_pool2d(seen[1], size),
            maps=maps[1],
            means=maps[1].mean((0, 2, 3)),
        )

    @property
    def names(self) -> tuple[str, ...]:
        """What the segmenter tells apart."""
        return self.segmenter.names

    def levels(self) -> Tensor:
        """(1) of every name, (names, units); the mean of a unit where nothing shows the name."""
        weight = self.shown.sum((0, 2, 3))
        total = torch.einsum("nuhw,nchw->cu", self.maps, self.shown)
        return torch.where(weight[:, None] > 0, total / weight.clamp(min=1e-9)[:, None], self.means)

    def scores(self, name: str, config: GanDissectionConfig) -> Tensor:
        """(units,) of the config's ranking for an object; the highest are its best units."""
        k = self.names.index(name)
        if config.ranking == "iou":
            return self.agreement.iou[:, k]
        if config.ranking == "correlation":
            means, area = self.maps.mean((2, 3)), self.shown[:, k].mean((1, 2))
            means, area = means - means.mean(0), area - area.mean()
            lengths = torch.linalg.vector_norm(means, dim=0) * torch.linalg.vector_norm(area)
            together: Tensor = (means * area[:, None]).sum(0) / lengths.clamp(min=1e-9)
            return together
        if config.ranking == "activation":
            return self.levels()[k]
        if config.ranking == "gradient":
            return torch.stack([_gradient(tail, self.segmenter, k) for tail in self.tails]).sum(0)
        return searched(self.tails, self.segmenter, k, self.agreement.iou[:, k], self.levels()[k], self.shown[:, k],
                        updates=config.updates, spare=config.spare, seed=config.seed)  # fmt: skip

    def best(self, name: str, config: GanDissectionConfig) -> tuple[int, ...]:
        """The numbers of the best units of an object, the best first; of equal ones the first."""
        order = torch.argsort(self.scores(name, config), descending=True, stable=True)
        return tuple(int(unit) for unit in order[: config.units])

    def window(self, name: str, size: tuple[int, int]) -> Tensor:
        """(h, w) of bool: the window of cells in which the object is most often."""
        often = self.shown[:, self.names.index(name)].mean(0)
        height, width = (min(a, b) for a, b in zip(size, often.shape, strict=True))
        inside = often.unfold(0, height, 1).unfold(1, width, 1).sum((2, 3))
        row, column = divmod(int(inside.flatten().argmax()), inside.shape[1])
        return window_at(row, column, (height, width), (int(often.shape[0]), int(often.shape[1])))


def window_at(row: int, column: int, size: tuple[int, int], of: tuple[int, int]) -> Tensor:
    """(h, w) of bool: a window whose first cell this is."""
    cells = torch.zeros(of, dtype=torch.bool)
    cells[row : row + size[0], column : column + size[1]] = True
    return cells


def checked(segmenter: Segmenter, x: Tensor) -> Tensor:
    """What the pixels show; refuses a segmenter whose answer does not fit the pictures."""
    shown = pixels(segmenter, x)
    if shown.shape != (len(x), len(segmenter.names), *x.shape[2:]):
        raise DataError(
            f"the segmenter gives {tuple(shown.shape)} of pictures {tuple(x.shape)}: it has to say which of its "
            f"{len(segmenter.names)} names each pixel shows, (n, names, height, width)"
        )
    return shown


def matched_units(chosen: tuple[int, ...], means: Tensor, draws: int, seed: int) -> list[tuple[int, ...]]:
    """Sets of other units whose mean activations are near to those chosen, unit by unit.

    Each takes the place of one that was chosen, drawn from the four nearest that are left.
    """
    random = torch.Generator().manual_seed(seed)
    found = []
    for _ in range(draws):
        left = [unit for unit in range(len(means)) if unit not in chosen]
        made = []
        for unit in chosen:
            near = sorted(left, key=lambda other: float((means[other] - means[unit]).abs()))[:4]
            made.append(near[int(torch.randint(len(near), (1,), generator=random))])
            left.remove(made[-1])
        found.append(tuple(sorted(made)))
    return found


def _gradient(tail: Tail, segmenter: Segmenter, k: int) -> Tensor:
    maps = tail.maps.clone().requires_grad_()
    with torch.enable_grad():
        area = segmenter.probabilities(tail.draw(maps, gradients=True))[:, k].mean((1, 2)).sum()
        (slope,) = torch.autograd.grad(area, maps)
    return (slope * tail.maps).sum((0, 2, 3))

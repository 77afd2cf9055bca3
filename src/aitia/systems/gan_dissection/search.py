"""The set of units with the largest average causal effect, by a relaxed search.

    ablation    (1 - alpha) r at the cells P where the object is                                                   (1)
    insertion   alpha k + (1 - alpha) r at cells P' where it is in another picture                                 (2)
    loss        E s_c(1) - E s_c(2) + lambda |alpha|_2 + spare E sum |s - s'| (1 - s_c),    alpha in [0, 1]^U       (3)

The score of (2) is read at P', where units are put in; the code that the authors released reads it at P. The last term
of (3) is ours, and 0 in the paper: what pixels that show no c are said to show, s, stays as it is where the units are
taken away everywhere, s'.

Source:
    Bau and others, GAN dissection, ICLR 2019, section 3.2 and its code (Adam 0.01, lambda 0.005, start from agreement).
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from aitia.nn.segmenters import Segmenter
from aitia.systems.gan_dissection.tail import Tail

__all__ = ["searched"]

_RATE, _NORM, _ROWS = 0.01, 0.005, 8


def searched(
    tails: Sequence[Tail],
    segmenter: Segmenter,
    k: int,
    start: Tensor,
    level: Tensor,
    shown: Tensor,
    *,
    updates: int,
    spare: float,
    seed: int,
) -> Tensor:
    """alpha of (3) for each unit.

    Args:
        tails: Drawn rows.
        segmenter: With probabilities that have gradients.
        k: Which of its names.
        start: (units,) agreement, scaled to 1 at its largest.
        level: (units,) at which units are put in.
        shown: (n, h, w) share of each cell of the rows of all tails that shows the object.
        updates: Of alpha.
        spare: Weight of what becomes of other objects.
        seed: Of the rows.
    """
    there = shown.flatten(1).amax(1) > 0
    alpha = (start / start.max().clamp(min=1e-9)).float().clone().requires_grad_()
    adam = torch.optim.Adam([alpha], lr=_RATE)
    random = torch.Generator().manual_seed(seed)
    starts = torch.tensor([0, *torch.tensor([len(tail.maps) for tail in tails]).cumsum(0).tolist()])
    with_it, kept = [], []
    for tail, first in zip(tails, starts.tolist(), strict=False):
        mine = there[first : first + len(tail.maps)]
        with_it.append(torch.flatten(mine.nonzero()))
        kept.append(first)
    usable = [number for number, rows in enumerate(with_it) if len(rows)]
    for update in range(updates if usable else 0):
        number = usable[update % len(usable)]
        tail, rows = tails[number], with_it[number]
        pick = rows[torch.randint(len(rows), (_ROWS,), generator=random)]
        other = torch.randint(len(tail.maps), (_ROWS,), generator=random)
        cells = (shown[kept[number] + pick] > 0)[:, None].to(tail.maps)
        place = cells[torch.randperm(_ROWS, generator=random)]
        part = tail.take(torch.cat([pick, other]))
        weight = alpha[None, :, None, None]
        maps = part.maps
        without = maps[:_ROWS] * (1 - weight * cells)
        inserted = maps[_ROWS:] * (1 - weight * place) + weight * place * level[None, :, None, None]
        said = segmenter.probabilities(part.draw(torch.cat([without, inserted]), gradients=True))
        size = said.shape[2:]
        gone = _inside(said[:_ROWS, k], interpolate(cells, size=size)[:, 0])
        come = _inside(said[_ROWS:, k], interpolate(place, size=size)[:, 0])
        loss = gone - come + _NORM * alpha.norm()
        if spare:
            with torch.no_grad():
                before = segmenter.probabilities(part.pictures[:_ROWS])
            everywhere = torch.cat([maps[:_ROWS] * (1 - weight), maps[_ROWS:]])
            after = segmenter.probabilities(part.draw(everywhere, gradients=True))[:_ROWS]
            apart = (after - before).abs() * (1 - before[:, k : k + 1])
            loss = loss + spare * apart.sum(1).mean()
        adam.zero_grad()
        loss.backward()
        adam.step()
        with torch.no_grad():
            alpha.clamp_(0, 1)
    return alpha.detach()


def _inside(probability: Tensor, where: Tensor) -> Tensor:
    """Mean of (n, height, width) over the pixels of a mask."""
    return (probability * where).sum() / where.sum().clamp(min=1)

"""Which objects a unit agrees with, and how much of each object pictures show.

    IoU(u, c) = E |(r_u > t) & s_c| / E |(r_u > t) | s_c|,    r_u the unit's map at the size of the picture       (1)
    t = argmax I(r_u > t; s_c) / H(r_u > t, s_c), on other pictures than (1)                                      (2)

s_c are the pixels that a segmenter calls c. (2) is looked for among quantiles of the unit, on pictures of its own.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from aitia.nn.segmenters import Segmenter, likeliest

__all__ = ["QUANTILES", "Agreement", "agreement", "areas", "pixels", "thresholds"]

QUANTILES = (0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995)
"""Where thresholds are looked for; the last is the one that the paper's code takes without looking."""
_LARGEST = 2**24
"""Numbers of one batch of maps at the size of the picture."""


@torch.no_grad()
def pixels(segmenter: Segmenter, x: Tensor) -> Tensor:
    """(n, names, height, width) of 0 and 1: what each pixel most likely shows."""
    which = likeliest(segmenter.probabilities(x))
    return torch.stack([which == k for k in range(len(segmenter.names))], 1).to(x)


@torch.no_grad()
def areas(segmenter: Segmenter, x: Tensor, batch: int = 64) -> Tensor:
    """(n, names) share of the pixels of each picture that show each object."""
    found = []
    for part in torch.split(x, batch):
        which = likeliest(segmenter.probabilities(part))
        counts = torch.stack([(which == k).sum((1, 2)) for k in range(len(segmenter.names))], 1)
        found.append(counts.to(x) / which[0].numel())
    return torch.cat(found).double()


@dataclass(frozen=True)
class Agreement:
    """(1) and its information quality ratio, each (units, names)."""

    iou: Tensor
    iqr: Tensor


@torch.no_grad()
def thresholds(maps: Tensor, shown: Tensor) -> Tensor:
    """(2) for each unit and name, (units, names).

    Args:
        maps: (n, units, h, w).
        shown: (n, names, height, width) of 0 and 1.
    """
    values = maps.transpose(0, 1).flatten(1)
    if values.shape[1] > _LARGEST // max(1, len(values)):  # enough cells for a quantile
        values = values[:, :: -(-values.shape[1] * len(values) // _LARGEST)]
    at = torch.quantile(values.float(), torch.tensor(QUANTILES, device=maps.device), dim=1)  # (q, units)
    ratio = torch.stack([_quality(*_table(maps, shown, level[:, None].expand(-1, shown.shape[1]))) for level in at])
    best = ratio.argmax(0)
    return at.T.gather(1, best)


@torch.no_grad()
def agreement(maps: Tensor, shown: Tensor, at: Tensor) -> Agreement:
    """(1) at thresholds (units, names); arguments as in `thresholds`."""
    both, unit, name, total = _table(maps, shown, at)
    either = unit + name - both
    return Agreement(torch.where(either > 0, both / either.clamp(min=1), 0.0), _quality(both, unit, name, total))


def _table(maps: Tensor, shown: Tensor, at: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """How many pixels are above the threshold and shown, above, shown, and in all: (units, names) each, in doubles."""
    units, (names, height, width) = maps.shape[1], shown.shape[1:]
    both = torch.zeros(units, names, dtype=torch.float64)
    above = torch.zeros_like(both)
    rows = max(1, _LARGEST // (units * height * width))
    one = bool((at == at[:, :1]).all())
    for some, seen in zip(torch.split(maps, rows), torch.split(shown, rows), strict=True):
        large = interpolate(some, size=(height, width), mode="bilinear").transpose(0, 1).flatten(1)
        flat = seen.transpose(0, 1).flatten(1)
        for k in range(1 if one else names):
            active = (large > at[:, k : k + 1]).to(flat)
            count = active.sum(1).double().cpu()
            if one:
                both += (active @ flat.T).double().cpu()
                above += count[:, None]
            else:
                both[:, k] += (active @ flat[k]).double().cpu()
                above[:, k] += count
    name = shown.sum((0, 2, 3)).double().cpu().expand_as(both)
    return both, above, name, torch.full_like(both, float(len(shown) * height * width))


def _quality(both: Tensor, unit: Tensor, name: Tensor, total: Tensor) -> Tensor:
    """Mutual information over joint entropy, of two things that are so or not."""
    joint = torch.stack([both, unit - both, name - both, total - unit - name + both]) / total
    entropy = -torch.xlogy(joint, joint).sum(0)
    sides = torch.stack([unit, total - unit]) / total, torch.stack([name, total - name]) / total
    apart = sum(-torch.xlogy(side, side).sum(0) for side in sides)
    return torch.where(entropy > 0, (apart - entropy) / entropy.clamp(min=1e-12), 0.0)

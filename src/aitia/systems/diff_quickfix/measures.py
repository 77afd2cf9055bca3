"""How like a picture is to one of two others, by pixels or by what a reader says, and intervals over prompts.

    share = sum (|b - c| - |x - c|) / sum |b - c|,     c where x should be, b where it would be otherwise          (1)

1 where x is c, 0 where it is as far from it as b. With a reader |.| counts the attributes in which b and c differ, and
those of them that x does not show as c does.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from aitia.nn.pixels import to_bytes
from aitia.nn.readers import AttributeReader

__all__ = ["Likeness", "distances", "likeness", "moved"]

Values = NDArray[np.float64]
_DRAWS = 500


@dataclass(frozen=True, eq=False)
class Likeness:
    """Share (1) with its interval of 95 % by bootstrap over prompts; over pictures where there is one prompt.

    Args:
        near: (pictures,) numerators.
        whole: (pictures,) denominators.
        groups: (pictures,) the prompt of each.
    """

    near: Values
    whole: Values
    groups: NDArray[np.int64]

    @property
    def share(self) -> float:
        """(1); 0 where b and c are alike."""
        total = float(self.whole.sum())
        return float(self.near.sum()) / total if total > 0 else 0.0

    def interval(self, seed: int = 0) -> tuple[float, float]:
        """Its ends."""
        names, group = np.unique(self.groups, return_inverse=True)
        if len(names) == 1:
            group = np.arange(len(self.groups))
        count = int(group.max()) + 1
        near, whole = (np.bincount(group, weights=v, minlength=count) for v in (self.near, self.whole))
        rows = np.random.default_rng(seed).integers(count, size=(_DRAWS, count))
        sums = whole[rows].sum(1)
        shares = np.divide(near[rows].sum(1), sums, out=np.zeros(_DRAWS), where=sums > 0)
        low, high = np.quantile(shares, [0.025, 0.975])
        return float(low), float(high)


def distances(x: Tensor, y: Tensor) -> Values:
    """(n,) mean absolute difference of pixels of -1 to 1."""
    found: Values = (x.clamp(-1, 1) - y.clamp(-1, 1)).abs().flatten(1).double().mean(1).cpu().numpy()
    return found


def likeness(
    x: Tensor,
    to: Tensor,
    other: Tensor,
    groups: Sequence[int],
    reader: AttributeReader | None = None,
    only: str | None = None,
) -> Likeness:
    """How much nearer to `to` pictures are than `other` is.

    Args:
        x: (n, 3, height, width).
        to: c of (1).
        other: b of (1).
        groups: The prompt of each.
        reader: None goes by pixels.
        only: The one attribute of the reader that counts; None counts all.
    """
    prompts = np.asarray(groups, dtype=np.int64)
    if reader is None:
        whole = distances(other, to)
        return Likeness(whole - distances(x, to), whole, prompts)
    said = [reader.read(to_bytes(one)).codes for one in (x, to, other)]
    near, whole = np.zeros(len(x)), np.zeros(len(x))
    for name in reader.labels if only is None else (only,):
        differs = said[1][name] != said[2][name]
        whole += differs
        near += differs & (said[0][name] == said[1][name])
    return Likeness(near, whole, prompts)


def moved(x: Tensor, before: Tensor, apart: Tensor, groups: Sequence[int], reader: AttributeReader | None) -> Likeness:
    """How far pictures moved from what they were: as a part of how far apart those of two noises are; with a reader,
    the share of attributes that are read otherwise.

    Args:
        x: (n, 3, height, width).
        before: The same prompts and noises.
        apart: The same prompts and other noises.
        groups: The prompt of each.
        reader: None goes by pixels.
    """
    prompts = np.asarray(groups, dtype=np.int64)
    if reader is None:
        return Likeness(distances(x, before), distances(apart, before), prompts)
    said = [reader.read(to_bytes(one)).codes for one in (x, before)]
    changed = np.sum([said[0][name] != said[1][name] for name in reader.labels], axis=0).astype(np.float64)
    return Likeness(changed, np.full(len(x), float(len(reader.labels))), prompts)

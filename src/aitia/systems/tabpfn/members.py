"""The passes of the ensemble: each sees the table another way, for the network knows columns and classes by place.

A pass shifts columns and classes round, and every second one sees columns after a power transform (Yeo and Johnson,
2000). Where a table is larger than the network reads, each pass has a random part of its own, with every class in it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from aitia.systems.tabpfn.network import Context, TableTransformer
from aitia.systems.tabpfn.power import fit_yeo_johnson, yeo_johnson
from aitia.systems.tabpfn.scaling import ColumnScale

__all__ = ["Member", "Members", "draw_members"]

_ENOUGH = 2000
"""Rows that the power transform is fitted to, evenly picked where there are more."""

Values = NDArray[np.float64]
Whole = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Member:
    """One pass.

    Args:
        columns: Positions of the columns that it sees, in its order.
        shift: Added to the number of each class, modulo their number.
        power: Whether columns go through the power transform.
        rows: Positions of the training rows that it sees.
    """

    columns: Whole
    shift: int
    power: bool
    rows: Whole


def draw_members(
    labels: Whole, features: int, count: int, *, power: bool, most_rows: int, most_features: int, seed: int
) -> tuple[Member, ...]:
    """Passes, all different as long as there are enough shifts; the first one sees the table as it is.

    Args:
        labels: Classes of the training rows, (n,).
        features: Columns.
        count: Passes.
        power: Whether every second one has the power transform.
        most_rows: That the network reads.
        most_features: That it reads.
        seed: Of the choice.
    """
    rng = np.random.default_rng([seed, 17])
    classes = int(labels.max()) + 1
    kept = min(features, most_features)
    pairs = [(f, c) for f in range(kept) for c in range(classes)]
    order = [0, *(1 + rng.permutation(len(pairs) - 1))]
    made = []
    for k in range(count):
        turn = k // 2 if power else k
        shift, class_shift = pairs[order[turn % len(pairs)]]
        chosen = np.arange(features) if kept == features else np.sort(rng.choice(features, kept, replace=False))
        made.append(
            Member(np.roll(chosen, shift), class_shift, power and k % 2 == 1, _some_rows(labels, most_rows, rng))
        )
    return tuple(made)


def _some_rows(labels: Whole, most: int, rng: np.random.Generator) -> Whole:
    """All rows, or `most` at random of which each class has one at least."""
    if len(labels) <= most:
        return np.arange(len(labels))
    order = rng.permutation(len(labels))
    firsts = np.unique(labels[order], return_index=True)[1]
    rest = np.setdiff1d(np.arange(len(order)), firsts)
    return np.sort(order[np.concatenate([firsts, rest[: most - len(firsts)]])])


class Members:
    """Passes after they have read their training rows.

    Args:
        members: The passes.
        network: What answers.
        rows: Training rows, (n, features), NaN where a value is missing.
        labels: Their classes, (n,).
    """

    def __init__(self, members: Sequence[Member], network: TableTransformer, rows: Values, labels: Whole) -> None:
        self.members, self.network = tuple(members), network
        self.classes = int(labels.max()) + 1
        self._power = _PowerTransform(rows) if any(member.power for member in members) else None
        device = network.columns.weight.device
        seen = self._seen(rows, [member.rows for member in self.members])
        used = torch.tensor([len(member.columns) for member in self.members], device=device)
        named = [(labels[member.rows] + member.shift) % self.classes for member in self.members]
        self._scale = ColumnScale.of(seen, used)
        with torch.inference_mode():
            scaled = self._scale.apply(seen, network.config.features).float()
            self._context: Context = network.context(scaled, torch.from_numpy(np.stack(named)).to(device))

    def logits(self, rows: Values) -> Values:
        """The mean over passes of the logits of queries (n, features), (n, classes)."""
        with torch.inference_mode():
            scaled = self._scale.apply(self._seen(rows, None), self.network.config.features).float()
            answers = self.network.answer(scaled, self._context)[..., : self.classes].double()
            back = [answer.roll(-m.shift, dims=-1) for answer, m in zip(answers, self.members, strict=True)]
            mean: Values = torch.stack(back).mean(0).cpu().numpy()
        return mean

    def _seen(self, rows: Values, parts: Sequence[Whole] | None) -> Tensor:
        """(members, rows, columns): what each pass sees before scaling; `parts` are the rows of each, None for all."""
        made = []
        powered: Values | None = None
        for k, member in enumerate(self.members):
            part = rows if parts is None else rows[parts[k]]
            if member.power and self._power is not None:
                if powered is None or parts is not None:
                    powered = self._power.apply(part)
                part = powered
            made.append(part[:, member.columns])
        return torch.from_numpy(np.stack(made)).to(self.network.columns.weight.device)


class _PowerTransform:
    """The power transform that makes each column most nearly normal."""

    def __init__(self, rows: Values) -> None:
        spread = np.nanstd(rows, axis=0)
        self._middle, self._spread = np.nanmean(rows, axis=0), np.where(spread > 0, spread, 1.0)
        self._powers = fit_yeo_johnson(self._z(rows[:: -(-len(rows) // _ENOUGH)]))

    def apply(self, rows: Values) -> Values:
        """(n, features)."""
        return yeo_johnson(self._z(rows), self._powers)

    def _z(self, rows: Values) -> Values:
        z: Values = (rows - self._middle) / self._spread
        return z

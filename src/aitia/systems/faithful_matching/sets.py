"""Which texts stand near a text and which far from it, for one treatment, and batches of them."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from aitia.errors import DataError
from aitia.systems.faithful_matching.config import SETS

__all__ = ["MatchSets", "SetBatches"]

Codes = NDArray[np.int64]


class MatchSets:
    """The four sets of every text for one treatment; see the module.

    Args:
        labels: Codes of the concepts of all texts, those of the pool first and then the edits, (n, concepts).
        group: What each text is a version of, (n,); an edit is of the group of its original.
        pool: How many of the texts are the pool.
        treatment: Number of the concept that is set.
    """

    def __init__(self, labels: Codes, group: Codes, pool: int, treatment: int) -> None:
        self.labels, self.group, self.pool, self.treatment = labels, group, pool, treatment
        others = np.delete(labels, treatment, axis=1)
        self._profile = np.unique(others, axis=0, return_inverse=True)[1].reshape(-1)
        self._others = others
        self._same = {p: np.flatnonzero(self._profile[:pool] == p) for p in np.unique(self._profile).tolist()}
        self._rest = {p: np.flatnonzero(self._profile[:pool] != p) for p in self._same}
        self._edits: dict[int, list[int]] = {}
        for row in range(pool, len(labels)):
            self._edits.setdefault(int(group[row]), []).append(row)

    def of(self, row: int) -> tuple[Codes, Codes, Codes, Codes]:
        """Rows of the four sets, in the order of `SETS`."""
        own, profile = self.group[row], int(self._profile[row])
        edits = np.array([e for e in self._edits.get(int(own), ()) if e != row], dtype=np.int64)
        treated = self.labels[edits, self.treatment] != self.labels[row, self.treatment]
        changed = (self._others[edits] != self._others[row]).sum(axis=1)
        same, rest = self._same[profile], self._rest[profile]
        return (
            edits[treated & (changed == 0)],
            same[self.group[same] != own],
            edits[~treated & (changed == 1)],
            rest[self.group[rest] != own],
        )

    def queries(self, edits: bool) -> Codes:
        """Rows of which none of the sets is empty.

        Raises:
            DataError: If there is none; names the set that most texts lack.
        """
        rows = range(len(self.labels) if edits else self.pool)
        empty = np.array([[not len(part) for part in self.of(row)] for row in rows])
        found = np.flatnonzero(~empty.any(axis=1))
        if not len(found):
            lacking = SETS[int(empty.sum(axis=0).argmax())]
            raise DataError(f"no text has all four sets: most lack a {lacking}, so give more edits or more texts")
        return found


@dataclass(frozen=True, eq=False)
class SetBatches:
    """Sets of some queries a step, as tensors of the texts that occur."""

    sets: MatchSets
    rows: Codes
    ids: Tensor
    mask: Tensor
    size: int
    draws: int
    seed: tuple[int, ...]

    def __call__(self, step: int, rank: int, ranks: int, /) -> tuple[Tensor, ...]:
        """Ids, mask, (b,) queries, (b, 4, draws) members and which of them are there."""
        rng = np.random.default_rng([*self.seed, step])
        return self.drawn(rng.choice(self.rows, min(self.size, len(self.rows)), replace=False)[rank::ranks], rng)

    def drawn(self, queries: Codes, rng: np.random.Generator) -> tuple[Tensor, ...]:
        """The tensors of these queries, their sets drawn from."""
        members = np.repeat(queries[:, None, None], 4 * self.draws, axis=2).reshape(len(queries), 4, self.draws)
        there = np.zeros(members.shape, dtype=np.bool_)
        for place, query in enumerate(queries):
            for k, part in enumerate(self.sets.of(int(query))):
                picked = part if len(part) <= self.draws else part[rng.integers(0, len(part), self.draws)]
                members[place, k, : len(picked)], there[place, k, : len(picked)] = picked, True
        rows, where = np.unique(np.concatenate([queries, members.ravel()]), return_inverse=True)
        mask = self.mask[rows]
        longest = max(int(mask.sum(1).max()), 1)
        index = torch.from_numpy(where)
        of_members = index[len(queries) :].reshape(members.shape)
        return self.ids[rows, :longest], mask[:, :longest], index[: len(queries)], of_members, torch.from_numpy(there)

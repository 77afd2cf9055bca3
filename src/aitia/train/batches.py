"""Batches of rows, drawn by step: the same step gives the same rows, whenever it is asked for."""

from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import torch

from aitia.errors import DataError, OptionError

__all__ = ["Batches", "EnvironmentBatches", "RowBatches"]


class Batches(Protocol):
    """Gives the tensors of one step to one process; the same ones whenever it is asked."""

    def __call__(self, step: int, rank: int, ranks: int, /) -> tuple[torch.Tensor, ...]:
        """The share of process `rank` of `ranks` in the batch of this step."""
        ...


@dataclass(frozen=True)
class RowBatches:
    """Batches of rows, each epoch in another order.

    Args:
        tensors: n rows each.
        size: Rows a step, over all processes.
        seed: Of the order.
    """

    tensors: tuple[torch.Tensor, ...]
    size: int
    seed: int = 0

    def __post_init__(self) -> None:
        if self.size < 1:
            raise OptionError(f"a batch has at least 1 row, got {self.size}")

    def __call__(self, step: int, rank: int, ranks: int, /) -> tuple[torch.Tensor, ...]:
        """The rows of this step."""
        rows = _rows(len(self.tensors[0]), step, self.size, (self.seed,))[rank::ranks]
        return tuple(tensor[rows] for tensor in self.tensors)


@dataclass(frozen=True)
class EnvironmentBatches:
    """One batch of each environment a step, of equal size: a small environment comes round more often.

    A step gives each tensor with a leading axis of environments, (environments, size, ...).

    Args:
        tensors: n rows each.
        env: Number of the environment of each row, (n,), from 0 without gaps.
        size: Rows a step of each environment, over all processes.
        seed: Of the order.

    Raises:
        DataError: If an environment has no row.
    """

    tensors: tuple[torch.Tensor, ...]
    env: torch.Tensor
    size: int
    seed: int = 0
    _members: tuple[torch.Tensor, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.size < 1:
            raise OptionError(f"a batch has at least 1 row of each environment, got {self.size}")
        members = tuple(torch.nonzero(self.env == e)[:, 0] for e in range(int(self.env.max()) + 1))
        if empty := [e for e, rows in enumerate(members) if not len(rows)]:
            raise DataError(f"environment {empty[0]} has no row to train on")
        object.__setattr__(self, "_members", members)

    def __call__(self, step: int, rank: int, ranks: int, /) -> tuple[torch.Tensor, ...]:
        """The rows of this step."""
        rows = torch.stack(
            [
                m[torch.from_numpy(_rows(len(m), step, self.size, (self.seed, e)))[rank::ranks]]
                for e, m in enumerate(self._members)
            ]
        )
        return tuple(tensor[rows] for tensor in self.tensors)


def _rows(n: int, step: int, size: int, key: tuple[int, ...]) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Rows step * size to (step + 1) * size of the permutations of all epochs, one after another."""
    first, last = step * size, (step + 1) * size
    parts = [
        _order(n, epoch, key)[max(first - epoch * n, 0) : last - epoch * n]
        for epoch in range(first // n, (last - 1) // n + 1)
    ]
    return np.concatenate(parts)


_ORDERS: dict[tuple[int, int, tuple[int, ...]], np.ndarray[Any, np.dtype[np.int64]]] = {}


def _order(n: int, epoch: int, key: tuple[int, ...]) -> np.ndarray[Any, np.dtype[np.int64]]:
    """The order of an epoch; the latest few are kept, for a step asks for one and the next step for the same."""
    if (n, epoch, key) not in _ORDERS:
        if len(_ORDERS) >= 64:
            _ORDERS.clear()
        _ORDERS[n, epoch, key] = np.random.default_rng([*key, epoch, n]).permutation(n)
    return _ORDERS[n, epoch, key]

"""What an effect is compared with: units, subspaces and labels drawn at random, as many and as large.

An effect of chosen units says little until equally many others have been tried; that of a subspace until one of the
same rank has; an adversary that erases a concept until it has been trained on labels that mean nothing.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from aitia.errors import OptionError

__all__ = ["random_labels", "random_subspace", "random_units"]


def random_units(chosen: Sequence[int], size: int, draws: int, seed: int = 0) -> list[tuple[int, ...]]:
    """Sets of as many units as were chosen, from those that were not, each set without repetition.

    Args:
        chosen: The units whose effect is claimed.
        size: How many units there are.
        draws: How many sets.
        seed: Of the draws.

    Raises:
        OptionError: If fewer units are left than were chosen.

    Example:
        >>> random_units([0, 1], 5, draws=2)
        [(3, 4), (2, 4)]
    """
    others = np.setdiff1d(np.arange(size), np.asarray(chosen) % size)
    if len(others) < len(chosen):
        raise OptionError(f"{len(chosen)} of {size} units were chosen, so there are no {len(chosen)} others to compare")
    rng = np.random.default_rng(seed)
    return [tuple(sorted(rng.choice(others, len(chosen), replace=False).tolist())) for _ in range(draws)]


def random_subspace(width: int, rank: int, seed: int = 0, like: Tensor | None = None) -> Tensor:
    """An orthonormal basis (width, rank) of a subspace drawn evenly.

    Args:
        width: Units.
        rank: Of the subspace.
        seed: Of the draw.
        like: Activations (n, width): the subspace is then drawn where they vary, by directions of their covariance, so
            that removing it costs about as much of them as a subspace of data would. None draws among all directions.

    Raises:
        OptionError: If the rank is above the width.

    Example:
        >>> basis = random_subspace(8, 3)
        >>> torch.allclose(basis.T @ basis, torch.eye(3), atol=1e-6)
        True
    """
    if not 1 <= rank <= width:
        raise OptionError(f"a subspace of {width} units has a rank from 1 to {width}, got {rank}")
    drawn = torch.randn(width if like is None else len(like), rank, generator=torch.Generator().manual_seed(seed))
    if like is not None:
        centred = like.detach().float().cpu() - like.detach().float().cpu().mean(dim=0)
        drawn = centred.T @ drawn
    basis: Tensor = torch.linalg.qr(drawn)[0]
    return basis


def random_labels(labels: ArrayLike, seed: int = 0) -> NDArray[np.int64]:
    """The labels in random order: as many of each, and nothing of what they were about."""
    return np.random.default_rng(seed).permutation(np.asarray(labels))

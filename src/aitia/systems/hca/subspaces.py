"""Which groups of rows vary in the same directions."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from aitia.errors import DataError

__all__ = ["principal_subspace", "sharing_groups", "subspace_distance", "subspace_distances"]

Values = NDArray[np.float64]


def principal_subspace(x: Values, dimensions: int) -> Values:
    """An orthonormal basis (variables, dimensions) of the directions in which rows (n, variables) vary most.

    Raises:
        DataError: If the rows vary in fewer directions.
    """
    _, size, axes = np.linalg.svd(x - x.mean(axis=0), full_matrices=False)
    if len(size) < dimensions or size[dimensions - 1] <= 1e-10 * size[0]:
        raise DataError(f"{len(x)} rows of {x.shape[1]} columns vary in fewer than {dimensions} directions")
    basis: Values = axes[:dimensions].T
    return basis


def subspace_distance(one: Values, other: Values) -> float:
    """1 minus the mean cosine of the principal angles between two orthonormal bases: 0 the same, 1 orthogonal.

    Example:
        >>> subspace_distance(np.eye(3)[:, :2], np.eye(3)[:, 1:])
        0.5
    """
    return float(1 - np.linalg.svd(one.T @ other, compute_uv=False).clip(max=1).mean())


def subspace_distances(groups: Sequence[Values], dimensions: int) -> Values:
    """`subspace_distance` between the principal subspaces of all pairs of groups, (groups, groups)."""
    bases = [principal_subspace(x, dimensions) for x in groups]
    found = np.zeros((len(bases), len(bases)))
    for i, j in combinations(range(len(bases)), 2):
        found[i, j] = found[j, i] = subspace_distance(bases[i], bases[j])
    return found


def sharing_groups(distances: Values, most: float) -> tuple[int, ...]:
    """The largest set of groups of which no two are further apart than `most`; of equal ones, the closest together.

    Exact, by looking at all sets of each size; meant for up to some twenty groups.

    Example:
        >>> far = np.array([[0.0, 0.01, 0.5], [0.01, 0.0, 0.4], [0.5, 0.4, 0.0]])
        >>> sharing_groups(far, 0.05)
        (0, 1)
    """
    # Sets of k + 1 grow from those of k, so that most sets are never looked at.
    sets: list[tuple[int, ...]] = [(k,) for k in range(len(distances))]
    while True:
        larger = [
            (*chosen, new)
            for chosen in sets
            for new in range(chosen[-1] + 1, len(distances))
            if all(distances[new, old] <= most for old in chosen)
        ]
        if not larger:
            return min(sets, key=lambda chosen: float(distances[np.ix_(chosen, chosen)].sum()), default=())
        sets = larger

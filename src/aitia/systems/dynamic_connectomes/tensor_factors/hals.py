r"""Non-negative PARAFAC of a tensor with masked fibres, by hierarchical alternating least squares, many starts at once.

    minimise  Σ_ijk M_jk (A_ijk - Σ_r F_ir G_jr H_kr)²    over  F, G, H >= 0                                        (1)

A fibre A_:jk is seen as a whole or not at all. In (1) each column of a factor has a closed form, the others held; with
N the product of the tensor with the other two factors and Γ their Gram matrix (one a row where the mask differs by row)

    F_:r <- max(0, F_:r + (N_:r - F Γ_:r) / Γ_rr),                                                                  (2)
    Γ^F = Σ_j (G_j G_jᵀ) ∘ D_j,   Γ^G_j = FᵀF ∘ D_j,   Γ^H_k = FᵀF ∘ Σ_j M_jk G_j G_jᵀ,   D_j = Σ_k M_jk H_k H_kᵀ.

(2) never raises (1). Masked entries are zero in A before anything is computed and zero in every Γ, so that they have no
influence at all. The error comes from N and Γ, never from the residual tensor.

Two products with the whole tensor make a round: Z = A ×_k H serves F and G, which are swept more than once for it, and
A ×_ij (F, G) serves H. All starts stand side by side in them as columns of one matrix, so that a tensor that does not
fit into the cache is read twice a round and not twice a round and start.

Complexity: a round of S starts of rank R takes 4 I J K R S operations in matrix products and O((I J + (J + K) R) R S)
elsewhere; memory is that of A and O(I J R S + (J + K) R² S).

Source:
    Cichocki and Phan, Fast local algorithms for large scale nonnegative matrix and tensor factorizations, IEICE
    Transactions 2009, for (2). The mask, the Gram matrices and the starts in one product are of this module.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aitia.errors import DataError, OptionError

__all__ = ["Factors", "checked_tensor", "factorize", "nonnegative_rows"]

Array = NDArray[Any]
Mask = NDArray[np.bool_]
INNER = 2
"""Sweeps over F and G for one product with the tensor."""


@dataclass(frozen=True, eq=False)
class Factors:
    """One answer to (1), its components in the order of their centre along the first mode.

    Args:
        first: F, (I, R), columns of unit length.
        second: G, (J, R), columns of unit length.
        third: H, (K, R), which carries the size; zero where no fibre was seen.
        error: Root of (1) as a share of the root of Σ M A²: 0 is exact, 1 explains nothing.
        errors: The same after each round.
        converged: Whether the error stood still before the rounds were used up.
    """

    first: Array
    second: Array
    third: Array
    error: float
    errors: NDArray[np.float64]
    converged: bool

    @property
    def rank(self) -> int:
        """R."""
        return int(self.first.shape[1])

    def tensor(self) -> Array:
        """The sum of the components, (I, J, K)."""
        made: Array = np.einsum("ir,jr,kr->ijk", self.first, self.second, self.third, optimize=True)
        return made


def checked_tensor(tensor: ArrayLike, mask: ArrayLike | None) -> tuple[Array, Mask]:
    """The tensor with zeros where nothing was seen, and the mask (J, K).

    Raises:
        DataError: If the shapes do not fit, nothing was seen, or what was seen is negative, no number, or all zero.
    """
    a = np.asarray(tensor)
    if a.dtype not in (np.float32, np.float64):
        a = a.astype(np.float64)
    if a.ndim != 3:
        raise DataError(f"the tensor has three modes, got shape {a.shape}")
    seen = np.ones(a.shape[1:], bool) if mask is None else np.asarray(mask, dtype=bool)
    if seen.shape != a.shape[1:]:
        raise DataError(f"the mask has shape {seen.shape}, the last two modes have {a.shape[1:]}")
    if not seen.any():
        raise DataError("every entry is masked: there is nothing to factorize")
    a = np.where(seen, a, a.dtype.type(0))
    if not np.isfinite(a).all() or a.min() < 0:
        i, j, k = (int(v) for v in np.argwhere(~(a >= 0) | ~np.isfinite(a))[0])
        raise DataError(f"entry ({i}, {j}, {k}) is {a[i, j, k]:g}: what was seen is zero or more")
    if not a.any():
        raise DataError("every entry that was seen is zero: there is nothing to factorize")
    return a, seen


def factorize(
    tensor: ArrayLike,
    mask: ArrayLike | None = None,
    *,
    rank: int,
    starts: int = 8,
    iterations: int = 300,
    tolerance: float = 1e-5,
    seed: int = 0,
) -> tuple[Factors, ...]:
    """Answers to (1) from random starts, the one of least error first.

    Args:
        tensor: A, (I, J, K), zero or more; float32 stays float32.
        mask: (J, K), true where the fibre was seen; None where all were.
        rank: R.
        starts: S.
        iterations: Most rounds.
        tolerance: A start rests when a round lowers its error by less than this share of the error.
        seed: Of the starts.

    Raises:
        OptionError: If R is below 1 or above min(I, J * K), or another number is out of range.
        DataError: If the tensor is negative or no number where it was seen, all zero, or all masked.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> planted = np.einsum("ir,jr,kr->ijk", *(rng.random((n, 2)) for n in (9, 4, 12)))
        >>> factorize(planted, rank=2, tolerance=1e-9, iterations=2000)[0].error < 1e-3
        True
    """
    a, seen = checked_tensor(tensor, mask)
    most = min(a.shape[0], a.shape[1] * a.shape[2])
    if not 1 <= rank <= most:
        raise OptionError(f"the rank is between 1 and {most} for a tensor of shape {a.shape}, got {rank}")
    if starts < 1 or iterations < 1 or tolerance < 0:
        raise OptionError(
            f"starts and iterations are 1 or more, tolerance is 0 or more, got {starts}, {iterations} and {tolerance}"
        )
    found = _Starts(a, seen, rank, starts, np.random.default_rng(seed))
    found.run(iterations, tolerance)
    return found.answers()


def nonnegative_rows(products: ArrayLike, gram: ArrayLike, *, iterations: int = 500) -> NDArray[np.float64]:
    """Rows x >= 0 of least x Γ x - 2 x n, by (2) from zero: one mode of (1), the others held.

    Args:
        products: n, (rows, R).
        gram: Γ, (R, R), or (rows, R, R).
        iterations: Most sweeps.
    """
    n, g = np.asarray(products, dtype=np.float64), np.asarray(gram, dtype=np.float64)
    x = np.zeros_like(n.T)
    full = np.broadcast_to(g, (len(n), *g.shape[-2:])).transpose(1, 2, 0)
    for _ in range(iterations):
        before = x.copy()
        _sweep(x, n.T, full)
        if np.abs(x - before).max(initial=0.0) <= 1e-10 * max(float(np.abs(x).max(initial=0.0)), 1e-300):
            break
    return x.T


class _Starts:
    """The starts that still move, as factors (R, S, mode), with the tensor beside them."""

    def __init__(self, a: Array, seen: Mask, rank: int, starts: int, rng: np.random.Generator) -> None:
        self.shape, self.seen = a.shape, seen.astype(a.dtype)
        self.flat = np.ascontiguousarray(a).reshape(-1, a.shape[2])
        self.size = float(np.einsum("ij,ij->", self.flat, self.flat, dtype=np.float64))
        modes = [rng.random((starts, n, rank)).transpose(2, 0, 1) for n in a.shape]
        # Each start is as large as the tensor where both were seen: the first sweeps then move no column to zero.
        mean = float(a.sum(dtype=np.float64)) / (float(seen.sum()) * a.shape[0])
        scale = (mean / (rank * 0.125)) ** (1 / 3)
        self.f, self.g, self.h = (np.ascontiguousarray(scale * mode, dtype=a.dtype) for mode in modes)
        # What was never seen says nothing: it is zero, and not what a start happened to be.
        self.g[:, :, ~seen.any(axis=1)] = 0
        self.h[:, :, ~seen.any(axis=0)] = 0
        self.kept: dict[int, tuple[Array, Array, Array, list[float], bool]] = {}
        self.number = np.arange(starts)
        self.errors: list[list[float]] = [[] for _ in range(starts)]

    def run(self, iterations: int, tolerance: float) -> None:
        for _ in range(iterations):
            now = self._round()
            rest = np.zeros(len(now), dtype=bool)
            for place, number in enumerate(self.number):
                told = self.errors[number]
                rest[place] = len(told) > 0 and told[-1] - now[place] <= tolerance * told[-1]
                told.append(float(now[place]))
            if rest.any():
                self._rest(rest, True)
            if not len(self.number):
                return
        self._rest(np.ones(len(self.number), dtype=bool), False)

    def _rest(self, rest: NDArray[np.bool_], converged: bool) -> None:
        for place in np.flatnonzero(rest):
            number = int(self.number[place])
            of = (self.f[:, place].T, self.g[:, place].T, self.h[:, place].T)
            self.kept[number] = (*of, self.errors[number], converged)
        self.f, self.g, self.h = (np.ascontiguousarray(part[:, ~rest]) for part in (self.f, self.g, self.h))
        self.number = self.number[~rest]

    def _round(self) -> NDArray[np.float64]:
        """One round; the error of each start after it."""
        (i, j, k), (r, s) = self.shape, self.f.shape[:2]
        z = (self.h.reshape(r * s, k) @ self.flat.T).reshape(r * s, i, j)
        d = (_outer(self.h) @ self.seen.T).reshape(r, r, s, j)
        for _ in range(INNER):
            products = (z @ self.g.reshape(r * s, j, 1)).reshape(r, s, i)
            _sweep_shared(self.f, products, np.einsum("pqsj,psj,qsj->pqs", d, self.g, self.g))
            products = (self.f.reshape(r * s, 1, i) @ z).reshape(r, s, j)
            _sweep(self.g, products, d * _gram(self.f)[..., None])
        pairs = (self.f[..., None] * self.g[:, :, None, :]).reshape(r * s, i * j)
        products = (pairs @ self.flat).reshape(r, s, k)
        gram = (_outer(self.g) @ self.seen).reshape(r, r, s, k)
        gram *= _gram(self.f)[..., None]
        _sweep(self.h, products, gram)
        inner = np.einsum("rsk,rsk->s", products, self.h, dtype=np.float64)
        own = np.einsum("psk,pqsk,qsk->s", self.h, gram, self.h, dtype=np.float64)
        return np.asarray(np.sqrt(np.maximum(self.size - 2 * inner + own, 0.0) / self.size), dtype=np.float64)

    def answers(self) -> tuple[Factors, ...]:
        found = []
        for number in sorted(self.kept):
            f, g, h, errors, converged = self.kept[number]
            long_f, long_g = (np.linalg.norm(part, axis=0) for part in (f, g))
            f, g = f / np.where(long_f > 0, long_f, 1), g / np.where(long_g > 0, long_g, 1)
            centre = (np.arange(len(f))[:, None] * f).sum(axis=0) / np.maximum(f.sum(axis=0), 1e-30)
            order = np.argsort(centre, kind="stable")
            h = h * long_f * long_g
            parts = (f[:, order], g[:, order], h[:, order])
            found.append(Factors(*parts, error=errors[-1], errors=np.array(errors), converged=converged))
        return tuple(sorted(found, key=lambda factors: factors.error))


def _gram(x: Array) -> Array:
    """(R, R, S) of columns (R, S, n)."""
    turned = x.transpose(1, 0, 2)
    return np.asarray((turned @ turned.transpose(0, 2, 1)).transpose(1, 2, 0))


def _outer(x: Array) -> Array:
    """Products of every two columns of (R, S, n), as (R * R * S, n)."""
    return (x[:, None] * x[None]).reshape(-1, x.shape[2])


def _sweep(x: Array, products: Array, gram: Array) -> None:
    """(2) for every column of x (R, ..., n) in place, with a Gram matrix a row: (R, R, ..., n)."""
    for r in range(len(x)):
        own = gram[r, r]
        step = products[r] - (gram[r] * x).sum(axis=0)
        moved = x[r] + step / np.where(own > 0, own, 1)
        x[r] = np.where(own > 0, np.maximum(moved, 0), x[r])


def _sweep_shared(x: Array, products: Array, gram: Array) -> None:
    """(2) with one Gram matrix for all rows of a start: x (R, S, n), gram (R, R, S)."""
    for r in range(len(x)):
        own = gram[r, r][:, None]
        step = products[r] - np.einsum("psn,ps->sn", x, gram[r])
        moved = x[r] + step / np.where(own > 0, own, 1)
        x[r] = np.where(own > 0, np.maximum(moved, 0), x[r])

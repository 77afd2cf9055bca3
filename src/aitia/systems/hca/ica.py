"""Independent component analysis of many starts at once, and what it finds where there is nothing to find.

With z the whitened data, each start iterates, for all components together,

    W <- (W W')^{-1/2} W,    W <- E[tanh(W z) z'] - diag(E[1 - tanh²(W z)]) W            (1)

and the start kept is the one whose components have the most negentropy, J(y) = (E log cosh y - E log cosh ν)², with ν
standard normal. A Gaussian source has no direction of its own: (1) then finds what is least Gaussian in this sample by
chance. How large J becomes by chance is known by simulation, as it depends on the numbers of rows and components alone.

Source:
    Hyvärinen, Fast and robust fixed-point algorithms for independent component analysis, IEEE Transactions on Neural
    Networks 10 (1999), equations 20 and 26.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from aitia.errors import DataError, OptionError

__all__ = ["Components", "gaussian_negentropy", "independent_components", "whitening"]

Values = NDArray[np.float64]

_LOG_COSH_OF_NORMAL = 0.37456720747
"""E log cosh ν, by quadrature."""


@dataclass(frozen=True, eq=False)
class Components:
    """What independent component analysis found.

    Args:
        unmixing: M, (components, variables); the sources (x - mean) M' have unit variance.
        mean: (variables,).
        negentropy: (components,) of each source, larger is further from Gaussian.
        converged: Whether the start that was kept did.
    """

    unmixing: Values
    mean: Values
    negentropy: Values
    converged: bool

    def sources(self, x: Values) -> Values:
        """(n, components)."""
        found: Values = (x - self.mean) @ self.unmixing.T
        return found


def independent_components(
    x: Values, components: int, *, starts: int = 10, iterations: int = 300, tolerance: float = 1e-6, seed: int = 0
) -> Components:
    """The independent components of rows, after reduction to as many principal ones.

    O(starts * components * n) an iteration.

    Args:
        x: (n, variables).
        components: How many, at most as many as there are variables.
        starts: Random starts; the best is kept.
        iterations: At most.
        tolerance: Of 1 - |cos| between one iteration's directions and the next.
        seed: Of the starts.

    Raises:
        DataError: If a number is not finite, or the rows span fewer directions than components.
        OptionError: If components or starts are out of range.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> mixing = np.array([[1.0, 2.0], [0.5, -1.0], [1.0, 0.0]])
        >>> found = independent_components(rng.laplace(size=(4000, 2)) @ mixing.T, 2)
        >>> np.abs(found.unmixing @ mixing).round(1).max(axis=0) > 0.5
        array([ True,  True])
    """
    if x.ndim != 2 or not np.isfinite(x).all():
        raise DataError("independent components are of finite numbers, (n, variables)")
    if not 1 <= components <= x.shape[1] or starts < 1:
        raise OptionError(f"components are 1 to {x.shape[1]} and starts 1 or more, got {components} and {starts}")
    mean, white = x.mean(axis=0), whitening(x, components)
    z = (x - mean) @ white.T
    w, moved = _iterate(z, components, starts, iterations, tolerance, np.random.default_rng(seed))
    entropy = _negentropy(w @ z.T)
    score = entropy.sum(axis=1) + (moved < tolerance)  # negentropies are far below 1, so a start that converged wins
    best = int(score.argmax())
    unmixing: Values = w[best] @ white
    return Components(unmixing, mean, entropy[best], bool(moved[best] < tolerance))


def whitening(x: Values, components: int) -> Values:
    """(components, variables): what gives the first principal components of rows (n, variables) variance 1.

    Raises:
        DataError: If the rows span fewer directions.
    """
    _, size, axes = np.linalg.svd(x - x.mean(axis=0), full_matrices=False)
    if len(size) < components or size[components - 1] <= 1e-10 * size[0]:
        raise DataError(f"the {len(x)} rows span fewer than {components} directions: leave columns or components out")
    white: Values = axes[:components] / size[:components, None] * np.sqrt(len(x))
    return white


def _iterate(
    z: Values, components: int, starts: int, iterations: int, tolerance: float, rng: np.random.Generator
) -> tuple[Values, Values]:
    """(1) for all starts; the directions, (starts, components, components), and how far each moved last."""
    w = np.linalg.qr(rng.standard_normal((starts, components, components)))[0]
    moved = np.full(starts, np.inf)
    for _ in range(iterations):
        going = np.flatnonzero(moved >= tolerance)
        if not len(going):
            break
        old = w[going]
        y = np.tanh(old @ z.T)
        new = y @ z / len(z) - (1 - (y * y).mean(axis=2))[:, :, None] * old
        left, _, right = np.linalg.svd(new)
        new = left @ right
        moved[going] = (1 - np.abs((new * old).sum(axis=2))).max(axis=1)
        w[going] = new
    return w, moved


def _negentropy(y: Values) -> Values:
    """J of rows (..., n)."""
    size = np.abs(y)
    found: Values = ((size + np.log1p(np.exp(-2 * size)) - np.log(2)).mean(axis=-1) - _LOG_COSH_OF_NORMAL) ** 2
    return found


@lru_cache(maxsize=64)
def gaussian_negentropy(n: int, components: int, draws: int = 99, seed: int = 0) -> Values:
    """The negentropies that Gaussian rows give, (draws, components), each line from small to large."""
    rng = np.random.default_rng([seed, n, components])
    found = np.empty((draws, components))
    for draw in range(draws):
        rows = rng.standard_normal((n, components))
        # Gaussian rows have no direction to settle on: a start that still moves a little has found what it can.
        fitted = independent_components(rows, components, starts=3, iterations=100, tolerance=1e-3, seed=draw)
        found[draw] = np.sort(fitted.negentropy)
    found.setflags(write=False)
    return found

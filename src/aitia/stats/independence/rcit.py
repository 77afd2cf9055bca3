"""RCIT: the kernel test of conditional independence with random features, for many rows.

The kernels of `KCI` are replaced by inner products of random Fourier features. The features of a set of variables come
from a seed of their names, so a test gives the same answer whatever ran before it. Cost O(n f^2) for f features.

Sources:
    Strobl, Zhang and Visweswaran, Approximate kernel-based conditional independence tests for fast non-parametric
    causal discovery, Journal of Causal Inference 7 (2019). They take 25 to 100 features, with which p-values change
    much from draw to draw; here there are 300. The null is matched as in KCI, and its variance is estimated from the
    pairs of 2000 rows.
    Rahimi and Recht, NIPS 2007.
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from aitia.data.table import Table
from aitia.errors import OptionError
from aitia.stats.independence.base import Missing
from aitia.stats.independence.kernel_test import RIDGE, Block, KernelTest
from aitia.stats.kernels import random_features

__all__ = ["RCIT"]

Values = NDArray[np.float64]

VARIANCE_ROWS = 2000


class RCIT(KernelTest):
    """The kernel test with random features; sees any kind of dependence, approximately.

    Args:
        table: Continuous (also vector-valued) and discrete columns; a discrete one is compared by its labels.
        missing: See `IndependenceTest`.
        jobs: Threads.
        features: Random features of a kernel.
        seed: Of the features.
        widths: Kernel widths, in standard deviations, of single variables in place of the usual ones.
        ridge: Of the regression on the set.
        cache_bytes: Bound on the features kept between tests.

    Raises:
        OptionError: If an option is out of range.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> x = rng.normal(size=3000)
        >>> test = RCIT(Table.of({"x": x, "y": np.abs(x) + rng.normal(size=3000), "z": rng.normal(size=3000)}))
        >>> test("x", "y").p_value < 1e-6, test("x", "z", ["y"]).p_value > 0.05
        (True, True)
    """

    name: ClassVar[str] = "rcit"
    title: ClassVar[str] = "the kernel test with random features (RCIT)"

    def __init__(
        self,
        table: Table,
        *,
        missing: Missing = "error",
        jobs: int = 1,
        features: int = 300,
        seed: int = 0,
        widths: Mapping[str, float] | None = None,
        ridge: float = RIDGE,
        cache_bytes: int = 1 << 30,
    ) -> None:
        super().__init__(table, missing=missing, jobs=jobs, widths=widths, ridge=ridge, cache_bytes=cache_bytes)
        if features < 2:
            raise OptionError(f"features must be 2 or more, got {features}")
        self._features = features
        self._seed = seed

    def _factor(self, block: Block) -> Values | None:
        seed = int.from_bytes(sha256(f"{self._seed} {block.names}".encode()).digest()[:8], "little")
        rng = np.random.default_rng(seed)
        count = self._features // 2
        smooth = random_features(block.points, count, rng) if block.points.shape[1] else None
        if not block.labels.shape[1]:
            assert smooth is not None
            return smooth
        _, cell = np.unique(block.labels, axis=0, return_inverse=True)
        cell = cell.reshape(-1)
        cells = int(cell.max()) + 1
        if smooth is None:
            return np.eye(cells)[cell]
        # The product kernel: features that are switched on in their own cell only, folded by random signs into few.
        if cells * smooth.shape[1] <= 2 * self._features:
            folded = np.zeros((len(cell), cells * smooth.shape[1]))
            for k in range(cells):
                folded[cell == k, k * smooth.shape[1] : (k + 1) * smooth.shape[1]] = smooth[cell == k]
            return folded
        signs = rng.choice([-1.0, 1.0], (cells, smooth.shape[1]))
        signed: Values = smooth * signs[cell]
        return signed

    def _gram(self, block: Block) -> Values:
        raise NotImplementedError("random features always give a factor")

    def _width(self, n: int, conditional: bool, dimensions: int, points: Values) -> float:
        """The median distance of standardised Gaussian variables: 0.95 for one, growing as the root of their number."""
        return 0.95 * float(np.sqrt(dimensions)) if conditional else 0.95 * float(np.sqrt(points.shape[1]))

    def _variance_rows(self, n: int) -> NDArray[np.intp] | None:
        if n <= VARIANCE_ROWS:
            return None
        return np.sort(np.random.default_rng(self._seed).permutation(n)[:VARIANCE_ROWS])

    def cost(self, given: int) -> float:
        """Linear in the rows; mean over the tests of a search, which share features, measured with 300 of them."""
        share = (self._features / 300) ** 2
        if not given:
            return (1.2e-4 + 1e-5 * self.n) * share
        return (6e-3 + 1.8e-5 * self.n) * (0.6 + 0.4 * given) * share

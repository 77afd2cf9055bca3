"""KCI: the kernel test of (conditional) independence, exact.

The kernels, widths, ridge and null are those of the method's authors, so p-values agree with causal-learn's: the
factors are computed to an error far below the ridge. The cost is O(n r^2 + n^2 r) for rank r; where the kernels have
high rank (several variables to condition on), they are whole, O(n^3), and what the set leaves of them is sketched.

Source:
    Zhang, Peters, Janzing and Schölkopf, UAI 2011.
    Fine and Scheinberg, Efficient SVM training using low-rank kernel representations, JMLR 2 (2001), for the factors.
"""

from collections.abc import Mapping
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from aitia.data.table import Table
from aitia.errors import OptionError
from aitia.stats.independence.base import Missing
from aitia.stats.independence.kernel_test import RIDGE, Block, KernelTest
from aitia.stats.kernels import delta_gram, gaussian_gram, incomplete_cholesky

__all__ = ["KCI"]

Values = NDArray[np.float64]

MANY_DIMENSIONS, MANY_ROWS = 4, 4000
"""Gaussian kernels of so many variables have nearly full rank unless there are many rows."""

TOLERANCE = 1e-5
"""Error of the factors as a share of the ridge: 1e-8 by default, which moves p-values by about 1e-4."""


class KCI(KernelTest):
    """The kernel test of conditional independence; sees any kind of dependence.

    Args:
        table: Continuous (also vector-valued) and discrete columns; a discrete one is compared by its labels.
        missing: See `IndependenceTest`.
        jobs: Threads.
        method: `auto` takes thin factors where the kernels allow it; `low-rank` forces them; `dense` keeps every matrix
            whole, the formula as it stands.
        widths: Kernel widths, in standard deviations, of single variables in place of the usual ones.
        ridge: Of the regression on the set.
        cache_bytes: Bound on the factors kept between tests.

    Raises:
        OptionError: If an option is out of range.
        UnknownVariableError: If `widths` names a variable that is not there.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> x = rng.normal(size=300)
        >>> y = x**2 + 0.3 * rng.normal(size=300)
        >>> test = KCI(Table.of({"x": x, "y": y, "z": np.tanh(y) + 0.3 * rng.normal(size=300)}))
        >>> test("x", "z").p_value < 1e-6, test("x", "z", ["y"]).p_value > 0.05
        (True, True)
    """

    name: ClassVar[str] = "kci"
    title: ClassVar[str] = "the kernel test of conditional independence (KCI)"

    def __init__(
        self,
        table: Table,
        *,
        missing: Missing = "error",
        jobs: int = 1,
        method: Literal["auto", "dense", "low-rank"] = "auto",
        widths: Mapping[str, float] | None = None,
        ridge: float = RIDGE,
        cache_bytes: int = 1 << 30,
    ) -> None:
        super().__init__(table, missing=missing, jobs=jobs, widths=widths, ridge=ridge, cache_bytes=cache_bytes)
        if method not in ("auto", "dense", "low-rank"):
            raise OptionError(f"method is 'auto', 'dense' or 'low-rank', got {method!r}")
        self._method = method

    def _factor(self, block: Block) -> Values | None:
        if self._method == "dense":
            return None
        n, dimensions = block.points.shape
        if self._method == "auto" and dimensions >= MANY_DIMENSIONS and n < MANY_ROWS:
            return None  # the attempt would fail
        # Beyond a third of the rows the whole matrix is the cheaper form.
        limit = None if self._method == "low-rank" or n < 60 else n // 3
        return incomplete_cholesky(block.points, block.labels, tolerance=TOLERANCE * self._ridge, max_rank=limit)

    @property
    def _may_sketch(self) -> bool:
        return self._method != "dense"

    def _gram(self, block: Block) -> Values:
        gram = gaussian_gram(block.points) if block.points.shape[1] else np.ones((len(block.points),) * 2)
        return gram * delta_gram(block.labels) if block.labels.shape[1] else gram

    def _width(self, n: int, conditional: bool, dimensions: int, points: Values) -> float:
        """The authors' widths, which shrink as the sample grows."""
        if conditional:
            return (1.2 if n < 200 else 0.7 if n < 1200 else 0.4) * float(np.sqrt(dimensions))
        return (0.8 if n < 200 else 0.5 if n < 1200 else 0.3) / float(np.sqrt(points.shape[1]))

    def cost(self, given: int) -> float:
        """Mean over the tests of a search, which share factors: measured on tables of 200 to 2,000 rows."""
        n = self.n
        if not given:
            return 5e-5 + 1e-7 * n + 1.7e-10 * n**2
        if given == 1:
            return 4e-4 + 7e-9 * n**2
        if given == 2:
            return 1.2e-3 + 1e-8 * n**2 + 1.5e-11 * n**3
        return 1e-3 + 1.2e-10 * n**3

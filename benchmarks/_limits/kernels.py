"""The kernel test given three variables beside its products of matrices: n^3 of 64 bits and 4 n^3 of 32 bits."""

from collections.abc import Iterator

import numpy as np

from _limits.base import Row, in_turn
from aitia.data.table import Table
from aitia.stats.independence import KCI

__all__ = ["rows"]

SET = ("z0", "z1", "z2")


def table(n: int) -> Table:
    """x and y depend on the set alone."""
    rng = np.random.default_rng(0)
    z = rng.normal(size=(n, 3))
    along = z.sum(axis=1) / np.sqrt(3)
    x, y = np.tanh(along) + 0.5 * rng.normal(size=n), along**2 / 2 + 0.5 * rng.normal(size=n)
    return Table.of({"x": x, "y": y, **dict(zip(SET, z.T, strict=True))})


def rows(full: bool) -> Iterator[Row]:
    """One test, new to the cache, beside a whole inverse and two whole products; causal-learn's once."""
    from causallearn.utils.cit import CIT

    for n in (1000, 3000):
        data = table(n)
        double = np.random.default_rng(0).normal(size=(n, n))
        single = double.astype(np.float32)

        def products(a: np.ndarray = double, b: np.ndarray = single) -> None:  # type: ignore[type-arg]
            half = len(a) // 2
            _ = a @ a[:, :half], b @ b, b @ b

        limit, ours = in_turn(3 if n < 3000 else 2, products, lambda data=data: KCI(data)("x", "y", SET))
        x = data.matrix()
        peer = in_turn(1, lambda x=x: CIT(x, "kci")(0, 1, [2, 3, 4]))[0] if n < 3000 or full else None
        yield Row(f"KCI, {n:,} rows, given three variables", limit, ours, 1.6, peer)

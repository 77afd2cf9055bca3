"""A small input: a shop, whose visits follow adverts, and its sales the visits and the price; all noise is uniform."""

from pathlib import Path

import numpy as np

from aitia.files import write_whole
from aitia.system import Example

__all__ = ["write"]


def write(folder: Path, seed: int) -> Example:
    """400 rows of four numbers, as a CSV file."""
    rng = np.random.default_rng([seed, 305])
    adverts, price, first, second = rng.uniform(-1, 1, (4, 400))
    visits = adverts + 0.7 * first
    sales = visits - price + 0.7 * second
    lines = [",".join(f"{value:.4f}" for value in row) for row in zip(adverts, price, visits, sales, strict=True)]
    write_whole(folder / "shop.csv", "\n".join(["adverts,price,visits,sales", *lines, ""]))
    return Example(folder / "shop.csv")

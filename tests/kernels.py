"""Compiles the loops of the searches before the tests: `python -m tests.kernels`.

A machine compiles a loop once, for seconds, which are no system's: without this the first test that needs it would be
charged with them.
"""

import time

import numpy as np

from aitia.data.table import Table
from aitia.stats.independence.contingency import Contingency
from aitia.stats.search import compiling
from aitia.systems.boss import BOSS
from aitia.systems.pc import PC


def main() -> None:
    """Searches small tables with everything compiled, and says how long that took."""
    began = time.perf_counter()
    compiling.PLAIN_AT_MOST = -1.0
    rng = np.random.default_rng(0)
    numbers = Table.of(rng.normal(size=(200, 6)) @ rng.normal(size=(6, 6)))
    labels = Table.of({name: rng.choice(["a", "b", "c"], 200) for name in "uvw"})
    for table in (numbers, labels):
        BOSS(starts=2).fit(table)
    PC(test="fisher-z", alpha=0.01, bootstrap=2).fit(Table.of(rng.normal(size=(200, 120))))
    Contingency.plain_seconds = np.inf
    PC(test="chi2", alpha=0.01).fit(labels)
    print(f"the loops of the searches are compiled ({time.perf_counter() - began:.0f} s)")


if __name__ == "__main__":
    main()

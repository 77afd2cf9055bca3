"""Labels and numbers together: PC by the degenerate Gaussian test and by the kernel test, SHD to the CPDAG and CPU.

python benchmarks/mixed.py [--tables N] [--first SEED] [--json FILE]

Random graphs of seven columns with about as many edges, of 200 and 700 rows: each column a number or a label of two to
four kinds, at least one of three. A number is a line in numbers and a shift for each label, with Gaussian noise; a
label is drawn with log odds that are. In `bent` tables a number acts by its square, so that no line shows it.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import time
import warnings
from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from _measure import options, write
from aitia.data.table import Table
from aitia.errors import DataError
from aitia.graph import Graph, cpdag, shd
from aitia.systems.pc.model import PC

TESTS = ("degenerate-gaussian", "kci", "auto")
COLUMNS = 7


def mixed(seed: int, n: int, bent: bool) -> tuple[Table, Graph]:
    """A table and its DAG."""
    rng = np.random.default_rng([seed, n, 23])
    order = rng.permutation(COLUMNS)
    names = [f"v{k}" for k in range(COLUMNS)]
    pairs = [(names[order[i]], names[order[j]]) for j in range(COLUMNS) for i in range(j)]
    graph = Graph([pairs[k] for k in rng.choice(len(pairs), COLUMNS, replace=False)], names)
    kinds = rng.choice([1, 2, 3, 4], COLUMNS, p=[0.5, 0.15, 0.2, 0.15])
    kinds[rng.integers(0, COLUMNS)] = 3
    sizes = dict(zip(names, kinds.tolist(), strict=True))
    features: dict[str, NDArray[np.float64]] = {}
    columns: dict[str, Any] = {}
    for name in graph.topological_order():
        size = sizes[name]
        total = np.zeros((n, max(size, 1)))
        for cause in graph.parents(name):
            of = features[cause]
            total += of @ (rng.uniform(0.6, 1.2, (of.shape[1], 1 if size == 1 else size)) * _signs(rng, of, size))
        if size == 1:
            value = total[:, 0] + rng.normal(size=n)
            columns[name], features[name] = value, (value**2 if bent else value)[:, None]
        else:
            codes = (1.5 * total + rng.gumbel(size=total.shape)).argmax(axis=1)
            columns[name] = np.array([f"l{k}" for k in range(size)])[codes]
            features[name] = np.eye(size)[codes][:, 1:] * 1.5
    return Table.of({name: columns[name] for name in names}), graph


def _signs(rng: np.random.Generator, of: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    return rng.choice([-1.0, 1.0], (of.shape[1], size))


def study(bent: bool, n: int, tables: int, first: int) -> dict[str, Any]:
    """Summed distances and CPU seconds of each test, and how often `auto` took which."""
    far, seconds, taken = Counter[str](), Counter[str](), Counter[str]()
    edges = done = 0
    for seed in range(first, first + tables):
        table, graph = mixed(seed, n, bent)
        true, found = cpdag(graph), {}
        try:
            for test in TESTS:
                started = time.process_time()
                search = PC(test=test).fit(table)
                seconds[test] += time.process_time() - started  # type: ignore[assignment]
                found[test] = shd(true, search.graph_)
        except DataError:  # a label that does not occur leaves one value
            continue
        taken[search.test_name_] += 1
        far.update(found)
        edges, done = edges + len(graph.edges), done + 1
    told = ", ".join(f"{test} {far[test]} ({seconds[test]:.2f} s)" for test in TESTS)
    what = "bent" if bent else "lines"
    print(f"{what}, {n} rows, {done} tables, {edges} edges: {told}; auto took {dict(taken)}", flush=True)
    return {"what": what, "rows": n, "tables": done, "edges": edges, "shd": dict(far), "seconds": dict(seconds),
            "auto": dict(taken)}  # fmt: skip


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--tables", type=int, default=12, help="how many of each kind and size")
    parser.add_argument("--first", type=int, default=30_000, help="the first seed")
    given = parser.parse_args()
    warnings.filterwarnings("ignore")
    PC(test="kci").fit(mixed(0, 100, False)[0])  # loads what all need
    write(given.json, [study(bent, n, given.tables, given.first) for bent in (False, True) for n in (200, 700)])


if __name__ == "__main__":
    main()

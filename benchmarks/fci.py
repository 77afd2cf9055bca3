"""FCI beside causal-learn's on the same tables: edges lost and too many, distance to the true PAG, what is a PAG.

python benchmarks/fci.py [--json FILE] [--full]

Random systems with two hidden variables, common causes where there are any: linear ones of 8 to 15 columns with 300,
1,000 or 3,000 rows (partial correlation), and ones of two labels, 6 to 9 columns with 1,000 or 4,000 rows
(chi-square). Alpha is .01, the columns are in random order. The distance counts a pair that one has and the other
lacks, or whose marks differ, as one. Times are from table to graph, the compiled loops are warm. 60 and 30 tables;
--full takes five times as many.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import contextlib
import io
import warnings
from time import process_time

import numpy as np
from numpy.typing import NDArray

from _measure import arguments, write
from aitia.data.table import Table
from aitia.graph import Graph, is_pag, mag, pag, shd
from aitia.graph.formats import from_causallearn
from aitia.systems.fci import FCI

ALPHA = 0.01
TESTS = {"linear": ("fisher-z", "fisherz"), "labels": ("chi2", "chisq")}
World = tuple[Graph, Table, NDArray[np.float64]]


def world(kind: str, seed: int) -> World:
    """The true PAG, and rows of what is seen as a table and as an array."""
    rng = np.random.default_rng([seed, 31, len(kind)])
    seen = int(rng.integers(8, 16) if kind == "linear" else rng.integers(6, 10))
    names = [f"v{k}" for k in range(seen + 2)]
    degree = rng.uniform(2, 4) if kind == "linear" else rng.uniform(1.5, 3)
    edges = [(a, b) for k, b in enumerate(names) for a in names[:k] if rng.random() < degree / (len(names) - 1)]
    dag, n = Graph(edges, names), int(rng.choice([300, 1000, 3000] if kind == "linear" else [1000, 4000]))
    values: dict[str, NDArray[np.float64]] = {}
    for name in names:
        if kind == "linear":
            values[name] = rng.normal(size=n)
            for cause in dag.parents(name):
                values[name] += rng.choice([-1, 1]) * rng.uniform(0.3, 1.0) * values[cause]
        else:
            logit = np.full(n, rng.normal(scale=0.3))
            for cause in dag.parents(name):
                logit += rng.choice([-1, 1]) * rng.uniform(0.8, 2.0) * (values[cause] - 0.5)
            values[name] = (rng.random(n) < 1 / (1 + np.exp(-logit))).astype(np.float64)
    common = [name for name in names if len(dag.children(name)) > 1]
    hidden = rng.permutation(common if len(common) > 1 else names)[:2].tolist()
    order = [name for name in rng.permutation(names).tolist() if name not in hidden]
    columns = {k: values[k] if kind == "linear" else np.where(values[k] > 0, "yes", "no") for k in order}
    return pag(mag(dag, hidden)).reorder(order), Table.of(columns), np.column_stack([values[k] for k in order])


def peer(array: NDArray[np.float64], test: str, names: tuple[str, ...]) -> Graph:
    """The graph that causal-learn finds."""
    from causallearn.search.ConstraintBased.FCI import fci

    with contextlib.redirect_stdout(io.StringIO()):
        graph, _ = fci(array, test, ALPHA, show_progress=False, node_names=list(names))
    return from_causallearn(graph)


def row(graph: Graph, true: Graph, seconds: float) -> list[float]:
    """Edges lost, edges too many, distance, whether it is a PAG, CPU seconds, true edges."""
    lost = sum(not graph.has_edge(e.left, e.right) for e in true.edges)
    more = sum(not true.has_edge(e.left, e.right) for e in graph.edges)
    return [lost, more, shd(graph.reorder(true.nodes), true), is_pag(graph), seconds, len(true.edges)]


def main() -> None:
    options = arguments(__doc__)
    warnings.filterwarnings("ignore")
    found: list[dict[str, object]] = []
    print(f"{'':22}{'lost':>6}{'more':>6}{'distance':>10}{'PAGs':>7}{'seconds':>9}{'edges':>7}")
    for kind, (test, theirs) in TESTS.items():
        many = {"linear": 60, "labels": 30}[kind] * (5 if options.full else 1)
        sums = {"aitia": np.zeros(6), "causal-learn": np.zeros(6)}
        FCI(test=test, alpha=ALPHA).fit(world(kind, 999)[1])
        for seed in range(1000, 1000 + many):
            true, table, array = world(kind, seed)
            start = process_time()
            graph = FCI(test=test, alpha=ALPHA).fit(table).graph
            middle = process_time()
            other = peer(array, theirs, table.names)
            end = process_time()
            sums["aitia"] += row(graph, true, middle - start)
            sums["causal-learn"] += row(other, true, end - middle)
        for who, total in sums.items():
            names = ("lost", "more", "distance", "pags", "seconds", "edges")
            found.append({"rows": kind, "search": who, "tables": many, **dict(zip(names, total.tolist(), strict=True))})
            lost, more, distance, pags, seconds, edges = total
            print(f"{kind + ', ' + who:22}{lost:6.0f}{more:6.0f}{distance:10.0f}{pags:7.0f}{seconds:9.2f}{edges:7.0f}")
    write(options.json, found)


if __name__ == "__main__":
    main()

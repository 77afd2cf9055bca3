"""PC with Fisher's z beside causal-learn: the same data, one run, the same skeleton.

python benchmarks/pc.py [--json FILE] [--full]

Both run every test of a level; from a numpy array to the CPDAG, checks of the table included. One BLAS thread; the
compiled search is warm. The last line is a search of 500 variables by ours alone; --full adds 1000.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from numpy.typing import NDArray

from _measure import arguments, best, write
from aitia.graph.formats import from_causallearn
from aitia.systems.pc.model import PC


def data(nodes: int, degree: float, n: int, seed: int) -> NDArray[np.float64]:
    """Linear Gaussian rows of an Erdős-Rényi DAG, weights ±U(0.3, 0.9), columns in random order."""
    rng = np.random.default_rng(seed)
    weights = np.triu(rng.random((nodes, nodes)) < degree / (nodes - 1), 1) * rng.uniform(0.3, 0.9, (nodes, nodes))
    weights *= rng.choice([-1, 1], (nodes, nodes))
    x = np.zeros((n, nodes))
    for j in range(nodes):
        x[:, j] = x @ weights[:, j] + rng.standard_normal(n)
    return x[:, rng.permutation(nodes)]


def main() -> None:
    options = arguments(__doc__)
    from causallearn.search.ConstraintBased.PC import pc

    rows = []
    print("nodes  causal-learn CPU s     ours CPU s    ratio  tests  same skeleton")
    for nodes in (20, 50, 100):
        x = data(nodes, 3, 2000, nodes)
        theirs, _, graph = best(lambda x=x: pc(x, 0.01, "fisherz", True, 0, 2, show_progress=False), 1)
        search = PC(alpha=0.01, test="fisher-z")
        search.fit(x)
        ours, _, found = best(lambda x=x, search=search: search.fit(x), 7)
        true = from_causallearn(graph.G.graph, found.graph_.nodes)
        same = true.skeleton() == found.skeleton_.graph
        print(
            f"{nodes:5d}  {theirs:18.3f}  {ours:13.4f}  {theirs / ours:6.0f}x  {found.skeleton_.count:6d}  {same!s:>13}"
        )
        rows.append(
            {
                "nodes": nodes,
                "causal_learn": theirs,
                "ours": ours,
                "ratio": theirs / ours,
                "tests": found.skeleton_.count,
            }
            | {"same_skeleton": same}
        )
    for nodes, degree in [(500, 3), *([(1000, 2)] if options.full else [])]:
        x = data(nodes, degree, 2000, nodes)
        search = PC(alpha=0.01, test="fisher-z")
        ours, wall, found = best(lambda x=x, search=search: search.fit(x), 2)
        print(f"{nodes:5d}  {'':18}  {ours:13.3f}  {found.skeleton_.count} tests, wall {wall:.2f} s")
        rows.append({"nodes": nodes, "ours": ours, "tests": found.skeleton_.count})
    write(options.json, rows)


if __name__ == "__main__":
    main()

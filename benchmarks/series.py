"""PCMCI+ beside tigramite: the same series in one run, the same links.

python benchmarks/series.py [--json FILE] [--full]

Partial correlation at alpha .01, colliders by majority, from an array to the graph, checks of the series included. Both
sides run in turn, on one BLAS thread; the least of the repeats counts. --full adds 40 variables.
"""

import os
import sys

os.environ.setdefault("OMP_NUM_THREADS", "1")

import warnings
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from _measure import arguments, best, write
from aitia.graph.graph import Graph
from aitia.graph.lagged import lagged_name
from aitia.graph.marks import Edge, Mark
from aitia.systems.pcmci_plus import PCMCIPlus


def data(variables: int, times: int, seed: int) -> NDArray[np.float64]:
    """A stable linear process: every variable on itself, one link in two steps and half a link in one, each."""
    rng = np.random.default_rng(seed)
    before = np.diag(rng.uniform(0.3, 0.6, variables))
    links = rng.choice(variables, (variables, 2))
    before[links[:, 0], links[:, 1]] += np.where(links[:, 0] == links[:, 1], 0, 0.2)
    now = np.triu(rng.random((variables, variables)) < 1 / variables, 1) * 0.4
    out = np.linalg.inv(np.eye(variables) - now.T)
    step = out @ before.T
    step *= min(1, 0.95 / np.abs(np.linalg.eigvals(step)).max())
    rows = np.zeros((times + 100, variables))
    for t in range(1, len(rows)):
        rows[t] = step @ rows[t - 1] + out @ rng.standard_normal(variables)
    return rows[100:]


def theirs(rows: NDArray[np.float64], lags: int) -> Any:
    from tigramite.data_processing import DataFrame
    from tigramite.independence_tests.parcorr import ParCorr
    from tigramite.pcmci import PCMCI

    search = PCMCI(DataFrame(rows), ParCorr(significance="analytic"), verbosity=0)
    return search.run_pcmciplus(tau_max=lags, pc_alpha=0.01)["graph"]


def graph_of(marks: Any, nodes: tuple[str, ...]) -> Graph:
    """Their array of links as a graph; a conflict is an open direction."""
    edges = []
    for i, j, lag in np.argwhere(marks != "").tolist():
        ends = (lagged_name(f"v{i}", lag), lagged_name(f"v{j}", 0))
        if marks[i, j, lag] == "-->":
            edges.append(Edge(*ends))
        elif marks[i, j, lag] in ("o-o", "x-x") and i < j:
            edges.append(Edge(*ends, Mark.TAIL, Mark.TAIL))
    return Graph(edges, nodes)


def main() -> None:
    options = arguments(__doc__)
    if find_spec("tigramite") is None:
        sys.exit("not run here: needs tigramite (pip install tigramite)")
    warnings.simplefilter("ignore")
    rows = []
    print("variables  times  lags  tigramite CPU s  ours CPU s   ratio   tests  same links")
    for variables, times, lags in [
        (5, 500, 3),
        (10, 500, 3),
        (20, 1000, 5),
        *([(40, 1000, 3)] if options.full else []),
    ]:
        x = data(variables, times, variables)
        table = {"when": np.arange(len(x), dtype=float), **{f"v{k}": x[:, k] for k in range(variables)}}
        search = PCMCIPlus(lags=lags, alpha=0.01)
        search.fit(table, time="when")
        slow, _, marks = best(lambda x=x, lags=lags: theirs(x, lags), 2)
        fast, _, found = best(lambda search=search, table=table: search.fit(table, time="when"), 7)
        same = graph_of(marks, found.graph_.nodes) == found.graph_
        count = found.skeleton_.count
        shown = f"{slow:15.3f}  {fast:10.4f}  {slow / fast:5.0f}x  {count:6d}  {same}"
        print(f"{variables:9d}  {times:5d}  {lags:4d}  {shown}")
        rows.append({"variables": variables, "times": times, "lags": lags, "tigramite": slow, "ours": fast})
        rows[-1] |= {"ratio": slow / fast, "tests": count, "same_links": same}
    write(options.json, rows)


if __name__ == "__main__":
    main()

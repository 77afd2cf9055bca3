"""BOSS, GES and DirectLiNGAM beside causal-learn: the same data, one run, distance to the truth and time.

python benchmarks/score_searches.py [--json FILE] [--full]

Searches by scores are timed from a table to the CPDAG with the evidence for its edges; the compiled kernels are warm.
Gaussian graphs have the penalty that both sides can be given (2; the peer's lambda 1); networks of labels have BDeu,
with one cause of a variable expected, and prior 1 at the peer's, which it does not let one choose, 3 at ours.
Distances are to the CPDAG of the true graph.
The sums are over ten linear and ten discrete sets of 10 to 25 variables and 500 to 5,000 rows. --full adds the peer on
larger graphs, which takes minutes to an hour.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import logging
import sys
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from _measure import arguments, best, write
from aitia.data.table import Table
from aitia.errors import AitiaError
from aitia.graph import Graph, cpdag, shd
from aitia.graph.formats import from_causallearn
from aitia.systems.boss import BOSS
from aitia.systems.direct_lingam.order import causal_order
from aitia.systems.ges import GES
from aitia.systems.pc import PC

Set = tuple[Graph, Table, NDArray[np.float64]]


def linear(nodes: int, degree: float, n: int, seed: int) -> Set:
    """Linear Gaussian rows of an Erdős-Rényi DAG, weights ±U(0.1, 0.9), columns in random order."""
    rng = np.random.default_rng(seed)
    edges = np.triu(rng.random((nodes, nodes)) < degree / (nodes - 1), 1)
    weights = edges * rng.uniform(0.1, 0.9, (nodes, nodes)) * rng.choice([-1, 1], (nodes, nodes))
    x = np.zeros((n, nodes))
    for j in range(nodes):
        x[:, j] = x @ weights[:, j] + rng.standard_normal(n)
    order = rng.permutation(nodes)
    table = Table.of(x[:, order])
    return cpdag(Graph.from_adjacency(edges[np.ix_(order, order)], table.names)), table, x[:, order]


def labels(nodes: int, degree: float, n: int, seed: int) -> Set:
    """Rows of a network of 2 or 3 labels a variable, at most four parents, every row of every table uniform."""
    rng = np.random.default_rng(seed)
    edges = np.triu(rng.random((nodes, nodes)) < degree / (nodes - 1), 1)
    levels, x = rng.integers(2, 4, nodes), np.zeros((n, nodes), int)
    for j in range(nodes):
        edges[rng.permutation(np.flatnonzero(edges[:, j]))[4:], j] = False
        code = np.zeros(n, int)
        for parent in np.flatnonzero(edges[:, j]):
            code = code * levels[parent] + x[:, parent]
        chances = rng.dirichlet(np.ones(levels[j]), int(np.prod(levels[edges[:, j]]))).cumsum(axis=1)
        x[:, j] = (rng.random(n)[:, None] > chances[code]).sum(axis=1).clip(0, levels[j] - 1)
    order = rng.permutation(nodes)
    names = [f"x{k}" for k in range(nodes)]
    return cpdag(Graph.from_adjacency(edges[np.ix_(order, order)], names)), _worded(names, x[:, order]), x[:, order]


def network(name: str, n: int, seed: int) -> Set:
    """Rows of a network that pgmpy ships, without the columns that came out constant."""
    from pgmpy.utils import get_example_model

    model, rng = get_example_model(name), np.random.default_rng(seed)
    x: dict[str, NDArray[np.int64]] = {}
    graph = Graph(list(model.edges()), list(model.nodes()))
    for node in graph.topological_order():
        table = model.get_cpds(node)
        code = np.zeros(n, int)
        for parent, size in zip(table.variables[1:], table.cardinality[1:], strict=True):
            code = code * size + x[parent]
        chances = table.get_values().cumsum(axis=0)[:, code]
        x[node] = (rng.random(n) > chances).sum(axis=0).clip(0, table.cardinality[0] - 1)
    kept = [node for node in graph.nodes if len(np.unique(x[node])) > 1]
    order = [kept[k] for k in rng.permutation(len(kept))]
    values = np.column_stack([x[node] for node in order])
    return cpdag(graph.subgraph(kept).reorder(order)), _worded(order, values), values


def _worded(names: list[str], x: NDArray[Any]) -> Table:
    return Table.of({name: np.array([f"v{v}" for v in x[:, k]], object) for k, name in enumerate(names)})


def sets(kind: str) -> Iterator[Set]:
    rng = np.random.default_rng(22)
    for seed in range(10):
        n, degree = int(np.exp(rng.uniform(np.log(500), np.log(5000)))), float(rng.uniform(2, 4))
        yield (linear if kind == "linear" else labels)(int(rng.integers(10, 26)), degree, n, 4000 + seed)


def peer(method: str, x: NDArray[Any], discrete: bool) -> Any:
    """The peer's graph, as a matrix."""
    from causallearn.search.ConstraintBased.PC import pc
    from causallearn.search.PermutationBased.BOSS import boss
    from causallearn.search.ScoreBased.GES import ges

    score = "local_score_BDeu" if discrete else "local_score_BIC_from_cov"
    given = None if discrete else {"lambda_value": 1}
    if method == "boss":
        return boss(x, score, given, verbose=False).graph
    if method == "ges":
        return ges(x, score.removesuffix("_from_cov"), parameters=given)["G"].graph
    return pc(x, 0.01, "chisq" if discrete else "fisherz", True, 0, 3, show_progress=False).G.graph


OURS = {"boss": BOSS(), "ges": GES()}
TIMED = {"boss": BOSS(), "boss, one start": BOSS(starts=1), "ges": GES()}
"""The peer's BOSS starts once."""


def compared(name: str, made: Set, theirs: bool) -> list[dict[str, Any]]:
    truth, table, x = made
    rows: list[dict[str, Any]] = []
    told_of: dict[str, tuple[float, float, Any]] = {}
    for method, search in TIMED.items():
        search.fit(table)
        ours, _, found = best(lambda search=search: search.fit(table), 3)
        row: dict[str, Any] = {"set": name, "method": method, "nodes": len(truth), "ours": ours}
        row["shd"] = shd(found.graph_, truth)
        told = ""
        if theirs:
            discrete = table.discrete(table.names[0])
            kind = method.split(",")[0]
            if kind not in told_of:
                told_of[kind] = best(lambda kind=kind, discrete=discrete: peer(kind, x, discrete), 1)
            row["theirs"], _, graph = told_of[kind]
            row["their shd"] = shd(from_causallearn(graph, table.names), truth)
            told = f"{row['theirs']:18.2f} {row['theirs'] / ours:6.0f}x {row['their shd']:10d}"
        print(f"{name:18} {method:15} {ours:10.3f} {row['shd']:6d} {told}", flush=True)
        rows.append(row)
    return rows


def sums() -> list[dict[str, Any]]:
    rows = []
    for kind in ("linear", "discrete"):
        total = dict.fromkeys(("boss", "ges", "pc", "their boss", "their ges", "their pc"), 0)
        for truth, table, x in sets(kind):
            for method, search in {**OURS, "pc": PC(alpha=0.01)}.items():
                try:
                    total[method] += shd(search.fit(table).graph_, truth)
                except AitiaError as error:
                    print(f"{kind} {method}: {error}", file=sys.stderr)
                    total[method] += len(truth.edges)
                if method != "ges" and (method == "pc" or kind == "linear"):
                    found = from_causallearn(peer(method, x, kind == "discrete"), table.names)
                    total[f"their {method}"] += shd(found, truth)
        print(f"{kind:9} " + ", ".join(f"{name} {value}" for name, value in total.items() if value), flush=True)
        rows.append({"sums": kind} | total)
    return rows


def shuffles() -> dict[str, Any]:
    """How often another order of the columns changes the graph, of 20 sets and five orders each."""
    changed = dict.fromkeys(OURS, 0)
    for kind in ("linear", "discrete"):
        for _, table, _ in sets(kind):
            rng = np.random.default_rng(0)
            for method, search in OURS.items():
                first = search.fit(table).graph_
                for _ in range(5):
                    other = search.fit(table.select([table.names[k] for k in rng.permutation(len(table.names))])).graph_
                    changed[method] += other.reorder(table.names) != first
    print("changed by another order of the columns, of 100: " + ", ".join(f"{m} {c}" for m, c in changed.items()))
    return {"changed of 100": changed}


def lingam() -> list[dict[str, Any]]:
    from causallearn.search.FCMBased.lingam import DirectLiNGAM

    rows = []
    for nodes, n in ((10, 1000), (20, 1000), (40, 1000), (20, 10_000)):
        rng = np.random.default_rng(nodes + n)
        weights = np.triu(rng.random((nodes, nodes)) < 3 / (nodes - 1), 1) * rng.uniform(0.3, 1, (nodes, nodes))
        x = np.zeros((n, nodes))
        for j in range(nodes):
            noise = (rng.uniform(-1, 1, n), rng.laplace(size=n), rng.exponential(size=n))[j % 3]
            x[:, j] = x @ weights[:, j] + noise
        x = x[:, rng.permutation(nodes)]
        ours, _, order = best(lambda x=x, nodes=nodes: causal_order(x, np.zeros((nodes, nodes), bool)), 3)
        model = DirectLiNGAM()
        model._estimate_adjacency_matrix = lambda *_, model=model, **__: model  # the order alone is compared
        theirs, _, _ = best(lambda x=x, model=model: model.fit(x), 1)
        same = [int(k) for k in model._causal_order] == order.tolist()
        print(
            f"lingam {nodes:3d} x {n:6d}  ours {ours:.4f}  theirs {theirs:.3f}  {theirs / ours:.0f}x  same order {same}"
        )
        rows.append({"nodes": nodes, "rows": n, "ours": ours, "theirs": theirs, "same order": same})
    return rows


def main() -> None:
    options = arguments(__doc__)
    logging.disable(logging.CRITICAL)
    warnings.filterwarnings("ignore")
    _, table, x = linear(60, 3, 500, 0)
    BOSS().fit(table)  # the compiled kernels are loaded, and so is the peer
    peer("pc", x, discrete=False)
    rows: list[dict[str, Any]] = lingam()
    print("set                method            ours CPU s   SHD  causal-learn CPU s  ratio  their SHD")
    for nodes in (10, 20, 40, 60):
        rows += compared(f"gaussian {nodes}", linear(nodes, 3, 1000, nodes), nodes < 60 or options.full)
    for name in ("asia", "sachs", "child", "insurance"):
        rows += compared(name, network(name, 2000, 0), name in ("asia", "sachs") or options.full)
    for nodes in (200, 500):
        search = BOSS(starts=1)
        truth, table, _ = linear(nodes, 4, 2000, nodes)
        cpu, wall, found = best(lambda search=search, table=table: search.fit(table), 1)
        print(f"boss alone, {nodes} nodes, one start: {cpu:.1f} CPU s, {wall:.1f} s, SHD {shd(found.graph_, truth)}")
        rows.append({"nodes": nodes, "ours": cpu, "shd": shd(found.graph_, truth)})
    rows += [*sums(), shuffles()]
    write(options.json, rows)


if __name__ == "__main__":
    main()

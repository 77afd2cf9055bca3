"""Arrows of PC beside causal-learn: summed structural Hamming distance to the true CPDAG, every rule of both, one run.

python benchmarks/arrows.py [--json FILE] [--full] [--only KIND ...] [--first SEED]

Random linear Gaussian and random discrete tables (10 to 25 variables, 1 to 2 edges each, 500 to 5,000 rows, columns in
random order; ten of each, --full: forty), dense linear ones (6 to 25 variables, 2 to 3.5 edges each, not over three
quarters of all pairs) and networks that pgmpy ships. alpha is .05; both find the same skeleton. BOSS stands beside PC.
causal-learn's rules are its `uc_rule` (0 separating set, 1 max-p, 2 definite max-p) and `uc_priority` (0 overwrite,
1 two-headed, 2 first, 3 and 4 stronger). The last part is a small confounded table on which tests of PC lose an edge.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from _measure import options, write
from aitia import discover, estimate_effect
from aitia.data.table import Kind, Table
from aitia.discovery.effects import Search
from aitia.graph import Graph, cpdag, shd
from aitia.graph.formats import from_causallearn
from aitia.graph.knowledge import Knowledge
from aitia.stats.search import ColliderRule
from aitia.systems.boss import BOSS
from aitia.systems.pc.model import PC

Drawn = tuple[NDArray[Any], Graph]
RULES = get_args(ColliderRule)
PEERS = [(rule, priority) for rule in (0, 1, 2) for priority in range(5) if rule < 2 or priority > 1]
NETWORKS = {"asia": 1000, "sachs": 1000, "child": 2000, "insurance": 2000, "alarm": 2000, "water": 2000}
KINDS = ("linear", "discrete", "dense", "networks", "confounded")


def dag(rng: np.random.Generator, dense: bool = False) -> list[list[int]]:
    """The parents of each node; parents come before their children."""
    d = int(rng.integers(6 if dense else 10, 26))
    pairs = [(i, j) for j in range(d) for i in range(j)]
    count = int(d * rng.choice([2.0, 2.5, 3.0, 3.5] if dense else [1.0, 1.5, 2.0]))
    chosen = rng.choice(len(pairs), min(count, len(pairs) * 3 // 4), replace=False)
    parents: list[list[int]] = [[] for _ in range(d)]
    for k in chosen:
        parents[pairs[k][1]].append(pairs[k][0])
    return parents


def named(columns: NDArray[Any], parents: list[list[int]]) -> Drawn:
    """The columns that vary, and the graph over them."""
    names = [f"v{k}" for k in range(len(parents))]
    kept = [k for k in range(len(names)) if len(np.unique(columns[:, k])) > 1]
    graph = Graph([(names[a], names[b]) for b, of in enumerate(parents) for a in of], tuple(names))
    return columns[:, kept], graph.subgraph([names[k] for k in kept])


def linear(seed: int, dense: bool = False) -> Drawn:
    """Weights of +-U(low, 1.2) with low of .1, .3 or .5, noise of deviation U(.7, 1.5)."""
    rng = np.random.default_rng([seed, 13 if dense else 11])
    parents, n, low = dag(rng, dense), int(rng.choice([500, 1000, 2000, 5000])), rng.choice([0.1, 0.3, 0.5])
    x = rng.normal(size=(n, len(parents))) * rng.uniform(0.7, 1.5, len(parents))
    for j, of in enumerate(parents):
        for i in of:
            x[:, j] += x[:, i] * rng.uniform(low, 1.2) * rng.choice([-1, 1])
    return named(x, parents)


def discrete(seed: int) -> Drawn:
    """Two to four labels, rows of the probability tables from Dirichlet(.5) or (1)."""
    rng = np.random.default_rng([seed, 12])
    parents, n, weight = dag(rng), int(rng.choice([500, 1000, 2000, 5000])), rng.choice([0.5, 1.0])
    sizes = rng.integers(2, int(rng.integers(2, 5)) + 1, len(parents))
    x = np.zeros((n, len(parents)), np.int64)
    for j, of in enumerate(parents):
        code = np.zeros(n, np.int64)
        for i in of:
            code = code * sizes[i] + x[:, i]
        rows = rng.dirichlet(np.full(sizes[j], weight), int(np.prod(sizes[of], dtype=int)))
        x[:, j] = np.minimum((rng.random(n)[:, None] > rows[code].cumsum(axis=1)).sum(axis=1), sizes[j] - 1)
    return named(x, parents)


def network(name: str, n: int, seed: int) -> Drawn:
    """Rows of a network of pgmpy; columns that show one label only are left out."""
    from pgmpy.utils import get_example_model

    model = get_example_model(name)
    rng = np.random.default_rng(seed)
    graph = Graph(list(model.edges()), tuple(model.nodes()))
    columns: dict[str, NDArray[np.int64]] = {}
    for node in graph.topological_order():
        table = model.get_cpds(node)
        chances = np.moveaxis(table.values, 0, -1)[tuple(columns[p] for p in table.variables[1:])]
        chances = np.broadcast_to(chances, (n, chances.shape[-1])).cumsum(axis=1)
        columns[node] = np.minimum((rng.random(n)[:, None] > chances).sum(axis=1), chances.shape[1] - 1)
    kept = [node for node in graph.nodes if len(np.unique(columns[node])) > 1]
    return np.column_stack([np.unique(columns[v], return_inverse=True)[1] for v in kept]), graph.subgraph(kept)


def theirs(x: NDArray[Any], names: tuple[str, ...]) -> Iterator[tuple[tuple[int, int], Graph]]:
    """causal-learn's graph by every rule on one skeleton."""
    from causallearn.utils.cit import CIT
    from causallearn.utils.PCUtils import Meek, SkeletonDiscovery, UCSepset

    test = CIT(x, "chisq" if x.dtype.kind == "i" else "fisherz")
    found = SkeletonDiscovery.skeleton_discovery(x, 0.05, test, True, show_progress=False, node_names=list(names))
    for rule, priority in PEERS:
        if rule == 2:
            graph = Meek.definite_meek(UCSepset.definite_maxp(found, 0.05, priority))
        else:
            graph = (UCSepset.uc_sepset, UCSepset.maxp)[rule](found, priority)
        yield (rule, priority), from_causallearn(Meek.meek(graph).G.graph, names)


def compare(what: str, drawn: Sequence[Drawn]) -> dict[str, Any]:
    """The summed distances of every rule, printed and as a row."""
    ours: Counter[str] = Counter()
    peer: Counter[tuple[int, int]] = Counter()
    for k, (columns, graph) in enumerate(drawn):
        order = np.random.default_rng(k).permutation(columns.shape[1])
        x, names = np.ascontiguousarray(columns[:, order]), tuple(graph.nodes[i] for i in order)
        labels = x.dtype.kind == "i"
        table = Table.of(dict(zip(names, x.T, strict=True)), kinds=dict.fromkeys(names, Kind.LABEL) if labels else None)
        true = cpdag(graph).reorder(names)
        for rule in RULES:
            ours[rule] += shd(true, PC(test="chi2" if labels else "fisher-z", colliders=rule).fit(table).graph_)
        ours["boss"] += shd(true, BOSS().fit(table).graph_)
        for key, found in theirs(x, names):
            peer[key] += shd(true, found)
    edges = sum(len(graph.edges) for _, graph in drawn)
    best = min(peer, key=peer.__getitem__)
    told = "  ".join(f"{ours[rule]:>8d}" for rule in (*RULES, "boss"))
    print(f"{what:>14} {len(drawn):3d} {edges:5d}  {told}  {peer[best]:5d} {best}  {peer[0, 2]:5d}", flush=True)
    return {"sets": what, "edges": edges, "ours": dict(ours), "peer": {str(k): v for k, v in peer.items()}}


def confounded(seeds: Sequence[int]) -> dict[str, Any]:
    """age --> dose, both --> recovery, 400 rows, effects that nearly cancel given recovery; known: recovery is last.

    Besides whether the edge is kept, what `do` says of dose, of which a unit more is worth .8, by the default graph.
    """
    kept, held, sign = dict.fromkeys((*RULES, "boss"), 0), 0, 0
    known = Knowledge(tiers=[["age", "dose"], ["recovery"]])
    for seed in seeds:
        rng = np.random.default_rng(seed)
        age = rng.normal(size=400)
        dose = 0.8 * age + rng.normal(size=400)
        rows = {"age": age, "dose": dose, "recovery": age + 0.8 * dose + rng.normal(size=400)}
        for rule in RULES:
            kept[rule] += PC(test="fisher-z", colliders=rule, knowledge=known).fit(rows).graph_.has_edge("age", "dose")
        kept["boss"] += BOSS(knowledge=known).fit(rows).graph_.has_edge("age", "dose")
        found = discover(rows, knowledge=known)
        effect = estimate_effect(
            found.graph, found.table, {"dose": 1.0}, "recovery", against={"dose": 0.0}, search=Search.of(found)
        )
        held += effect.low <= 0.8 <= effect.high
        sign += effect.low > 0
    print(
        f"age --- dose kept in {len(seeds)} small tables: "
        + ", ".join(f"{rule} {count}" for rule, count in kept.items())
    )
    print(f"the interval of the effect of dose holds the truth in {held}, and is above zero in {sign}")
    return {"sets": "confounded", "kept": kept, "held": held, "above zero": sign}


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--first", type=int, default=0, help="the first seed of random graphs")
    parser.add_argument("--only", nargs="+", choices=KINDS, default=KINDS, help="some of the tables")
    given = parser.parse_args()
    warnings.filterwarnings("ignore")
    count = 40 if given.full else 10
    seeds = range(given.first, given.first + count)
    heads = "  ".join(f"{rule[:8]:>8}" for rule in (*RULES, "boss"))
    print(f"{'tables':>14} {'n':>3} edges  {heads}  theirs, best of 13; default")
    rows = []
    for kind, draw in {"linear": linear, "discrete": discrete, "dense": partial(linear, dense=True)}.items():
        if kind in given.only:
            rows.append(compare(kind, [draw(seed) for seed in seeds]))
    if "networks" in given.only:
        for name, n in NETWORKS.items():
            rows.append(compare(f"{name} {n}", [network(name, n, seed) for seed in range(6 if given.full else 2)]))
    if "confounded" in given.only:
        rows.append(confounded(seeds))
    write(given.json, rows)


if __name__ == "__main__":
    main()

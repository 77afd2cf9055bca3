"""SID and the adjustment identification distances beside gadjid: the same pairs of graphs, one run, equal answers.

python benchmarks/distances.py [--json FILE] [--seed N] [--repeats N] [--full]

Each time is the least of the repeats, after one call that is not counted (ours compiles then or loads its compiled
code, gadjid starts its threads). Ours runs on one core; gadjid on as many as RAYON_NUM_THREADS allows (all when unset).
Ours starts from a `Graph`, gadjid from an int8 matrix. `--full` adds dense graphs of 300 nodes and graphs of 1000.
"""

import argparse
import json
import os
import platform
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aitia.graph.distances import ancestor_aid, oset_aid, parent_aid, sid
from aitia.graph.equivalence import cpdag
from aitia.graph.graph import Graph

OURS = {"sid": sid, "parent_aid": parent_aid, "ancestor_aid": ancestor_aid, "oset_aid": oset_aid}


def random_dag(rng: np.random.Generator, nodes: int, degree: float) -> Graph:
    """An Erdős-Rényi DAG with this expected number of neighbours a node, in random order."""
    upper = np.triu(rng.random((nodes, nodes)) < degree / (nodes - 1), 1)
    order = rng.permutation(nodes)
    return Graph.from_adjacency(upper[np.ix_(order, order)])


def gadjid_matrix(graph: Graph) -> NDArray[np.int8]:
    """1 for row --> column, 2 for an undirected edge."""
    matrix = np.array(graph.adjacency)
    both = (matrix & matrix.T).astype(bool)
    matrix[both] = 2
    return matrix


def least(call: Callable[[], tuple[float, int]], repeats: int) -> tuple[float, tuple[float, int]]:
    answer = call()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        answer = call()
        times.append(time.perf_counter() - start)
    return min(times), answer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--full", action="store_true")
    arguments = parser.parse_args()
    import gadjid

    rng = np.random.default_rng(arguments.seed)
    sizes = [(100, 3), (100, 10), (100, 33), (300, 3), (300, 10)]
    sizes += [(300, 100), (1000, 3), (1000, 10)] if arguments.full else []
    rows = []
    print(
        f"{'distance':13} {'nodes':>5} {'degree':>6} {'guess':>6} {'ours ms':>9} {'gadjid':>8} {'ratio':>6}  mistakes"
    )
    for nodes, degree in sizes:
        true, guess = random_dag(rng, nodes, degree), random_dag(rng, nodes, degree)
        for kind, graph in (("DAG", guess), ("CPDAG", cpdag(guess))):
            matrices = gadjid_matrix(true), gadjid_matrix(graph)
            for name, ours in OURS.items():
                if (name == "sid" and kind == "CPDAG") or (name == "oset_aid" and nodes * degree > 3000):
                    continue  # SID is defined for DAGs; gadjid's O-set distance then takes many seconds
                theirs = getattr(gadjid, name)
                mine, answer = least(lambda: ours(true, graph), arguments.repeats)  # noqa: B023
                peer, reference = least(
                    lambda: theirs(*matrices, edge_direction="from row to column"),  # noqa: B023
                    arguments.repeats,
                )
                if tuple(answer) != tuple(reference):
                    raise SystemExit(f"{name} at {nodes} nodes: ours {answer}, gadjid {reference}")
                row = {
                    "distance": name,
                    "nodes": nodes,
                    "degree": degree,
                    "guess": kind,
                    "seconds": mine,
                    "gadjid_seconds": peer,
                    "ratio": peer / mine,
                    "mistakes": answer[1],
                }
                rows.append(row)
                print(
                    f"{name:13} {nodes:5} {degree:6} {kind:>6} {mine * 1e3:9.2f} {peer * 1e3:8.2f}"
                    f" {row['ratio']:6.1f}  {row['mistakes']}"
                )
    ratios = np.array([row["ratio"] for row in rows])
    summary = {"least_ratio": float(ratios.min()), "median_ratio": float(np.median(ratios))}
    print(f"gadjid's time / ours: least {summary['least_ratio']:.1f}, median {summary['median_ratio']:.1f}")
    if arguments.json:
        import importlib.metadata

        record = {
            "summary": summary,
            "rows": rows,
            "seed": arguments.seed,
            "repeats": arguments.repeats,
            "threads": {"ours": 1, "gadjid": int(os.environ.get("RAYON_NUM_THREADS", os.cpu_count() or 1))},
            "versions": {
                "python": platform.python_version(),
                **{name: importlib.metadata.version(name) for name in ("aitia", "numpy", "numba", "gadjid")},
            },
            "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        }
        arguments.json.write_text(json.dumps(record, indent=2) + "\n")


if __name__ == "__main__":
    main()

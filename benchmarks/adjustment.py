"""Adjustment sets of one pair in graphs of 500 nodes, of every kind, and the first five of the lazy listings.

python benchmarks/adjustment.py [--json FILE]

CPU seconds, one run each.
"""

import itertools

import numpy as np

from _measure import arguments, best, write
from aitia.graph import Graph, adjustment_set, adjustment_sets


def main() -> None:
    options = arguments(__doc__)
    rows = []
    print("degree  kind               CPU s  size of the set")
    for degree in (4, 60):
        adjacency = np.triu(np.random.default_rng(5).random((500, 500)) < degree / 499, 1)
        graph = Graph.from_adjacency(adjacency)
        x = next(n for n in reversed(graph.nodes[:400]) if "x499" in graph.descendants(n) and graph.parents(n))
        kinds = ("minimal", "canonical", "optimal", "parents")
        calls = {k: lambda g=graph, x=x, k=k: [adjustment_set(g, x, "x499", k)] for k in kinds}
        for minimal in (True, False):
            name = f"five {'minimal' if minimal else 'of all'}"
            calls[name] = lambda g=graph, x=x, m=minimal: list(
                itertools.islice(adjustment_sets(g, x, "x499", minimal=m), 5)
            )
        for name, call in calls.items():
            cpu, _, found = best(call, 1)
            print(f"{degree:6d}  {name:15} {cpu:8.4f}  {len(found[0])}")
            rows.append({"degree": degree, "kind": name, "seconds": cpu})
    write(options.json, rows)


if __name__ == "__main__":
    main()

"""The kernel test of conditional independence beside causal-learn: per test, and whole searches.

python benchmarks/kci.py [--json FILE] [--full]

Per test: random triples of one heterogeneous system, each new to the test ("first") and again with everything about
the set in the cache ("cached"); and the mean of a batch as a search asks it: two pairs given every set of up to two
others, with what each side keeps between its tests. Whole searches: PC with the kernel test on both sides. CPU
seconds, one BLAS thread.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

from itertools import combinations
from statistics import median

import numpy as np

from _measure import arguments, best, write
from aitia.data.table import Table
from aitia.graph.formats import from_causallearn
from aitia.stats.independence import KCI, RCIT
from aitia.systems.pc.model import PC
from aitia.worlds import HeterogeneousWorld


def main() -> None:
    options = arguments(__doc__)
    from causallearn.search.ConstraintBased.PC import pc
    from causallearn.utils.cit import CIT

    rows = []
    KCI(Table.of(np.random.default_rng(0).normal(size=(60, 3))))("x0", "x1", ["x2"])  # compile
    print("    n |S|  causal-learn   ours first  ratio   ours cached  ratio   max |dp|  flipped at .05")
    for n in (500, 1000):
        table = HeterogeneousWorld(world_seed=3).sample(n, seed=0).drop(["domain"])
        x, names = table.matrix(), table.names
        rng = np.random.default_rng(0)
        for size in (0, 1, 2, 3):
            triples = [(0, 1, tuple(s)) for s in combinations(range(2, 6), size)]
            triples = [triples[k] for k in rng.permutation(len(triples))[:3]]
            theirs, first, cached, gaps, flips = [], [], [], [], 0
            for i, j, s in triples:
                reference = CIT(x, "kci")
                cpu, _, p = best(lambda r=reference, i=i, j=j, s=s: r(i, j, list(s) or None), 1)
                theirs.append(cpu)
                test, triple = KCI(table), (names[i], names[j], tuple(names[k] for k in s))
                cpu, _, tested = best(lambda t=test, triple=triple: t(*triple), 1)
                first.append(cpu)
                cached.append(best(lambda t=test, triple=triple: t(*triple), 3)[0])
                gaps.append(abs(tested.p_value - p))
                flips += (tested.p_value > 0.05) != (p > 0.05)
            a, b, c = median(theirs), median(first), median(cached)
            times = f"{a:12.4f}  {b:11.4f}  {a / b:5.0f}x  {c:11.4f}  {a / c:5.0f}x"
            print(f"{n:5d}  {size}  {times}  {max(gaps):9.1e}  {flips}")
            rows.append({"n": n, "given": size, "causal_learn": a, "first": b, "cached": c, "max_gap": max(gaps)})
    print("\n    n  a batch of 22 tests, |S| <= 2: causal-learn, s a test   ours   ratio   max |dp|")
    for n in (500, 1000):
        table = HeterogeneousWorld(world_seed=3).sample(n, seed=0).drop(["domain"])
        rows.append(batch(table))
        row = rows[-1]
        print(
            f"{n:5d}  {row['causal_learn']:54.4f}  {row['ours']:.4f}  {row['causal_learn'] / row['ours']:4.0f}x  "
            f"{row['max_gap']:9.1e}"
        )
    print("\nwhole search with PC   causal-learn       ours  ratio  same graph")
    for n in (300, 500, *([1000] if options.full else [])):
        table = HeterogeneousWorld(world_seed=4).sample(n, seed=0).drop(["domain"])
        theirs, _, graph = best(lambda t=table: pc(t.matrix(), 0.05, "kci", True, 0, 2, show_progress=False), 1)
        search = PC(test="kci")
        ours, _, found = best(lambda t=table, s=search: s.fit(t), 1)
        same = from_causallearn(graph.G.graph, found.graph_.nodes) == found.graph_
        print(f"6 variables, n = {n:<6d} {theirs:12.2f}  {ours:9.2f}  {theirs / ours:4.0f}x  {same}")
        rows.append({"search": n, "causal_learn": theirs, "ours": ours, "same_graph": same})
    table = HeterogeneousWorld(world_seed=3).sample(20_000, seed=0).drop(["domain"])
    cpu, _, _ = best(lambda: RCIT(table)("x1", "x2", ["x3", "x4"]), 1)
    print(f"\nrandom features, n = 20000, |S| = 2: {cpu:.2f} CPU s a test")
    rows.append({"rcit": 20_000, "ours": cpu})
    write(options.json, rows)


def batch(table: Table) -> dict[str, float]:
    """Mean seconds a test of either side, and the largest gap between their p-values."""
    from causallearn.utils.cit import CIT

    places = range(len(table.names))
    triples = [
        (i, j, s)
        for i, j in ((0, 1), (2, 3))
        for size in (0, 1, 2)
        for s in combinations([k for k in places if k not in (i, j)], size)
    ]
    reference, test = CIT(table.matrix(), "kci"), KCI(table)
    named = [(table.names[i], table.names[j], tuple(table.names[k] for k in s)) for i, j, s in triples]
    theirs, _, p_values = best(lambda: [reference(i, j, list(s) or None) for i, j, s in triples], 1)
    ours, _, tested = best(lambda: test.test(named), 1)
    gap = max(abs(a - b.p_value) for a, b in zip(p_values, tested, strict=True))
    count = len(triples)
    return {"n": table.n, "batch": count, "causal_learn": theirs / count, "ours": ours / count, "max_gap": gap}


if __name__ == "__main__":
    main()

"""CD-NOD with all four phases beside the two phases of causal-learn: 6 variables and the context.

python benchmarks/cd_nod.py [--json FILE] [--full]

CPU seconds, one BLAS thread. The default runs causal-learn at 300 and 500 rows; --full adds 1000 (minutes). Ours alone
also runs 20,000 rows with random features, and says how much memory the process took at most.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import resource
from contextlib import redirect_stderr
from io import StringIO

from _measure import arguments, best, write
from aitia.systems.cd_nod.model import CDNOD
from aitia.systems.pc.model import PC
from aitia.worlds import HeterogeneousWorld


def main() -> None:
    options = arguments(__doc__)
    from causallearn.search.ConstraintBased.CDNOD import cdnod

    rows = []
    print("    n  causal-learn, 2 phases  ours, 4 phases  ratio  same skeleton (first phase, same rules)")
    for n in (300, 500, *([1000] if options.full else [])):
        table = HeterogeneousWorld(world_seed=4).sample(n, seed=0)
        variables = [name for name in table.names if name != "domain"]
        x, codes = table.matrix(variables), table.column("domain")[:, None]
        with redirect_stderr(StringIO()):  # it draws its progress whatever show_progress says
            theirs, _, graph = best(lambda x=x, c=codes: cdnod(x, c, 0.05, "kci", True, 0, 2), 1)
        ours, _, _ = best(lambda t=table: CDNOD(test="kci", context_kind="domain").fit(t, context="domain"), 1)
        # Their first phase is PC's search with the domain as a number: under the same rules the skeletons agree.
        numeric = table.with_columns({"domain": table.column("domain")}, kinds={"domain": "number"})
        alike = PC(test="kci").fit(numeric.select((*variables, "domain")))
        same = bool(((graph.G.graph != 0) == (alike.skeleton_.graph.adjacency != 0)).all())
        print(f"{n:5d}  {theirs:22.2f}  {ours:14.2f}  {theirs / ours:4.0f}x  {same}")
        rows.append({"n": n, "causal_learn": theirs, "ours": ours, "ratio": theirs / ours, "same_skeleton": same})
    for n, test in ((1000, "kci"), (20_000, "rcit")):
        table = HeterogeneousWorld(world_seed=4).sample(n, seed=0)
        ours, wall, _ = best(lambda t=table, k=test: CDNOD(test=k, context_kind="domain").fit(t, context="domain"), 1)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(f"{n:5d}  {'':22}  {ours:14.2f}  {test}, wall {wall:.1f} s, process at most {peak:.2f} GiB so far")
        rows.append({"n": n, "test": test, "ours": ours, "peak_gib": peak})
    write(options.json, rows)


if __name__ == "__main__":
    main()

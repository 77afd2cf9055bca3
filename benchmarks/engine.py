"""What one and two workers take: the same items here, by joblib and by Ray, and sums over a table in parts.

Items are small factorisations, as those of a bootstrap are; both sides give the same numbers, which is checked. The
load of the machine before each is told: on one that is busy two workers share what one has.

python benchmarks/engine.py [--json FILE] [--full]
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from _measure import options, write
from aitia.cluster import ProcessEngine, RayEngine
from aitia.engine import Engine, LocalEngine

ITEMS, SIZE = 12, 200
SUMMED = """
import resource, sys, time
from aitia.cluster import ProcessEngine
from aitia.discovery import discover
began = time.perf_counter()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
found = discover(sys.argv[1], method="pc", test="fisher-z", sums=True, jobs=int(sys.argv[2]), bootstrap=0)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(time.perf_counter() - began, peak - before, found.table.n, sep="\\t")
"""


def factorised(seed: int) -> float:
    """Seconds of small matrices."""
    matrices = np.random.default_rng(seed).normal(size=(6, SIZE, SIZE))
    return float(sum(np.linalg.svd(matrix, compute_uv=False)[0] for matrix in matrices))


def tell(row: dict[str, Any]) -> None:
    print(", ".join(f"{k} {v:.2f}" if isinstance(v, float) else f"{k} {v}" for k, v in row.items()), flush=True)


def rows_of(name: str, engine: Engine, workers: int) -> dict[str, Any]:
    engine.map(factorised, range(workers))  # the workers have started and imported
    load = os.getloadavg()[0]
    began = time.perf_counter()
    found = engine.map(factorised, range(ITEMS))
    seconds = time.perf_counter() - began
    row = {"engine": name, "workers": workers, "seconds": seconds, "load": load}
    tell(row)
    return row | {"found": found}


def sums(folder: Path, millions: int) -> list[dict[str, Any]]:
    """A table of that many million rows of ten numbers, by one worker and by two."""
    import pandas

    rng = np.random.default_rng(0)
    block = rng.normal(size=(500_000, 10)) @ (np.eye(10) + np.triu(0.3 * np.ones((10, 10)), 1))
    for k in range(2 * millions):
        pandas.DataFrame(block + 1e-6 * k, columns=[f"x{c}" for c in range(10)]).to_parquet(
            folder / f"{k:03}.parquet", row_group_size=100_000
        )
    found = []
    for jobs in (1, 2):
        load = os.getloadavg()[0]
        line = [sys.executable, "-c", SUMMED, str(folder), str(jobs)]
        told = subprocess.run(line, capture_output=True, text=True, check=True).stdout.split("\t")
        found.append({
            "engine": f"discover by sums, {8 * 10 * millions} MB of numbers", "workers": jobs, "load": load,
            "seconds": float(told[0]), "peak MB above the start": int(told[1]) / 1024, "rows": int(told[2]),
        })  # fmt: skip
        tell(found[-1])
    return found


def main() -> None:
    given = options(__doc__).parse_args()
    rows = [rows_of("here", LocalEngine(1), 1), rows_of("joblib", ProcessEngine(2), 2)]
    for workers in (1, 2):
        began = time.perf_counter()
        engine = RayEngine(jobs=workers)
        start = time.perf_counter() - began
        try:
            rows.append(rows_of("ray", engine, workers) | {"start": start})
        finally:
            engine.close()
    assert all(row["found"] == rows[0]["found"] for row in rows), "an engine changed a number"
    for row in rows:
        del row["found"]
    with tempfile.TemporaryDirectory() as folder:
        rows += sums(Path(folder), 20 if given.full else 2)
    write(given.json, rows)


if __name__ == "__main__":
    main()

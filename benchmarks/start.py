"""What it takes to start: a command beside the least that Python can do for the same answer, in fresh processes.

- `aitia list` beside `python -c "import numpy"`
- `aitia discover small.csv --bootstrap 0` (300 rows of 7 columns) beside a script that reads the file with numpy and
  does the same tests of partial correlation

Both sides run in turn, so that a busy machine is as slow for one as for the other; CPU seconds of the whole process,
medians.

python benchmarks/start.py [--json FILE]
"""

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from _measure import arguments, write

SCRIPT = """
import sys
from itertools import combinations
from math import atanh, erfc, sqrt
import numpy as np

rows = np.loadtxt(sys.argv[1], delimiter=",", skiprows=1)
correlation, (n, p) = np.corrcoef(rows.T), rows.shape
near = {i: set(range(p)) - {i} for i in range(p)}
tests = size = 0
while any(len(near[i]) > size for i in near):
    before = {i: sorted(near[i]) for i in near}
    for x in range(p):
        for y in before[x]:
            for given in combinations([k for k in before[x] if k != y], size):
                if y not in near[x]:
                    break
                tests += 1
                precision = np.linalg.inv(correlation[np.ix_((x, y, *given), (x, y, *given))])
                r = -precision[0, 1] / sqrt(precision[0, 0] * precision[1, 1])
                if erfc(sqrt(n - size - 3) * abs(atanh(r)) / sqrt(2)) > 0.05:
                    near[x].discard(y)
                    near[y].discard(x)
    size += 1
print(tests, sum(map(len, near.values())) // 2)
"""
REPEATS = 15


def table(folder: Path) -> Path:
    """Seven variables in a chain with two shortcuts."""
    rng = np.random.default_rng(0)
    columns = [rng.normal(size=300)]
    for k in range(6):
        columns.append(0.7 * columns[-1] + (0.5 * columns[k - 2] if k in (3, 5) else 0) + rng.normal(size=300))
    path = folder / "small.csv"
    path.write_text(
        "a,b,c,d,e,f,g\n" + "".join(",".join(f"{v:.5f}" for v in row) + "\n" for row in np.transpose(columns))
    )
    return path


def spent(command: list[str], env: dict[str, str]) -> float:
    """CPU seconds of a process."""
    before = os.times()
    subprocess.run(command, env=env, check=True, capture_output=True)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def main() -> None:
    given = arguments(__doc__)
    aitia = [sys.executable, "-c", "from aitia.cli import main; main()"]
    with tempfile.TemporaryDirectory() as folder:
        small = str(table(Path(folder)))
        env = {"PATH": os.environ["PATH"], "HOME": folder, "PYTHONPATH": os.environ.get("PYTHONPATH", "")}
        pairs = {
            "aitia list": ([*aitia, "list"], [sys.executable, "-c", "import numpy"]),
            "aitia discover small.csv": (
                [*aitia, "discover", small, "--bootstrap", "0"],
                [sys.executable, "-c", SCRIPT, small],
            ),
        }
        rows = []
        for name, (ours, theirs) in pairs.items():
            spent(ours, env), spent(theirs, env)  # what is compiled or cached once
            times = [(spent(ours, env), spent(theirs, env)) for _ in range(REPEATS)]
            mine, least = (statistics.median(column) for column in zip(*times, strict=True))
            ratio = statistics.median(a / b for a, b in times)
            rows.append({"command": name, "ours_s": mine, "least_s": least, "ratio": ratio})
            print(f"{name:28} {mine:.3f} s   least {least:.3f} s   {ratio:.1f} times")
    write(given.json, rows)


if __name__ == "__main__":
    main()

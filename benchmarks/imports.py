"""How long `import aitia` takes in a fresh process, and that it brings neither torch nor pandas.

python benchmarks/imports.py [--json FILE]
"""

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path

PROBE = """
import sys, time
start = time.perf_counter()
import {module}
print(time.perf_counter() - start, *sorted({{"torch", "pandas", "scipy", "numba", "networkx"}} & set(sys.modules)))
"""


def seconds(module: str, runs: int = 7) -> tuple[float, list[str]]:
    """The median wall time of importing a module in a fresh process, and the heavy packages it brought."""
    times, heavy = [], []
    for _ in range(runs):
        out = subprocess.run(
            [sys.executable, "-c", PROBE.format(module=module)], capture_output=True, text=True, check=True
        )
        first, *heavy = out.stdout.split()
        times.append(float(first))
    return statistics.median(times), heavy


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    results = {}
    for module in ("numpy", "aitia"):
        median, heavy = seconds(module)
        results[module] = {"seconds": round(median, 4), "heavy": heavy}
        print(f"import {module:10} {median:.3f} s   heavy packages: {', '.join(heavy) or 'none'}")
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()

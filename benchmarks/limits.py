"""How far the hot paths are from the limit of the machine: the work that an answer needs at the speed that it allows.

python benchmarks/limits.py [ROW ...] [--json FILE] [--full]

Each row runs both sides in turn in one process and prints the least CPU seconds of each, their ratio, the ratio that
the row is held to and, where there is one, the ratio to the peer. One BLAS thread. `--full` adds what takes minutes.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import json
import sys
from pathlib import Path

from _limits import adjusting, counting, kernels, machine, sampling, searching, tracing
from _measure import machine_words

ROWS = {
    "machine": machine.rows,
    "discover": searching.wide,
    "partial-correlation": searching.fits,
    "resamples": searching.halves,
    "jobs": searching.jobs,
    "rows": searching.many_rows,
    "chi2": counting.binary,
    "networks": counting.networks,
    "do": sampling.rows,
    "kci": kernels.rows,
    "adjustment": adjusting.rows,
    "trace": tracing.rows,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="*", choices=[*ROWS, []], help=f"of {', '.join(ROWS)}; all without")
    parser.add_argument("--json", type=Path, help="where to write the numbers")
    parser.add_argument("--full", action="store_true", help="also what takes minutes")
    given = parser.parse_args()
    found = []
    print(f"{'path':44} {'limit s':>9} {'ours s':>9} {'ratio':>7} {'held to':>8}  peer")
    for name in given.rows or ROWS:
        for row in ROWS[name](given.full):
            print(row, file=sys.stdout, flush=True)
            found.append(row.to_json())
    if given.json is not None:
        given.json.write_text(json.dumps(machine_words() | {"rows": found}, indent=2) + "\n")


if __name__ == "__main__":
    main()

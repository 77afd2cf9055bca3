"""Matching the rows of unmixings: all choices at once, against a loop over the choices, on the same unmixings.

python benchmarks/hca.py [--json FILE]
"""

import argparse
import json
import time
from itertools import permutations, product
from pathlib import Path

import numpy as np

from aitia.systems.hca import order_unmixings


def loop(unmixings):
    """The smallest largest inexactness, one choice of rows after another."""
    groups, d, variables = unmixings.shape
    best = np.inf
    inverses = [np.linalg.pinv(m) for m in unmixings]
    for chosen in product(list(permutations(range(d))), repeat=groups):
        rows = np.stack([m[list(p)] for m, p in zip(unmixings, chosen, strict=True)])
        shared = np.zeros((0, variables))
        for i in range(d):
            left = rows[:, i] - rows[:, i] @ shared.T @ shared
            shared = np.vstack([shared, np.linalg.svd(left, full_matrices=False)[2][:1]])
        worst = 0.0
        for m, p, inverse in zip(rows, chosen, inverses, strict=True):
            j = np.tril(m @ shared.T) @ shared @ inverse[:, list(p)]
            worst = max(worst, float(np.mean(1 - np.diag(j) ** 2 / (j**2).sum(axis=1))))
        best = min(best, worst)
    return best


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    unmixings = np.random.default_rng(0).standard_normal((4, 3, 6))
    ours = min(timed(lambda: order_unmixings(unmixings))[0] for _ in range(7))
    seconds, best = timed(lambda: loop(unmixings))
    assert abs(best - order_unmixings(unmixings).mic) < 1e-10
    result = {"d": 3, "groups": 4, "aitia_seconds": ours, "loop_seconds": seconds, "ratio": seconds / ours}
    print(f"d = 3, 4 groups, 1,296 choices: {ours * 1e3:.0f} ms, loop {seconds:.2f} s, {seconds / ours:.0f} times")
    if given.json:
        given.json.write_text(json.dumps(result, indent=2) + "\n")


def timed(function):
    start = time.perf_counter()
    value = function()
    return time.perf_counter() - start, value


if __name__ == "__main__":
    main()

"""Masked non-negative factors: a sweep over ranks with restarts, ours beside tensorly's HALS on the same tensor.

tensorly has no mask in its HALS, so both get a tensor that was seen as a whole: 60 bins, 8 animals, 780 pairs, four
planted components and noise. Every restart of tensorly runs until its error changes by less than 1e-6 in a round; ours
run until a round lowers the error by less than a share of it, made so small that the best error of every rank is no
larger than tensorly's best plus 0.1 %. That is checked, not assumed.

python benchmarks/dynamic_connectomes.py [--json FILE]
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
from tensorly.decomposition import non_negative_parafac_hals

from aitia.systems.dynamic_connectomes.tensor_factors import sweep_ranks

RANKS, STARTS, ROUNDS = (2, 3, 4, 5, 6), 8, 300


def planted():
    rng = np.random.default_rng(0)
    parts = [(rng.random((n, 4)) < 0.5) * rng.random((n, 4)) for n in (60, 8, 780)]
    return np.einsum("ir,jr,kr->ijk", *parts) + 0.2 * rng.random((60, 8, 780))


def theirs(tensor):
    best = []
    for rank in RANKS:
        errors = [
            non_negative_parafac_hals(
                tensor, rank, n_iter_max=ROUNDS, init="random", tol=1e-6, random_state=k, return_errors=True
            )[1][-1]
            for k in range(STARTS)
        ]
        best.append(float(min(errors)))
    return best


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    tensor = planted()
    sweep_ranks(tensor, None, (2,), starts=1, iterations=3)
    ours, swept = timed(lambda: sweep_ranks(tensor, None, RANKS, starts=STARTS, iterations=ROUNDS, tolerance=1e-5))
    peer, errors = timed(lambda: theirs(tensor))
    excess = max(fit.error / error - 1 for fit, error in zip(swept, errors, strict=True))
    assert excess < 1e-3, f"an error is {excess:.2%} above that of tensorly"
    result = {
        "shape": list(tensor.shape),
        "ranks": list(RANKS),
        "starts": STARTS,
        "aitia_seconds": ours,
        "tensorly_seconds": peer,
        "ratio": peer / ours,
        "largest_excess_error": excess,
    }
    print(
        f"ranks 2 to 6, {STARTS} restarts each: {ours:.1f} s, tensorly {peer:.1f} s, {peer / ours:.1f} times; "
        f"error at most {excess:+.3%} of tensorly's"
    )
    if given.json:
        given.json.write_text(json.dumps(result, indent=2) + "\n")


def timed(function):
    start = time.perf_counter()
    value = function()
    return time.perf_counter() - start, value


if __name__ == "__main__":
    main()

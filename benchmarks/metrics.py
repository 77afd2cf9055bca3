"""The representation metrics beside plain loops over pairs of columns: the same latents, one run, equal answers.

OMP_NUM_THREADS=1 python benchmarks/metrics.py [--json FILE] [--full]

10,000 rows of 20 independent variables and 20 latents, each latent mostly one variable. Each loop asks numpy,
scikit-learn or scipy about one pair of columns (or one subset, or one agent) at a time. CPU seconds, the least of three
repeats after one call that is not counted. `--full` adds what takes minutes: the random forest and the kernel R2.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from _measure import arguments, best, write
from aitia.stats.metrics import (
    collision_rate,
    dci,
    frechet_distance,
    irs,
    kid,
    mcc,
    mig,
    mmd2_unbiased,
    r2,
    sap,
    weak_mcc,
)

Values = NDArray[np.float64]


def mcc_loop(z: Values, code: Values, correlation: str = "pearson") -> float:
    from scipy.optimize import linear_sum_assignment
    from scipy.stats import spearmanr

    def one(a: Values, b: Values) -> float:
        return abs(np.corrcoef(a, b)[0, 1] if correlation == "pearson" else spearmanr(a, b).statistic)

    matrix = np.array([[one(z[:, i], code[:, j]) for j in range(code.shape[1])] for i in range(z.shape[1])])
    return float(matrix[linear_sum_assignment(-matrix)].mean())


def binned(x: Values, bins: int = 20) -> NDArray[np.int64]:
    """Bins of equal width, by digitize as in disentanglement_lib."""
    return np.column_stack([np.digitize(c, np.linspace(c.min(), c.max(), bins + 1)[1:-1]) for c in x.T])


def mig_loop(z: Values, code: Values) -> float:
    from sklearn.metrics import mutual_info_score

    a, b = binned(z), binned(code)
    gaps = []
    for i in range(a.shape[1]):
        information = sorted(mutual_info_score(a[:, i], b[:, j]) for j in range(b.shape[1]))
        gaps.append((information[-1] - information[-2]) / mutual_info_score(a[:, i], a[:, i]))
    return float(np.mean(gaps))


def sap_loop(z: Values, code: Values) -> float:
    from sklearn.linear_model import LinearRegression

    gaps = []
    for i in range(z.shape[1]):
        scores = []
        for j in range(code.shape[1]):
            one = code[:, j : j + 1]
            scores.append(LinearRegression().fit(one, z[:, i]).score(one, z[:, i]))
        gaps.append(np.diff(sorted(scores))[-1])
    return float(np.mean(gaps))


def dci_loop(z: Values, code: Values) -> float:
    """Disentanglement, from a scikit-learn Lasso per variable on the same half of the rows."""
    from sklearn.linear_model import Lasso

    x, y = (code - code.mean(0)) / code.std(0), (z - z.mean(0)) / z.std(0)
    fit = np.random.default_rng(0).permutation(len(z))[: len(z) // 2]
    weights = np.array([np.abs(Lasso(alpha=0.01).fit(x[fit], y[fit, j]).coef_) for j in range(z.shape[1])]).T
    shares = weights / weights.sum(axis=1, keepdims=True)
    entropy = [-sum(p * np.log(p) for p in row if p > 0) / np.log(z.shape[1]) for row in shares]
    return float(np.average(1 - np.array(entropy), weights=weights.sum(axis=1)))


def irs_loop(z: Values, code: Values) -> float:
    codes, overall = binned(z), np.quantile(np.abs(code - code.mean(0)), 0.99, axis=0)
    scores = []
    for j in range(code.shape[1]):
        per_variable = []
        for i in range(z.shape[1]):
            moved = 0.0
            for level in np.unique(codes[:, i]):
                rows = code[codes[:, i] == level, j]
                moved += np.quantile(np.abs(rows - rows.mean()), 0.99) * len(rows) / len(code)
            per_variable.append(min(1.0, max(0.0, 1 - moved / overall[j])))
        scores.append(max(per_variable))
    return float(np.average(scores, weights=overall))


def frechet_loop(x: Values, y: Values) -> float:
    from scipy.linalg import sqrtm

    a, b = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
    return float(np.sum((x.mean(0) - y.mean(0)) ** 2) + np.trace(a + b - 2 * np.real(sqrtm(a @ b))))


def mmd_loop(x: Values, y: Values) -> float:
    from sklearn.metrics.pairwise import rbf_kernel

    xx, yy, xy = (rbf_kernel(a, b, gamma=1 / 50) for a, b in ((x, x), (y, y), (x, y)))
    n, m = len(x), len(y)
    return float((xx.sum() - n) / (n * (n - 1)) + (yy.sum() - m) / (m * (m - 1)) - 2 * xy.mean())


def kid_loop(x: Values, y: Values) -> float:
    from sklearn.metrics.pairwise import polynomial_kernel

    rng, drawn = np.random.default_rng(0), []
    for _ in range(10):
        a, b = x[rng.choice(len(x), 1000, replace=False)], y[rng.choice(len(y), 1000, replace=False)]
        aa, bb, ab = polynomial_kernel(a, a), polynomial_kernel(b, b), polynomial_kernel(a, b)
        drawn.append((aa.sum() - np.trace(aa) + bb.sum() - np.trace(bb)) / (1000 * 999) - 2 * ab.mean())
    return float(np.mean(drawn))


def collision_loop(tracks: Values) -> float:
    hit = []
    for scene in tracks:
        for a in range(len(scene)):
            others = (b for b in range(len(scene)) if b != a)
            hit.append(any(np.linalg.norm(scene[a] - scene[b], axis=1).min() < 0.2 for b in others))
    return float(np.mean(hit))


def main() -> None:
    given = arguments(__doc__)
    rng = np.random.default_rng(0)
    z = rng.normal(size=(10_000, 20))
    code = z[:, rng.permutation(20)] + 0.1 * z @ rng.normal(size=(20, 20)) + 0.1 * rng.normal(size=z.shape)
    few_z, few_code = z[:2000], code[:2000]
    tracks = rng.normal(size=(1000, 8, 1, 2)) + rng.normal(size=(1000, 8, 20, 2)).cumsum(axis=2)
    Call = Callable[[], float]
    cases: list[tuple[str, Call, Call | None]] = [
        ("mcc pearson", lambda: mcc(z, code).value, lambda: mcc_loop(z, code)),
        (
            "mcc spearman",
            lambda: mcc(z, code, correlation="spearman").value,
            lambda: mcc_loop(z, code, "spearman"),
        ),
        ("mig", lambda: mig(z, code).value, lambda: mig_loop(z, code)),
        ("sap", lambda: sap(z, code).value, lambda: sap_loop(z, code)),
        ("dci lasso", lambda: dci(z, code).disentanglement, lambda: dci_loop(z, code)),
        ("irs", lambda: irs(z, code).value, lambda: irs_loop(z, code)),
        ("frechet", lambda: frechet_distance(z, code), lambda: frechet_loop(z, code)),
        ("mmd2, 2000 rows", lambda: mmd2_unbiased(few_z, few_code, 5.0), lambda: mmd_loop(few_z, few_code)),
        ("kid, 10 subsets", lambda: kid(z, code, subsets=10).value, lambda: kid_loop(z, code)),
        ("collisions", lambda: collision_rate(tracks, 0.2), lambda: collision_loop(tracks)),
        ("weak mcc", lambda: weak_mcc(z, code).value, None),
        ("r2 linear", lambda: r2(z, code, regressor="linear").value, None),
    ]
    if given.full:
        cases.append(("r2 kernel-ridge", lambda: r2(z, code).value, None))
        cases.append(("dci forest", lambda: dci(z, code, importance="forest").disentanglement, None))
    rows: list[dict[str, Any]] = []
    print(f"{'metric':16} {'ours ms':>9} {'loop ms':>9} {'ratio':>7}  value")
    for name, ours, loop in cases:
        slow = name in ("r2 kernel-ridge", "dci forest")
        if not slow:
            ours()
        mine, _, value = best(ours, 1 if slow else 3)
        row: dict[str, Any] = {"metric": name, "seconds": mine, "value": value}
        if loop is not None:
            loop()
            peer, _, reference = best(loop, 3)
            if not np.isclose(value, reference, rtol=1e-3, atol=1e-6):
                raise SystemExit(f"{name}: ours {value}, the loop {reference}")
            row |= {"loop_seconds": peer, "ratio": peer / mine}
        rows.append(row)
        beside = f"{row['loop_seconds'] * 1e3:9.1f} {row['ratio']:7.1f}" if loop is not None else f"{'-':>9} {'-':>7}"
        print(f"{name:16} {mine * 1e3:9.1f} {beside}  {value:.4f}", flush=True)
    write(given.json, rows)


if __name__ == "__main__":
    main()

"""Stationary linear processes with known links, and PCMCI+ written down plainly from the paper to hold ours against."""

from itertools import combinations

import numpy as np
from scipy import stats


def process(variables, times, seed, lags=2):
    """Rows of a stable linear process, (times, variables), and its coefficients [lag, cause, effect]."""
    rng = np.random.default_rng([seed, 6])
    of = np.zeros((lags + 1, variables, variables))
    of[1][np.diag_indices(variables)] = rng.uniform(0.3, 0.6, variables)
    for _ in range(variables):
        i, j = rng.choice(variables, 2, replace=False)
        of[rng.integers(1, lags + 1), i, j] = rng.choice([-1, 1]) * rng.uniform(0.2, 0.4)
    order = rng.permutation(variables)
    for _ in range(variables // 2 + 1):
        i, j = np.sort(rng.choice(variables, 2, replace=False))
        of[0, order[i], order[j]] = rng.choice([-1, 1]) * rng.uniform(0.3, 0.6)
    now = np.linalg.inv(np.eye(variables) - of[0].T)
    while _radius(now, of) > 0.95:
        of[1:] *= 0.9
    rows = np.zeros((times + 100, variables))
    for t in range(lags, len(rows)):
        before = sum(of[lag].T @ rows[t - lag] for lag in range(1, lags + 1))
        rows[t] = now @ (before + rng.standard_normal(variables))
    return rows[100:], of


def _radius(now, of):
    lags, n = len(of) - 1, len(now)
    companion = np.eye(n * lags, k=-n)
    companion[:n] = np.hstack([now @ of[lag].T for lag in range(1, lags + 1)])
    return np.abs(np.linalg.eigvals(companion)).max()


def plain_links(rows, lags, alpha):
    """The links (i, lag, j) of phases 1 and 2 of PCMCI+, test by test, with residuals of least squares."""
    times, n = rows.shape
    depth = 2 * lags
    column = {(i, lag): rows[depth - lag : times - lag, i] for i in range(n) for lag in range(depth + 1)}

    def tested(x, y, given):
        design = np.column_stack([np.ones(times - depth), *(column[g] for g in given)])
        left = [column[v] - design @ np.linalg.lstsq(design, column[v], rcond=None)[0] for v in (x, y)]
        r = abs(np.corrcoef(left)[0, 1])
        freedom = times - depth - 2 - len(given)
        return r, 2 * stats.t.sf(r * np.sqrt(freedom / (1 - r * r)), freedom)

    parents = {}
    for j in range(n):
        left = {(i, lag): np.inf for i in range(n) for lag in range(1, lags + 1)}
        size = 0
        while len(left) > size:
            order = list(left)
            told = {x: tested(x, (j, 0), [g for g in order if g != x][:size]) for x in order}
            left = {x: min(left[x], told[x][0]) for x in order if told[x][1] <= alpha}
            left = dict(sorted(left.items(), key=lambda item: -item[1]))
            size += 1
        parents[j] = list(left)
    links = {(i, lag, j) for j in range(n) for i, lag in parents[j]}
    links |= {(i, 0, j) for i in range(n) for j in range(n) if i != j}
    size = 0
    while any(lag == 0 for _, lag, _ in links) or size == 0:
        near = {j: [i for i, lag, k in sorted(links) if lag == 0 and k == j] for j in range(n)}
        gone = set()
        for i, lag, j in sorted(links):
            for chosen in combinations([k for k in near[j] if lag or k != i], size):
                given = [(k, 0) for k in chosen] + [g for g in parents[j] if g != (i, lag)]
                given += [(k, back + lag) for k, back in parents[i] if (k, back + lag) not in given]
                if tested((i, lag), (j, 0), given)[1] > alpha:
                    gone |= {(i, lag, j), (j, 0, i)} if lag == 0 else {(i, lag, j)}
        links -= gone
        size += 1
        if size > n:
            break
    return links

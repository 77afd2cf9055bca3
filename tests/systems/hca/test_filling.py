"""Gaps of scores: the conditional law by the precision matrix, and the fixed point of the completion by few factors."""

import numpy as np
import pytest

from aitia.do import Intervention
from aitia.systems.hca.completion import complete
from aitia.systems.hca.filling import filled, moments


def test_gaps_are_drawn_from_the_conditional_normal_law():
    """By the precision P: given b, a is normal about m_a - P_aa^-1 P_ab (b - m_b) with covariance P_aa^-1."""
    rng = np.random.default_rng(0)
    root = rng.normal(size=(4, 4))
    mean, covariance = rng.normal(size=4), root @ root.T + 0.1 * np.eye(4)
    precision = np.linalg.inv(covariance)
    row = np.array([np.nan, 0.7, np.nan, -1.2])
    spread = np.linalg.inv(precision[np.ix_([0, 2], [0, 2])])
    wanted = mean[[0, 2]] - spread @ precision[np.ix_([0, 2], [1, 3])] @ (row[[1, 3]] - mean[[1, 3]])
    assert filled(row[None], mean, covariance, None)[0, [0, 2]] == pytest.approx(wanted)
    drawn = filled(np.tile(row, (20_000, 1)), mean, covariance, rng)[:, [0, 2]]
    error = np.sqrt(np.diagonal(spread) / 20_000)
    assert (np.abs(drawn.mean(axis=0) - wanted) < 4 * error).all()
    assert np.cov(drawn.T) == pytest.approx(spread, abs=0.05 * spread.max())


@pytest.mark.parametrize("do", ["do(z2=1.5)", "do(z2=shift(2))", "do(z1=0.5, z2=shift(-1))"])
def test_moments_under_do_are_those_of_rows_that_are_drawn_line_by_line(do):
    rng = np.random.default_rng(1)
    weights = np.array([[0.0, 0.0, 0.0], [0.8, 0.0, 0.0], [-0.5, 1.2, 0.0]])
    noise, mixing, rest = np.array([1.0, 0.5, 0.7]), rng.normal(size=(4, 3)), np.array([0.2, 0.1, 0.3, 0.4])
    mean, mean_z, held = rng.normal(size=4), rng.normal(size=3), Intervention.parse(do)
    n = 200_000
    start = (np.eye(3) - weights) @ mean_z
    z = np.zeros((n, 3))
    for k in range(3):
        z[:, k] = z @ weights[k] + start[k] + noise[k] * rng.normal(size=n)
        if f"z{k + 1}" in held:
            z[:, k] = held[f"z{k + 1}"].apply(z[:, k], None)
    x = mean + (z - mean_z) @ mixing.T + np.sqrt(rest) * rng.normal(size=(n, 4))
    told, covariance = moments(weights, noise, mixing, mean, mean_z, rest, ("z1", "z2", "z3"), held)
    scale = np.sqrt(np.diagonal(covariance))
    assert np.abs(x.mean(axis=0) - told).max() < 5 * scale.max() / np.sqrt(n)
    assert np.cov(x.T) == pytest.approx(covariance, abs=0.02 * scale.max() ** 2)


def test_a_completed_table_is_its_own_shrunken_approximation_of_few_factors():
    rng = np.random.default_rng(2)
    x = rng.normal(size=(60, 2)) @ rng.normal(size=(2, 5)) + 0.3 * rng.normal(size=(60, 5))
    gaps = rng.random(x.shape) < 0.2
    holed = np.where(gaps, np.nan, x)
    found = complete(holed, 2, shrink=0.1, tolerance=1e-12, iterations=5000)
    assert np.allclose(found[~gaps], x[~gaps])
    mean, spread = np.nanmean(holed, axis=0), np.nanstd(holed, axis=0)
    first = np.linalg.norm(np.where(gaps, 0, (x - mean) / spread), 2)
    left, size, right = np.linalg.svd((found - mean) / spread, full_matrices=False)
    size = np.where(np.arange(5) < 2, np.maximum(size - 0.1 * first, 0), 0)
    assert np.allclose(((left * size) @ right * spread + mean)[gaps], found[gaps], atol=1e-8)
    assert np.sqrt(np.mean((found - x)[gaps] ** 2)) < 0.6 * np.sqrt(np.mean((mean - x)[gaps] ** 2))

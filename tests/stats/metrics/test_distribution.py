import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aitia.errors import DataError, OptionError
from aitia.stats.metrics import distribution as module
from aitia.stats.metrics import frechet_distance, kid, mmd2_unbiased

SEEDS = st.integers(0, 2**32 - 1)


def by_loops(x, y, kernel):
    n, m = len(x), len(y)
    xx = sum(kernel(x[i], x[j]) for i in range(n) for j in range(n) if i != j) / (n * (n - 1))
    yy = sum(kernel(y[i], y[j]) for i in range(m) for j in range(m) if i != j) / (m * (m - 1))
    return xx + yy - 2 * sum(kernel(a, b) for a in x for b in y) / (n * m)


def with_moments(mean, covariance, n, rng):
    """n rows whose sample mean and covariance are exactly these."""
    x = rng.normal(size=(n, len(mean)))
    x -= x.mean(axis=0)
    x = np.linalg.solve(np.linalg.cholesky(np.cov(x, rowvar=False)), x.T)
    return (np.linalg.cholesky(covariance) @ x).T + mean


@given(SEEDS, st.integers(2, 9), st.integers(2, 9), st.sampled_from([(1.0,), (0.5, 1.0, 3.0)]))
def test_mmd_is_the_double_loop(seed, n, m, scales):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(n, 2)), rng.normal(size=(m, 2)) + 1

    def kernel(a, b):
        return np.mean([np.exp(-np.sum((a - b) ** 2) / (2 * (1.5 * s) ** 2)) for s in scales])

    assert mmd2_unbiased(x, y, 1.5, scales=scales) == pytest.approx(by_loops(x, y, kernel), abs=1e-12)


def test_the_median_bandwidth_is_the_median_of_the_pooled_distances():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(12, 3)), rng.normal(size=(9, 3))
    pooled = np.concatenate([x, y])
    median = np.median([np.linalg.norm(pooled[i] - pooled[j]) for i in range(21) for j in range(i)])
    # median_theta takes the median of squares: of an even number the mean of the middle two, hence the tolerance.
    assert mmd2_unbiased(x, y) == pytest.approx(mmd2_unbiased(x, y, median), rel=1e-2, abs=1e-4)


def test_mmd_averages_0_over_samples_of_one_distribution():
    rng = np.random.default_rng(0)
    draws = [mmd2_unbiased(*rng.normal(size=(2, 40, 2)), 1.0) for _ in range(400)]
    assert abs(np.mean(draws)) < 4 * np.std(draws) / 20  # four standard errors
    assert 0.2 < np.mean(np.array(draws) < 0) < 0.8


def test_blocks_of_rows_change_nothing(monkeypatch):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(50, 2)), rng.normal(size=(33, 2))
    whole = mmd2_unbiased(x, y), kid(x, y, subsets=2, subset_size=20)
    monkeypatch.setattr(module, "CHUNK", 7)
    assert mmd2_unbiased(x, y) == pytest.approx(whole[0], abs=1e-13)
    assert kid(x, y, subsets=2, subset_size=20).value == pytest.approx(whole[1].value)


def test_mmd_keeps_its_digits_far_from_the_origin():
    x, y = np.random.default_rng(0).normal(size=(2, 30, 2))
    assert mmd2_unbiased(x + 1e6, y + 1e6, 1.0) == pytest.approx(mmd2_unbiased(x, y, 1.0), abs=1e-8)


@given(SEEDS, st.integers(2, 9), st.integers(2, 9), st.integers(1, 4))
def test_kid_of_one_full_subset_is_the_double_loop(seed, n, m, d):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(n, d)), rng.normal(size=(m, d)) + 1
    found = kid(x, y, subsets=1)
    assert found.value == pytest.approx(by_loops(x, y, lambda a, b: (a @ b / d + 1) ** 3))
    assert found.deviation == 0


def test_kid_over_subsets_averages_to_the_whole():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(200, 3)), rng.normal(size=(200, 3)) + 0.5
    whole, parts = kid(x, y, subsets=1), kid(x, y, subsets=300, subset_size=50)
    assert parts.value == pytest.approx(whole.value, abs=4 * parts.deviation / np.sqrt(300))
    assert kid(x, y, subsets=3, subset_size=20, seed=5) == kid(x, y, subsets=3, subset_size=20, seed=5)


def test_frechet_distance_of_known_gaussians():
    # Commuting covariances: the distance is |m|^2 + sum (sqrt a - sqrt b)^2 = 25 + (1 - 2)^2 + (3 - 1)^2.
    rng = np.random.default_rng(0)
    x = with_moments([0.0, 0.0], np.diag([1.0, 9.0]), 20, rng)
    y = with_moments([3.0, 4.0], np.diag([4.0, 1.0]), 30, rng)
    assert frechet_distance(x, y) == pytest.approx(30)


@given(SEEDS, st.integers(1, 5))
@settings(max_examples=20)
def test_frechet_distance_is_the_formula_with_scipys_root(seed, d):
    from scipy.linalg import sqrtm

    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(40, d)) @ rng.normal(size=(d, d)), rng.normal(size=(30, d)) + rng.normal(size=d)
    a, b = np.atleast_2d(np.cov(x, rowvar=False)), np.atleast_2d(np.cov(y, rowvar=False))
    expected = np.sum((x.mean(0) - y.mean(0)) ** 2) + np.trace(a + b - 2 * np.real(sqrtm(a @ b)))
    assert frechet_distance(x, y) == pytest.approx(expected, rel=1e-6, abs=1e-6)


@given(SEEDS, st.integers(1, 6))
def test_frechet_distance_is_symmetric_0_on_itself_and_blind_to_rotation(seed, d):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(5, d)), rng.normal(size=(7, d))  # fewer rows than columns now and then: singular
    turn = np.linalg.qr(rng.normal(size=(d, d)))[0]
    assert frechet_distance(x, x) == pytest.approx(0, abs=1e-12)
    assert frechet_distance(x, y) == pytest.approx(frechet_distance(y, x))
    assert frechet_distance(x @ turn, y @ turn) == pytest.approx(frechet_distance(x, y), abs=1e-6)
    assert frechet_distance(x + 3, x) == pytest.approx(9 * d)


def test_bad_input_is_named():
    x = np.random.default_rng(0).normal(size=(20, 3))
    hole = x.copy()
    hole[4, 1] = np.nan
    with pytest.raises(DataError, match="y holds nan in column 1, row 4"):
        mmd2_unbiased(x, hole)
    with pytest.raises(DataError, match="features_x has 3 columns and features_y 2"):
        frechet_distance(x, x[:, :2])
    with pytest.raises(DataError, match="features_x has one row"):
        kid(x[:1], x)
    with pytest.raises(OptionError, match="bandwidth is 'median' or a positive number, got 0"):
        mmd2_unbiased(x, x, 0.0)
    with pytest.raises(OptionError, match="got 'mean'"):
        mmd2_unbiased(x, x, "mean")
    with pytest.raises(OptionError, match="scales are one or more positive numbers"):
        mmd2_unbiased(x, x, scales=())
    with pytest.raises(OptionError, match="subsets is 1 or more"):
        kid(x, x, subsets=0)
    with pytest.raises(OptionError, match="subset_size is 2 or more"):
        kid(x, x, subset_size=1)

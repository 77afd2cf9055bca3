"""Laws of the metrics of recovery: what theory leaves open does not change them, anything else does."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aitia.errors import DataError, OptionError
from aitia.stats.metrics import (
    as_sin_cos,
    best_correlation_mean,
    block_accuracy,
    block_identifiability,
    mcc,
    r2,
    weak_mcc,
)

SEEDS = st.integers(0, 2**32 - 1)
ROTATION = np.array([[1.0, 1.0], [-1.0, 1.0]]) / np.sqrt(2)


def relabelled(z, rng):
    """The columns in another order, sign, scale and place."""
    order = rng.permutation(z.shape[1])
    scale = rng.choice([-1, 1], z.shape[1]) * 10.0 ** rng.uniform(-3, 3, z.shape[1])
    return z[:, order] * scale + rng.normal(size=z.shape[1]), order


@given(SEEDS, st.integers(1, 6), st.sampled_from(["pearson", "spearman"]))
def test_a_permuted_scaled_and_flipped_truth_has_mcc_1_and_its_matching(seed, d, correlation):
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(50, d))
    code, order = relabelled(z, rng)
    found = mcc(z, code, correlation=correlation)
    assert found.value == pytest.approx(1, abs=1e-9)
    assert found.matching == tuple(int(i) for i in np.argsort(order))
    assert found.dropped == ()


@given(SEEDS, st.integers(1, 4), st.integers(0, 3))
def test_mcc_ignores_order_sign_and_scale_of_any_estimate(seed, d, extra):
    rng = np.random.default_rng(seed)
    z, code = rng.normal(size=(40, d)), rng.normal(size=(40, d + extra))
    before, after = mcc(z, code), mcc(z, relabelled(code, rng)[0])
    assert after.value == pytest.approx(before.value, abs=1e-9)
    assert 0 <= before.value <= 1


@given(SEEDS, st.integers(1, 5), st.integers(0, 1))
def test_mcc_is_the_best_of_all_matchings(seed, d, extra):
    rng = np.random.default_rng(seed)
    k = d + extra
    z, code = rng.normal(size=(30, d)), rng.normal(size=(30, k))
    matrix = np.abs(np.corrcoef(z, code, rowvar=False)[:d, d:])
    brute = max(np.mean([matrix[i, p[i]] for i in range(d)]) for p in permutations(range(k), d))
    assert mcc(z, code).value == pytest.approx(brute, abs=1e-12)
    assert best_correlation_mean(z, code) >= brute - 1e-12


def test_spearman_sees_through_any_increasing_map_and_pearson_does_not():
    z = np.random.default_rng(0).normal(size=(500, 2))
    assert mcc(z, np.exp(20 * z), correlation="spearman").value == pytest.approx(1)
    assert mcc(z, np.exp(20 * z)).value < 0.5


def test_spearman_agrees_with_scipy():
    from scipy.stats import spearmanr

    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 5, 60), rng.integers(0, 5, 60)
    assert mcc(a, b, correlation="spearman").value == pytest.approx(abs(spearmanr(a, b).statistic))


def test_a_rotated_gaussian_truth_is_known_as_a_block_and_not_one_by_one():
    z = np.random.default_rng(0).normal(size=(2000, 2))
    code = z @ ROTATION
    assert mcc(z, code).value == pytest.approx(np.sqrt(0.5), abs=0.03)  # by hand: corr = cos 45 degrees
    assert weak_mcc(z, code).value == pytest.approx(1)
    assert weak_mcc(z, code, alignment="regression").value == pytest.approx(1)
    for regressor in ("kernel-ridge", "linear", "mlp"):
        assert r2(z, code, regressor=regressor).value > 0.98


def test_constant_columns_are_dropped_from_the_truth_and_worth_nothing_in_the_estimate():
    z = np.random.default_rng(0).normal(size=(50, 3))
    z[:, 1] = 0.1
    found = mcc(z, z)
    assert found.dropped == (1,)
    assert found.matching == (0, None, 2)
    assert found.correlations[1] is None
    assert found.value == pytest.approx(1)
    assert mcc(z[:, [0, 2]], z[:, [0, 1]]).value == pytest.approx(0.5)
    assert mcc(z[:, [0, 2]], z[:, [0, 1]], correlation="spearman").value == pytest.approx(0.5)
    assert r2(z, z, regressor="linear").dropped == (1,)
    assert r2(z, z, regressor="linear").per_variable[1] is None


def test_one_latent_for_two_variables_fools_the_best_correlation_but_not_mcc():
    rng = np.random.default_rng(0)
    x = rng.normal(size=200)
    true, code = np.column_stack([x, -x]), np.column_stack([x, rng.normal(size=200)])
    assert best_correlation_mean(true, code) == pytest.approx(1)
    assert mcc(true, code).value < 0.65


def test_weak_mcc_of_unrelated_tables_is_low_and_needs_no_luck():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 4000, 4))
    assert weak_mcc(a, b).value < 0.1
    assert weak_mcc(a, b, alignment="regression").value < 0.1
    assert weak_mcc(a, b, seed=3) == weak_mcc(a, b, seed=3)


def test_weak_mcc_survives_a_redundant_latent():
    z = np.random.default_rng(0).normal(size=(400, 3))
    doubled = np.column_stack([z @ np.array([[1, 2, 0], [0, 1, 1], [1, 0, 1.0]]), z[:, 0]])
    assert weak_mcc(z, doubled).value == pytest.approx(1)


def test_r2_follows_an_invertible_map_with_the_kernel_and_fails_with_a_line():
    rng = np.random.default_rng(0)
    z = rng.uniform(-1, 1, size=(1000, 2))
    code = np.column_stack([z[:, 0] ** 3 + z[:, 1], z[:, 1]])
    assert r2(z, code).value > 0.97
    assert r2(z, code, regressor="linear").value < 0.97
    assert r2(z, rng.normal(size=(1000, 2))).value < 0.02


@given(SEEDS)
@settings(max_examples=10)
def test_r2_and_weak_mcc_ignore_order_sign_and_scale_of_latents(seed):
    rng = np.random.default_rng(seed)
    z, code = rng.normal(size=(60, 2)), rng.normal(size=(60, 3))
    code[:, :2] += z
    other = code[:, [2, 0, 1]] * [1e-18, -1e12, 1.0]
    for regressor in ("kernel-ridge", "linear"):
        assert r2(z, other, regressor=regressor).value == pytest.approx(r2(z, code, regressor=regressor).value)
    for alignment in ("cca", "regression"):
        assert weak_mcc(z, other, alignment=alignment).value == pytest.approx(
            weak_mcc(z, code, alignment=alignment).value
        )


def test_linear_r2_is_the_formula():
    rng = np.random.default_rng(5)
    x, z = rng.normal(size=(60, 1)), rng.normal(size=(60, 2))
    x += z[:, :1]
    order = np.random.default_rng(7).permutation(60)
    fit, test = order[:30], order[30:]
    design = np.column_stack([z, np.ones(60)])
    weights = np.linalg.solve(design[fit].T @ design[fit], design[fit].T @ x[fit])
    residual = x[test] - design[test] @ weights
    expected = 1 - residual.var() * 1.0 / x[test].var() - residual.mean() ** 2 / x[test].var()
    assert r2(x, z, regressor="linear", seed=7).value == pytest.approx(expected)


def test_blocks_know_their_own_and_not_the_other():
    rng = np.random.default_rng(0)
    z = rng.normal(size=(800, 4))
    code = np.column_stack([z[:, :2] @ ROTATION, z[:, 2:] @ ROTATION])
    found = block_identifiability(z, code, {"c": [0, 1], "s": [2, 3]}, {"first": [0, 1], "second": [2, 3]})
    np.testing.assert_allclose(found, np.eye(2), atol=0.07)
    alone = r2(z[:, :2], code[:, :2]).value
    assert found[0, 0] == pytest.approx(alone)


def test_an_angle_is_regressed_on_the_circle():
    angle = np.random.default_rng(0).uniform(0, 2 * np.pi, 600)
    np.testing.assert_allclose(as_sin_cos(angle), as_sin_cos(angle + 2 * np.pi), atol=1e-12)
    np.testing.assert_allclose(as_sin_cos(np.degrees(angle), period=360), as_sin_cos(angle), atol=1e-12)
    assert as_sin_cos(np.zeros((5, 3))).shape == (5, 6)
    shifted = as_sin_cos(angle + 2)
    assert r2(as_sin_cos(angle), shifted, regressor="linear").value == pytest.approx(1)
    assert r2(angle, shifted, regressor="linear").value < 0.7


@pytest.mark.parametrize("classifier", ["logistic", "knn"])
def test_a_category_is_read_off_the_block_that_holds_it(classifier):
    rng = np.random.default_rng(0)
    labels = rng.choice(["cube", "cone", "ball"], 600, p=[0.5, 0.3, 0.2])
    centres = {"cube": 0.0, "cone": 4.0, "ball": 8.0}
    code = np.column_stack([[centres[name] for name in labels] + rng.normal(size=600) * 0.3, rng.normal(size=600)])
    assert block_accuracy(labels, code, classifier=classifier).value > 0.97
    blind = block_accuracy(labels, code[:, 1], classifier=classifier)
    assert blind.value < 0.55
    assert blind.majority == pytest.approx(0.5, abs=0.07)


def test_the_logistic_classifier_agrees_with_scikit_learn():
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(1)
    z = rng.normal(size=(300, 3))
    labels = (z @ rng.normal(size=(3, 4)) + rng.normal(size=(300, 4))).argmax(axis=1)
    order = np.random.default_rng(0).permutation(300)
    fit, test = order[:150], order[150:]
    scaled = (z - z[fit].mean(axis=0)) / z[fit].std(axis=0)
    theirs = LogisticRegression(max_iter=1000).fit(scaled[fit], labels[fit]).score(scaled[test], labels[test])
    assert block_accuracy(labels, z).value == pytest.approx(theirs, abs=0.011)  # one row of 150 may tie


@pytest.mark.parametrize("regressor", ["kernel-ridge", "linear", "mlp"])
def test_a_latent_that_is_constant_where_it_is_fitted_does_no_harm(regressor):
    rng = np.random.default_rng(0)
    z = rng.normal(size=(400, 1))
    fit = np.random.default_rng(0).permutation(400)[:200]
    rare = rng.normal(size=400)
    rare[fit] = 0.1
    assert r2(z, np.column_stack([z, rare]), regressor=regressor).value > 0.95


def test_weak_mcc_is_that_of_the_generalised_eigenvectors():
    from scipy.linalg import eigh

    # Canonical directions as generalised eigenvectors: C_ab C_bb^-1 C_ba w = r^2 C_aa w, on the same half.
    rng = np.random.default_rng(3)
    a = rng.normal(size=(400, 2))
    b = np.column_stack([a[:, 0] + a[:, 1] + rng.normal(size=400), a[:, 1] + 3 * rng.normal(size=400)])
    order = np.random.default_rng(0).permutation(400)
    fit, test = order[:200], order[200:]
    c = np.cov(a[fit], b[fit], rowvar=False)
    aa, bb, ab = c[:2, :2], c[2:, 2:], c[:2, 2:]
    _, left = eigh(ab @ np.linalg.solve(bb, ab.T), aa)
    right = np.linalg.solve(bb, ab.T @ left)
    assert weak_mcc(a, b).value == pytest.approx(mcc(a[test] @ left, b[test] @ right).value)


def test_inputs_are_left_as_they_were():
    rng = np.random.default_rng(0)
    z, code = rng.normal(size=(60, 2)), rng.normal(size=(60, 2))
    before = z.copy(), code.copy()
    for metric in (mcc, best_correlation_mean, weak_mcc, r2):
        metric(z, code)
    assert np.array_equal(z, before[0])
    assert np.array_equal(code, before[1])


def test_bad_input_is_named():
    z = np.random.default_rng(0).normal(size=(40, 3))
    hole = z.copy()
    hole[5, 2] = np.nan
    with pytest.raises(DataError, match="estimated holds nan in column 2, row 5"):
        mcc(z, hole)
    with pytest.raises(DataError, match="true has 40 rows and estimated 39"):
        mcc(z, z[:39])
    with pytest.raises(DataError, match="estimated has 2 columns for 3 true variables"):
        mcc(z, z[:, :2])
    with pytest.raises(DataError, match="over_complete=True keeps the best 2"):
        mcc(z[:, :2], z, over_complete=False)
    with pytest.raises(DataError, match="every true column is constant"):
        mcc(np.ones((40, 2)), z)
    with pytest.raises(DataError, match=r"shape \(2, 2, 2\), expected \(n, d\)"):
        mcc(np.ones((2, 2, 2)), z)
    with pytest.raises(DataError, match="nothing to score"):
        mcc(np.empty((0, 2)), z)
    with pytest.raises(DataError, match="1 rows, this metric needs 2"):
        mcc(z[:1], z[:1])
    with pytest.raises(DataError, match="real numbers"):
        mcc(np.array([["a"], ["b"]]), z[:2])
    with pytest.raises(OptionError, match="'pearson' or 'spearman'"):
        mcc(z, z, correlation="kendall")
    with pytest.raises(OptionError, match="kernel-ridge, linear, mlp"):
        r2(z, z, regressor="trees")
    with pytest.raises(DataError, match="needs 20 or more"):
        r2(z[:5], z[:5])
    with pytest.raises(DataError, match="true column 0 varies in too few rows"):
        r2(np.eye(40)[np.random.default_rng(0).permutation(40)[0]], z)  # the one row lies in the fitting half
    with pytest.raises(OptionError, match="true block 'style' has columns"):
        block_identifiability(z, z, {"style": [3]}, {"all": [0]})
    with pytest.raises(OptionError, match="estimated_blocks is empty"):
        block_identifiability(z, z, {"style": [0]}, {})
    with pytest.raises(DataError, match="true block 'style' has only constant"):
        block_identifiability(z * [1, 1, 0], z, {"style": [2]}, {"all": [0]})
    with pytest.raises(DataError, match="canonical variates need as many"):
        weak_mcc(z, z[:, :2])
    with pytest.raises(DataError, match="needs 10"):
        weak_mcc(z[:8], z[:8])
    with pytest.raises(OptionError, match="'cca' or 'regression'"):
        weak_mcc(z, z, alignment="procrustes")
    with pytest.raises(OptionError, match="period"):
        as_sin_cos(z, period=0)
    with pytest.raises(DataError, match="every label is 1"):
        block_accuracy(np.ones(40, int), z)
    with pytest.raises(DataError, match="labels hold nan in row 3"):
        block_accuracy(np.where(np.arange(40) == 3, np.nan, 1.0), z)
    with pytest.raises(DataError, match="one category per row"):
        block_accuracy(z, z)
    with pytest.raises(OptionError, match="neighbours is 1 to 20"):
        block_accuracy(np.arange(40) % 2, z, classifier="knn", neighbours=21)
    with pytest.raises(OptionError, match="'logistic' or 'knn'"):
        block_accuracy(np.arange(40) % 2, z, classifier="tree")

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aitia.errors import DataError, OptionError
from aitia.stats.hsic import hsic, hsic_test, normalized_hsic
from aitia.stats.kernels import center, delta_gram, gaussian_gram, incomplete_cholesky, random_features
from aitia.stats.multiple import benjamini_hochberg, holm


@given(st.integers(1, 60), st.integers(1, 3), st.integers(0, 1000), st.sampled_from([1e-2, 1e-5, 1e-8]))
def test_the_factor_of_a_gaussian_matrix_leaves_no_more_than_its_tolerance(n, d, seed, tolerance):
    x = np.random.default_rng(seed).normal(size=(n, d)).round(1)  # rounding makes equal rows
    factor = incomplete_cholesky(x, tolerance=tolerance)
    rest = gaussian_gram(x) - factor @ factor.T
    assert np.abs(rest).max() <= tolerance + 1e-9
    assert np.linalg.eigvalsh(rest).min() > -1e-6


def test_the_factor_of_a_product_with_labels():
    rng = np.random.default_rng(0)
    x, labels = rng.normal(size=(50, 1)), rng.integers(0, 3, (50, 2))
    factor = incomplete_cholesky(x, labels)
    np.testing.assert_allclose(factor @ factor.T, gaussian_gram(x) * delta_gram(labels), atol=1e-7)
    only = incomplete_cholesky(np.empty((50, 0)), labels)
    assert only.shape[1] == len(np.unique(labels, axis=0))


def test_a_factor_beyond_the_allowed_rank_is_none_and_nan_is_refused():
    x = np.random.default_rng(0).normal(size=(50, 3))
    assert incomplete_cholesky(x, max_rank=5) is None
    with pytest.raises(DataError, match="finite"):
        incomplete_cholesky(np.array([[0.0], [np.nan]]))
    with pytest.raises(OptionError, match="positive"):
        gaussian_gram(x, -1.0)


def test_centring_equals_the_matrix_formula():
    gram = gaussian_gram(np.random.default_rng(0).normal(size=(9, 2)))
    h = np.eye(9) - 1 / 9
    np.testing.assert_allclose(center(gram), h @ gram @ h, atol=1e-12)


def test_random_features_approach_the_kernel():
    x = np.random.default_rng(0).normal(size=(40, 2))
    features = random_features(x, 20_000, np.random.default_rng(1))
    np.testing.assert_allclose(features @ features.T, gaussian_gram(x), atol=0.03)


def test_hsic_is_the_trace_formula_and_normalised_lies_between_0_and_1():
    rng = np.random.default_rng(0)
    k, m = gaussian_gram(rng.normal(size=12)), gaussian_gram(rng.normal(size=12))
    h = np.eye(12) - 1 / 12
    assert hsic(k, m) == pytest.approx(np.trace(k @ h @ m @ h) / 144)
    assert 0 <= normalized_hsic(k, m) <= 1
    assert normalized_hsic(k, k) == pytest.approx(1)
    with pytest.raises(DataError, match="one shape"):
        hsic(k, m[:5, :5])


def test_the_permutation_test_sees_dependence_and_not_its_absence():
    rng = np.random.default_rng(0)
    x = rng.normal(size=80)
    assert hsic_test(x, x**2 + 0.1 * rng.normal(size=80), permutations=200)[1] < 0.02
    assert hsic_test(x, rng.normal(size=80), permutations=200)[1] > 0.02
    with pytest.raises(OptionError):
        hsic_test(x, x, permutations=0)


def test_adjusted_p_values_by_hand():
    # Benjamini-Hochberg of 0.01, 0.02, 0.03, 0.5: 4 * 0.01, 4 * 0.02 / 2, 4 * 0.03 / 3, 0.5. Holm: 4, 3, 2, 1 times.
    np.testing.assert_allclose(benjamini_hochberg([0.5, 0.01, 0.03, 0.02]), [0.5, 0.04, 0.04, 0.04])
    np.testing.assert_allclose(holm([0.5, 0.01, 0.03, 0.02]), [0.5, 0.04, 0.06, 0.06])
    with pytest.raises(DataError):
        holm([1.5])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_adjusted_p_values_are_no_smaller_and_keep_the_order(values):
    for adjust in (benjamini_hochberg, holm):
        adjusted = adjust(values)
        assert (adjusted >= np.array(values) - 1e-12).all()
        order = np.argsort(values, kind="stable")
        assert (np.diff(adjusted[order]) >= -1e-12).all()
        assert (adjusted <= 1).all()

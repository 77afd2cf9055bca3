"""The power transform beside scikit-learn's, and by hand."""

import numpy as np
import pytest
from sklearn.preprocessing import PowerTransformer

from aitia.systems.tabpfn.power import fit_yeo_johnson, yeo_johnson


@pytest.fixture(scope="module")
def columns():
    rng = np.random.default_rng(0)
    exponential = rng.exponential(size=(80, 2)) * [1, -1]
    x = np.column_stack([rng.normal(size=80), exponential, rng.gamma(0.3, size=80), rng.random(80)])
    return (x - x.mean(axis=0)) / x.std(axis=0)


def test_powers_and_values_are_those_of_scikit_learn(columns):
    peer = PowerTransformer(standardize=False).fit(columns)
    ours = fit_yeo_johnson(columns)
    assert np.allclose(ours, peer.lambdas_, atol=1e-3)
    assert np.allclose(yeo_johnson(columns, peer.lambdas_), peer.transform(columns))


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0, 2.0, 3.0])
def test_the_transform_is_increasing_keeps_signs_and_is_the_identity_at_1(power):
    x = np.linspace(-5, 5, 201)[:, None]
    y = yeo_johnson(x, np.array([power]))
    assert (np.diff(y[:, 0]) > 0).all()
    assert (np.sign(y) == np.sign(x)).all()
    if power == 1.0:
        assert np.allclose(y, x)
    if power == 0.0:
        assert np.allclose(y[x > 0], np.log1p(x[x > 0]))


def test_missing_values_stay_and_do_not_count(columns):
    gaps = np.vstack([columns, np.full((3, 5), np.nan)])
    assert np.allclose(fit_yeo_johnson(gaps), fit_yeo_johnson(columns))
    assert np.isnan(yeo_johnson(gaps, np.ones(5))[-3:]).all()


def test_a_column_with_two_values_and_a_value_far_out_stay_finite():
    x = np.repeat([[-1.0], [1.0]], 20, axis=0)
    powers = fit_yeo_johnson(x)
    assert -4 <= powers[0] <= 6
    assert np.isfinite(yeo_johnson(np.array([[1e300], [-1e300]]), np.array([6.0]))).all()

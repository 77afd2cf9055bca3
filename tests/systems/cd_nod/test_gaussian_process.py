import numpy as np
import pytest

from aitia.errors import DataError, OptionError
from aitia.systems.cd_nod.gaussian_process import learn_widths, log_marginal_likelihood


def test_the_likelihood_is_that_of_a_multivariate_normal(rng):
    from scipy.stats import multivariate_normal

    x, y = rng.normal(size=(15, 2)), rng.normal(size=(15, 3))
    squares = ((x[:, None] - x[None]) ** 2 / np.array([0.7, 1.4]) ** 2).sum(axis=2)
    covariance = 1.3 * np.exp(-squares / 2) + 0.2 * np.eye(15)
    expected = sum(multivariate_normal(cov=covariance).logpdf(y[:, k]) for k in range(3))
    assert log_marginal_likelihood(x, y, [0.7, 1.4], 1.3, 0.2)[0] == pytest.approx(expected)


def test_the_gradient_is_that_of_finite_differences(rng):
    x, y = rng.normal(size=(12, 2)), rng.normal(size=(12, 2))
    theta = np.log([0.8, 1.5, 1.1, 0.3])

    def value(t):
        return log_marginal_likelihood(x, y, np.exp(t[:2]), *np.exp(t[2:]))

    numeric = [(value(theta + e)[0] - value(theta - e)[0]) / 2e-5 for e in 1e-5 * np.eye(4)]
    np.testing.assert_allclose(value(theta)[1], numeric, rtol=1e-4, atol=1e-6)


def test_an_input_that_does_not_matter_gets_a_long_width(rng):
    x = rng.normal(size=(120, 2))
    kernel = learn_widths(x, np.sin(2 * x[:, 0]) + 0.1 * rng.normal(size=120))
    assert kernel.lengthscales[1] > 5 * kernel.lengthscales[0]
    assert 0.003 < kernel.noise < 0.03


def test_units_carry_over(rng):
    x = rng.normal(size=(60, 1))
    y = np.sin(2 * x[:, 0]) + 0.1 * rng.normal(size=60)
    a, b = learn_widths(x, y), learn_widths(10 * x, 5 * y)
    assert b.lengthscales[0] == pytest.approx(10 * a.lengthscales[0], rel=0.05)
    assert b.noise == pytest.approx(25 * a.noise, rel=0.1)


def test_the_likelihood_at_the_maximum_is_that_of_its_parameters_in_the_units_of_the_data(rng):
    x = rng.normal(size=(40, 1))
    y = 30 * np.sin(2 * x) + 5 * rng.normal(size=(40, 1)) + 100
    learnt = learn_widths(x, y)
    told, _ = log_marginal_likelihood(x, y - y.mean(), learnt.lengthscales, learnt.signal, learnt.noise)
    assert learnt.log_likelihood == pytest.approx(told)


def test_bad_input_is_named(rng):
    with pytest.raises(DataError, match="input 0 is constant"):
        learn_widths(np.ones((10, 1)), rng.normal(size=10))
    with pytest.raises(DataError, match="targets are constant"):
        learn_widths(rng.normal(size=(10, 1)), np.ones(10))
    with pytest.raises(DataError, match="same n"):
        learn_widths(rng.normal(size=(10, 1)), rng.normal(size=9))
    with pytest.raises(OptionError, match="positive lengthscales"):
        learn_widths(rng.normal(size=(10, 1)), rng.normal(size=10), start=[-1.0])

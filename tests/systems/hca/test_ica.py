"""Of many starts the one with the most negentropy is kept, by its definition."""

import numpy as np
from scipy.integrate import quad
from scipy.stats import norm

from aitia.systems.hca import ica


def test_the_start_that_is_kept_has_the_most_negentropy_of_those_that_converged():
    x = np.random.default_rng(0).normal(size=(60, 6))  # Gaussian: each start ends where chance put it
    options = {"starts": 32, "iterations": 1000, "tolerance": 1e-4}
    found = ica.independent_components(x, 4, seed=1, **options)
    z = (x - x.mean(axis=0)) @ ica.whitening(x, 4).T
    w, moved = ica._iterate(z, 4, 32, 1000, 1e-4, np.random.default_rng(1))
    normal = quad(lambda v: np.log(np.cosh(v)) * norm.pdf(v), -12, 12)[0]
    negentropy = ((np.log(np.cosh(w @ z.T)).mean(axis=2) - normal) ** 2).sum(axis=1)
    converged = negentropy[moved < 1e-4]
    assert np.ptp(converged) > 0.001 * converged.max()
    np.testing.assert_allclose(found.negentropy.sum(), converged.max(), rtol=1e-6)

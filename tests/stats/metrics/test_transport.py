"""W2 of samples by assignment and of Gaussians in closed form, against POT."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aitia.errors import CostError, DataError
from aitia.stats.metrics import bures_w2, exact_w2, gaussian_w2_map

ot = pytest.importorskip("ot")


def test_the_exact_distance_is_that_of_pot():
    x, y = np.random.default_rng(8).normal(size=(2, 30, 3))
    theirs = ot.emd2(np.full(30, 1 / 30), np.full(30, 1 / 30), ot.dist(x, y))
    assert np.isclose(exact_w2(x, y), theirs)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), d=st.integers(1, 4))
def test_the_distance_of_gaussians_is_that_of_pot_and_their_map_reaches_it(seed, d):
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(2, d, d))
    s, t = a @ a.T + 0.1 * np.eye(d), b @ b.T + 0.1 * np.eye(d)
    m, n = rng.normal(size=(2, d))
    value = bures_w2(m, s, n, t)
    assert np.isclose(value, ot.gaussian.bures_wasserstein_distance(m, n, s, t) ** 2)
    along = gaussian_w2_map(s, t)
    assert np.allclose(along @ s @ along.T, t)
    moved = np.trace((np.eye(d) - along) @ s @ (np.eye(d) - along).T) + ((m - n) ** 2).sum()
    assert np.isclose(value, moved), "the cost of the map is the distance"


def test_exact_pairing_of_many_points_is_refused_with_what_to_do():
    with pytest.raises(CostError, match="at most 5000 points; draw fewer of them, or take bures_w2"):
        exact_w2(np.zeros((5001, 1)), np.zeros((5001, 1)))
    with pytest.raises(DataError, match=r"x has shape \(2, 1\) and y \(3, 1\): exact pairing needs as many rows"):
        exact_w2([[0.0], [1.0]], [[0.0], [1.0], [2.0]])


def test_what_is_no_gaussian_is_refused():
    with pytest.raises(DataError, match="symmetric and has no negative eigenvalue"):
        bures_w2([0.0], [[-1.0]], [0.0], [[1.0]])
    with pytest.raises(DataError, match=r"a mean \(d,\) and a covariance \(d, d\), got \(2,\), \(1, 1\)"):
        bures_w2([0.0, 0.0], [[1.0]], [0.0], [[1.0]])
    with pytest.raises(DataError, match="one Gaussian has 1 variables and the other 2"):
        bures_w2([0.0], [[1.0]], [0.0, 0.0], np.eye(2))
    with pytest.raises(DataError, match="without a zero eigenvalue"):
        gaussian_w2_map([[0.0]], [[1.0]])

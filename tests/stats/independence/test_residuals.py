"""Kernels after a regression: the sketch beside the whole matrices, and the same decisions of the test."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aitia.data.table import Table
from aitia.stats.independence import KCI
from aitia.stats.independence import _residuals as residuals
from aitia.stats.kernels import center, gaussian_gram, incomplete_cholesky

RIDGE = 1e-3


def kernels(n, seed):
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(n, 3))
    x = np.tanh(z.sum(axis=1)) + 0.5 * rng.normal(size=n)
    both = np.column_stack([x / x.std(), z / 2])
    return center(gaussian_gram(both / 1.2)), center(gaussian_gram(z / 1.2))


@pytest.mark.parametrize("whole", [True, False])
def test_a_regression_applied_is_the_inverse_of_the_published_formula(whole):
    _, k_z = kernels(60, 0)
    values, vectors = np.linalg.eigh(k_z)
    part = k_z if whole else vectors[:, -20:] * np.sqrt(values[-20:])
    explained = part if whole else part @ part.T
    found = residuals.apply(residuals.regression(part, RIDGE), RIDGE, np.eye(60))
    assert found == pytest.approx(RIDGE * np.linalg.inv(explained + RIDGE * np.eye(60)), abs=1e-9)


@pytest.mark.parametrize("share", [0.12, 0.01], ids=["at once", "doubled"])
def test_a_sketch_lacks_little_of_the_whole_and_never_adds(share, monkeypatch):
    monkeypatch.setattr(residuals, "SHARE", share)
    k_x, k_z = kernels(500, 1)
    found = residuals.regression(k_z, RIDGE)
    factor = residuals.sketched(k_x, lambda part: residuals.apply(found, RIDGE, part))
    r = RIDGE * np.linalg.inv(k_z + RIDGE * np.eye(500))
    left = r @ k_x @ r - factor @ factor.T
    assert factor.shape[1] < 167
    assert 0 <= np.trace(left) <= 2 * residuals.LACKING * np.trace(r @ k_x @ r)
    assert np.linalg.eigvalsh((left + left.T) / 2).min() > -1e-8


def test_what_has_no_thin_factor_is_not_sketched():
    assert residuals.sketched(np.eye(300), lambda part: part) is None


@pytest.mark.parametrize("dependent", [False, True])
def test_a_sketched_test_decides_as_the_formula_does(dependent):
    found = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        z, shared = rng.normal(size=(400, 3)), rng.normal(size=400)
        x = np.tanh(z.sum(axis=1)) + 0.5 * shared
        y = z.sum(axis=1) ** 2 / 6 + 0.5 * rng.normal(size=400) + 0.2 * dependent * shared
        table = Table.of({"x": x, "y": y, **{f"z{k}": z[:, k] for k in range(3)}})
        found.append([KCI(table, method=how)("x", "y", ("z0", "z1", "z2")).p_value for how in ("auto", "dense")])
    quick, whole = np.transpose(found)
    assert np.abs(quick - whole).max() < 1e-3
    assert ((quick > 0.05) == (whole > 0.05)).all()
    assert not np.array_equal(quick, whole)  # it was a sketch


@settings(deadline=None, max_examples=30)
@given(n=st.integers(80, 300), d=st.integers(1, 3), width=st.floats(0.3, 3), seed=st.integers(0, 1 << 30))
def test_a_factor_that_fits_well_is_never_given_up_early(n, d, width, seed):
    x = np.random.default_rng(seed).normal(size=(n, d)) / width
    whole = incomplete_cholesky(x, tolerance=1e-8)
    limit = n // 3
    bounded = incomplete_cholesky(x, tolerance=1e-8, max_rank=limit)
    if whole.shape[1] <= 0.6 * limit:
        assert np.array_equal(bounded, whole)
    if whole.shape[1] > limit:
        assert bounded is None

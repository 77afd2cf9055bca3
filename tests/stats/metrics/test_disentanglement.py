"""Laws of the disentanglement scores: a one-to-one code gets about 1, a rotated one little, nothing leaves [0, 1]."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aitia.errors import DataError, OptionError
from aitia.stats.metrics import dci, irs, mig, sap
from aitia.stats.metrics.disentanglement import _lasso

SEEDS = st.integers(0, 2**32 - 1)
SCORES = {
    "disentanglement": lambda z, c: dci(z, c).disentanglement,
    "completeness": lambda z, c: dci(z, c).completeness,
    "mig": lambda z, c: mig(z, c).value,
    "sap": lambda z, c: sap(z, c).value,
    "irs": lambda z, c: irs(z, c).value,
}
# What keeps a perfect code below 1: for mig chance information, 19^2 / 2n nats of 3.0; for irs a bin's width, 1/20; for
# dci and sap chance correlation, about 1/sqrt(n).
LEAST = {"disentanglement": 0.99, "completeness": 0.99, "mig": 0.96, "sap": 0.98, "irs": 0.92}


@pytest.mark.parametrize("name", SCORES)
@given(seed=SEEDS)
@settings(max_examples=5)
def test_a_one_to_one_code_scores_about_1_and_a_rotated_one_little(name, seed):
    rng = np.random.default_rng(seed)
    z = rng.uniform(-1, 1, size=(5000, 4))
    order, signs = rng.permutation(4), rng.choice([-2.0, 2.0], 4)
    hadamard = np.array([[1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]]) / 2
    assert SCORES[name](z, z[:, order] * signs + 3) > LEAST[name]
    assert SCORES[name](z, z @ hadamard) < 0.2


@given(SEEDS, st.integers(1, 4), st.integers(2, 5), st.integers(20, 60))
def test_every_score_lies_between_0_and_1(seed, d, k, n):
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(n, d)).round(1)
    code = np.where(rng.random(k) < 0.2, 1.0, rng.normal(size=(n, k)) + z[:, :1])
    for name, score in SCORES.items():
        assert 0 <= score(z, code) <= 1, name
    assert 0 <= dci(z, code).informativeness <= 1


@given(SEEDS)
@settings(max_examples=10)
def test_the_order_sign_and_scale_of_latents_do_not_matter(seed):
    # A grid of integers, scaled by powers of 2, so that rounding moves no value across a bin's edge.
    rng = np.random.default_rng(seed)
    z, code = rng.integers(0, 30, (200, 3)).astype(float), rng.integers(0, 9, (200, 4)).astype(float)
    order = rng.permutation(4)
    other = code[:, order] * rng.choice([-1, 1], 4) * rng.choice([0.25, 8.0], 4)
    for name in ("disentanglement", "completeness", "mig", "sap"):
        assert SCORES[name](z, other) == pytest.approx(SCORES[name](z, code), abs=1e-6), name
    assert irs(z, -3 * code[:, order]).value == pytest.approx(irs(z, code).value)


def test_mig_is_the_gap_of_scikit_learns_mutual_information():
    from sklearn.metrics import mutual_info_score

    rng = np.random.default_rng(0)
    z = rng.integers(0, 6, (400, 3))
    code = np.column_stack([z[:, 0], z[:, 1] // 2, rng.integers(0, 4, 400)])
    expected = []
    for j in range(3):
        information = sorted(mutual_info_score(z[:, j], code[:, i]) for i in range(3))
        expected.append((information[-1] - information[-2]) / mutual_info_score(z[:, j], z[:, j]))
    np.testing.assert_allclose(mig(z, code).per_variable, expected, atol=1e-12)
    assert mig(z, code).value == pytest.approx(np.mean(expected))


def test_mig_of_continuous_columns_uses_bins_of_equal_width():
    from sklearn.metrics import mutual_info_score

    rng = np.random.default_rng(1)
    z = rng.normal(size=(500, 1))
    code = np.column_stack([z + rng.normal(size=(500, 1)), rng.normal(size=(500, 1))])

    def binned(x):
        return np.clip(np.digitize(x, np.linspace(x.min(), x.max(), 11)) - 1, 0, 9)

    information = [mutual_info_score(binned(z[:, 0]), binned(code[:, i])) for i in range(2)]
    entropy = mutual_info_score(binned(z[:, 0]), binned(z[:, 0]))
    assert mig(z, code, bins=10).value == pytest.approx(abs(information[0] - information[1]) / entropy)


def test_sap_is_the_gap_of_squared_correlations():
    rng = np.random.default_rng(0)
    z, code = rng.normal(size=(2, 80, 2))
    squares = np.corrcoef(z, code, rowvar=False)[:2, 2:] ** 2
    np.testing.assert_allclose(sap(z, code).per_variable, np.abs(squares[:, 0] - squares[:, 1]))


def test_the_lasso_is_scikit_learns():
    from sklearn.linear_model import Lasso

    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 6)) @ rng.normal(size=(6, 6))
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    y = x @ rng.normal(size=(6, 2)) + rng.normal(size=(200, 2))
    y -= y.mean(axis=0)
    theirs = Lasso(alpha=0.05, fit_intercept=False, tol=1e-10, max_iter=100_000).fit(x, y[:, 0]).coef_
    np.testing.assert_allclose(_lasso(x, y, 0.05)[:, 0], theirs, atol=1e-4)


def test_dci_by_hand():
    # Two true variables, one latent each, and a third latent equal parts of both: P of the third is (1/2, 1/2), so it
    # scores 0; the first two score 1. The lasso leaves the third out, for the others explain all.
    z = np.random.default_rng(0).normal(size=(4000, 2))
    found = dci(z, np.column_stack([z, z.sum(axis=1) + np.random.default_rng(1).normal(size=4000)]))
    np.testing.assert_allclose(found.importance, [[0.99, 0], [0, 0.99], [0, 0]], atol=0.03)
    assert found.informativeness > 0.999
    # One latent that is the sum of both: all its importance is equally split, hence 0; yet it is complete for both.
    shared = dci(z, np.column_stack([z.sum(axis=1), np.random.default_rng(1).normal(size=4000)]))
    assert shared.disentanglement < 0.01
    assert shared.completeness > 0.9
    assert shared.informativeness == pytest.approx(0.5, abs=0.05)


def test_the_forest_finds_a_nonlinear_code_that_the_lasso_misses():
    z = np.random.default_rng(0).uniform(-1, 1, size=(600, 2))
    code = np.column_stack([np.abs(z[:, 0]), z[:, 1]])
    true = np.column_stack([z[:, 0] ** 2, z[:, 1]])
    found = dci(true, code, importance="forest")
    assert found.disentanglement > 0.9
    assert found.completeness > 0.9
    assert found.informativeness > 0.95
    assert dci(true - 0.5, np.column_stack([z[:, 0], z[:, 1]])).informativeness < 0.6


def test_irs_by_hand():
    # Latents z0 and z0 + z1 of two fair bits. Held z0: the first stands still, the second moves by 1/2 of at most 1.
    z = np.array([[a, b] for a in (0, 1) for b in (0, 1)] * 5, float)
    found = irs(z, np.column_stack([z[:, 0], z.sum(axis=1)]), quantile=1)
    np.testing.assert_allclose(found.per_latent, [1.0, 0.5])
    assert found.value == pytest.approx((1.0 * 0.5 + 0.5 * 1.0) / 1.5)  # weights: the movements 1/2 and 1
    assert found.held[0] == 0


def test_a_latent_of_noise_has_an_irs_near_0():
    rng = np.random.default_rng(0)
    assert irs(rng.uniform(size=(20_000, 2)), rng.normal(size=(20_000, 1))).value < 0.1


def test_constant_columns_are_dropped_or_worth_nothing():
    rng = np.random.default_rng(0)
    z = rng.normal(size=(300, 3))
    z[:, 1] = 7
    for found in (dci(z, z), mig(z, z), sap(z, z), irs(z, z)):
        assert found.dropped == (1,)
    assert mig(z, z).per_variable[1] is None
    assert irs(z, z).per_latent[1] == 0
    assert not dci(z, z).importance[:, 1].any()
    dead = np.zeros((300, 2))
    assert dci(z, dead).disentanglement == mig(z, dead).value == sap(z, dead).value == irs(z, dead).value == 0


def test_inputs_are_left_as_they_were_and_a_seed_repeats():
    rng = np.random.default_rng(0)
    z, code = rng.normal(size=(2, 100, 3))
    before = z.copy(), code.copy()
    for score in SCORES.values():
        score(z, code)
    assert np.array_equal(z, before[0])
    assert np.array_equal(code, before[1])
    assert dci(z, code, seed=4) == dci(z, code, seed=4)


def test_bad_input_is_named():
    z = np.random.default_rng(0).normal(size=(40, 3))
    hole = z.copy()
    hole[0, 1] = np.inf
    for metric in (dci, mig, sap, irs):
        with pytest.raises(DataError, match="true holds inf in column 1, row 0"):
            metric(hole, z)
        with pytest.raises(DataError, match="every true column is constant"):
            metric(np.ones((40, 1)), z)
    for metric in (mig, sap):
        with pytest.raises(DataError, match="needs two"):
            metric(z, z[:, 0])
    for metric in (mig, irs):
        with pytest.raises(OptionError, match="bins is 2 or more, got 1"):
            metric(z, z, bins=1)
    with pytest.raises(OptionError, match="quantile"):
        irs(z, z, quantile=0)
    with pytest.raises(OptionError, match="'lasso' or 'forest'"):
        dci(z, z, importance="boosting")
    with pytest.raises(OptionError, match="penalty lies between 0 and 1"):
        dci(z, z, penalty=0)
    with pytest.raises(DataError, match="needs 20"):
        dci(z[:19], z[:19])

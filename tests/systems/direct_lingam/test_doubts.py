"""What speaks against a linear non-Gaussian model: the tests beside scipy's, their level, and what they see."""

import numpy as np
import pytest
from scipy import stats

from aitia.graph import Graph
from aitia.systems.direct_lingam import DirectLiNGAM
from aitia.systems.direct_lingam.doubts import dependence, doubt, left


def test_the_rank_correlation_is_that_of_scipy():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 300))
    noise = np.column_stack([np.round(x, 1), y + 0.15 * x])  # with ties
    sizes = np.abs(noise - np.median(noise, axis=0))
    found = [
        abs(stats.spearmanr(one, other).statistic) for one in (noise[:, 0], sizes[:, 0])
        for other in (noise[:, 1], sizes[:, 1])
    ]  # fmt: skip
    wanted = min(1, 4 * 2 * stats.norm.sf(max(found) * np.sqrt(299)))
    assert dependence(noise)[0] == pytest.approx(wanted, rel=1e-9)


@pytest.mark.parametrize("law", ["uniform", "exponential", "standard_cauchy"])
def test_independent_noise_is_called_dependent_no_oftener_than_the_level(law):
    rng = np.random.default_rng(1)
    called = sum(dependence(getattr(rng, law)(size=(200, 5)))[0] < 0.05 for _ in range(300))
    assert called <= stats.binom.ppf(0.999, 300, 0.05)


def test_unequal_spread_and_bends_are_seen():
    rng = np.random.default_rng(2)
    x, y = rng.laplace(size=(2, 500))
    graph = Graph("x -> y")
    assert doubt(np.column_stack([x, x + y]), graph) is None
    for bad in (x + y * (0.3 + np.abs(x)), x + 0.3 * x**2 + y, x + 0.05 * x**3 + 0.3 * y):
        found = doubt(np.column_stack([x, bad]), graph)
        assert found is not None
        assert found.dependent
        assert found.told.startswith("what lines leave of 'x' depends on what they leave of 'y' (p = ")


def test_what_lines_leave_is_least_squares():
    rng = np.random.default_rng(3)
    x, y, z = rng.normal(size=(3, 100)) + 5
    noise = left(np.column_stack([x, y, z]), Graph("x -> z; y -> z", ["x", "y", "z"]))
    slopes = np.linalg.lstsq(np.column_stack([x, y, np.ones(100)]), z, rcond=None)[0]
    assert noise[:, 2] == pytest.approx(z - slopes[0] * x - slopes[1] * y - slopes[2])
    assert noise[:, 0] == pytest.approx(x - x.mean())


def test_a_fit_says_its_doubt():
    rng = np.random.default_rng(4)
    x, y = rng.uniform(-1, 1, (2, 600))
    assert DirectLiNGAM().fit({"x": x, "y": x + y}).doubt() is None
    z, w = rng.normal(size=(2, 600))
    found = DirectLiNGAM().fit({"x": x, "z": z, "w": w + z}).doubt()
    assert found is not None
    assert not found.dependent
    assert found.told == "the noise of z, w looks Gaussian"

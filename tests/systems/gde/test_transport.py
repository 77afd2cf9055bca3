"""Distances between samples, against POT, closed forms and gradients by differences."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from aitia.errors import DataError, OptionError
from aitia.stats.metrics import exact_w2, mmd2_unbiased
from aitia.systems.gde.transport import directions, mmd2, sinkhorn_divergence, sliced_w2

ot = pytest.importorskip("ot")
sizes = st.integers(1, 12)


def sets(seed, n, m, d=3):
    rng = np.random.default_rng(seed)
    return torch.from_numpy(rng.normal(size=(n, d))), torch.from_numpy(rng.normal(1, 2, size=(m, d)))


# -- sliced ----------------------------------------------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), n=sizes, m=sizes)
def test_the_sliced_distance_is_that_of_pot_for_any_two_sizes(seed, n, m):
    x, y = sets(seed, n, m)
    along = directions(7, 3, torch.Generator().manual_seed(seed)).double()
    theirs = ot.sliced_wasserstein_distance(x.numpy(), y.numpy(), projections=along.numpy().T)
    assert np.isclose(float(sliced_w2(x, y, along)), theirs**2)


def test_many_sets_at_once_are_each_pair_by_itself():
    rng = torch.Generator().manual_seed(0)
    x, y = torch.randn(4, 9, 2, generator=rng), torch.randn(4, 6, 2, generator=rng)
    along = directions(5, 2, rng)
    assert torch.allclose(
        sliced_w2(x, y, along), torch.stack([sliced_w2(a, b, along) for a, b in zip(x, y, strict=True)])
    )


def test_points_by_numpy_and_points_with_a_gradient_have_one_distance():
    x, y = sets(0, 8, 8)
    along = directions(5, 3).double()
    moving = x.clone().requires_grad_()
    value = sliced_w2(moving, y, along)
    assert torch.allclose(value, sliced_w2(x, y, along))
    assert torch.autograd.gradcheck(lambda p: sliced_w2(p, y, along), (moving,))
    assert torch.autograd.gradcheck(lambda p: sliced_w2(p, y[:5], along), (moving,))


def test_the_sliced_distance_of_shifted_gaussians_is_the_shift_over_the_dimension():
    # By hand: each projection moves by t'v, and the mean of (t'v)^2 over the sphere is |v|^2 / d.
    x = torch.randn(500, 3, generator=torch.Generator().manual_seed(0))
    along = directions(20_000, 3, torch.Generator().manual_seed(1))
    v = torch.tensor([1.0, 2.0, 2.0])
    assert abs(float(sliced_w2(x, x + v, along)) - 3.0) < 0.05


# -- kernels ---------------------------------------------------------------------------------------------------------


def test_the_discrepancy_is_the_unbiased_one_of_the_metrics_at_one_bandwidth():
    x, y = sets(3, 9, 14)
    assert np.isclose(float(mmd2(x, y, 1.3)), mmd2_unbiased(x, y, 1.3))


def test_the_discrepancy_of_one_law_is_zero_on_average_whatever_the_size():
    rng = torch.Generator().manual_seed(0)
    for n in (5, 50):
        values = mmd2(*(torch.randn(400, n, 2, generator=rng, dtype=torch.float64) for _ in range(2)), 1.0)
        assert abs(values.mean()) < 4 * values.std() / 20


# -- entropic --------------------------------------------------------------------------------------------------------


def test_the_entropic_divergence_is_that_of_plans_by_pot():
    x, y = sets(5, 6, 8)
    blur = 0.7

    def entropic(a, b):
        cost = ot.dist(a.numpy(), b.numpy())
        p, q = np.full(len(a), 1 / len(a)), np.full(len(b), 1 / len(b))
        plan = ot.sinkhorn(p, q, cost, blur**2, stopThr=1e-9, method="sinkhorn_log", warn=False)
        return (plan * cost).sum() + blur**2 * (plan * np.log(plan / np.outer(p, q))).sum()

    theirs = entropic(x, y) - 0.5 * (entropic(x, x) + entropic(y, y))
    assert np.isclose(float(sinkhorn_divergence(x, y, blur, last=400)), theirs, rtol=1e-5)


def test_the_entropic_divergence_of_a_set_from_itself_is_zero_and_with_little_blur_it_is_w2():
    x, y = sets(6, 7, 7)
    assert abs(float(sinkhorn_divergence(x, x))) < 1e-9
    assert np.isclose(float(sinkhorn_divergence(x, y, 0.05, 0.97, 300)), exact_w2(x, y), rtol=0.01)


def test_the_gradient_of_the_entropic_divergence_is_that_by_differences():
    x, y = sets(7, 3, 4, 2)
    x.requires_grad_()
    assert torch.autograd.gradcheck(lambda p: sinkhorn_divergence(p, y, 0.8, last=150), (x,), atol=1e-4, rtol=1e-3)


# -- refusals --------------------------------------------------------------------------------------------------------


def test_sets_that_cannot_be_compared_are_refused():
    with pytest.raises(DataError, match="one set has 2 columns and the other 3"):
        sliced_w2(torch.zeros(4, 2), torch.zeros(4, 3), directions(2, 2))
    with pytest.raises(DataError, match="sets have 0 and 4 points: this distance needs 1 or more"):
        sliced_w2(torch.zeros(0, 2), torch.zeros(4, 2), directions(2, 2))
    with pytest.raises(DataError, match="sets have 1 and 4 points: this distance needs 2 or more"):
        mmd2(torch.zeros(1, 2), torch.zeros(4, 2))
    with pytest.raises(OptionError, match="blur is positive, scaling between 0 and 1"):
        sinkhorn_divergence(torch.zeros(4, 2), torch.zeros(4, 2), blur=0)
    with pytest.raises(OptionError, match="directions are 1 or more"):
        directions(0, 2)

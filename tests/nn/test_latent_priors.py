"""Monotone flows, transition priors, the Jacobian penalty and the variational bound, against what is known of them."""

import math

import numpy as np
import pytest
import torch

from aitia.errors import DataError
from aitia.nn.contrastive import info_nce
from aitia.nn.layers import mlp
from aitia.nn.observation import Scale
from aitia.representations.transition import TransitionPrior
from aitia.representations.variational import Variational
from aitia.systems.jacobian_sparsity.jacobian import jacobian_columns
from aitia.systems.sufficient_change.monotone import MonotoneFlow


@pytest.fixture(autouse=True)
def seeded():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def shaken(module, by=0.3):
    """The module far from where it starts, so that a law does not hold by accident of the start."""
    with torch.no_grad():
        for parameter in module.parameters():
            parameter += by * torch.randn_like(parameter)
    return module.double()


# -- monotone flow -----------------------------------------------------------------------------------------------------


def test_a_monotone_flow_increases_everywhere():
    flow = shaken(MonotoneFlow(2, 3))
    x = torch.linspace(-30, 30, 2001, dtype=torch.float64)[:, None].expand(-1, 2)
    y, log_slope = flow(x, torch.randn(3, dtype=torch.float64).expand(2001, 3))
    assert bool((y[1:] > y[:-1]).all())
    assert bool(torch.isfinite(log_slope).all())


def test_the_log_slope_of_a_monotone_flow_is_that_of_autograd():
    flow = shaken(MonotoneFlow(3, 2))
    x = (3 * torch.randn(20, 3, dtype=torch.float64)).requires_grad_()
    y, log_slope = flow(x, torch.randn(20, 2, dtype=torch.float64))
    (slope,) = torch.autograd.grad(y.sum(), x)
    assert torch.allclose(log_slope, slope.log(), atol=1e-9)


def test_the_density_under_a_monotone_flow_integrates_to_one():
    flow = shaken(MonotoneFlow(1, 2), by=0.1)
    x = torch.linspace(-60, 60, 60001, dtype=torch.float64)[:, None]
    y, log_slope = flow(x, torch.randn(2, dtype=torch.float64).expand(len(x), 2))
    density = torch.exp(-0.5 * y.square() + log_slope)[:, 0] / math.sqrt(2 * math.pi)
    assert torch.trapezoid(density, x[:, 0]).item() == pytest.approx(1, abs=1e-4)


def test_another_condition_is_another_flow():
    flow = shaken(MonotoneFlow(1, 2))
    x = torch.zeros(2, 1, dtype=torch.float64)
    y, _ = flow(x, torch.eye(2, dtype=torch.float64))
    assert y[0].item() != pytest.approx(y[1].item(), abs=1e-3)


# -- transition prior --------------------------------------------------------------------------------------------------


def affine(coefficients, spread):
    """The prior whose r is (z(t) - A z(t-1)) / spread."""
    prior = TransitionPrior(len(spread), 1).double()
    with torch.no_grad():
        for name in ("first", "last", "straight", "level", "offset"):
            getattr(prior, name).zero_()
        prior.log_v.fill_(-80.0)
        prior.level[:, 0] = -torch.log(spread)
        prior.straight[:, 1] = -coefficients / spread[:, None]
    return prior


def test_the_density_of_a_linear_gaussian_process_is_the_closed_form():
    a = torch.tensor([[0.7, 0.2], [-0.3, 0.5]], dtype=torch.float64)
    spread = torch.tensor([0.5, 2.0], dtype=torch.float64)
    z = torch.randn(4, 6, 2, dtype=torch.float64)
    found = affine(a, spread).log_prob(z)
    gap = (z[:, 1:] - z[:, :-1] @ a.T) / spread
    by_hand = (-0.5 * gap.square() - 0.5 * math.log(2 * math.pi) - spread.log()).sum(-1)
    assert torch.allclose(found, by_hand, atol=1e-10)


@pytest.mark.parametrize("instantaneous", [False, True])
def test_the_transition_is_a_change_of_variables(instantaneous):
    prior = shaken(TransitionPrior(3, 2, instantaneous=instantaneous))
    past, now = torch.randn(1, 2, 3, dtype=torch.float64), torch.randn(3, dtype=torch.float64)

    def noise(last):
        return prior(torch.cat([past, last.reshape(1, 1, 3)], dim=1))[0][0, 0]

    jacobian = torch.autograd.functional.jacobian(noise, now)
    _, log_slope = prior(torch.cat([past, now.reshape(1, 1, 3)], dim=1))
    assert torch.linalg.slogdet(jacobian)[1].item() == pytest.approx(log_slope.sum().item(), abs=1e-9)
    off = jacobian - torch.diag(jacobian.diagonal())
    assert bool((torch.triu(jacobian, 1) == 0).all())
    assert bool(off.any()) is instantaneous


def test_the_transition_density_integrates_to_one():
    prior = shaken(TransitionPrior(1, 1))
    grid = torch.linspace(-80, 80, 40001, dtype=torch.float64)
    clips = torch.stack([torch.full_like(grid, 0.7), grid], dim=1)[..., None]
    with torch.no_grad():
        density = torch.exp(prior.log_prob(clips))[:, 0]
    assert torch.trapezoid(density, grid).item() == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("lags", [1, 2])
def test_the_jacobian_of_the_transition_is_that_of_autograd(lags):
    prior = shaken(TransitionPrior(3, lags, instantaneous=True))
    z = torch.randn(1, lags + 1, 3, dtype=torch.float64)
    whole = torch.autograd.functional.jacobian(lambda clip: prior(clip)[0][0, 0], z)[:, 0]
    lagged, within = prior.jacobian(z)
    for lag in range(1, lags + 1):
        assert torch.allclose(lagged[0, 0, lag - 1], whole[:, lags - lag], atol=1e-10)
    assert torch.allclose(within[0, 0], whole[:, lags].tril(-1), atol=1e-10)


def test_where_the_slope_is_held_at_its_bound_the_jacobian_is_that_of_autograd_too():
    prior = shaken(TransitionPrior(2, 1, instantaneous=True))
    with torch.no_grad():
        prior.level[0, 0], prior.level[1, 0] = 50.0, -50.0
    z = torch.randn(1, 2, 2, dtype=torch.float64)
    whole = torch.autograd.functional.jacobian(lambda clip: prior(clip)[0][0, 0], z)[:, 0]
    lagged, within = prior.jacobian(z)
    assert torch.allclose(lagged[0, 0, 0], whole[:, 0], atol=1e-10)
    assert torch.allclose(within[0, 0], whole[:, 1].tril(-1), atol=1e-10)


def test_without_edges_within_a_frame_there_is_no_such_jacobian():
    assert TransitionPrior(2, 1).jacobian(torch.zeros(1, 3, 2))[1] is None


def test_a_clip_that_is_no_longer_than_the_lags_is_refused():
    with pytest.raises(DataError, match="clips of 2 frames are too short for 2 lags"):
        TransitionPrior(2, 2).log_prob(torch.zeros(1, 2, 2))


# -- Jacobian, bound, contrast -----------------------------------------------------------------------------------------


def test_the_columns_of_the_jacobian_are_finite_differences():
    net = mlp((3, 8, 5), torch.nn.Tanh).double()
    z = torch.randn(4, 3, dtype=torch.float64)
    found = jacobian_columns(net, z)
    for k in range(3):
        step = 1e-6 * torch.eye(3, dtype=torch.float64)[k]
        with torch.no_grad():
            apart = (net(z + step) - net(z - step)) / 2e-6
        assert torch.allclose(found[:, k], apart, atol=1e-7)


def test_the_jacobian_is_there_without_gradients_and_carries_them_where_they_are_wanted():
    net = mlp((2, 4, 3), torch.nn.Tanh)
    with torch.no_grad():
        assert not jacobian_columns(net, torch.zeros(1, 2)).requires_grad
    jacobian_columns(net, torch.zeros(1, 2)).abs().mean().backward()
    assert all(bool(p.grad.any()) for p in (net[0].weight, net[2].weight))


def test_the_error_of_the_variational_autoencoder_is_minus_a_gaussian_log_density():
    net = Variational((4,), 2)
    x = torch.randn(6, 4)
    scaled, q = net.posterior(x)
    spread = net.log_noise.exp().item()
    by_hand = -torch.distributions.Normal(net.decoder(q.z), spread).log_prob(scaled).sum(1)
    assert torch.allclose(net.error(scaled, q.z), by_hand, atol=1e-4)


def test_clips_are_encoded_frame_by_frame():
    net = Variational((8, 8, 3), 2, width=4)
    clips = torch.randint(0, 255, (2, 3, 8, 8, 3), dtype=torch.uint8)
    assert torch.allclose(net.encode(clips)[1, 2], net.encode(clips[1, 2][None])[0], atol=1e-6)


def test_info_nce_is_the_same_both_ways_round():
    a, b = torch.randn(8, 3), torch.randn(8, 3)
    assert info_nce(a, b).item() == pytest.approx(info_nce(b, a).item(), abs=1e-6)


def test_info_nce_is_least_for_the_pairs_that_belong_together():
    a = torch.randn(16, 4)
    assert info_nce(a, a) < info_nce(a, a.roll(1, 0))


def test_the_scale_of_vectors_is_that_of_their_columns_and_keeps_a_constant_one():
    scale = Scale((2,))
    x = torch.tensor([[1.0, 5.0], [3.0, 5.0]])
    scale.learn(x)
    assert np.allclose(scale(x).numpy(), [[-(0.5**0.5), 0], [0.5**0.5, 0]])


def test_a_common_scale_is_the_root_of_the_mean_variance():
    scale = Scale((2,))
    x = torch.tensor([[0.0, 0.0], [2.0, 4.0]])
    scale.learn(x, common=True)
    assert scale.spread.tolist() == pytest.approx([5**0.5, 5**0.5])


def test_images_that_are_not_square_are_refused():
    with pytest.raises(DataError, match="images are square, got 6x8"):
        Scale((8, 6, 3))

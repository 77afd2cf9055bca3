"""The law of latents: it is a density, its draws are from it, and its flow can be undone."""

import math

import numpy as np
import pytest
import torch

from aitia.errors import OptionError
from aitia.nn.whitening import Whitening
from aitia.systems.gcrl.flow_prior import FlowMixture


def a_prior(learned, coupling):
    torch.manual_seed(3)
    prior = FlowMixture(2, 5, learned=learned, coupling=coupling).double()
    with torch.no_grad():
        for parameter in prior.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    return prior


@pytest.mark.parametrize("learned", [False, True])
@pytest.mark.parametrize("coupling", [False, True])
def test_the_density_integrates_to_one(learned, coupling):
    prior = a_prior(learned, coupling)
    axis = torch.linspace(-25, 30, 551, dtype=torch.float64)
    points = torch.cartesian_prod(axis, axis)
    with torch.no_grad():
        total = prior.log_prob(points).exp().sum() * 0.1**2
    assert math.isclose(float(total), 1.0, abs_tol=2e-3)


def test_a_single_fixed_component_is_the_standard_normal_law():
    x = torch.randn(10, 4, dtype=torch.float64)
    expected = torch.distributions.Normal(0.0, 1.0).log_prob(x).sum(-1)
    assert torch.allclose(FlowMixture(4, coupling=False).double().log_prob(x), expected)


def test_fixed_components_are_those_of_the_paper_summed_in_log_space():
    prior, far = FlowMixture(2, 5, coupling=False).double(), torch.tensor([[60.0, -70.0]], dtype=torch.float64)
    x = torch.tensor([[0.3, 1.2]], dtype=torch.float64)
    by_hand = sum(
        0.2 * math.exp(-0.5 * sum((float(v) - e) ** 2 for v in x[0]) / (e + 1)) / (2 * math.pi * (e + 1))
        for e in range(5)
    )
    with torch.no_grad():
        assert math.isclose(float(prior.log_prob(x)), math.log(by_hand), rel_tol=1e-6)
        assert torch.isfinite(prior.log_prob(1e3 * far)).all()


def test_the_flow_can_be_undone_and_its_log_determinant_is_that_of_the_jacobian():
    flow = a_prior(False, True).flow
    x = torch.randn(20, 2, dtype=torch.float64)
    image, log_det = flow(x)
    back, inverse_log_det = flow(image, inverse=True)
    assert torch.allclose(back, x, atol=1e-10)
    assert torch.allclose(log_det, -inverse_log_det)
    jacobian = torch.autograd.functional.jacobian(lambda v: flow(v)[0], x[0])
    assert torch.isclose(torch.linalg.slogdet(jacobian).logabsdet, log_det[0])


def test_draws_are_from_the_density_and_from_the_component_that_was_asked_for():
    prior = a_prior(True, True).float()
    torch.manual_seed(0)
    with torch.no_grad():
        drawn = prior.sample((40_000,))
        # The mean of log p over draws is minus the entropy, and so is the mean of log p over a grid weighted by p.
        axis = torch.linspace(-15, 20, 701)
        points = torch.cartesian_prod(axis, axis)
        density = prior.log_prob(points)
        entropy = float((density.exp() * density).sum() * 0.05**2)
        assert math.isclose(float(prior.log_prob(drawn).mean()), entropy, abs_tol=0.03)
        only = torch.tensor([0.0, 0.0, 0.0, 0.0, 1.0])
        image, _ = prior.flow(prior.sample((20_000,), only))
    assert torch.allclose(image.mean(0), prior.means[4], atol=0.1)


def test_responsibilities_add_up_to_one_and_find_the_component():
    prior = FlowMixture(2, 2, learned=True, coupling=False)
    with torch.no_grad():
        prior.means[1] += 20
        prior.log_variances.zero_()
    shares = prior.responsibilities(torch.tensor([[0.0, 0.0], [21.0, 21.0]]))
    assert torch.allclose(shares, torch.eye(2), atol=1e-6)


def test_sizes_that_cannot_be_are_refused():
    with pytest.raises(OptionError, match="coupling needs an even size, got 3"):
        FlowMixture(3)
    with pytest.raises(OptionError, match="at least 1 component"):
        FlowMixture(2, 0)


def test_whitened_numbers_have_unit_covariance_but_for_directions_below_the_floor():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(5000, 3)) @ np.array([[5.0, 2.0, 0.0], [0.0, 0.02, 0.0], [0.0, 0.0, 1e-6]]) + 7
    whitening = Whitening(3, floor=1e-3).double()
    rows = torch.from_numpy(x)
    assert torch.equal(whitening(rows), rows)
    whitening.learn(rows)
    u = whitening(rows)
    values = torch.linalg.eigvalsh(torch.cov(u.T))
    assert np.allclose(values.numpy(), [1e-6, 1, 1], atol=0.02)
    assert torch.allclose(whitening.inverse(u), rows, atol=1e-8)


def test_numbers_that_are_not_turned_get_a_scale_each_but_for_those_below_the_floor():
    rng = np.random.default_rng(0)
    rows = torch.from_numpy(rng.normal(size=(5000, 3)) * [5.0, 0.02, 1e-6] + 7)
    whitening = Whitening(3, floor=1e-3, turned=False).double()
    assert torch.equal(whitening(rows), rows)
    whitening.learn(rows)
    u = whitening(rows)
    assert np.allclose(u.mean(0).numpy(), 0, atol=1e-8)
    assert np.allclose(u.std(0).numpy(), [1, 1, 1e-6], atol=1e-7)
    assert torch.allclose(whitening.inverse(u), rows, atol=1e-8)

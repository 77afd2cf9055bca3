"""Sufficient change: what the domain spares, and the settings of the suite."""

import numpy as np
import pytest
import torch
from torch.distributions import Normal

from aitia.errors import OptionError
from aitia.representations import rows_of
from aitia.systems.sufficient_change import SufficientChange, SufficientChangeConfig
from aitia.systems.sufficient_change.model import _Changing


def test_a_domain_that_says_where_the_latents_are_spares_nats_of_divergence():
    rng = np.random.default_rng(0)
    domain = rng.integers(0, 4, 1500)
    z = 3.0 * np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]])[domain] + 0.5 * rng.normal(size=(1500, 2))
    options = {"latents": 2, "changing": 2, "steps": 400, "hidden": 32, "learning_rate": 5e-3, "units": 8}
    told, shuffled = (
        SufficientChange(**options).fit(rows_of(z, domain=labels)).history.losses[-1]["kl"]
        for labels in (domain, rng.permutation(domain))
    )
    assert 0.5 < shuffled - told < np.log(4) + 0.5


def test_the_loss_is_that_of_its_equations_with_the_determinant_of_the_flow_by_differentiation():
    torch.manual_seed(0)
    config = SufficientChangeConfig(latents=5, changing=2, hidden=8, units=3, steps=10, capacity=4.0, extra=0.5)
    net, x, u = _Changing((6,), config, 3).train(), torch.randn(7, 6), torch.arange(7) % 3
    for step in (1, 2, 3):
        torch.manual_seed(step)
        told = net(x, u)
        torch.manual_seed(step)
        scaled, q = net.vae.posterior(x)
        log_q = Normal(q.mean, torch.exp(0.5 * q.log_variance)).log_prob(q.z).sum(-1)
        log_p, still = Normal(0, 1).log_prob(q.z[:, :3]).sum(-1), []
        for row in range(7):
            e = net.embedding(u[row])
            moved = torch.autograd.functional.jacobian(lambda s, e=e: net.flow(s, e)[0], q.z[row, 3:])
            still.append(Normal(0, 1).log_prob(net.flow(q.z[row, 3:], e)[0]).sum())
            log_p[row] = log_p[row] + still[-1] + torch.linalg.slogdet(moved).logabsdet
        kl = float((log_q - log_p).mean().detach())
        assert told["kl"].detach().item() == pytest.approx(kl, rel=1e-4)
        error = float(net.vae.error(scaled, q.z).mean().detach())
        extra = float(torch.stack(still).mean().detach())
        pressed = config.kl_weight * abs(kl - 4.0 * step / 10)
        assert told["loss"].detach().item() == pytest.approx((error + pressed - 0.5 * extra) / 6, rel=1e-4)


def test_the_published_options_of_sufficient_change_are_those_of_the_suite():
    config = SufficientChangeConfig.published()
    assert (config.latents - config.changing, config.changing, config.capacity) == (5, 10, 20.0)
    domain = np.arange(120) % 4
    x = np.random.default_rng(0).normal(size=(120, 5)) * (1.0 + domain)[:, None]
    quick = {"steps": 30, "batch": 16, "width": 4, "hidden": 16, "learning_rate": 3e-3}
    assert SufficientChange(config, **quick).fit(x, domain=domain).codes(x).shape == (120, 15)


@pytest.mark.parametrize("wrong", [{"changing": 11}, {"extra": -1}, {"units": 0}])
def test_options_out_of_range_are_refused(wrong):
    with pytest.raises(OptionError, match=next(iter(wrong))):
        SufficientChange(**wrong)

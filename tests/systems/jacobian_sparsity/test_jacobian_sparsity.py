"""The VAE with a sparse Jacobian."""

import numpy as np
import pytest
import torch

from aitia.errors import OptionError
from aitia.systems.jacobian_sparsity import JacobianSparsity, JacobianSparsityConfig
from aitia.systems.jacobian_sparsity.jacobian import jacobian_columns
from aitia.systems.jacobian_sparsity.model import _Sparse


def test_options_out_of_range_are_refused():
    for wrong in ({"jacobian_rows": 0}, {"sparsity": -1.0}):
        with pytest.raises(OptionError, match=next(iter(wrong))):
            JacobianSparsity(**wrong)


def test_the_penalty_makes_the_decoder_sparser():
    x = np.random.default_rng(0).normal(size=(300, 5))
    options = {"latents": 3, "steps": 300, "batch": 32, "hidden": 16, "learning_rate": 3e-3}
    sizes = []
    for sparsity in (0.0, 3.0):
        model = JacobianSparsity(**options, sparsity=sparsity).fit(x)
        z = torch.from_numpy(model.codes(x)).float()[:50]
        sizes.append(float(jacobian_columns(model._net.vae.decoder, z).abs().mean().detach()))
    assert sizes[1] < 0.5 * sizes[0]


def test_the_penalty_is_the_mean_of_absolute_values_over_some_rows():
    torch.manual_seed(0)
    config = JacobianSparsityConfig(latents=2, hidden=6, sparsity=0.4, jacobian_rows=3)
    net, x = _Sparse((5,), config), torch.randn(7, 5)
    torch.manual_seed(1)
    told = {name: part.item() for name, part in net(x).items()}
    torch.manual_seed(1)
    scaled, q = net.vae.posterior(x)
    each = [torch.autograd.functional.jacobian(lambda z: net.vae.decoder(z[None])[0], z) for z in q.z.detach()[:3]]
    penalty = 0.4 * torch.stack(each).abs().mean().item()
    assert told["sparsity"] == pytest.approx(penalty, rel=1e-4)
    error = net.vae.error(scaled, q.z).mean().item()
    assert told["loss"] == pytest.approx((error + net.kl_weight * told["kl"]) / 5 + penalty, rel=1e-4)

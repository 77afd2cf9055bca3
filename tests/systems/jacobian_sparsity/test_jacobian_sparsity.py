"""The VAE with a sparse Jacobian."""

import numpy as np
import pytest

from aitia.errors import OptionError
from aitia.systems.jacobian_sparsity import JacobianSparsity
from aitia.systems.jacobian_sparsity.jacobian import jacobian_columns


def test_options_out_of_range_are_refused():
    for wrong in ({"jacobian_rows": 0}, {"sparsity": -1.0}):
        with pytest.raises(OptionError, match=next(iter(wrong))):
            JacobianSparsity(**wrong)


def test_the_penalty_makes_the_decoder_sparser():
    import torch

    x = np.random.default_rng(0).normal(size=(300, 5))
    options = {"latents": 3, "steps": 300, "batch": 32, "hidden": 16, "learning_rate": 3e-3}
    sizes = []
    for sparsity in (0.0, 3.0):
        model = JacobianSparsity(**options, sparsity=sparsity).fit(x)
        z = torch.from_numpy(model.codes(x)).float()[:50]
        sizes.append(float(jacobian_columns(model._net.vae.decoder, z).abs().mean().detach()))
    assert sizes[1] < 0.5 * sizes[0]

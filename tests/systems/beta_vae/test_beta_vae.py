"""The VAE with a heavier KL term."""

import numpy as np

from aitia.systems.beta_vae import BetaVAE


def test_a_larger_weight_presses_the_codes_to_the_prior():
    x = np.random.default_rng(0).normal(size=(300, 5))
    options = {"latents": 3, "steps": 200, "batch": 32, "hidden": 16, "learning_rate": 3e-3}
    light, usual, heavy = (
        BetaVAE(**options, **more).fit(x).codes(x).std() for more in ({"kl_weight": 1.0}, {}, {"kl_weight": 50.0})
    )
    assert heavy < usual < light
    assert BetaVAE().config.kl_weight == 4.0

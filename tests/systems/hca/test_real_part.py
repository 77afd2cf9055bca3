"""Part (e) of the claim: a resample whose base models are refused counts as one that does not say what is asked."""

import numpy as np

from aitia.systems.hca import claim_real


def test_base_models_that_share_no_subspace_do_not_put_mathematics_last():
    x = np.random.default_rng(0).normal(size=(450, 6))
    labels = np.repeat(["a", "b", "c"], 150)  # three latents want four
    assert claim_real._last(x, labels, 0, dealt=False) == 0

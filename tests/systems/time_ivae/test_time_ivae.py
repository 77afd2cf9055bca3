"""iVAE of clips: the place of a frame is what it is given."""

import numpy as np

from aitia.systems.time_ivae import TimeIVAE


def test_each_place_in_the_clip_has_a_prior_of_its_own():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 4, 3)) * 0.3 + np.array([-3.0, -1.0, 1.0, 3.0])[None, :, None]
    model = TimeIVAE(latents=1, steps=500, batch=32, hidden=16, learning_rate=5e-3).fit(x)
    assert model.values == ("000000", "000001", "000002", "000003")
    means = model._net.mean.detach().numpy()[:, 0]
    assert np.abs(np.corrcoef(means, model.codes(x)[..., 0].mean(0))[0, 1]) > 0.95
    assert np.ptp(means) > 0.3

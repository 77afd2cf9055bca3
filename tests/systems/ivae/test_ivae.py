"""iVAE: what the domain lets it find."""

import numpy as np

from aitia.representations import rows_of
from aitia.stats.metrics import mcc
from aitia.systems.ivae import IVAE


def test_the_domain_lets_ivae_find_latents_that_were_turned():
    rng = np.random.default_rng(1)
    domain = rng.integers(0, 8, 4000)
    spread, mean = np.exp(rng.uniform(-1.5, 0.5, (8, 2))), rng.uniform(-2, 2, (8, 2))
    z = mean[domain] + spread[domain] * rng.normal(size=(4000, 2))
    turn = np.array([[np.cos(0.8), np.sin(0.8)], [-np.sin(0.8), np.cos(0.8)]])
    x = (z / z.std(0)) @ turn
    data = rows_of(np.column_stack([x, np.tanh(x)]), domain=domain)
    codes = IVAE(latents=2, steps=1200, learning_rate=4e-3, hidden=32).fit(data).codes(data)
    assert mcc(z, codes).value > 0.95
    assert mcc(z, x).value < 0.8

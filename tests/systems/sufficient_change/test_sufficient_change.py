"""Sufficient change: what the domain spares, and the settings of the suite."""

import numpy as np
import pytest

from aitia.errors import OptionError
from aitia.representations import rows_of
from aitia.systems.sufficient_change import SufficientChange, SufficientChangeConfig


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

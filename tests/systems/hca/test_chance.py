"""What chance makes of groups in which there is no order to find."""

import numpy as np

from aitia.systems.hca.chance import alike_groups


def test_where_the_means_of_the_groups_lie_says_nothing_of_chance():
    rng = np.random.default_rng(0)
    rows = [rng.laplace(size=(60, 4)) @ rng.normal(size=(4, 4)) for _ in range(3)]
    moved = [part + 40.0 * k * np.arange(1, 5) for k, part in enumerate(rows)]
    here, there = (
        alike_groups(parts, 2, 3, np.random.default_rng(1), starts=3, beam=4, told=lambda _: None)
        for parts in (rows, moved)
    )
    assert np.ptp(here) > 0
    np.testing.assert_allclose(there, here, rtol=1e-4)

"""The claim at a tiny size: every row has its arms, and its parts are what they are called."""

import numpy as np
import pytest

from aitia.evidence import ClaimContext
from aitia.systems.gedi import claim
from aitia.systems.gedi.config import GediConfig


@pytest.fixture
def tiny(monkeypatch):
    for name in ("UPDATES", "FEW_UPDATES", "MOON_UPDATES"):
        monkeypatch.setattr(claim, name, 2)
    monkeypatch.setattr(
        claim,
        "_options",
        lambda seed, **more: GediConfig(**{"seed": seed, "hidden": 8, "draw_walk": 2, "steps": 2, **more}),
    )
    monkeypatch.setattr(claim, "spectral", lambda x, clusters, seed: np.arange(len(x)) % clusters)


def test_every_row_has_its_arms_and_each_judged_one_a_control_or_a_reason(tiny):
    context = ClaimContext(seeds=2, first_seed=1000)
    rows = claim.run(context)
    assert [row.part for row in rows] == [*"aabbcccddeff", "g"]
    assert all(len(row.values) == 2 and set(row.ahead_of) <= set(row.arms) for row in rows[:-1])
    assert claim.CLAIM.swap in rows[0].ahead_of
    judged = {row.metric for row in rows if row.judged}
    assert judged == set(context.controls[0].values) | set(claim.CLAIM.uncontrolled)
    assert rows[-1].note.startswith("Not run here: needs")

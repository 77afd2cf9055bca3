"""The claim does not hold where the set encoder sums over points in place of taking their mean."""

import importlib

import numpy as np

from aitia.evidence import swap_holds
from aitia.systems.gde.model import GDE
from aitia.systems.gde.populations import laws

claim = importlib.import_module("aitia.systems.gde.claim")


def _invariance(seed):
    """As in the claim; what the vector sees does not depend on how well it was trained."""
    rng = np.random.default_rng([seed, 41])
    train = [law.draw(100, rng) for law in laws(claim.JUDGED, 20, rng)]
    model = GDE(seed=seed, steps=20, batch=8).fit(train)
    return claim._invariance(model, laws(claim.JUDGED, 1, rng)[0], rng)


def test_the_rows_of_invariance_do_not_hold_for_sums(development):
    rows = claim._part_c({claim.JUDGED: development(3).over_seeds("c", _invariance, 3)})
    assert all(j.verdict == "holds" for row in rows for j in row.judged if j.rival is None)
    assert swap_holds(rows, claim.CLAIM.swap) is False
    assert all(row.baselines[claim.CLAIM.swap] > row.bar for row in rows), "each of them fails"

"""The claim does not hold for a sum in place of the mean, and every row of it is judged against a rival."""

import importlib

import numpy as np

from aitia.evidence import swap_holds
from aitia.systems.gde import claim_laws
from aitia.systems.gde.model import GDE
from aitia.systems.gde.populations import FAMILIES, laws

claim = importlib.import_module("aitia.systems.gde.claim")
NAME = "zero-mean Gaussians"


def _invariance(seed):
    """As in the claim; what the vector sees does not depend on how well it was trained."""
    rng = np.random.default_rng([seed, 41])
    train = [law.draw(100, rng) for law in laws(NAME, 20, rng)]
    model = GDE(seed=seed, steps=20, batch=8).fit(train)
    return claim_laws.invariance(model, laws(NAME, 1, rng)[0], rng)


def test_the_rows_of_invariance_do_not_hold_for_sums(development):
    rows = claim._part_c({NAME: development(5).over_seeds("c", _invariance, 5)})
    assert all(j.verdict == "holds" for row in rows for j in row.judged if j.rival is None)
    assert swap_holds(rows, claim.SUM) is False
    assert all(row.baselines[claim.SUM] > row.bar for row in rows), "each of them fails"


def _answers(better, worse):
    """What a part gives, ours at one number and every other arm at another."""
    names = (claim.KERNEL, claim.MOMENTS, claim.MEAN, claim.TUNED, claim.UNTRAINED, claim.NEAREST)
    return {claim.OURS: better, **dict.fromkeys(names, worse)}


def test_every_row_has_a_bar_and_the_swap_as_a_rival_and_does_not_hold_for_it():
    low, high = _answers(0.01, 0.1), _answers(0.95, 0.9)
    of_family = {name: [{"drawn": low, "half-way": low, "correlation": high}] * 5 for name in FAMILIES}
    rows = [
        *claim._part_a(of_family),
        *claim._part_b(of_family),
        *claim._part_d(of_family),
        *claim._part_e([{"strengths": low, "pairs": low}] * 5),
        *claim._part_f([{"drawn": low, "shares": low, "correlation": high}] * 5),
    ]
    assert all(row.holds and row.bar is not None and claim.CLAIM.swap in row.ahead_of for row in rows)
    assert all(swap_holds([row], claim.CLAIM.swap) is False for row in rows)

"""The claim of decoupling: what it is judged by, on numbers that are given; trainings that move them take minutes."""

import numpy as np
import pytest

import aitia.systems.alignment_hurts.claim as claim
from aitia.evidence import swap_holds

PLAIN = {"dialects": 48.0, "standard": 87.0, "accuracy": 0.5, "leak": 0.11, "energy": 0.135, "bits": 0.25}
MOVED = {"dialects": 49.0, "standard": 86.0, "accuracy": 0.52, "leak": 0.09, "energy": 0.05, "bits": 0.35}


def judged(ours, random=PLAIN):
    """The rows of five seeds in which every arm has these numbers, and a seed's own noise of a hundredth."""
    rng = np.random.default_rng(0)

    def seed(values):
        numbers = {name: value * (1 + 0.01 * rng.uniform(-1, 1)) for name, value in values.items()}
        return {**numbers, "online": numbers["bits"]}

    arms = {"SFT": PLAIN, "published 0.3": ours, "random": random, "shrink": PLAIN}
    results = [{name: seed(values) for name, values in arms.items()} for _ in range(5)]
    return {row.metric: row for row in claim._judged("published", results, ["published 0.3"] * 5)}, results


def test_it_holds_where_the_states_leave_the_subspace_and_not_for_plain_fine_tuning():
    rows, results = judged(MOVED)
    energy = rows[f"published: {claim.ENERGY}"]
    assert energy.holds
    assert swap_holds([energy], claim.CLAIM.swap) is False
    assert claim._random(results[0], 0)[energy.metric] == pytest.approx(1.0, abs=0.05)
    assert not judged(PLAIN)[0][energy.metric].holds


def test_it_does_not_hold_where_a_random_subspace_does_as_well():
    rows, _ = judged(MOVED, random=MOVED)
    assert not any(rows[f"published: {told}"].holds for told in (claim.ENERGY, "chrF++ of the dialects - SFT"))


@pytest.mark.parametrize("told", ["code length of standard against dialects / SFT", "leak rate - SFT"])
def test_a_tie_with_plain_fine_tuning_is_no_lead(told):
    row = judged(MOVED)[0][f"published: {told}"]
    assert row.holds
    assert swap_holds([row], claim.CLAIM.swap) is False

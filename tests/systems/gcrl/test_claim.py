"""The claim of GCRL on few scenes: do(s) comes near the simulator's counterfactual, and its swap does not."""

from functools import partial

import pytest

import aitia.systems.gcrl.claim as claim
from aitia.evidence import swap_holds
from aitia.systems.gcrl import GCRL

ARMS = ("causal", claim.PLAIN)


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(claim, "SCENES", 120)
    monkeypatch.setattr(claim, "STEPS", 110)
    monkeypatch.setattr(claim, "WIDTH", 32)
    monkeypatch.setattr(claim, "SAMPLES", 4)
    monkeypatch.setattr(claim, "ASKED", 60)
    monkeypatch.setattr(claim, "GCRL", partial(GCRL, batch=24, learning_rate=8e-3))
    monkeypatch.setattr(claim, "RADII", claim.TRAINED)
    monkeypatch.setattr(claim, "PLACES", {"trained": claim.TRAINED})


def _of_two_arms(seed):
    models = {name: claim._fitted(4, seed, **claim.FOUR[name]) for name in ARMS}
    return {"distance": claim._distances(models, seed)}


@pytest.mark.filterwarnings("ignore:s has collapsed")  # that of the plain VAE, to which the past tells no style
def test_do_s_comes_near_the_counterfactual_and_the_forecast_of_a_plain_vae_does_not(small, development):
    found = development(3).over_seeds("c", _of_two_arms, 3)
    rows = claim._done(found, "causal", "expected error", judged=True)
    assert all(row.holds for row in rows), [row.judged for row in rows]
    assert {j.rival for row in rows for j in row.judged} == {claim.CLAIM.swap, "constant velocity", "s left alone"}
    assert swap_holds(rows, claim.CLAIM.swap) is False


def test_with_the_environments_shuffled_do_s_changes_nothing(small):
    assert all(ratio > 0.75 for ratio in claim._shuffled(1000).values())

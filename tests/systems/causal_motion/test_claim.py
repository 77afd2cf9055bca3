"""The claim of causal motion forecasting on few scenes: style from references pays, and its swap gains nothing."""

from functools import partial

import pytest

import aitia.systems.causal_motion.claim as claim
from aitia.evidence import swap_holds
from aitia.systems.causal_motion import CausalMotion

SETTING = "4 observed frames"


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(claim, "SCENES", 150)
    monkeypatch.setattr(claim, "STEPS", 250)
    monkeypatch.setattr(claim, "SCORED", 100)
    monkeypatch.setattr(claim, "PLACES", {"trained": claim.TRAINED})
    monkeypatch.setattr(claim, "CausalMotion", partial(CausalMotion, width=32, batch=32, learning_rate=5e-3))


def _of_two_arms(seed):
    """Without the oracle, which is given the radius: whether references err less than that is not asked here."""
    found = claim._scored(claim._arms(4, claim.ADJUSTED, False, seed, names=("modular", "ERM")), 4, seed)
    return {**found, "radius given": found["modular"]}


def test_style_from_references_pays_where_the_past_hides_it_and_pooled_training_does_not(small, development):
    found = development(3).over_seeds("a 4", _of_two_arms, 3)
    rows = [row for row in claim._style_rows("a", found, SETTING, "", judged=True) if "radius given" not in row.metric]
    assert all(row.holds for row in rows), [row.judged for row in rows]
    assert {j.rival for row in rows for j in row.judged} == {claim.CLAIM.swap, claim.LINEAR, "constant velocity"}
    assert swap_holds(rows, claim.CLAIM.swap) is False


def test_with_the_environments_shuffled_references_do_not_pay(small):
    assert claim._shuffled(1000) == pytest.approx({f"{SETTING}: modular / ERM, trained radii": 1.0}, abs=0.2)

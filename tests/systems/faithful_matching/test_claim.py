"""The claim of faithful matching on few reviews: a trained embedding finds better matches than its swap."""

from functools import partial

import pytest

import aitia.systems.faithful_matching.claim as claim
from aitia.evidence import swap_holds
from aitia.systems.faithful_matching import FaithfulMatching
from aitia.systems.faithful_matching.explainer_errors import EffectPairs

BOX = claim.BOXES["a"]


@pytest.fixture
def small(monkeypatch):
    for name, value in {"TRAINED": 1500, "POOL": 2000, "ASKED": 320, "STEPS": 200}.items():
        monkeypatch.setattr(claim, name, value)
    monkeypatch.setattr(claim, "BOXES", {"a": BOX})
    monkeypatch.setattr(claim, "VARIANTS", {"causal": {}})
    monkeypatch.setattr(claim, "FaithfulMatching", partial(FaithfulMatching, treatments=("food",), learning_rate=1e-2))
    monkeypatch.setattr(claim, "asked", partial(_about_food, claim.asked))


def _about_food(every, world, sample, seed):
    """The pairs whose food differs: one embedding is trained in place of four."""
    pairs = every(world, sample, seed)
    kept = [k for k, name in enumerate(pairs.treatment) if name == "food"]
    columns = (pairs.texts, pairs.counterfactuals, pairs.treatment, pairs.start, pairs.end)
    return EffectPairs(*([column[k] for k in kept] for column in columns))


def test_a_trained_embedding_finds_better_matches_than_before_its_training(small, development):
    found = development(3).over_seeds("a", claim._errors, 3)
    every = {row.metric: row for row in claim._part("a", BOX, [of[BOX] for of in found])}
    rows = [every[claim._lead(BOX)], every[claim._lead(BOX, claim.SWAP)]]
    assert all(row.holds for row in rows), [row.judged for row in rows]
    assert swap_holds(rows, claim.CLAIM.swap) is False


def test_with_the_concepts_shuffled_there_is_no_lead(small):
    assert all(ratio > 0.75 for ratio in claim._shuffled(1000).values())

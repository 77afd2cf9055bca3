"""The claim of faithful matching on few reviews: a trained embedding finds better matches than its swap."""

import pytest

import aitia.systems.faithful_matching.claim as claim
from aitia.evidence import swap_holds

BOX = claim.BOXES["a"]


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(claim, "TRAINED", 800)
    monkeypatch.setattr(claim, "POOL", 600)
    monkeypatch.setattr(claim, "ASKED", 120)
    monkeypatch.setattr(claim, "STEPS", 60)
    monkeypatch.setattr(claim, "BOXES", {"a": BOX})
    monkeypatch.setattr(claim, "VARIANTS", {"causal": {}})


def test_a_trained_embedding_finds_better_matches_than_before_its_training(small, development):
    found = development(3).over_seeds("a", claim._errors, 3)
    rows = {row.metric: row for row in claim._part("a", BOX, [of[BOX] for of in found])}
    print([(r.metric, r.ours, [(j.rival, j.verdict, j.middle) for j in r.judged]) for r in rows.values() if r.judged])
    rows = [rows[claim._lead(BOX)], rows[claim._lead(BOX, claim.SWAP)]]
    assert all(row.holds for row in rows), [row.judged for row in rows]
    assert swap_holds(rows, claim.CLAIM.swap) is False


def test_with_the_concepts_shuffled_there_is_no_lead(small):
    found = claim._shuffled(1000)
    print(found)
    assert all(ratio > 0.75 for ratio in found.values())

"""The claim of domain counterfactuals on worlds of three latents: the relaxed form holds it, and its swap does not."""

from functools import partial

import numpy as np
import pytest

import aitia.systems.domain_counterfactuals.claim as claim
import aitia.systems.domain_counterfactuals.claim_digits as digits
from aitia.evidence import Control, Evidence, swap_holds
from aitia.systems.domain_counterfactuals.claim_affine import AFFINE, AffineMoves
from aitia.worlds import LatentDomainsWorld

SETTING = "3 domains, one changing latent last"


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(claim, "ROWS", 800)
    monkeypatch.setattr(claim, "SETTINGS", {SETTING: (3, (2,))})
    monkeypatch.setattr(claim, "SWEPT", SETTING)
    monkeypatch.setattr(claim, "LatentDomainsWorld", partial(LatentDomainsWorld, size=3))
    monkeypatch.setattr(claim, "TRAINING", {"steps": 300, "restarts": 2, "batch": 60})


def test_it_holds_where_the_last_mechanism_alone_may_change_and_not_where_all_may(small, development):
    found = development(6).over_seeds("a", partial(claim._forms, 3, (2,)), 6)
    row = claim._against_rivals(SETTING, found)
    verdicts = {judged.rival: judged.verdict for judged in row.judged}
    assert set(verdicts) == {claim.NOTHING, claim.DENSE, AFFINE}
    assert verdicts[claim.NOTHING] == verdicts[claim.DENSE] == "holds", row.judged
    assert swap_holds([row], claim.CLAIM.swap) is False
    shuffled = claim._shuffled(1000)
    evidence = Evidence("toy", (row,), "", {}, "", 0.0, "", controls=(Control(claim.SHUFFLED, 1000, shuffled),))
    assert not evidence.passes(row.metric, shuffled[row.metric])


def test_the_affine_map_takes_the_moments_of_one_domain_to_those_of_another():
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.normal(size=(200, 3)), 2 + rng.normal(size=(300, 3)) @ rng.normal(size=(3, 3))])
    labels = np.repeat(["a", "b"], [200, 300])
    moved = AffineMoves(x, labels)(x, labels, "b")
    assert np.array_equal(moved[200:], x[200:])
    assert np.allclose(moved[:200].mean(0), x[200:].mean(0))
    assert np.allclose(np.cov(moved[:200].T), np.cov(x[200:].T))


def test_who_knows_the_angle_gets_the_truth_of_what_was_not_rotated_yet():
    turned, classes = digits.turned_digits()
    assert turned.shape == (5, len(classes), 16, 16, 3)
    labels = np.full(50, "0")
    moved = digits._rotated(turned[0, :50], labels, "60")
    assert np.allclose(moved.astype(int), turned[4, :50].astype(int), atol=2)  # of 255: it begins at rounded pixels
    assert np.array_equal(digits._rotated(moved, np.full(50, "60"), "60"), moved)


def test_a_digit_row_is_judged_by_the_swap_every_rival_and_not_by_who_knows_the_angle(development, monkeypatch):
    monkeypatch.setattr(digits, "_digits", _made_up)
    pixels, reached, back = digits.part_e(development(5))
    rivals = {*digits.ARMS, *digits.RIDGES, digits.NOTHING}
    assert {j.rival for j in pixels.judged} == {j.rival for j in reached.judged} == rivals
    assert {j.rival for j in back.judged} == set(digits.ARMS)
    assert claim.CLAIM.swap in digits.ARMS


def _made_up(seed):
    arms = ("relaxed", *digits.ARMS, *digits.RIDGES, digits.NOTHING, digits.KNOWN)
    return {arm: dict.fromkeys((digits.PIXELS, digits.REACHED, digits.BACK), 0.1) for arm in arms}

"""The claim of CADET on few texts: the adjusted losses take the style out, and its swap, ERM, does not."""

import pytest

import aitia.systems.cadet.claim as claim
from aitia.evidence import swap_holds


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(claim, "TEXTS", 800)
    monkeypatch.setattr(claim, "ASKED", 400)
    monkeypatch.setattr(claim, "ARMS", {name: claim.ARMS[name] for name in ("ERM", "adjusted")})
    monkeypatch.setattr(claim, "BUDGET", {**claim.BUDGET, "width": 32, "epochs": 6})


def _of_both(seed):
    return {arm: claim._scores(claim._fitted(arm, seed), seed) for arm in claim.ARMS}


def test_the_adjusted_losses_take_the_style_out_and_erm_does_not(small, development):
    found = development(3).over_seeds("a", _of_both, 3)
    rows = [row for row in claim._part_a(found) if row.metric in (claim.GAIN, claim.EFFECT)]
    assert [bool(row.holds) for row in rows] == [True, True], [row.judged for row in rows]
    assert swap_holds(rows, claim.CLAIM.swap) is False


def test_with_the_style_shuffled_nothing_is_gained(small):
    found = claim._shuffled(1000)
    assert found[claim.GAIN] < 0.08
    assert found[claim.EFFECT] > 0.5

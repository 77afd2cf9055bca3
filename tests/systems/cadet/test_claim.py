"""The claim of CADET on few texts: the adjusted losses take the style out, and its swap, ERM, does not."""

import numpy as np
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
    found = {arm: claim._scores(claim._fitted(arm, seed), seed) for arm in claim.ARMS}
    return {**found, claim.WEIGHTED: found["ERM"], claim.ADVERSARY: found["ERM"]}  # two that are not trained here


def test_the_adjusted_losses_take_the_style_out_and_erm_does_not(small, development):
    found = development(3).over_seeds("a", _of_both, 3)
    rows = [row for row in claim._part_a(found) if row.metric in (claim.GAIN, claim.EFFECT)]
    assert [bool(row.holds) for row in rows] == [True, True], [row.judged for row in rows]
    assert swap_holds(rows, claim.CLAIM.swap) is False


def test_with_the_style_shuffled_nothing_is_gained(small):
    found = claim._shuffled(1000)
    assert found[claim.GAIN] < 0.08
    assert found[claim.EFFECT] > 0.5


def test_every_row_is_judged():
    arms = ("ERM", claim.WEIGHTED, claim.ADVERSARY, "published", "adjusted")
    rng = np.random.default_rng(0)

    def told(arm):
        written = ("style: intent kept", "style: style set", "target: intent kept", "target: target set",
                   "undone: intent kept", "error of own effect", "exact effect")  # fmt: skip
        return {
            "score": {place: rng.random() for place in claim.PLACES},
            "effect": rng.random(),
            "written": {name: rng.random() for name in written},
            "probes": {name: rng.random() for name in ("style", "platform", "target")},
        }

    clean, noisy = ([{arm: told(arm) for arm in of} for _ in range(3)] for of in (arms, arms[1:]))
    rows = [*claim._part_a(clean), *claim._part_b(clean), *claim._part_c(noisy), *claim._part_d(clean)]
    rows += claim._part_e(clean)
    assert [row.part for row in rows] == list("aaaaaabbbccdddddeee")
    assert all(row.judged for row in rows)
    assert rows[1].values == tuple(one["adjusted"]["score"]["reversed"] for one in clean)
    assert rows[3].values[0] == clean[0]["adjusted"]["score"]["reversed"] - clean[0]["ERM"]["score"]["reversed"]
    assert rows[9].arms["adjusted itself"][0] == noisy[0]["adjusted"]["score"]["reversed"]

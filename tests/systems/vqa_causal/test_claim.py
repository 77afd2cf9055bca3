"""The claim at a tiny size: every row has its arms, all arms begin alike, the control has its metric."""

import numpy as np
import pytest
import torch

from aitia.evidence import ClaimContext
from aitia.systems.vqa_causal import claim


@pytest.fixture
def tiny(monkeypatch):
    for name, value in {"ROWS": 80, "ASKED": 24, "BASE": 2, "EARLY": 2, "STEPS": 3, "BAG": 2}.items():
        monkeypatch.setattr(claim, name, value)
    monkeypatch.setattr(claim, "MODEL", {**claim.MODEL, "batch": 8, "width": 16, "layers": 1})
    for cached in (claim._rows, claim._base):
        cached.cache_clear()
    yield
    for cached in (claim._rows, claim._base):
        cached.cache_clear()


def test_every_row_has_its_arms_and_the_control_its_metric(tiny, monkeypatch):
    first = claim._seed(1000)
    assert all(0 <= value <= 1 for value in first.values())
    assert first[claim.BAGGED] == 0.5
    monkeypatch.setattr(claim, "_seed", lambda seed: first)
    context = ClaimContext(seeds=2, first_seed=1000)
    rows = claim.run(context)
    assert [row.part for row in rows] == list("aaabbbbcdddef")
    assert all(len(row.values) == 2 and set(row.ahead_of) <= set(row.arms) for row in rows[:-1])
    assert rows[-1].values == ()
    assert "needs val2014" in rows[-1].note
    assert claim.CLAIM.swap in rows[3].ahead_of
    assert set(context.controls[0].values) == {claim.ORDER}
    assert context.controls[0].name in claim.CLAIM.controls


def test_all_arms_go_on_from_the_base_and_leave_it(tiny):
    before = {name: value.clone() for name, value in claim._base(1000).towers.state_dict().items()}
    claim._further(claim._base(1000), 1000, 2)
    claim._further(claim._base(1000), 1000, 2, negatives=False)
    assert all(torch.equal(before[name], value) for name, value in claim._base(1000).towers.state_dict().items())


def test_what_is_asked_is_what_the_world_says(tiny):
    asked = claim._Asked(3)
    model = claim._base(3)
    for connective in claim.CONNECTIVES:
        pairs = asked.pairs(model, connective)
        told = claim.WORLD.sentences(asked.sample, connective)
        assert [(pairs.sentences[k], pairs.reverses[k])[pairs.right[k]] for k in range(24)] == [
            true for true, _ in told
        ]
    shares = [asked.order(model, (connective,)) for connective in claim.CONNECTIVES]
    assert asked.order(model) == pytest.approx(np.mean(shares))


def test_shuffled_sentences_are_those_of_other_rows(tiny):
    assert 0 <= claim._shuffled(1000)[claim.ORDER] <= 1

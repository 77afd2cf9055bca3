"""The claim at a tiny size: every row has its arms, twins differ in their truth alone, the control has its metric."""

import numpy as np
import pytest

from aitia.evidence import ClaimContext
from aitia.systems.ireason import claim


@pytest.fixture
def tiny(monkeypatch):
    for name, value in {"ROWS": 40, "ASKED": 40, "TWINS": 60}.items():
        monkeypatch.setattr(claim, name, value)
    monkeypatch.setattr(claim, "MODEL", {**claim.MODEL, "steps": 3, "batch": 16, "width": 8})
    caches = (claim._learnt, claim._fresh, claim._twins)
    for cached in caches:
        cached.cache_clear()
    yield
    for cached in caches:
        cached.cache_clear()


def test_every_row_has_its_arms_and_the_control_its_metric(tiny, monkeypatch):
    first = claim._seed(1000)
    assert all(0 <= value <= 1 for value in first.values())
    assert first["sentences alone, twins"] == 0.5, "the same sentences: a tie"
    assert first[claim.NAMED] == 1
    monkeypatch.setattr(claim, "_seed", lambda seed: first)
    monkeypatch.setattr(claim, "_model_rows", list)
    context = ClaimContext(seeds=2, first_seed=1000)
    rows = claim.run(context)
    assert [row.part for row in rows] == list("aaabcccdeeeeeeg")
    assert all(len(row.values) == 2 and set(row.ahead_of) <= set(row.arms) for row in rows[:-1])
    assert claim.CLAIM.swap in rows[0].ahead_of
    assert set(context.controls[0].values) == {claim.AREA}
    assert context.controls[0].name in claim.CLAIM.controls


def test_twins_say_the_same_and_are_not_the_same(tiny):
    pairs = 0
    for fact, twin, mover, target in claim._twins(3):
        assert len(fact.read.clips) == len(twin.read.clips)
        for asked, caused in ((fact, 1.0), (twin, 0.0)):
            own = (asked.things == [mover, target]).all(axis=1)
            assert own.sum() == len(asked.read.clips)
            assert (asked.pairs.label[own] == caused).all()
            pairs += own.sum()
        for a, b in zip(fact.read.clips, twin.read.clips, strict=True):
            noun = claim.COLOURS[mover], claim.COLOURS[target]
            said = [[e.sentence for e in c.events if e.sentence.split()[1] in noun] for c in (a, b)]
            assert sorted(said[0]) == sorted(said[1])
    assert pairs > 20


def test_the_contact_rule_and_the_baselines_are_those_of_the_world(tiny):
    asked = claim._fresh(5, claim.SHIFTED)
    sample = claim.WORLD.sample(claim.ASKED, seed=505, env=claim.SHIFTED)
    for k in asked.movers:
        row, (mover, target) = int(asked.pairs.clip[k]), asked.things[k]
        aims = {name: sample[f"aim_{name}"][row] == claim.TARGETS.index(target) and sample[name][row] == 1
                for name in claim.MOVERS}  # fmt: skip
        falls = asked.read.clips[row].events[asked.pairs.events[k, 1]].start
        reached = {name: sample[f"start_{name}"][row] + 2 <= falls for name in claim.MOVERS}
        hits = [name for name in claim.MOVERS if aims[name] and reached[name]]
        assert asked.hit[k] == (hits == [mover])
        assert asked.struck[k] == bool(hits)
        starts = [(sample[f"start_{name}"][row], name) for name in claim.MOVERS if sample[name][row] == 1]
        assert asked.first[k] == min(starts)[1]
    true = np.flatnonzero(asked.pairs.label > 0)
    named = claim._nearest(asked.pairs, true, asked.things[true, 1], sorted(claim.COLOURS.values()))
    assert len(named) == len(true)

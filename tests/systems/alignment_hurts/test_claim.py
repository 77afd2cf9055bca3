"""The claim of decoupling on few sentences: the states leave the standard's subspace, and under its swap they stay."""

from dataclasses import replace

import pytest

import aitia.systems.alignment_hurts.claim as claim
from aitia.evidence import swap_holds
from aitia.systems.alignment_hurts import audit

STRONG = "published 10"


@pytest.fixture
def small(monkeypatch):
    for name, value in {"CONCEPTS": 30, "DOMINANCE": 300, "EACH": 50, "HELD": 50, "TEST": 50}.items():
        monkeypatch.setattr(claim, name, value)
    quick = {"layers": (-1,), "batch": 16, "probe_steps": 20, "probe_rows": 50}
    monkeypatch.setattr(claim, "STAGE_1", replace(claim.STAGE_1, steps=20, **quick))
    monkeypatch.setattr(claim, "STAGE_2", replace(claim.STAGE_2, steps=30, every=10, ramp=5, **quick))
    monkeypatch.setattr(claim, "LAMBDAS", {"published": (10.0,)})
    # What is written is not judged here, and the online code neither; they cost most.
    monkeypatch.setattr(audit, "online_code_length", lambda *states, **options: 1.0)
    monkeypatch.setattr(claim, "_written", lambda model, rows: {n: ["-"] * len(rows.of(n)) for n in rows.names})


def test_the_states_leave_the_subspace_of_the_standard_and_after_plain_fine_tuning_they_do_not(small, development):
    context = development(3)
    found = context.over_seeds("arms", claim._arms, 3)
    chosen = [STRONG] * len(found)
    rows = [row for row in claim._judged("published", found, chosen) if row.metric == f"published: {claim.ENERGY}"]
    assert all(row.holds for row in rows), [row.judged for row in rows]
    assert {j.rival for row in rows for j in row.judged} == {claim.CLAIM.swap, "random subspace"}
    assert swap_holds(rows, claim.CLAIM.swap) is False
    assert claim._random(found[0], 1000)[rows[0].metric] > 0.5, "a random subspace holds nothing of the standard"

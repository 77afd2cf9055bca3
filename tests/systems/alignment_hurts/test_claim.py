"""The claim of decoupling on few sentences: the states leave the standard's subspace, and under its swap they stay."""

from dataclasses import replace
from functools import partial

import pytest

import aitia.systems.alignment_hurts.claim as claim
from aitia.evidence import swap_holds
from aitia.systems.alignment_hurts import Decoupling, audit
from aitia.worlds import VarietiesWorld

NAMES = (claim.STANDARD, "island", "west-hill")
STRONG = {"penalty": "relative", "strength": 10.0}
ARMS = {"SFT": {"strength": 0.0}, "relative 10": STRONG, "random": {**STRONG, "subspace": "random"}}


@pytest.fixture
def small(monkeypatch):
    quick = {"layers": (-1,), "batch": 16, "probe_steps": 60, "probe_rows": 50}
    monkeypatch.setattr(claim, "DOMINANCE", 200)
    monkeypatch.setattr(claim, "STAGE_1", replace(claim.STAGE_1, steps=20, **quick))
    monkeypatch.setattr(claim, "STAGE_2", replace(claim.STAGE_2, steps=40, every=20, ramp=5, **quick))
    # What is written is not judged here, and the online code neither; they cost most.
    monkeypatch.setattr(audit, "online_code_length", lambda *states, **options: 1.0)
    monkeypatch.setattr(claim, "_written", lambda model, rows: {n: ["-"] * len(rows.of(n)) for n in rows.names})


def _of_three_arms(seed):
    world = VarietiesWorld(concepts=30, words=2, world_seed=seed)
    start = claim.pretrained(world, seed)
    train, test = (claim.sentences(world, 60, 10 * seed + k, NAMES) for k in (2, 4))
    made = partial(Decoupling, claim.STAGE_2, seed=seed, dominant=claim.STANDARD)
    return {n: claim._measured(made(**options).fit(train, model=start), test) for n, options in ARMS.items()}


def test_the_states_leave_the_subspace_of_the_standard_and_after_plain_fine_tuning_they_do_not(small, development):
    found = development(3).over_seeds("a", _of_three_arms, 3)
    row = claim._energy("relative", found, ["relative 10"] * 3)
    assert row.holds, (row.values, row.judged)
    assert swap_holds([row], claim.CLAIM.swap) is False
    assert claim._random(found[0], 1000)[row.metric] > 0.5, "a random subspace holds nothing of the standard"

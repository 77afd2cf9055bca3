"""The claim of medim at a tiny size, the reader of its images, and its scores on answers that are known."""

import numpy as np
import pytest

from aitia.evidence import ClaimContext
from aitia.systems.medim import claim
from aitia.systems.medim.eye import Eye, agreement
from aitia.worlds import WardWorld

WORLD = WardWorld()


def test_agreement_is_the_share_of_what_is_told():
    told = [{"domain": "cxr", "heart": "normal"}, {"domain": "path"}, {}]
    seen = [{"domain": "cxr", "heart": "enlarged", "finding": "none"}, {"domain": "path"}, {"domain": "path"}]
    assert agreement(told, seen) == pytest.approx((0.5 + 1 + 0) / 3)


def test_the_eye_learns_to_read_images():
    sample, fresh = WORLD.sample(800, seed=1), WORLD.sample(200, seed=2)
    eye = Eye.trained(WORLD.render(sample), WORLD.attributes(sample), steps=120, seed=0)
    read = eye.read(WORLD.render(fresh))
    true = WORLD.attributes(fresh)
    assert np.mean([a["domain"] == b["domain"] for a, b in zip(true, read, strict=True)]) == 1
    shuffled = [*read[1:], *read[:1]]
    assert agreement(true, read) > 0.7 > 0.6 > agreement(true, shuffled)


def test_an_edit_is_scored_by_what_should_change_and_what_should_not():
    hearts = ["normal", "enlarged"]
    right = [{"finding": "effusion", "heart": "normal"}, {"finding": "effusion", "heart": "enlarged"}]
    wrong = [{"finding": "none", "heart": "normal"}, {"finding": "effusion", "heart": "normal"}]
    assert claim.as_asked(right, right, hearts) == 1
    assert claim.as_asked(right, wrong, hearts) == 0.75


def test_exchanged_reports_stay_in_their_domain_and_leave_their_images():
    sample = claim.WORLD.sample(300, seed=3)
    plain, other = claim.pairs(sample), claim.pairs(sample, exchanged=0)
    assert sorted(plain.texts("report")) == sorted(other.texts("report"))
    assert np.array_equal(plain.pictures("image"), other.pictures("image"))
    told = [held["domain"] for held in WORLD.read(other.texts("report"))]
    assert told == plain.labels("domain").tolist()
    kept = np.mean([a == b for a, b in zip(plain.texts("report"), other.texts("report"), strict=True)])
    assert kept < 0.1


def test_a_patchwork_keeps_every_patch_at_its_place_and_no_image():
    images = claim.WORLD.render(claim.WORLD.sample(50, seed=3))
    mixed = claim.patchwork(images, 4, 0)
    for top, left in ((0, 0), (4, 12)):
        held = [sorted(one[top : top + 4, left : left + 4].tobytes() for one in each) for each in (images, mixed)]
        assert held[0] == held[1]
    assert not any((one == other).all() for one, other in zip(images, mixed, strict=True))


def test_a_tiny_run_gives_every_row_its_arms_and_the_control_its_metrics(monkeypatch):
    sizes = {"PAIRS": 60, "ASKED": 24, "EYED": 60, "FEW": 30, "MADE": 20, "EDITED": 6, "EYE_STEPS": 5, "FEWER_STEPS": 3}
    for name, value in sizes.items():
        monkeypatch.setattr(claim, name, value)
    small = {"first_steps": 2, "steps": 4, "batch": 8, "width": 16, "layers": 1, "codes": 24, "sampling_steps": 3}
    monkeypatch.setattr(claim, "OPTIONS", {**claim.OPTIONS, **small})
    context = ClaimContext(seeds=2, first_seed=1000)
    monkeypatch.setattr(claim, "bleu", lambda written, references, order: 0.1 + len(written) * 1e-6)
    rows = claim.run(context)
    assert [row.part for row in rows] == list("abcdefg")
    assert [len(row.values) for row in rows] == [2, 2, 2, 2, 0, 2, 2]
    assert all(set(row.ahead_of) <= set(row.arms) for row in rows)
    assert claim.CLAIM.swap in rows[1].arms
    faced = [set(control.values) for control in context.controls]
    assert faced == [{claim.AGREES, claim.SHOWS, claim.ADDED, claim.SET}, {claim.FAR}, {claim.SAID}]
    assert set().union(*faced) == {row.metric for row in rows if row.judged}
    assert "in 28 steps" in rows[1].note
    assert rows[4].holds is None  # not judged

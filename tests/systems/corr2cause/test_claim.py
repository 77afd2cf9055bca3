"""The claim at a tiny size: every row has its arms, classes are never split, and the control breaks what it should."""

import re

import pytest

from aitia.evidence import ClaimContext
from aitia.systems.corr2cause import claim, disputed


@pytest.fixture
def tiny(monkeypatch):
    small = {"LEAST": 3, "MOST": 4, "HELD": 8, "TREES": 4, "NAMINGS": 2, "STEPS": 2, "ENCODED": 2, "BRUTE": 6}
    for name, value in small.items():
        monkeypatch.setattr(claim, name, value)
    monkeypatch.setattr(claim, "find_spec", lambda name: None)
    claim._parted.cache_clear()
    yield
    claim._parted.cache_clear()


def test_every_row_has_its_arms_and_the_control_its_metrics(tiny):
    context = ClaimContext(seeds=2, first_seed=1000)
    rows = claim.run(context)
    assert [row.part for row in rows] == list("abcdefghij")
    assert all(len(row.values) == 2 and set(row.ahead_of) <= set(row.arms) for row in rows[:-2])
    assert claim.CLAIM.swap in rows[0].arms
    assert rows[0].ours > 2 * context.controls[0].values[claim.LEARNT]
    assert set(context.controls[0].values) == {claim.LEARNT, claim.FALL, claim.NEW}
    agree = next(row for row in rows if row.part == "h")
    assert agree.values == (1.0, 1.0)
    assert agree.holds
    assert "needs `pip install gguf`" in rows[-2].note


def test_no_class_stands_on_both_sides_and_only_letters_are_dealt(tiny):
    part = claim._parted(1000)
    assert not set(part["own"].labels("group")) & set(part["new"].labels("group"))
    assert len(set(part["new"].labels("group"))) == 8
    assert (part["own"].labels("label") == part["dealt"].labels("label")).all()
    assert (part["own"].labels("group") == part["dealt"].labels("group")).all()
    assert part["own"].texts("premise") != part["dealt"].texts("premise")


def test_the_disputed_labels_stand_beside_those_that_two_solvers_derive():
    row = claim._disputed_row()
    assert row.values == (1.0,)
    told = re.findall(r"(\d+): (not entailed|entailed), (not entailed|entailed)", row.note)
    assert [int(index) for index, _, _ in told] == [item.index for item in disputed()]
    assert [label == "entailed" for _, label, _ in told] == [bool(item.published) for item in disputed()]
    assert all(published != derived for _, published, derived in told)

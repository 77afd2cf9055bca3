"""The claim does not hold for ICA-LiNGAM on pooled rows in the place of HCA."""

import importlib
from functools import partial

import pytest

from aitia.evidence import swap_holds
from aitia.systems.hca import HCA

claim = importlib.import_module("aitia.systems.hca.claim")


@pytest.fixture
def order_alone(monkeypatch):
    """Neither the null nor what is filled in is any part of the order."""
    monkeypatch.setattr(claim, "HCA", lambda **options: HCA(**{**options, "null_draws": 20}))
    monkeypatch.setattr(claim, "_filled", lambda *_: {})


def test_the_rows_of_the_order_do_not_hold_for_pooled_lingam(order_alone, development):
    rows = claim._part_a({"laplace": development(6).over_seeds("laplace", partial(claim._world, "laplace"), 6)})
    assert any(j.verdict == "holds" and j.rival == claim.CLAIM.swap for row in rows for j in row.judged)
    assert swap_holds(rows, claim.CLAIM.swap) is False


def test_every_row_of_the_worlds_is_judged():
    of = {"right": 1.0, "mic": 0.01, "unrelated": 0.15, "alike": 0.01, "p": 0.01, "flagged": 0.0, "source": 1.0}
    filled = {share: {"within bases": 0.8, "over all rows": 0.9, "column mean": 3.0} for share in ("0.1", "0.3")}
    found = {"500": of, "200": of, "pooled right": 0.0, "filled": filled}
    worlds = {law: [found] * 3 for law in claim.LAWS}
    rows = [*claim._part_a(worlds), *claim._part_b(worlds), *claim._part_c(worlds), *claim._part_d(worlds["laplace"])]
    assert [row.part for row in rows] == list("aaaabbbbcccdd")
    assert all(row.judged for row in rows)
    assert not any("gaussian" in row.metric for row in rows[:8]), "no order is said to be there"

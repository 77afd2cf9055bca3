"""The claim of CausaLM on few texts: what it unlearns no longer moves it, and its swap, phi_O, is moved as before."""

import pytest

import aitia.systems.causalm.claim as claim
from aitia.evidence import swap_holds


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(claim, "TEXTS", 500)
    monkeypatch.setattr(claim, "NEW", 300)
    steps = {"first_steps": 80, "steps": 30, "head_steps": 80}
    rates = {"first_learning_rate": 5e-3, "head_learning_rate": 1e-2}
    sizes = {**steps, **rates, "width": 32, "layers": 1, "batch": 32}
    monkeypatch.setattr(claim, "SIZES", sizes)
    monkeypatch.setattr(claim, "VARIANTS", {"adjusted": {}})


def _cell(seed):
    return {"0.9": claim._cell(seed, "aggressive", whole=True)}


def test_what_is_unlearnt_no_longer_moves_it_and_phi_o_is_moved_as_before(small, development):
    found = development(3).over_seeds("c", _cell, 3)
    rows = {row.metric: row for row in claim._kept(found)}
    print([(r.metric, r.values, [(j.rival, j.verdict, j.middle) for j in r.judged]) for r in rows.values() if r.judged])
    rows = [rows[claim.MOVED], rows[claim.PROBED]]
    assert all(row.holds for row in rows), [row.judged for row in rows]
    assert swap_holds(rows, claim.CLAIM.swap) is False


def test_with_the_gender_shuffled_nothing_is_unlearnt(small):
    found = claim._shuffled(1000)
    print(found)
    assert found[claim.MOVED] > 0.5
    assert found[claim.PROBED] > 0.7

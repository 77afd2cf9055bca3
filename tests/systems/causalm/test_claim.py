"""The claim of CausaLM on few texts: phi_CF has unlearnt the concept, and its swap, phi_O, has not."""

import pytest

import aitia.systems.causalm.claim as claim
from aitia.evidence import swap_holds


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(claim, "TEXTS", 500)
    monkeypatch.setattr(claim, "NEW", 400)
    steps = {"first_steps": 60, "steps": 30, "head_steps": 30}
    rates = {"first_learning_rate": 5e-3, "head_learning_rate": 1e-2}
    sizes = {**steps, **rates, "width": 32, "layers": 1, "batch": 32}
    monkeypatch.setattr(claim, "SIZES", sizes)
    monkeypatch.setattr(claim, "VARIANTS", {"adjusted": {}})


def _cell(seed):
    cell = claim._cell(seed, "aggressive", whole=True)
    return {"0.9": {**cell, "published": cell["adjusted"]}}  # an arm that no row here is judged by


def test_no_linear_probe_reads_what_is_unlearnt_and_one_reads_it_from_phi_o(small, development, monkeypatch):
    found = development(3).over_seeds("c", _cell, 3)
    monkeypatch.setattr(claim, "VARIANTS", {"adjusted": {}, "published": {}})
    row = next(row for row in claim._kept(found) if row.metric == claim.PROBED)
    # Three seeds of few texts leave the interval too wide for the bar; the lead over phi_O is clear.
    assert claim.BEFORE in {j.rival for j in row.judged if j.verdict == "holds"}, row.judged
    assert row.ours < 0.7
    assert swap_holds([row], claim.CLAIM.swap) is False
    assert row.baselines["placebo"] > 0.7, "where the gender was shuffled, a probe still reads it"

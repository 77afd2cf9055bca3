"""The claim at a tiny size: every row has its arms, and shuffled types leave nothing but the places of names."""

from dataclasses import replace

import numpy as np
import pytest

from aitia.evidence import ClaimContext
from aitia.systems.sift import beginning, claim


@pytest.fixture
def tiny(monkeypatch):
    small = {"READ": replace(claim.READ, lines=60, steps=3), "LABELLED": 12, "ASKED": 6, "STEPS": 2}
    for name, value in small.items():
        monkeypatch.setattr(claim, name, value)
    claim._reader.cache_clear()
    yield
    claim._reader.cache_clear()


def test_every_row_has_its_arms_and_the_control_its_metrics(tiny):
    context = ClaimContext(seeds=2, first_seed=1000)
    rows = claim.run(context)
    assert [row.part for row in rows] == list("abcdefg")
    assert "pytest -m slow tests/systems/sift/test_packaged.py" in rows.pop().note
    assert all(len(row.values) == 2 and set(row.ahead_of) <= set(row.arms) for row in rows)
    assert claim.CLAIM.swap in rows[0].arms
    assert {*context.controls[0].values, *claim.CLAIM.uncontrolled} == {row.metric for row in rows}
    lost = next(row for row in rows if row.part == "e")
    assert lost.values == (0.0, 0.0)


def test_a_set_type_counts_where_a_name_of_it_stands():
    held = [(0, 5, "person"), (9, 12, "place")]
    assert claim._has([(0, 5, "person")], held, "person")
    assert not claim._has([(0, 5, "person")], held, "place")
    assert not claim._has([(9, 12, "person")], held, "person")
    assert claim._lost(1, [[(0, 5, "person")], []]) == 0.5
    assert claim._lost(0, [[]]) == 0.0


def test_shuffled_types_keep_the_places():
    rows = claim._labelled(1000)
    assert len(rows["text"]) == claim.LABELLED
    kinds = {kind for spans in rows["spans"] for _, _, kind in spans}
    assert kinds == set(claim.WORLD.latent("type").labels)
    assert np.mean([len(spans) for spans in rows["spans"]]) == pytest.approx(1.4, abs=0.2)


def test_every_sentence_is_written_anew_about_the_type_that_is_asked_for():
    fresh = claim.WORLD.sample(20, seed=1000, env="fresh")
    others = ["firm", "place"] * 10
    texts, spans = claim._set_anew(fresh, others)
    for row, (text, held) in enumerate(zip(texts, spans, strict=True)):
        assert others[row] in [kind for _, _, kind in held]
        one = claim.WORLD.counterfactual(fresh.take([row]), {"type": others[row]})
        assert claim.WORLD.render(one)[0] == text


def test_what_all_parts_begin_with_is_trained_once(tiny, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    claim._reader(1000)
    claim._reader.cache_clear()
    monkeypatch.setattr(beginning, "read_plain_text", lambda *given, **options: pytest.fail("it was trained before"))
    assert claim._reader(1000) is claim._reader(1000)
    assert len([*(tmp_path / "aitia" / "models").iterdir()]) == 1

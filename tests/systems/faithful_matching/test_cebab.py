"""The part of the claim on reviews by people: it is judged where they are named, and not run elsewhere."""

import pytest
from tests.restaurants import write

import aitia.systems.faithful_matching.claim_cebab as cebab
from aitia.data.named import register
from aitia.data.reviews import SEEN, reviews


@pytest.fixture
def small(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    folder, encoder = write(tmp_path, train=60, dev=12)
    monkeypatch.setattr(cebab, "packaged_encoder", lambda: encoder)
    for name, value in {"RATED": 40, "POOL": 50, "EPOCHS": 1, "OPTIONS": {**cebab.OPTIONS, "steps": 3}}.items():
        monkeypatch.setattr(cebab, name, value)
    for kept in (reviews, cebab._originals, cebab._asked, cebab._below, cebab._said):
        kept.cache_clear()
    yield folder
    for kept in (reviews, cebab._originals, cebab._asked, cebab._below, cebab._said):
        kept.cache_clear()


@pytest.mark.filterwarnings("ignore:.* have fewer than 10 candidates")
def test_reviews_by_people_are_judged_where_they_are_named_and_not_run_elsewhere(small, development):
    assert all(row.values == () and "aitia data add cebab" in row.note for row in cebab.part_c(development(2)))
    assert cebab.aspects_dealt(1000) == {}
    register("cebab", small)
    rows = cebab.part_c(development(2))
    assert [len(row.values) for row in rows] == [2, 2]
    assert set(rows[0].ahead_of) == set(cebab.RIVALS)
    assert set(cebab.WITHOUT) <= set(rows[0].arms)
    assert rows[1].bar == 1.0
    assert set(cebab.aspects_dealt(1000)) == {row.metric for row in rows}


def test_the_pairs_are_those_whose_edited_aspect_is_seen_to_change(small):
    register("cebab", small)
    pairs = cebab._asked()
    assert set(pairs.treatment) == set(cebab.ASPECTS)
    assert set(pairs.start) == set(pairs.end) == set(SEEN)
    originals = {review["description"] for review in reviews("dev") if review["is_original"] == "1"}
    assert set(pairs.texts) <= originals
    assert len({review["original_id"] for review in cebab._originals()}) == len(cebab._originals()) == 60

"""Reviews by people: what most readers see, or nothing; and files that are not theirs."""

import pytest
from tests.restaurants import write

from aitia.data.named import register
from aitia.data.reviews import ASPECTS, SEEN, has_reviews, reviews, seen
from aitia.errors import FormatError


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    reviews.cache_clear()
    yield write(tmp_path, train=4, dev=2)[0]
    reviews.cache_clear()


def test_they_are_there_once_they_are_named(folder):
    assert not has_reviews()
    register("cebab", folder)
    assert has_reviews()
    rows = reviews("dev")
    assert len(rows) == 2 * (1 + len(ASPECTS)), "originals, and an edit of each aspect"
    assert {seen(row, aspect) for row in rows for aspect in ASPECTS} <= set(SEEN)


def test_an_aspect_on_which_readers_do_not_agree_is_none():
    told = {"food_aspect_majority": "no majority", "noise_aspect_majority": "", "service_aspect_majority": "unknown"}
    assert [seen(told, aspect) for aspect in ("food", "noise", "service")] == [None, None, "unknown"]


def test_a_table_of_other_columns_has_its_sentence(folder):
    (folder / "cebab_dev.csv").write_text("text,label\na,b\n")
    register("cebab", folder)
    with pytest.raises(FormatError, match="has no column 'original_id': it is not the reduced CEBaB"):
        reviews("dev")

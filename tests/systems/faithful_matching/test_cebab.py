"""The part of the claim on reviews by people: it is judged where they are named, and not run elsewhere."""

import csv

import pytest

import aitia.systems.faithful_matching.claim_cebab as cebab
from aitia.data.named import register
from aitia.errors import FormatError
from aitia.nn.text_encoders import text_encoder
from aitia.worlds import ReviewsWorld

WORLD = ReviewsWorld()
HEADS = (*cebab.COLUMNS, *map(cebab._column, cebab.ASPECTS))


def _rows(n, seed):
    """Originals of a world, and of each four edits of one aspect."""
    sample = WORLD.sample(n, seed=seed)
    versions = [("", sample)]
    for aspect in cebab.ASPECTS:
        other = {"negative": "positive", "unknown": "negative", "positive": "unknown"}
        values = [other[value] for value in WORLD.aspects(sample)[aspect]]
        versions.append((aspect, WORLD.edit(sample, aspect, values)))
    rows = []
    for aspect, version in versions:
        texts, labels = list(WORLD.render(version)), WORLD.aspects(version)
        for k, text in enumerate(texts):
            told = {name: labels[name][k].title() for name in cebab.ASPECTS}
            told = {name: value.replace("Unknown", "unknown") for name, value in told.items()}
            stars = str(1 + int(version["rating"][k]))
            rows.append((f"{seed}_{k}", str(int(not aspect)), aspect, text, stars, *told.values()))
    return rows


@pytest.fixture
def small(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    folder = tmp_path / "cebab"
    folder.mkdir()
    texts = []
    for split, n, seed in (("train", 60, 1), ("dev", 12, 2)):
        rows = _rows(n, seed)
        texts += [row[3] for row in rows]
        with (folder / f"cebab_{split}.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([HEADS, *rows])
    encoder = tmp_path / "encoder"
    text_encoder("small", texts, width=16).language.save(encoder)
    monkeypatch.setattr(cebab, "_place", lambda: encoder)
    monkeypatch.setattr(cebab, "PACKAGE", "aitia")
    for name, value in {"RATED": 40, "POOL": 50, "EPOCHS": 1, "OPTIONS": {**cebab.OPTIONS, "steps": 3}}.items():
        monkeypatch.setattr(cebab, name, value)
    for kept in (cebab._reviews, cebab._originals, cebab._asked, cebab._below, cebab._said):
        kept.cache_clear()
    yield folder
    for kept in (cebab._reviews, cebab._originals, cebab._asked, cebab._below, cebab._said):
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
    assert set(pairs.start) == set(pairs.end) == set(cebab.VALUES)
    originals = {review["description"] for review in cebab._reviews("dev") if review["is_original"] == "1"}
    assert set(pairs.texts) <= originals
    assert len({review["original_id"] for review in cebab._originals()}) == len(cebab._originals()) == 60


def test_a_label_on_which_readers_do_not_agree_is_none():
    assert cebab._label({"food_aspect_majority": "no majority"}, "food") is None
    assert cebab._label({"food_aspect_majority": ""}, "food") is None
    assert cebab._label({"food_aspect_majority": "unknown"}, "food") == "unknown"


def test_a_table_of_other_columns_has_its_sentence(small):
    (small / "cebab_dev.csv").write_text("text,label\na,b\n")
    register("cebab", small)
    with pytest.raises(FormatError, match="has no column 'original_id': it is not the reduced CEBaB"):
        cebab._reviews("dev")

"""The part of the claim on reviews by people: favourites move between its splits, and no review is in two of them."""

import numpy as np
import pytest
from tests.restaurants import write

from aitia.data.named import register
from aitia.data.reviews import ASPECTS, SEEN, reviews
from aitia.systems.causal_info_min import claim_cebab as cebab
from aitia.systems.causal_info_min import study


@pytest.fixture
def named(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    folder, encoder = write(tmp_path, train=60, dev=20)
    monkeypatch.setattr(cebab, "packaged_encoder", lambda: encoder)
    monkeypatch.setattr(cebab, "EACH", {"train": 40, "validation": 10, "test": 20})
    monkeypatch.setattr(cebab, "STEPS", 3)
    monkeypatch.setattr(cebab, "BRANCH_STEPS", 3)
    for kept in (reviews, cebab._read):
        kept.cache_clear()
    yield folder
    for kept in (reviews, cebab._read):
        kept.cache_clear()


def test_it_is_judged_where_reviews_are_named_and_not_run_elsewhere(named, development):
    rows = cebab.part_e(development(2))
    assert all(row.values == () and "aitia data add cebab" in row.note for row in rows)
    assert cebab.answers_dealt(1000) == cebab.without_favourites(1000) == {}
    register("cebab", named)
    judged = cebab.part_e(development(2))
    assert [row.metric for row in judged] == [row.metric for row in rows]
    assert all(len(row.values) == 2 and row.judged for row in judged)
    assert {study.CONTINUED, "ERM", study.PRODUCT, study.DIVIDED} == set(judged[0].ahead_of)
    assert set(cebab.answers_dealt(1000)) == {judged[0].metric}
    assert set(cebab.without_favourites(1000)) == {judged[1].metric, judged[3].metric}


def test_favourites_hold_in_the_training_and_are_others_in_the_ood_test(named):
    register("cebab", named)
    made = cebab._Study(1000)
    asked, answers = made.learnt
    favourite = [np.bincount(answers[asked == k], minlength=3).argmax() for k in range(len(ASPECTS))]
    for split, wanted in (("iid", True), ("OOD", False)):
        told = [np.bincount(made.truth[split][made.asked[split] == k], minlength=3).argmax() for k in range(4)]
        assert [a == b for a, b in zip(told, favourite, strict=True)] == [wanted] * 4
    for k in range(len(ASPECTS)):
        share = (answers[asked == k] == favourite[k]).mean()
        assert 0.6 < share <= 0.85, "80 % where there are so many"
    assert made.expert.shape == (len(answers), len(SEEN))
    assert made.splits["iid"].labels("question").sum(axis=1).tolist() == [1.0] * len(made.truth["iid"])


def test_a_review_and_its_edits_are_in_one_split(named):
    register("cebab", named)
    groups, told, codes = cebab._read()
    made = cebab._Study(1001)
    place = {codes[k].tobytes(): groups[k] for k in range(len(groups))}
    found = {
        name: {place[np.asarray(row, np.float32).tobytes()] for row in table.labels("text")}
        for name, table in (
            ("train", made.parts["train"]),
            ("held", made.parts["validation"]),
            ("iid", made.splits["iid"]),
        )
    }
    assert not found["train"] & found["iid"]
    assert not found["train"] & found["held"]
    assert not found["held"] & found["iid"]
    assert set(np.unique(told)) <= {-1, 0, 1, 2}


def test_without_favourites_every_answer_is_drawn_alike(named):
    register("cebab", named)
    made = cebab._Study(1000, train="even")
    counts = [np.bincount(made.learnt[1][made.learnt[0] == k], minlength=3) for k in range(len(ASPECTS))]
    assert all(count.max() - count.min() <= 0.1 * count.sum() for count in counts)
    biased = cebab._Study(1000)
    assert (made.truth["OOD"] == biased.truth["OOD"]).mean() > 0.8, "the tests are those of before"


def test_where_answers_are_dealt_only_those_of_the_training_move(named):
    register("cebab", named)
    plain, dealt = cebab._Study(1000), cebab._Study(1000, train="dealt")
    assert (plain.learnt[0] == dealt.learnt[0]).all()
    assert not (plain.learnt[1] == dealt.learnt[1]).all()
    assert np.bincount(plain.learnt[1]).tolist() == np.bincount(dealt.learnt[1]).tolist()
    assert all((plain.truth[name] == dealt.truth[name]).all() for name in study.SPLITS)

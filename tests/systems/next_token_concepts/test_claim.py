"""The claim on few texts: a taught predictor is read better than its rivals, and one taught nothing is not."""

import pytest

import aitia.systems.next_token_concepts.claim as claim
from aitia.evidence import swap_holds
from aitia.systems.next_token_concepts import predictors


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(claim, "TAUGHT", {"rows": 12_000, "steps": 300, "batch": 256, "learning_rate": 1e-2})
    monkeypatch.setattr(claim, "TEXTS", 1000)
    monkeypatch.setattr(claim, "PAIRS", 60)
    monkeypatch.setattr(claim, "SPARSE", {**claim.SPARSE, "steps": 20})


def test_a_taught_predictor_is_ahead_of_its_rivals_and_one_taught_nothing_is_not(small):
    taught = claim._Taught(1000, concepts=3, words=6)
    found, pairs = claim._read(taught), taught.pairs()
    scores = {name: claim._score(values, pairs, 1000) for name, values in taught.readers(list(pairs.texts)).items()}
    for part in (found["r2"], found["ratio"]):
        assert part["ours"] > max(part[claim.RANDOM], part[claim.BAG])
    assert scores["ours"] > scores[claim.RANDOM]
    sparse = claim._sparse(taught)
    assert set(sparse) == {*claim.KINDS, claim.PCA, claim.DRAWN}
    assert sparse["top-k"]["active"] <= round(sparse["structured"]["active"])  # of those kept, some are not above 0


def test_pairs_differ_in_one_concept_and_keep_every_other(small):
    taught = claim._Taught(1001, concepts=3, words=6)
    pairs = taught.pairs()
    assert [len(c) > claim.PAIRS // 2 for c in pairs.concepts] == [True] * 3  # some words do not hang on it
    assert all(concept.paired for concept in pairs.concepts)


def test_controls_face_every_judged_row_and_shuffled_pairs_say_nothing(small, monkeypatch):
    monkeypatch.setattr(claim, "_is_packaged", lambda: False)
    taught = claim._Taught(1000)
    told = [claim._shuffled({"short": 0.7}, 1000), claim._mixed(1000), claim._one_step(1000)]
    faced = {metric for values in told for metric in values}
    judged = {claim.R2, claim.RATIO, claim.LONGER, claim.SIX, claim.SCORE, claim.CORRELATION, claim.MSE}
    assert faced == judged
    pairs = taught.pairs()
    mixed = claim._over_concepts(pairs, 1000)
    assert [len(c) for c in mixed.concepts] == [len(c) for c in pairs.concepts]
    each = [{(a, b) for c in e.concepts for a, b in zip(c.without, c.with_it, strict=True)} for e in (pairs, mixed)]
    assert each[0] == each[1]
    assert told[1][claim.SCORE] < 0.1 < claim._score(taught.reader.of(pairs.texts), pairs, 1000)


def test_predictors_are_taught_once(small, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    first = claim._Taught(1000, concepts=3, words=4)
    monkeypatch.setattr(predictors, "teach", lambda *given, **options: pytest.fail("it was taught before"))
    again = claim._Taught(1000, concepts=3, words=4)
    assert (first.reader.of(first.texts) == again.reader.of(again.texts)).all()
    assert len([*(tmp_path / "aitia" / "models").iterdir()]) == 1
    with pytest.raises(pytest.fail.Exception):
        claim._Taught(1000, concepts=3, words=4, edges=1.0)


def test_rows_ask_to_be_ahead_of_every_rival_and_of_the_swap():
    arms = dict.fromkeys((claim.RANDOM, claim.BAG), 0.1)
    sparse = {name: {"correlation": 0.5, "mse": 0.01, "active": 9.0, "dead": 0.0} for name in claim.KINDS}
    sparse |= {claim.PCA: {"correlation": 0.5}, claim.DRAWN: {"correlation": 0.5}}
    results = [
        {"r2": {"ours": 0.85 + k / 1000, **arms}, "ratio": {"ours": 0.95 + k / 1000, **arms}, "accuracy": 0.9 + k / 100,
         "short": 0.7, "other": {"ours": 0.6, **arms}, "joint": {"ours": 0.5, **arms},
         "score": {"ours": 0.6 + k / 100, **arms}, "sparse": sparse}
        for k in range(5)
    ]  # fmt: skip
    rows = claim._world_rows(results)
    asked = {judged.rival for row in rows for judged in row.judged}
    assert asked == {None, claim.RANDOM, claim.BAG, "p-annealing", "top-k", "batch-top-k", claim.DRAWN}
    assert [row.holds for row in rows if row.part in ("a", "b")] == [True, True, True, True, None, True]
    assert not any(row.holds for row in rows if row.part == "c")  # a tie is no lead
    assert not swap_holds(rows, claim.CLAIM.swap)

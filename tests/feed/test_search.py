"""Search by words and by meaning, against what others compute and what knows nothing of the query."""

import json
import math
import sqlite3
from collections import Counter
from contextlib import closing
from math import comb

import numpy as np
import pytest
from tests.feed.feeds import JOURNAL, atom, entry
from tests.feed.needs import NEEDS, among, first_right

from aitia.errors import FormatError, OptionError
from aitia.feed import Searcher, add_source, open_encoder, refresh, take_systems
from aitia.feed import bm25 as module
from aitia.feed.bm25 import BM25, words
from aitia.feed.plain import sentences
from aitia.system import systems

TEXTS = [
    "Causal graphs of soil and of water, causal graphs of air.", "Soup of beans.", "Graphs.",
    "A long story of soil, in which soil is wet, and soil is dry, and nothing else is ever said of it by anyone.",
    "Air and water; water and air.",
]  # fmt: skip


# -- words


@pytest.mark.parametrize("query", ["graphs", "soil", "water", "of", "causal"])
def test_of_one_word_bm25_is_that_of_sqlite(query, monkeypatch):
    """SQLite's own BM25 (FTS5) has k1 = 1.2 and another idf, which one word does not tell."""
    monkeypatch.setattr(module, "K1", 1.2)
    with closing(sqlite3.connect(":memory:")) as db:
        db.execute("CREATE VIRTUAL TABLE t USING fts5(text)")
        db.executemany("INSERT INTO t VALUES (?)", [(text,) for text in TEXTS])
        theirs = np.zeros(len(TEXTS))
        for row, score in db.execute("SELECT rowid, bm25(t) FROM t WHERE t MATCH ?", (query,)):
            theirs[row - 1] = -score
    ours = BM25([""] * len(TEXTS), TEXTS).scores(query)
    assert np.allclose(ours / ours.max(), theirs / theirs.max(), rtol=1e-9)


def test_bm25_is_its_formula_with_titles_twice():
    titles = ["Soil", "On soup", "", "Dry soil", "Water"]
    found = BM25(titles, TEXTS).scores("soil, soil and AIR; unknown")
    rows = [Counter(words(title) * 2 + words(text)) for title, text in zip(titles, TEXTS, strict=True)]
    mean = sum(row.total() for row in rows) / len(rows)
    for row, score in zip(rows, found, strict=True):
        expected = 0.0
        for word in ("soil", "soil", "and", "air", "unknown"):
            having = sum(word in other for other in rows)
            idf = math.log(1 + (len(rows) - having + 0.5) / (having + 0.5))
            expected += idf * row[word] * 2.5 / (row[word] + 1.5 * (0.25 + 0.75 * row.total() / mean))
        assert score == pytest.approx(expected, rel=1e-12)


def test_without_texts_nothing_is_found(store):
    assert Searcher(store).search("anything") == []
    assert BM25([""], [""]).scores("a").tolist() == [0.0]


def test_a_search_says_why_and_orders_what_is_as_near(store, tmp_path):
    place = tmp_path / "f.xml"
    place.write_bytes(JOURNAL)
    add_source(store, str(place))
    searcher = Searcher(store)
    hits = searcher.search("what of soil moisture")
    assert [hit.item.title for hit in hits] == ["Causal graphs of soil", "Latent causes of clips"]
    assert hits[0].reason == "We find causal graphs of soil moisture."
    assert searcher.by == "BM25"
    assert len(searcher.search("causal of", k=1)) == 1
    place.write_bytes(atom(*(entry(f"Twin {k}", "alike words", date=f"2026-11-{k}T00:00:00Z") for k in (11, 12, 10))))
    refresh(store)
    assert [h.item.title for h in Searcher(store).search("alike words")] == ["Twin 12", "Twin 11", "Twin 10"]


@pytest.mark.parametrize("query", ["", "  ", "?!", "\u202e"])
def test_a_query_without_a_word_is_refused(store, query):
    with pytest.raises(OptionError, match="has a word at least"):
        Searcher(store).search(query)


def test_a_query_without_end_is_cut_and_k_is_a_number(store):
    take_systems(store)
    searcher = Searcher(store)
    assert searcher.search("graphs " * 100_000)
    with pytest.raises(OptionError, match="1 or more, got 0"):
        searcher.search("graphs", k=0)


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory):
    from aitia.feed import Store

    with Store(tmp_path_factory.mktemp("catalogue") / "feed.sqlite") as opened:
        take_systems(opened)
        yield opened


def test_the_needs_name_systems_that_there_are():
    assert len(NEEDS) >= 40
    assert len({need["need"] for need in NEEDS}) == len(NEEDS)
    assert {slug for need in NEEDS for slug in need["right"]} <= set(systems())


def test_words_find_titles_and_beat_what_knows_nothing_of_the_query(catalogue):
    """Titles that are copied are kept apart from needs: words alone are enough for them."""
    searcher = Searcher(catalogue)
    titles = [searcher.search(item.title, k=1)[0].item.title == item.title for item in searcher.items]
    assert np.mean(titles) >= 0.8
    items, n = searcher.items, len(searcher.items)
    chance = np.mean([1 - comb(n - len(need["right"]), 5) / comb(n, 5) for need in NEEDS])
    latest = [item.slug for item in items]
    longest = [item.slug for item in sorted(items, key=lambda item: -len(item.text))]
    trivial = [float(np.mean([first_right(order, need["right"]) < 5 for need in NEEDS])) for order in (latest, longest)]
    assert among(searcher, 5) > max(chance, *trivial) + 0.1


# -- meaning


VOCABULARY = sorted({word for text in TEXTS for word in words(text)} | {"journal", "latent", "causes", "clips"})


def save_encoder(folder, *, pooling=None, seed=0, modules=("Transformer", "Pooling", "Normalize"), prompts=None):
    from aitia.nn.language import small_encoder

    folder.mkdir(parents=True)
    small_encoder(VOCABULARY, width=16, heads=2, longest=24, seed=seed).save(folder)
    if pooling is None:
        return folder
    paths = ["", *(f"{k}_{name}" for k, name in enumerate(modules[1:], 1))]
    told = [{"idx": k, "name": str(k), "path": path, "type": f"sentence_transformers.models.{name}"}
            for k, (name, path) in enumerate(zip(modules, paths, strict=True))]  # fmt: skip
    (folder / "modules.json").write_text(json.dumps(told))
    (folder / "1_Pooling").mkdir(exist_ok=True)
    modes = {
        f"pooling_mode_{mode}": mode == pooling for mode in ("cls_token", "mean_tokens", "max_tokens", "lasttoken")
    }
    (folder / "1_Pooling" / "config.json").write_text(json.dumps({"word_embedding_dimension": 16, **modes}))
    (folder / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": 20}))
    (folder / "config_sentence_transformers.json").write_text(json.dumps({"prompts": prompts or {}}))
    return folder


def by_hand(folder, text, pooling):
    """The vector of one text, without batches or padding."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModel.from_pretrained(folder, trust_remote_code=False).eval()
    with torch.no_grad():
        states = model(**tokenizer(text, return_tensors="pt")).last_hidden_state[0].numpy()
    pooled = {"mean_tokens": states.mean(0), "cls_token": states[0], "lasttoken": states[-1],
              "max_tokens": states.max(0)}[pooling]  # fmt: skip
    return pooled / np.linalg.norm(pooled)


@pytest.mark.parametrize("pooling", [None, "mean_tokens", "cls_token", "max_tokens", "lasttoken"])
def test_a_folder_is_read_as_its_library_does(tmp_path, pooling):
    folder = save_encoder(tmp_path / "encoder", pooling=pooling)
    encoder = open_encoder(folder)
    texts = ["causal graphs of soil", "soup", "air and water, water and air"]
    assert np.allclose(encoder.encode(texts), [by_hand(folder, t, pooling or "mean_tokens") for t in texts], atol=1e-6)
    assert encoder.encode([]).shape[0] == 0


def test_prompts_stand_before_what_they_are_for(tmp_path):
    folder = save_encoder(tmp_path / "encoder", pooling="mean_tokens", prompts={"query": "air ", "passage": "water "})
    encoder = open_encoder(folder)
    assert np.allclose(encoder.encode(["soil"], "query"), by_hand(folder, "air soil", "mean_tokens"), atol=1e-6)
    assert np.allclose(encoder.encode(["soil"]), by_hand(folder, "water soil", "mean_tokens"), atol=1e-6)


def test_a_text_that_is_too_long_ends_with_the_last_sentence_that_fits(tmp_path):
    from transformers import AutoTokenizer

    folder = save_encoder(tmp_path / "encoder")
    encoder, tokenizer = open_encoder(folder), AutoTokenizer.from_pretrained(folder)
    texts = ["Causal graphs of soil and of water." + " Air and water." * k for k in range(12)]
    fitting = [text for text in texts if len(tokenizer(text)["input_ids"]) <= 24]
    assert 1 < len(fitting) < 10
    assert np.array_equal(encoder.encode(texts[-1:]), encoder.encode(fitting[-1:]))
    assert not np.array_equal(encoder.encode(texts[-1:]), encoder.encode(fitting[-2:-1]))
    assert np.isfinite(encoder.encode(["soil " * 5000])).all()


def test_vectors_are_kept_by_text_and_encoder_and_never_mixed(store, tmp_path, monkeypatch):
    place = tmp_path / "f.xml"
    place.write_bytes(JOURNAL)
    add_source(store, str(place))
    one, two = (open_encoder(save_encoder(tmp_path / f"encoder{seed}", seed=seed)) for seed in (0, 1))
    assert one.digest != two.digest
    asked = []
    for encoder in (one, two):
        encode = encoder.encode
        monkeypatch.setattr(encoder, "encode", lambda t, what="document", e=encode: asked.append(len(t)) or e(t, what))
    first = Searcher(store, one).similarities("causal graphs of soil")
    assert asked == [10, 1]  # whole texts, titles and sentences of three, then the query
    Searcher(store, one)
    assert asked == [10, 1]  # nothing anew
    assert not np.allclose(Searcher(store, two).similarities("causal graphs of soil"), first)
    assert store.read("SELECT encoder, count(*) FROM vectors GROUP BY encoder ORDER BY encoder") == sorted(
        [(one.digest, 3), (two.digest, 3)]
    )
    place.write_bytes(atom(entry("On soup", "Graphs of soil.", "p/2")))
    refresh(store)
    del asked[:]
    searcher = Searcher(store, one)
    assert asked == [3]  # those of the revised text alone
    assert store.one("SELECT count(*) FROM vectors WHERE encoder = ?", one.digest) == 3
    hits = searcher.search("graphs of soil", k=3)
    query = one.encode(["graphs of soil"], "query")[0]
    exact = np.array([
        ((one.encode([item.text]) @ query)[0] + max(one.encode([item.title, *sentences(item.abstract)]) @ query)) / 2
        for item in searcher.items
    ])  # fmt: skip
    assert [hit.score for hit in hits] == pytest.approx(sorted(exact.tolist(), reverse=True), abs=1e-6)
    assert "(" + one.digest[:12] + ")" in searcher.by


def test_a_folder_that_is_no_encoder_is_told(tmp_path):
    with pytest.raises(OptionError, match="is a folder of sentence-transformers or transformers, and nowhere is none"):
        open_encoder("nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(FormatError):
        open_encoder(tmp_path / "empty")
    folder = save_encoder(tmp_path / "dense", pooling="mean_tokens", modules=("Transformer", "Pooling", "Dense"))
    with pytest.raises(FormatError, match="is made of Transformer, Pooling, Dense: a transformer, its pooling"):
        open_encoder(folder)
    folder = save_encoder(tmp_path / "odd", pooling="weightedmean_tokens")
    with pytest.raises(FormatError, match="does not pool in one of these ways: mean_tokens"):
        open_encoder(folder)
    modules = folder / "modules.json"
    for text, said in (
        ('[{"path": "../..", "type": "sentence_transformers.models.Transformer"}]', "leads out of its folder"),
        ('[{"path": "", "type": "os.system"}]', "is made of system"),
        ('[{"path": "", "type": "aitia.files.write_whole"}]', "is no system that is here"),
        ('[{"type": "x"}]', "it lacks 'path'"),
        ("[7]", "is damaged"),
        ("{}", "holds an object, where a list was expected"),
    ):
        modules.write_text(text)
        with pytest.raises(FormatError, match=said):
            open_encoder(folder)


def test_a_pickle_in_an_encoder_is_not_read(tmp_path):
    folder = save_encoder(tmp_path / "encoder")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(FormatError, match="is a pickle"):
        open_encoder(folder)


def test_an_export_of_a_system_of_ours_searches(store, tmp_path):
    from aitia.system.example import example_of

    slug = "causal2vec"
    example = example_of(slug, tmp_path / "example", 0)
    fitted = systems()[slug].load()(steps=2).fit(example.files, **example.roles, **example.subjects)
    fitted.export(tmp_path / "export")
    encoder = open_encoder(tmp_path / "export")
    texts = ["a text", "another one of more words"]
    assert np.allclose(encoder.encode(texts), fitted.vectors(texts), atol=1e-5)
    (tmp_path / "f.xml").write_bytes(JOURNAL)
    add_source(store, str(tmp_path / "f.xml"))
    hits = Searcher(store, encoder).search("a causal graph", k=3)
    assert len(hits) == 3
    assert all(hit.reason for hit in hits)

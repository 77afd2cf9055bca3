"""Causal2Vec as a system: what it finds, what `do` replaces, models of one's own, and what is refused."""

import json
import warnings
from importlib.util import find_spec

import numpy as np
import pytest
import torch

import aitia
from aitia.errors import DataError, FormatError, InterventionError, OptionError
from aitia.nn.language import small_encoder, word_tokenizer
from aitia.nn.sequences import SequenceModel, Vocabulary, small_sequence_model
from aitia.nn.sequences.retrieval import retrieval_loss
from aitia.systems.causal2vec import Causal2Vec
from aitia.systems.causal2vec.judge import candidates, shared_words
from aitia.systems.causal2vec.layout import Layout
from aitia.systems.causal2vec.pairs import PairBatches, Pairs, pairs_of
from aitia.systems.causal2vec.sentences import ContextualSentences
from aitia.systems.causal2vec.training import RetrievalLoss

WORDS = ("ann", "bob", "met", "was", "by", "rome", "find", "left")
ROWS = {
    "text": ["ann met bob", "bob met ann", "ann left rome", "bob left"],
    "positive": ["bob was met by ann", "ann was met by bob", "rome was left by ann", "by bob left"],
    "negatives": [["ann was met by bob"], ["bob was met by ann"], [], ["by ann left"]],
}
TINY = {"steps": 2, "first_steps": 1, "width": 16, "layers": 1, "encoder_width": 8, "encoder_layers": 1, "batch": 4}


@pytest.fixture(scope="module")
def fitted():
    return Causal2Vec(**TINY).fit(ROWS)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    place = tmp_path_factory.mktemp("models")
    tokenizer = word_tokenizer(WORDS)
    tokenizer.eos_token = "[SEP]"
    small_sequence_model(Vocabulary(tokenizer), width=16, layers=1, heads=2, longest=24).save(place / "decoder")
    small_encoder(WORDS, width=8, heads=2, longest=10).save(place / "encoder")
    return {"model": str(place / "decoder"), "encoder": str(place / "encoder")}


def test_it_learns_what_shared_words_cannot_know():
    # A query and its positive have no word in common: which belongs to which is learnt from pairs of other words.
    colours, things = [f"c{k}" for k in range(5)], [f"t{k}" for k in range(6)]
    random = np.random.default_rng(0)
    cells = [(c, t) for c in range(5) for t in range(6)]
    order = random.permutation(30)

    def rows(chosen):
        picked = [cells[k] for k in chosen]
        return {
            "text": [f"{colours[c]} {things[t]}" for c, t in picked],
            "positive": [f"d{c} and u{t}" for c, t in picked],
        }

    seen, fresh = rows(order[:22]), rows(order[22:])
    options = {"width": 16, "layers": 1, "encoder_width": 16, "encoder_layers": 1, "batch": 16}
    model = Causal2Vec(steps=120, first_steps=20, learning_rate=5e-3, **options).fit(seen)
    score = model.judge(model.given(fresh), model.given(seen))["nDCG@10"]
    assert score.value > 0.85
    assert score.baselines["shared words (tf-idf)"] < 0.5
    assert list(model.judge(model.given({"text": ["c1 t1"]}), model.given(seen))) == []


def test_holes_are_filled_by_the_nearest_of_the_fit_and_draws_go_on_from_there(fitted):
    asked = {"text": ["ann met bob", "bob left"], "positive": ["as it was", None]}
    found = fitted.predict(asked)
    assert found.texts("positive")[0] == "as it was"
    vectors = fitted.vectors(["bob left"]) @ fitted.vectors(ROWS["positive"]).T
    assert found.texts("positive")[1] == ROWS["positive"][int(vectors.argmax())]
    assert found.column("cosine")[1] == pytest.approx(float(vectors.max()), abs=1e-6)
    drawn = fitted.predict({"text": ["bob left"]}, draws=4)
    assert drawn.texts("positive") == [ROWS["positive"][k] for k in np.argsort(-vectors[0])]
    assert (np.diff(drawn.column("cosine")) <= 0).all()
    with pytest.raises(OptionError, match="5 draws are asked for, and there are 4 texts"):
        fitted.predict({"text": ["bob left"]}, draws=5)


def test_do_puts_the_usual_token_in_the_place_of_each(fitted):
    network = fitted.embedder
    told = fitted.do("do(contextual=usual)").vectors(ROWS["text"])
    with torch.no_grad():
        tensors = network.layout.tensors(network.layout.laid(ROWS["text"]))
        ids, present, _, slot = tensors[:4]
        tokens = network.language.model.get_input_embeddings()(ids).clone()
        tokens[torch.arange(4), slot] = network.usual
        states = network.language.model.model(inputs_embeds=tokens, attention_mask=present.long()).last_hidden_state
        ends = states[torch.arange(4), present.sum(1) - 1]
        wanted = torch.nn.functional.normalize(torch.cat([states[torch.arange(4), slot], ends], dim=1), dim=1)
    assert np.allclose(told, wanted.numpy(), atol=1e-5)
    texts = list(dict.fromkeys([*ROWS["text"], *ROWS["positive"], "by ann left"]))
    read = network.layout.tensors(network.layout.laid(texts))[4:]
    with torch.no_grad():
        assert torch.allclose(network.usual, network.context(*read).mean(0), atol=1e-5)
    assert not np.allclose(told, fitted.vectors(ROWS["text"]), atol=1e-3)
    mean = Causal2Vec(**TINY, arm="mean").fit(ROWS)
    assert not mean.targets
    with pytest.raises(InterventionError, match="causal2vec answers no do"):
        mean.do("do(contextual=usual)")


def test_a_batch_has_the_negatives_of_its_rows_and_two_processes_share_it(fitted):
    pairs = Pairs(ROWS["text"], ROWS["positive"], ROWS["negatives"], [""] * 4)
    batches = PairBatches(pairs, fitted.embedder.layout, 4, 0)
    *laid, count, same = batches(0, 0, 1)
    assert int(count) == 4
    assert len(laid[0]) == 12
    rows = [batches._row(place) for place in range(4)]
    layout: Layout = fitted.embedder.layout
    for k, row in enumerate(rows):
        assert layout.laid([ROWS["text"][row]])[0].ids == tuple(laid[0][k][laid[1][k]].tolist())
        assert layout.laid([ROWS["positive"][row]])[0].ids == tuple(laid[0][4 + k][laid[1][4 + k]].tolist())
        allowed = ROWS["negatives"][row] or [text for held in ROWS["negatives"] for text in held]
        assert tuple(laid[0][8 + k][laid[1][8 + k]].tolist()) in {one.ids for one in layout.laid(allowed)}
    assert len(set(same.tolist())) == 4
    halves = [batches(0, rank, 2) for rank in (0, 1)]
    assert [int(half[-2]) for half in halves] == [2, 2]
    assert sorted([*halves[0][-1].tolist(), *halves[1][-1].tolist()]) == sorted(same.tolist())
    bare = PairBatches(Pairs(ROWS["text"], ROWS["positive"], [[]] * 4, [""] * 4), layout, 4, 0)
    assert len(bare(0, 0, 1)[0]) == 8


def test_equal_positives_are_no_negatives_of_each_other_and_chunks_change_nothing(fitted):
    pairs = Pairs(["ann", "bob", "rome"], ["met", "met", "left"], [[]] * 3, [""] * 3)
    batch = PairBatches(pairs, fitted.embedder.layout, 3, 0)(0, 0, 1)
    whole, parts = (RetrievalLoss(fitted.embedder, 0.1, chunk)(*batch).detach() for chunk in (None, 2))
    assert float(whole) == pytest.approx(float(parts), abs=1e-5)
    codes = fitted.embedder(*batch[:-2]).detach()
    same = batch[-1]
    wanted = retrieval_loss(codes[:3], codes[3:], temperature=0.1, same=same)
    assert float(whole) == pytest.approx(float(wanted), abs=1e-6)
    assert float(retrieval_loss(codes[:3], codes[3:], temperature=0.1)) > float(whole)


@pytest.mark.parametrize("lora", [0, 2])
def test_models_of_ones_own_are_trained_as_copies_and_kept(folders, lora, tmp_path):
    rows = {**ROWS, "instruction": ["find", "", "find", "find"]}
    before = SequenceModel.load(folders["model"])
    model = Causal2Vec(**TINY, lora=lora, learning_rate=1e-2).fit(rows, **folders)
    ids = torch.tensor([[5, 6, 7]])
    with torch.no_grad():
        assert torch.equal(SequenceModel.load(folders["model"]).logits(ids), before.logits(ids))
        assert not torch.allclose(model.embedder.language.logits(ids), before.logits(ids), atol=1e-5)
    model.save_pretrained(tmp_path / "saved")
    again = aitia.load(tmp_path / "saved", **folders)
    asked = {"text": ["ann met rome", "bob"], "instruction": ["find", ""]}
    told = model.encode(asked)
    assert np.array_equal(told.matrix(told.names), again.encode(asked).matrix(told.names))
    assert not np.allclose(told.matrix(told.names), model.encode({"text": asked["text"]}).matrix(told.names))
    assert (tmp_path / "saved" / "embedder" / "decoder").exists() is (lora == 0)
    model.export(tmp_path / "plain")
    opened = ContextualSentences.load(str(tmp_path / "plain"))
    codes = opened(opened.preprocess(asked["text"], prompt="find "))["sentence_embedding"]
    wanted = model.vectors(asked["text"], ["find", "find"])
    assert np.allclose(codes.detach().numpy(), wanted, atol=1e-5)
    assert json.loads((tmp_path / "plain" / "modules.json").read_text(encoding="utf-8"))[0]["path"] == ""


@pytest.mark.slow
@pytest.mark.skipif(find_spec("sentence_transformers") is None, reason="pip install sentence-transformers")
def test_sentence_transformers_opens_the_export_and_agrees(fitted, tmp_path):
    from sentence_transformers import SentenceTransformer

    fitted.export(tmp_path / "exported")
    opened = SentenceTransformer(str(tmp_path / "exported"), trust_remote_code=True, device="cpu")
    texts = [*ROWS["text"], *ROWS["positive"]]
    told = opened.encode(texts, batch_size=3)
    assert opened.get_embedding_dimension() == told.shape[1] == fitted.embedder.width
    assert np.abs(told - fitted.vectors(texts)).max() < 1e-5
    prompted = opened.encode(texts, prompt="find ")
    assert np.abs(prompted - fitted.vectors(texts, ["find"] * len(texts))).max() < 1e-5
    opened.save(str(tmp_path / "again"))
    again = SentenceTransformer(str(tmp_path / "again"), trust_remote_code=True, device="cpu")
    assert np.abs(again.encode(texts) - told).max() < 1e-5


@pytest.mark.slow
@pytest.mark.skipif(find_spec("sentence_transformers") is None, reason="pip install sentence-transformers")
def test_an_evaluator_of_sentence_transformers_scores_the_export_as_we_do(fitted, tmp_path):
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.evaluation import InformationRetrievalEvaluator

    fitted.export(tmp_path / "exported")
    opened = SentenceTransformer(str(tmp_path / "exported"), trust_remote_code=True, device="cpu")
    pairs = pairs_of(fitted.given(ROWS))
    documents, own = candidates(pairs)
    evaluator = InformationRetrievalEvaluator(
        {str(k): text for k, text in enumerate(pairs.queries)},
        {str(k): text for k, text in enumerate(documents)},
        {str(k): {str(place)} for k, place in enumerate(own)},
    )
    told = evaluator(opened)
    scores = fitted.judge(fitted.given(ROWS), fitted.given(ROWS))
    assert told["cosine_ndcg@10"] == pytest.approx(scores["nDCG@10"].value, abs=1e-6)
    assert told["cosine_accuracy@1"] == pytest.approx(scores["hit@1"].value, abs=1e-6)


def test_nothing_that_is_held_is_exported(fitted, tmp_path):
    with pytest.raises(OptionError, match="a SentenceTransformer holds nothing"):
        fitted.do("do(contextual=zero)").export(tmp_path / "exported")


def test_the_wrong_kind_of_model_is_refused_by_what_it_sees(folders):
    with pytest.raises(OptionError, match="is an encoder, whose tokens see those behind them"):
        Causal2Vec(**TINY).fit(ROWS, model=folders["encoder"], encoder=folders["encoder"])
    with pytest.raises(OptionError, match="is a causal language model, whose tokens see none behind them"):
        Causal2Vec(**TINY).fit(ROWS, model=folders["model"], encoder=folders["model"])
    with pytest.raises(OptionError, match="the arm mean has no encoder: leave it out"):
        Causal2Vec(**TINY, arm="mean").fit(ROWS, **folders)


def test_what_is_cut_is_said(folders):
    long = {"text": ["ann " * 40, "bob"], "positive": ["met", "left"]}
    told = Causal2Vec(**TINY).fit(long, **folders).training.warnings
    assert told[0].startswith("1 texts are longer than the decoder takes")
    assert told[1].startswith("1 texts are longer than the encoder takes: their contextual token sums up")
    assert [sentence.rpartition(": ")[2] for sentence in told] == ["row 0 (query)"] * 2
    few = Causal2Vec(**TINY, kept=2).fit(ROWS)
    assert "among the first 2 of 4 positives" in few.training.warnings[0]
    assert set(few.predict({"text": ["bob left"]}, draws=2).texts("positive")) == set(ROWS["positive"][:2])


def test_the_first_texts_that_are_cut_are_named_by_the_rows_of_the_user(folders):
    model = Causal2Vec(**TINY)
    rows = {
        "text": ["ann", "bob " * 30, *["met"] * 8],
        "positive": ["bob", "left", "ann " * 30, "ann " * 30, *["rome"] * 6],
        "negatives": [[], [], [], ["by", "by " * 30], *[[f"was {'by ' * (20 + k)}"] for k in range(6)]],
    }
    given = model.given(rows, **folders).take([2, 1, *range(3, 10)])
    told = model.fit(given, **folders).training.warnings
    assert told[0] == (
        "7 texts are longer than the decoder takes and were cut at their end: row 1 (query), row 2 (positive), "
        "row 3 (negative), row 6 (negative), row 7 (negative) and 2 more"
    )


def test_what_is_cut_when_it_is_asked_about_is_told_with_its_rows_and_tokens(folders):
    model = Causal2Vec(**TINY).fit(ROWS, **folders)
    asked = {"text": ["bob", "ann " * 40, *["met " * (30 + k) for k in range(5)]]}
    for ask in (model.predict, model.encode):
        with pytest.warns(RuntimeWarning) as told:
            ask(asked)
        decoder, encoder = (str(one.message) for one in told)
        laid = model.embedder.layout.laid(asked["text"])
        assert decoder == (
            "6 of 7 texts are longer than the decoder takes, which reads them without their end: "
            + ", ".join(f"row {k} ({laid[k].cut} tokens too many)" for k in range(1, 6)) + " and 1 more"
        )  # fmt: skip
        assert encoder.startswith("6 of 7 texts are longer than the encoder takes")
        assert f"row 1 ({laid[1].unread} tokens too many)" in encoder
    filled = {"text": ["ann " * 40, "bob"], "positive": ["met", None]}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.encode({"text": ["bob", "met"]})
        model.predict(filled)  # what is filled is not embedded


@pytest.mark.parametrize("arm", ["causal2vec", "mean"])
def test_longest_cuts_what_small_models_read_as_it_cuts_what_they_embed(arm):
    rows = {"text": ["ann met bob", "bob " * 30, *["met"] * 6], "positive": [f"rome {w}" for w in "abcdefgh"]}
    model = Causal2Vec(**TINY, arm=arm, longest=12, device="cpu").fit(rows)
    assert model.training.warnings[0] == (
        "1 texts are longer than the decoder takes and were cut at their end: row 1 (query)"
    )
    laid = model.embedder.layout.laid(["bob " * 30])[0]
    assert (len(laid.ids), laid.ids[-1]) == (12, model.embedder.language.vocabulary.end)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"positive": ["a", "b", None, "d"]}, "the query of row 2 has no positive"),
        ({"text": ["a", " ", "c", "d"]}, "the text of row 1 is empty"),
        ({"negatives": [["x"], [""], [], []]}, "a negative of row 1 is empty"),
        ({"negatives": [["bob was met by ann"], [], [], []]}, "row 0 has its positive among its negatives"),
        ({"positive": ["a"] * 4, "negatives": [[], [], [], []]}, "nothing to be held against"),
    ],
)
def test_bad_rows_are_refused_by_row(change, said):
    with pytest.raises(DataError, match=said):
        Causal2Vec(**TINY).fit({**ROWS, **change})


def test_bad_options_and_an_unfitted_system_are_refused(tmp_path):
    with pytest.raises(DataError, match="no column says what a query is to find"):
        Causal2Vec(**TINY).fit({"text": ["a", "b"]})
    with pytest.raises(OptionError, match="has not been fitted"):
        Causal2Vec().encode({"text": ["a"]})
    for name, value, said in (
        ("arm", "both", "arm is one of causal2vec"), ("temperature", 0, "temperature is positive"),
        ("width", 20, "multiple of 8"), ("chunk", 0, "chunk is at least 1"), ("batch", 1, "batch is at least 2"),
    ):  # fmt: skip
        with pytest.raises(OptionError, match=said):
            Causal2Vec(**{name: value})
    with pytest.raises(FormatError, match="there is no folder"):
        Causal2Vec.from_pretrained(tmp_path / "nowhere")


def test_negatives_are_a_list_or_columns_of_texts():
    columns = {"text": ["a", "b"], "positive": ["c", "d"], "negative": ["e", None], "other": ["f", "g"]}
    given = Causal2Vec().given(columns, negative=["negative", "other"])
    assert pairs_of(given).negatives == [["e", "f"], ["g"]]
    assert pairs_of(Causal2Vec().given({**ROWS})).negatives == ROWS["negatives"]


def test_candidates_are_every_text_once_and_shared_words_count_words():
    pairs = Pairs(["a b", "c"], ["b a", "d"], [["d"], ["e e"]], ["", ""])
    documents, own = candidates(pairs)
    assert documents == ["b a", "d", "e e"]
    assert own.tolist() == [0, 1]
    assert shared_words(pairs.queries, documents)[:, 0] == pytest.approx([1.0, 0.0])


def test_a_damaged_folder_says_what_is_missing(fitted, tmp_path):
    fitted.save_pretrained(tmp_path)
    (tmp_path / "embedder" / "model.safetensors").unlink()
    with pytest.raises(FormatError, match=r"there is no file .*model\.safetensors"):
        aitia.load(tmp_path)

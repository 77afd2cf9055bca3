"""Small and large language models behind one surface."""

import json

import pytest
import torch

from aitia.errors import DataError, FormatError, OptionError
from aitia.nn.hugging_face import load_tokenizer
from aitia.nn.language import (
    LanguageModel,
    by_length,
    last_states,
    load_language_model,
    mask_tokens,
    mean_state,
    piece_tokenizer,
    small_decoder,
    small_encoder,
    target_batch,
    token_batch,
    word_tokenizer,
)

WORDS = ["bad", "food", "good", "is", "the", "very"]


@pytest.fixture(scope="module")
def small():
    return small_encoder(WORDS, width=16, heads=2, layers=1)


def test_words_have_their_own_tokens_and_unknown_ones_are_marked():
    tokenizer = word_tokenizer(WORDS)
    batch = token_batch(tokenizer, ["the food is good", "bizarre food"])
    assert tokenizer.convert_ids_to_tokens(batch["input_ids"][0].tolist()) == ["the", "food", "is", "good"]
    assert tokenizer.convert_ids_to_tokens(batch["input_ids"][1].tolist()) == ["[UNK]", "food", "[PAD]", "[PAD]"]
    assert batch["attention_mask"].tolist() == [[1, 1, 1, 1], [1, 1, 0, 0]]


def test_a_text_has_the_same_state_whatever_stands_beside_it(small):
    texts = ["the food is very very good", "bad", "food is bad"]
    together = small.states(texts)
    alone = torch.cat([small.states([text]) for text in texts])
    assert torch.allclose(together, alone, atol=1e-6)
    assert torch.allclose(small.states(texts, batch_size=2), together, atol=1e-6)


def test_the_mean_is_over_the_tokens_of_the_mask():
    states = torch.tensor([[[1.0], [3.0], [100.0]]])
    assert mean_state(states, torch.tensor([[1, 1, 0]])).item() == 2.0


def test_a_seed_gives_the_same_weights_and_leaves_the_generator_of_others_alone():
    torch.manual_seed(5)
    one = small_encoder(WORDS, width=16, heads=2, seed=3)
    drawn = torch.rand(1)
    torch.manual_seed(5)
    assert torch.equal(drawn, torch.rand(1))
    other = small_encoder(WORDS, width=16, heads=2, seed=3)
    pairs = zip(one.model.parameters(), other.model.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)


@pytest.mark.parametrize("task", ["masked", "encoder"])
def test_a_saved_model_comes_back_the_same(small, tmp_path, task):
    small.save(tmp_path)
    again = load_language_model(tmp_path, task)
    assert torch.equal(again.states(["the food is good"]), small.states(["the food is good"]))
    assert again.longest == small.longest


def test_causal_models_and_classifiers_load_by_their_task(tmp_path):
    from transformers import BertConfig, BertForSequenceClassification, GPT2Config, GPT2LMHeadModel

    tokenizer = word_tokenizer(WORDS, 32)
    size = len(tokenizer)
    made = {
        "causal": GPT2LMHeadModel(GPT2Config(vocab_size=size, n_embd=8, n_layer=1, n_head=2, n_positions=32)),
        "classifier": BertForSequenceClassification(
            BertConfig(vocab_size=size, hidden_size=8, num_hidden_layers=1, num_attention_heads=2, num_labels=3)
        ),
    }
    for task, model in made.items():
        LanguageModel(model, tokenizer).save(tmp_path / task)
        again = load_language_model(tmp_path / task, task)
        inputs = again.batch(["the food is good"])
        assert torch.equal(again.model(**inputs).logits, model.eval()(**inputs).logits)
        assert last_states(again.model, inputs).shape == (1, 4, 8)


def test_masks_fall_on_plain_tokens_at_the_share_that_was_asked(small):
    batch = small.batch(["the food is very good"] * 600 + ["bad"] * 600)
    ids, labels = mask_tokens(batch, small.tokenizer, 0.3, torch.Generator().manual_seed(0))
    drawn = labels != -100
    plain = batch["attention_mask"].bool()
    assert not (drawn & ~plain).any()
    assert abs(drawn.sum() / plain.sum() - 0.3) < 0.03
    assert torch.equal(labels[drawn], batch["input_ids"][drawn])
    assert torch.equal(ids[~drawn], batch["input_ids"][~drawn])
    masked = ids[drawn] == small.tokenizer.mask_token_id
    assert abs(masked.float().mean() - 0.8) < 0.05


def test_at_least_one_token_is_masked(small):
    batch = small.batch(["bad food"])
    for seed in range(20):
        _, labels = mask_tokens(batch, small.tokenizer, 1e-9, torch.Generator().manual_seed(seed))
        assert (labels != -100).sum() == 1


def test_batches_hold_texts_of_like_length_and_every_row_once():
    texts = ["a" * k for k in (9, 1, 5, 2, 8)]
    batches = list(by_length(texts, 2))
    assert batches == [[1, 3], [2, 4], [0]]


# -- bad input --------------------------------------------------------------------------------------------------------


def test_a_missing_folder_is_said():
    with pytest.raises(FormatError, match=r"there is no folder \./nowhere"):
        load_language_model("./nowhere")


@pytest.mark.parametrize("left", [(), ("tokenizer_config.json",)])
def test_a_folder_without_a_tokenizer_is_told_and_how_to_mend_it(left, tmp_path):
    small_decoder(word_tokenizer(WORDS), width=16, heads=2, layers=1).save(tmp_path)
    for path in tmp_path.glob("*token*"):
        if path.name not in left:
            path.unlink()
    with pytest.raises(FormatError) as told:
        load_language_model(tmp_path, "causal")
    assert str(told.value) == (
        f"{tmp_path} holds no tokenizer (tokenizer.json, or a vocabulary): save the one of this model there, with "
        "tokenizer.save_pretrained"
    )


def test_a_tokenizer_of_bytes_needs_no_vocabulary(tmp_path):
    from transformers import ByT5Tokenizer

    ByT5Tokenizer().save_pretrained(tmp_path)
    for path in tmp_path.glob("*"):
        if path.name != "tokenizer_config.json":
            path.unlink()
    assert load_tokenizer(tmp_path)("a")["input_ids"][0] == ord("a") + 3


def test_what_can_only_be_a_path_never_reaches_the_hub(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("aitia.nn.hugging_face.from_hugging_face", None)  # whoever calls it fails
    (tmp_path / "mine").mkdir()
    (tmp_path / "words.json").touch()
    for name in ("./none", "/none/x", "a/b/c", "~/none"):
        with pytest.raises(FormatError, match=rf"^there is no folder {name}$"):
            load_tokenizer(name)
    with pytest.raises(
        FormatError, match=r"^there is no folder mine/none, and mine is one here: for mine/none of the Hub"
    ):
        load_tokenizer("mine/none")
    with pytest.raises(FormatError, match=r"^words.json is a file: give the folder that holds it$"):
        load_tokenizer("words.json")


def test_a_pickle_is_refused_with_the_reason(tmp_path):
    (tmp_path / "pytorch_model.bin").write_bytes(b"x")
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert"}))
    with pytest.raises(FormatError, match=r"pytorch_model.bin is a pickle, which can run any program .* safetensors"):
        load_language_model(tmp_path)


def test_a_truncated_checkpoint_is_said(small, tmp_path):
    small.save(tmp_path)
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:100])
    with pytest.raises(FormatError, match=r"model\.safetensors is damaged: its head announces .* the file is shorter"):
        load_language_model(tmp_path, "masked")


def test_an_unknown_task_is_refused():
    with pytest.raises(OptionError, match="task is one of masked, encoder, causal, classifier, seq2seq, got 'poems'"):
        load_language_model("x", "poems")


@pytest.mark.parametrize(("texts", "said"), [(["good", 3], "row 1 is 3, not a text"), ([" "], "row 0 is empty")])
def test_rows_that_are_no_text_are_named(small, texts, said):
    with pytest.raises(DataError, match=said):
        small.batch(texts)


def test_a_vocabulary_holds_each_word_once():
    for words in (["a", "a"], ["a b"], ["[MASK]"]):
        with pytest.raises(OptionError, match="each once"):
            word_tokenizer(words)


# -- models that write -------------------------------------------------------------------------------------------------

PIECES = ["ka", "to", "mu"]


@pytest.fixture(scope="module")
def writer():
    return small_decoder(piece_tokenizer(["[west]", "c1"], PIECES), width=16, heads=2, layers=1, longest=32)


def test_words_are_cut_into_pieces_and_put_together_again(writer):
    text = "katomu c1 [west] to"
    ids = writer.tokenizer(text)["input_ids"]
    assert len(ids) == 6
    assert writer.tokenizer.decode(ids) == text
    assert writer.tokenizer.tokenize("kaxx") == ["[UNK]"]
    with pytest.raises(OptionError, match="each once"):
        piece_tokenizer(["ka"], ["ka"])


def test_a_target_is_taught_after_its_prompt_up_to_the_end_of_sequence(writer):
    made = target_batch(writer.tokenizer, ["c1 [west]", "c1"], ["kato", "mu"])
    end, pad = writer.tokenizer.eos_token_id, writer.tokenizer.pad_token_id
    names = [writer.tokenizer.convert_ids_to_tokens(row) for row in made["input_ids"].tolist()]
    assert names == [["c1", "[west]", "ka", "##to", "[SEP]"], ["c1", "mu", "[SEP]", "[PAD]", "[PAD]"]]
    assert made["labels"].tolist()[0] == [-100, -100, *made["input_ids"].tolist()[0][2:4], end]
    assert made["content"].tolist() == [[False, False, True, True, False], [False, True, False, False, False]]
    assert made["attention_mask"].tolist()[1] == [1, 1, 1, 0, 0]
    assert made["input_ids"][1, -1] == pad
    with pytest.raises(DataError, match="row 0 has 5 tokens, at most 4 fit"):
        target_batch(writer.tokenizer, ["c1 [west]"], ["kato"], 4)
    with pytest.raises(DataError, match="the target of row 1 is empty"):
        target_batch(writer.tokenizer, ["c1", "c1"], ["ka", " "])


def test_what_is_written_does_not_depend_on_the_batch(writer):
    prompts = ["c1 [west] ka", "c1", "ka to mu c1 [west]"]
    together = writer.generate(prompts, most=5)
    assert together == [writer.generate([prompt], most=5)[0] for prompt in prompts]
    assert together == writer.generate(prompts, most=5, batch_size=2)


def test_the_layers_of_any_model_are_found(writer, small):
    assert (writer.blocks, writer.layers) == ("model.layers.*", 1)
    assert small.blocks == "bert.encoder.layer.*"

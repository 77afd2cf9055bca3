"""What each arm computes, held against an unmodified model of transformers that is fed by hand."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import gelu, normalize

from aitia.errors import DataError, FormatError
from aitia.nn.language import small_encoder, word_tokenizer
from aitia.nn.sequences import SequenceModel, Vocabulary, small_sequence_model
from aitia.systems.causal2vec.arms import ARMS, READINGS
from aitia.systems.causal2vec.embedder import ContextualEmbedder, headless

WORDS = ("ann", "bob", "met", "was", "by", "find", "rome")
TEXTS = ["ann met bob", "bob", "rome was met by ann by bob"]


def vocabulary():
    tokenizer = word_tokenizer(WORDS)
    tokenizer.eos_token = "[SEP]"
    return Vocabulary(tokenizer)


def parts(longest=40, encoder_longest=30, positions="rotary"):
    model = small_sequence_model(vocabulary(), width=16, layers=2, heads=2, longest=longest, positions=positions)
    return model, headless(small_encoder(WORDS, width=8, heads=2, longest=encoder_longest))


def embedder(arm, **options):
    torch.manual_seed(1)
    found = ContextualEmbedder(arm, *parts(**options))
    found.settle(TEXTS, start=True)
    return found.eval()


def ids(text):
    return vocabulary().encode(text).tolist()


def by_hand(held, text, instruction=""):
    """The embedding of one text, from plain forward passes without padding."""
    end, x, before = held.language.vocabulary.end if held.language else 0, ids(text), ids(instruction)
    plain = torch.tensor([held.encoder.tokenizer(text)["input_ids"]]) if held.encoder else None
    with torch.no_grad():
        h = held.encoder.model(input_ids=plain).last_hidden_state[0].mean(0) if held.encoder else None
        if held.arm == "encoder":
            return normalize(h, dim=0)
        network = held.language.model
        tokens = network.get_input_embeddings()
        if READINGS[held.arm].slot:
            first, _, second = held.projection
            z = (h - held.mean) / held.spread
            c = second.weight @ gelu(first.weight @ z + first.bias) + second.bias
            rows = torch.cat([tokens(torch.tensor(before, dtype=torch.long)), c[None], tokens(torch.tensor([*x, end]))])
            states = network.model(inputs_embeds=rows[None]).last_hidden_state[0]
            slot = states[len(before)]
            return normalize(torch.cat([slot, states[-1]]) if held.arm == "causal2vec" else states[-1], dim=0)
        twice = [*x, end, *x, end] if held.arm == "echo" else [*x, end]
        row = torch.tensor([[*before, *twice]])
        if held.arm == "mask-removed":
            mask = torch.ones(1, 1, row.shape[1], row.shape[1], dtype=torch.bool)
            states = network.model(input_ids=row, attention_mask=mask).last_hidden_state[0]
        else:
            states = network.model(input_ids=row).last_hidden_state[0]
        if held.arm == "no-slot":
            return normalize(torch.cat([states[len(before)], states[-1]]), dim=0)
        if held.arm == "last-token":
            return normalize(states[-1], dim=0)
        return normalize(states[-len(x) - 1 :].mean(0), dim=0)


@pytest.mark.parametrize("arm", ARMS)
@pytest.mark.parametrize("instruction", ["", "find"])
def test_every_arm_is_what_an_unmodified_model_says_text_by_text(arm, instruction):
    held = embedder(arm)
    told = held.embed(TEXTS, [instruction] * 3)
    assert told.shape == (3, held.width)
    for text, row in zip(TEXTS, told, strict=True):
        wanted = by_hand(held, text, instruction if arm != "encoder" else "")
        assert torch.allclose(row, wanted, atol=1e-5), text


def test_learned_positions_begin_at_the_slot_too():
    held = embedder("causal2vec", positions="learned")
    told = held.embed(TEXTS)
    network, x = held.language.model, ids(TEXTS[0])
    with torch.no_grad():
        read = torch.tensor([held.encoder.tokenizer(TEXTS[0])["input_ids"]])
        c = held.context(read, torch.ones_like(read, dtype=torch.bool))
        rows = torch.cat([c, network.get_input_embeddings()(torch.tensor([*x, held.language.vocabulary.end]))])
        states = network.transformer(inputs_embeds=rows[None]).last_hidden_state[0]
    assert torch.allclose(told[0], normalize(torch.cat([states[0], states[-1]]), dim=0), atol=1e-5)


@given(st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=9).map(" ".join), min_size=1, max_size=6))
@settings(max_examples=15, deadline=None)
def test_a_text_has_one_embedding_whatever_stands_beside_it(texts):
    held = EMBEDDERS.setdefault("causal2vec", embedder("causal2vec"))
    together = held.embed(texts)
    for text, row in zip(texts, together, strict=True):
        assert torch.allclose(held.embed([text])[0], row, atol=1e-5)
    assert torch.allclose(together.norm(dim=1), torch.ones(len(texts)), atol=1e-5)


EMBEDDERS = {}


def test_the_first_token_sees_what_comes_through_the_slot_and_not_without_it():
    for arm, sees in (("causal2vec", True), ("no-slot", False)):
        held = embedder(arm)
        half = held.width // 2
        # The two texts differ in their last word alone, and `no-slot` reads its first half at their first.
        one, other = held.embed(["ann met bob", "ann met rome"])
        moved = float((normalize(one[:half], dim=0) - normalize(other[:half], dim=0)).norm())
        assert (moved > 1e-3) is sees
        assert float((one[half:] - other[half:]).norm()) > 1e-3


def test_the_state_at_the_slot_is_the_encoder_alone_seen_through_the_decoder():
    held = embedder("causal2vec")
    half = held.width // 2
    one, other = (normalize(row[:half], dim=0) for row in held.embed(TEXTS[:2], instead="usual"))
    assert torch.allclose(one, other, atol=1e-5)
    ends = [normalize(row[half:], dim=0) for row in held.embed(TEXTS[:2], instead="usual")]
    assert not torch.allclose(*ends, atol=1e-3)


def test_the_contextual_token_begins_as_long_as_the_tokens_are():
    held = embedder("causal2vec")
    with torch.no_grad():
        laid = held.layout.laid(TEXTS)
        tensors = held.layout.tensors(laid)
        c = held.context(*tensors[4:])
        tokens = held.language.model.get_input_embeddings()(tensors[0][tensors[1]]).norm(dim=1).mean()
    assert float(c.norm(dim=1).mean()) == pytest.approx(float(tokens), rel=1e-4)
    assert torch.allclose(held.usual, c.mean(0), atol=1e-6)


def test_sequences_are_longer_by_two_tokens_and_twice_as_long_for_echo():
    lengths = {arm: [len(one.ids) for one in embedder(arm).layout.laid(TEXTS)] for arm in ARMS}
    words = np.array([len(text.split()) for text in TEXTS])
    assert lengths["causal2vec"] == (words + 2).tolist()
    assert lengths["last-token"] == lengths["mean"] == (words + 1).tolist()
    assert lengths["echo"] == (2 * words + 2).tolist()
    assert lengths["encoder"] == [0, 0, 0]


def test_a_long_text_is_cut_before_its_end_token_and_what_the_encoder_did_not_read_is_counted():
    text = " ".join(["ann"] * 20)
    slot = embedder("causal2vec", longest=12, encoder_longest=9).layout.laid([text])[0]
    assert (len(slot.ids), slot.ids[-1], slot.cut) == (12, vocabulary().end, 10)
    assert (len(slot.read), slot.unread) == (9, 11)
    echo = embedder("echo", longest=12).layout.laid([text])[0]
    assert (len(echo.ids), echo.begin, echo.cut) == (12, 6, 15)
    assert echo.ids[:6] == echo.ids[6:]
    with pytest.raises(DataError, match="the instruction of row 0 has 20 tokens, the model takes 12: shorten it"):
        embedder("mean", longest=12).layout.laid(["bob"], [text])


def test_what_a_tokenizer_puts_first_stays_first():
    from tokenizers.processors import TemplateProcessing

    model, encoder = parts()
    tokenizer = model.vocabulary.tokenizer
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A", special_tokens=[("[CLS]", tokenizer.cls_token_id)]
    )
    held = ContextualEmbedder("causal2vec", model, encoder)
    one = held.layout.laid(["ann met"], ["find"])[0]
    assert one.ids[0] == tokenizer.cls_token_id
    assert one.slot == 2
    assert one.ids[3:] == (*ids("ann met"), vocabulary().end)


def test_decoder_and_encoder_may_be_of_other_precision():
    model, encoder = parts()
    model.model.bfloat16()
    held = ContextualEmbedder("causal2vec", model, encoder)
    held.settle(TEXTS, start=True)
    told = held.embed(TEXTS)
    assert told.dtype == torch.float32
    assert torch.isfinite(told).all()


@pytest.mark.parametrize("arm", ["causal2vec", "echo", "encoder"])
def test_what_is_saved_is_read_again_and_parts_are_folders_of_transformers(arm, tmp_path):
    held = embedder(arm)
    held.save(tmp_path / "kept")
    again = ContextualEmbedder.load(tmp_path / "kept")
    assert torch.equal(again.embed(TEXTS), held.embed(TEXTS))
    if held.language is not None:
        plain = SequenceModel.load(tmp_path / "kept" / "decoder")
        assert torch.equal(plain.logits(torch.tensor([[5, 6]])), held.language.logits(torch.tensor([[5, 6]])))


def test_a_map_of_another_width_is_refused_with_both_shapes(tmp_path):
    embedder("causal2vec").save(tmp_path)
    small_sequence_model(vocabulary(), width=32, layers=1, heads=2, longest=40).save(tmp_path / "decoder")
    with pytest.raises(FormatError, match=r"has shape \(16.*, \(32"):
        ContextualEmbedder.load(tmp_path)
    (tmp_path / "embedder.json").write_text("{}", encoding="utf-8")
    with pytest.raises(FormatError, match=r"embedder\.json"):
        ContextualEmbedder.load(tmp_path)


def test_texts_that_are_empty_are_refused_by_row():
    with pytest.raises(DataError, match="the text of row 1 is empty"):
        embedder("mean").embed(["ann", "  "])

"""Encoders of texts."""

import json

import pytest
import torch

from aitia.errors import FormatError, OptionError
from aitia.nn.text_encoders import text_encoder, text_encoder_of

WORDS = ["good", "bad", "food", "service", "the", "is"]
TEXTS = ["the food is good", "the service is bad", "good service", "bad food is bad food"]


@pytest.mark.parametrize("source", ["bag", "small"])
def test_a_code_does_not_depend_on_the_other_texts_of_a_batch(source):
    encoder = text_encoder(source, TEXTS, width=16)
    together = encoder.codes(TEXTS, batch_size=2)
    alone = torch.cat([encoder.codes([text]) for text in TEXTS])
    assert torch.allclose(together, alone, atol=1e-5)


@pytest.mark.parametrize("source", ["bag", "small"])
def test_an_encoder_is_made_again_from_what_it_tells_and_its_weights(source):
    encoder = text_encoder(source, TEXTS, width=16, seed=3)
    again = text_encoder_of(json.loads(json.dumps(encoder.described())))
    again.load_state_dict(encoder.state_dict())
    assert torch.equal(again.codes(TEXTS), encoder.codes(TEXTS))


def test_an_encoder_from_a_folder_is_that_model(tmp_path):
    from transformers import AutoModel

    text_encoder("small", TEXTS, width=16, seed=1).language.save(tmp_path)
    encoder = text_encoder(str(tmp_path), [])
    model = AutoModel.from_pretrained(tmp_path).eval()
    ids, mask = encoder.tokens(TEXTS[:1])
    with torch.no_grad():
        state = model(input_ids=ids, attention_mask=mask).last_hidden_state[0].mean(0)
    assert torch.allclose(encoder.codes(TEXTS[:1])[0], state, atol=1e-5)
    again = text_encoder_of(json.loads(json.dumps(encoder.described())))
    again.load_state_dict(encoder.state_dict())
    assert torch.equal(again.codes(TEXTS), encoder.codes(TEXTS))


def test_a_bag_of_words_does_not_see_their_order_and_makes_do_with_unknown_words():
    encoder = text_encoder("bag", TEXTS, width=8)
    codes = encoder.codes(["Good, food!", "food good", "quux"])
    assert torch.allclose(codes[0], codes[1], atol=1e-6)
    assert torch.isfinite(codes).all()


def test_encoders_that_cannot_be_have_their_sentence():
    with pytest.raises(OptionError, match="no text has a word"):
        text_encoder("bag", ["...", "!"])
    with pytest.raises(FormatError, match="tells of no text encoder"):
        text_encoder_of({"kind": "states"})

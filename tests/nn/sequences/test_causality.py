"""What is given as a causal model is one: an encoder is told by what its tokens see."""

import pytest
import torch
from tests.nn.sequences import tiny

from aitia.errors import OptionError
from aitia.nn.language import word_tokenizer
from aitia.nn.sequences import SequenceModel, Vocabulary
from aitia.nn.sequences.causality import check_causal


def encoder():
    """A BERT with the head that says words, which transformers opens as a causal language model."""
    from transformers import BertConfig, BertLMHeadModel

    tokenizer = word_tokenizer(["a", "b", "c"])
    tokenizer.eos_token = "[SEP]"
    config = BertConfig(
        vocab_size=len(tokenizer), hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return SequenceModel(BertLMHeadModel(config), Vocabulary(tokenizer))


def test_an_encoder_is_refused_by_name_and_keeps_its_mode():
    held = encoder()
    held.model.train()
    with pytest.raises(OptionError, match="my-bert is an encoder, whose tokens see those behind them"):
        check_causal(held, "my-bert")
    assert held.model.training


@pytest.mark.parametrize("kind", ["llama", "gpt2"])
def test_decoders_pass_whatever_their_visibility(kind):
    check_causal(tiny.model(kind, "causal"), kind)
    check_causal(tiny.model(kind, "bidirectional"), kind)

"""Models that do not attend by sdpa: a state space, and one of the older classes."""

import torch
from transformers import BloomConfig, BloomForCausalLM, MambaConfig, MambaForCausalLM

from aitia.nn.language import word_tokenizer

WORDS = (
    "ann", "met", "bob", "it", "rained", "left", "there", "was", "rain", "by", "two", "and", "makes", "four", "Yes",
    "No", "person", ":", ";", "none",
)  # fmt: skip


def network(kind):
    tokenizer = word_tokenizer(WORDS)
    tokenizer.eos_token = "[SEP]"
    ends = {"pad_token_id": tokenizer.pad_token_id, "eos_token_id": tokenizer.eos_token_id, "bos_token_id": None}
    torch.manual_seed(0)
    if kind == "mamba":
        sizes = {"hidden_size": 16, "state_size": 4, "num_hidden_layers": 1}
        return MambaForCausalLM(MambaConfig(vocab_size=len(tokenizer), **sizes, **ends)), tokenizer
    sizes = {"hidden_size": 16, "n_head": 2, "n_layer": 1}
    return BloomForCausalLM(BloomConfig(vocab_size=len(tokenizer), **sizes, **ends)), tokenizer


def written(kind, folder):
    model, tokenizer = network(kind)
    assert not model._supports_sdpa
    model.save_pretrained(folder / kind)
    tokenizer.save_pretrained(folder / kind)
    return folder / kind

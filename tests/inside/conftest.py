"""A tiny random model with a tokenizer of whole words, as a folder, and the same loaded."""

import os

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import pytest
import torch

from aitia.nn.causal_language import load_causal_language_model
from aitia.nn.language import word_tokenizer

NOUNS = ["capital", "city", "France", "Italy", "Spain", "Paris", "Rome", "Madrid"]
WORDS = ["the", "of", "is", "big", "a", "in", "lies", *NOUNS]


def build(folder, **options):
    """Writes a GPT-2 of three layers."""
    from transformers import GPT2Config, GPT2LMHeadModel

    tokenizer = word_tokenizer(WORDS)
    tokenizer.eos_token = "[SEP]"
    config = GPT2Config(
        vocab_size=len(tokenizer),
        n_layer=3,
        n_head=2,
        n_embd=16,
        n_positions=64,
        bos_token_id=tokenizer.cls_token_id,
        eos_token_id=tokenizer.sep_token_id,
        **options,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        model = GPT2LMHeadModel(config).eval()
        for parameter in model.parameters():
            parameter.data += 0.3 * torch.randn_like(parameter)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    return build(tmp_path_factory.mktemp("tiny") / "model")


@pytest.fixture
def language(folder):
    return load_causal_language_model(folder)

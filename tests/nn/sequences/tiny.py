"""Tiny models of several families, with random weights large enough to see what reaches what."""

import torch

from aitia.nn.language import word_tokenizer
from aitia.nn.sequences import SequenceModel, Vocabulary

WORDS = tuple(f"w{k}" for k in range(20))


def vocabulary(**parts):
    tokenizer = word_tokenizer(WORDS)
    tokenizer.eos_token = "[SEP]"
    return Vocabulary(tokenizer, **parts)


def network(family, size=32, seed=0, layers=2):
    import transformers as t

    common = {"vocab_size": size, "pad_token_id": 0, "bos_token_id": None, "eos_token_id": 3}
    torch.manual_seed(seed)
    if family == "gpt2":
        sizes = {"n_embd": 16, "n_layer": layers, "n_head": 2, "n_positions": 64}
        quiet = {"resid_pdrop": 0.0, "embd_pdrop": 0.0, "attn_pdrop": 0.0}
        config = t.GPT2Config(initializer_range=0.5, **sizes, **quiet, **common)
        return t.GPT2LMHeadModel(config).eval()
    if family == "t5":
        sizes = {"d_model": 16, "num_layers": layers, "num_heads": 2, "d_kv": 8, "d_ff": 32, "dropout_rate": 0.0}
        config = t.T5Config(decoder_start_token_id=0, **sizes, **common)
        return t.T5ForConditionalGeneration(config).eval()
    sizes = {"hidden_size": 16, "num_hidden_layers": layers, "num_attention_heads": 2, "intermediate_size": 32}
    kinds = {"llama": (t.LlamaConfig, t.LlamaForCausalLM), "qwen2": (t.Qwen2Config, t.Qwen2ForCausalLM)}
    config, model = kinds[family]
    given = config(initializer_range=0.5, max_position_embeddings=64, num_key_value_heads=2, **sizes, **common)
    return model(given).eval()


def model(family="llama", visibility="causal", seed=0, layers=2, **parts):
    held = vocabulary(**parts)
    return SequenceModel(network(family, len(held), seed, layers), held, visibility)

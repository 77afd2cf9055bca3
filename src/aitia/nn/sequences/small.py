"""Sequence models of a small config with random weights: what is trained in a minute, by the code of the large ones."""

from typing import Any, Literal, get_args

import torch
from torch import Tensor, nn

from aitia.errors import OptionError
from aitia.nn.sequences.model import SequenceModel, Visibility
from aitia.nn.sequences.vocabulary import Vocabulary

__all__ = ["POSITIONS", "Positions", "small_sequence_model"]

Positions = Literal["rotary", "none", "learned", "sinusoidal"]
"""How a decoder knows where a token stands: turned queries and keys, not at all, or added to the token."""
POSITIONS: tuple[Positions, ...] = get_args(Positions)


def small_sequence_model(
    vocabulary: Vocabulary,
    visibility: Visibility = "causal",
    *,
    width: int = 96,
    layers: int = 3,
    heads: int = 4,
    longest: int = 128,
    positions: Positions = "rotary",
    seed: int = 0,
) -> SequenceModel:
    """A decoder, or for `encoder-decoder` a T5, with random weights.

    Rotary is Llama and learned is GPT-2; none is the SmolLM3 config whose layers all go without rotation, and
    sinusoidal is a GPT-2 whose table of positions is filled once and stays. A T5 has relative positions, whatever is
    asked for here, so only `rotary`, the default, is taken as no wish.

    Args:
        vocabulary: Its tokens.
        visibility: Who sees whom.
        width: Of its hidden states, a multiple of twice the heads.
        layers: How many; an encoder-decoder has as many of both.
        heads: Of attention.
        longest: Tokens at most.
        positions: Of a decoder.
        seed: Of the weights.

    Raises:
        OptionError: If the positions are unknown or the model cannot have them, or the width does not fit the heads.

    Source:
        Vaswani et al., Attention is all you need, NeurIPS 2017, section 3.5, for the sinusoidal table; Kazemnejad et
        al., The impact of positional encoding on length generalization, NeurIPS 2023, for decoders without any.
    """
    if positions not in POSITIONS:
        raise OptionError(f"positions is one of {', '.join(POSITIONS)}, got {positions!r}")
    if visibility == "encoder-decoder" and positions != "rotary":
        raise OptionError(f"an encoder-decoder has relative positions here, not {positions}: leave positions out")
    if width < 2 * heads or width % (2 * heads):
        raise OptionError(f"width is a multiple of twice the heads, got {width} for {heads} heads")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = _network(vocabulary, visibility, positions, width, layers, heads, longest)
    return SequenceModel(network, vocabulary, visibility, longest)


def _network(
    vocabulary: Vocabulary,
    visibility: Visibility,
    positions: Positions,
    width: int,
    layers: int,
    heads: int,
    longest: int,
) -> nn.Module:
    import transformers

    held: Any = transformers
    common = {
        "vocab_size": len(vocabulary),
        "pad_token_id": vocabulary.pad,
        "bos_token_id": None,
        "eos_token_id": vocabulary.tokenizer.eos_token_id,
    }
    if visibility == "encoder-decoder":
        sizes = {"d_model": width, "d_ff": 3 * width, "num_heads": heads, "d_kv": width // heads}
        depth = {"num_layers": layers, "num_decoder_layers": layers, "dropout_rate": 0.0}
        config = held.T5Config(decoder_start_token_id=vocabulary.pad, **sizes, **depth, **common)
        return held.T5ForConditionalGeneration(config)  # type: ignore[no-any-return]
    if positions in ("learned", "sinusoidal"):
        sizes = {"n_embd": width, "n_layer": layers, "n_head": heads, "n_inner": 3 * width, "n_positions": longest}
        quiet = {"resid_pdrop": 0.0, "embd_pdrop": 0.0, "attn_pdrop": 0.0}
        network = held.GPT2LMHeadModel(held.GPT2Config(**sizes, **quiet, **common))
        if positions == "sinusoidal":
            table = network.transformer.wpe.weight
            with torch.no_grad():
                table.copy_(_waves(longest, width) * 0.02)  # as large as its tokens begin
            table.requires_grad_(False)
        return network  # type: ignore[no-any-return]
    sizes = {
        "hidden_size": width, "intermediate_size": 3 * width, "num_hidden_layers": layers, "num_attention_heads": heads,
        "num_key_value_heads": heads, "max_position_embeddings": longest, "tie_word_embeddings": True,
    }  # fmt: skip
    if positions == "none":
        return held.SmolLM3ForCausalLM(held.SmolLM3Config(no_rope_layers=[0] * layers, **sizes, **common))  # type: ignore[no-any-return]
    return held.LlamaForCausalLM(held.LlamaConfig(**sizes, **common))  # type: ignore[no-any-return]


def _waves(length: int, width: int) -> Tensor:
    """(length, width) sines and cosines of places, at wave lengths from 2 pi to 20,000 pi."""
    place = torch.arange(length)[:, None]
    rate = torch.exp(-torch.arange(0, width, 2) / width * torch.log(torch.tensor(10_000.0)))
    angle = place * rate
    return torch.stack([angle.sin(), angle.cos()], dim=2).reshape(length, width)

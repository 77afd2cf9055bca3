"""Tiny random models of nine families, built from their configs, each with inputs for two runs of two rows."""

import os

os.environ.setdefault("HF_HUB_OFFLINE", "1")

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

IDS = torch.tensor([[5, 9, 3, 14, 7, 22], [8, 2, 31, 6, 11, 4]])
OTHER = torch.tensor([[5, 9, 17, 14, 7, 22], [8, 40, 31, 6, 11, 4]])


@dataclass(frozen=True)
class Case:
    model: nn.Module
    inputs: dict[str, Any]
    other: dict[str, Any]
    block: str  # a site in the middle of the model
    attention: str  # an attention module, empty where there is none


def _seeded(build: Callable[[], nn.Module], seed: int = 0) -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = build().eval()
        for parameter in model.parameters():  # zero biases and unit norms would hide what is wrong with them
            parameter.data += 0.02 * torch.randn_like(parameter)
    return model


def _drawn(*shape: int, seed: int = 1) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def gpt2(**options: Any) -> Case:
    from transformers import GPT2Config, GPT2LMHeadModel

    config = GPT2Config(n_layer=3, n_head=4, n_embd=32, vocab_size=50, n_positions=32, **options)
    model = _seeded(lambda: GPT2LMHeadModel(config))
    return Case(model, {"input_ids": IDS}, {"input_ids": OTHER}, "transformer.h.1", "transformer.h.1.attn")


def llama() -> Case:
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(num_hidden_layers=3, **_decoder())
    model = _seeded(lambda: LlamaForCausalLM(config))
    return Case(model, {"input_ids": IDS}, {"input_ids": OTHER}, "model.layers.1", "model.layers.1.self_attn")


def qwen2() -> Case:
    from transformers import Qwen2Config, Qwen2ForCausalLM

    config = Qwen2Config(num_hidden_layers=3, **_decoder())
    model = _seeded(lambda: Qwen2ForCausalLM(config))
    return Case(model, {"input_ids": IDS}, {"input_ids": OTHER}, "model.layers.1", "model.layers.1.self_attn")


def gemma() -> Case:
    from transformers import GemmaConfig, GemmaForCausalLM

    config = GemmaConfig(num_hidden_layers=3, head_dim=12, **_decoder())
    model = _seeded(lambda: GemmaForCausalLM(config))
    return Case(model, {"input_ids": IDS}, {"input_ids": OTHER}, "model.layers.1", "model.layers.1.self_attn")


def _decoder() -> dict[str, Any]:
    heads = {"num_attention_heads": 4, "num_key_value_heads": 2}
    return {**heads, "hidden_size": 32, "intermediate_size": 48, "vocab_size": 50, "pad_token_id": 0}


def t5() -> Case:
    from transformers import T5Config, T5ForConditionalGeneration

    sizes = {"d_model": 32, "d_kv": 8, "d_ff": 48, "num_layers": 2, "num_heads": 4, "vocab_size": 50}
    config = T5Config(**sizes, decoder_start_token_id=0)
    model = _seeded(lambda: T5ForConditionalGeneration(config))
    said = {"decoder_input_ids": torch.tensor([[0, 4, 6], [0, 9, 2]])}
    return Case(
        model,
        {"input_ids": IDS, **said},
        {"input_ids": OTHER, **said},
        "decoder.block.0",
        "decoder.block.1.layer.0.SelfAttention",
    )


def bert() -> Case:
    from transformers import BertConfig, BertForSequenceClassification

    sizes = {"hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 4, "intermediate_size": 48}
    config = BertConfig(**sizes, vocab_size=50, num_labels=3)
    model = _seeded(lambda: BertForSequenceClassification(config))
    mask = {"attention_mask": torch.tensor([[1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 0, 0]])}
    return Case(
        model,
        {"input_ids": IDS, **mask},
        {"input_ids": OTHER, **mask},
        "bert.encoder.layer.1",
        "bert.encoder.layer.1.attention",
    )


def vit() -> Case:
    from transformers import ViTConfig, ViTForImageClassification

    sizes = {"hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 4, "intermediate_size": 48}
    config = ViTConfig(**sizes, image_size=8, patch_size=4, num_labels=3)
    model = _seeded(lambda: ViTForImageClassification(config))
    inputs = [{"pixel_values": _drawn(2, 3, 8, 8, seed=seed)} for seed in (1, 2)]
    block = next(name for name, _ in model.named_modules() if name.endswith(".1") and name.count(".") >= 2)
    attention = next(name for name, _ in model.named_modules() if name == f"{block}.attention")
    return Case(model, *inputs, block, attention)


def clip() -> Case:
    from transformers import CLIPConfig, CLIPModel

    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 48}
    text = {**sizes, "vocab_size": 50, "max_position_embeddings": 16, "eos_token_id": 49, "pad_token_id": 0}
    vision = {**sizes, "image_size": 8, "patch_size": 4}
    config = CLIPConfig(text_config=text, vision_config=vision, projection_dim=16)
    model = _seeded(lambda: CLIPModel(config))
    inputs = [{"input_ids": ids, "pixel_values": _drawn(2, 3, 8, 8, seed=3)} for ids in (IDS, OTHER)]
    return Case(model, *inputs, "text_model.encoder.layers.0", "text_model.encoder.layers.1.self_attn")


def unet() -> Case:
    from diffusers import UNet2DModel

    options: dict[str, Any] = {"block_out_channels": (8, 16), "norm_num_groups": 4, "attention_head_dim": 4}
    blocks = {"down_block_types": ("DownBlock2D", "AttnDownBlock2D"), "up_block_types": ("AttnUpBlock2D", "UpBlock2D")}
    model = _seeded(lambda: UNet2DModel(sample_size=8, layers_per_block=1, **options, **blocks))
    inputs = [{"sample": _drawn(2, 3, 8, 8, seed=seed), "timestep": 3} for seed in (4, 5)]
    return Case(model, *inputs, "mid_block", "mid_block.attentions.0")


def conditional_unet() -> Case:
    from diffusers import UNet2DConditionModel

    blocks = {
        "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"),
        "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D"),
    }
    options: dict[str, Any] = {"block_out_channels": (8, 16), "norm_num_groups": 4, "attention_head_dim": 4}
    model = _seeded(
        lambda: UNet2DConditionModel(sample_size=8, layers_per_block=1, cross_attention_dim=12, **options, **blocks)
    )
    text = {"encoder_hidden_states": _drawn(2, 5, 12, seed=6), "timestep": 3}
    inputs = [{"sample": _drawn(2, 4, 8, 8, seed=seed), **text} for seed in (4, 5)]
    return Case(model, *inputs, "down_blocks.0.resnets.0", "mid_block.attentions.0.transformer_blocks.0.attn2")


def dcgan() -> Case:
    model = _seeded(
        lambda: nn.Sequential(
            nn.ConvTranspose2d(6, 16, 4, 1, 0, bias=False),
            nn.BatchNorm2d(16),
            nn.ReLU(inplace=True),
            nn.ConvTranspose2d(16, 8, 4, 2, 1, bias=False),
            nn.BatchNorm2d(8),
            nn.ReLU(inplace=True),
            nn.ConvTranspose2d(8, 3, 4, 2, 1, bias=False),
            nn.Tanh(),
        )
    )
    inputs = [{"input": _drawn(2, 6, 1, 1, seed=seed)} for seed in (7, 8)]
    return Case(model, *inputs, "3", "")


CASES: dict[str, Callable[[], Case]] = {
    "GPT-2": gpt2,
    "Llama": llama,
    "Qwen2": qwen2,
    "Gemma": gemma,
    "T5": t5,
    "BERT": bert,
    "ViT": vit,
    "CLIP": clip,
    "UNet": unet,
    "conditional UNet": conditional_unet,
    "GAN generator": dcgan,
}


def tensors(output: Any) -> list[torch.Tensor]:
    """Every tensor of an output, in order."""
    if isinstance(output, torch.Tensor):
        return [output]
    if isinstance(output, dict):
        output = tuple(output.values())
    return [t for part in output for t in tensors(part)] if isinstance(output, (tuple, list)) else []


def same(one: Any, other: Any) -> bool:
    """Bit for bit."""
    a, b = tensors(one), tensors(other)
    return len(a) == len(b) > 0 and all(torch.equal(x, y) for x, y in zip(a, b, strict=True))

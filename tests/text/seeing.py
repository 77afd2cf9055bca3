"""Tiny vision-language models with random weights, saved with their processors as the published ones are."""

import json
from pathlib import Path

import torch

from aitia.nn.language import word_tokenizer

WORDS = [
    "A",
    "B",
    "C",
    "Yes",
    "No",
    "Does",
    "cause",
    "Answer",
    "one",
    "letter",
    "or",
    ".",
    ",",
    "?",
    ":",
    "red",
    "pushes",
]
CHAT = (
    "{% for m in messages %}{{ m['role'] }} : {% for c in m['content'] %}{% if c['type'] == 'image' %}MARK "
    "{% else %}{{ c['text'] }} {% endif %}{% endfor %}{% endfor %}{% if add_generation_prompt %}assistant : {% endif %}"
)
LONGEST = 200


def _tokenizer(marks):
    tokenizer = word_tokenizer([*WORDS, "user", "assistant", "system"], LONGEST)
    tokenizer.eos_token = "[SEP]"
    tokenizer.add_special_tokens({"additional_special_tokens": marks})
    return tokenizer


def _text(tokenizer, **more):
    return {
        "vocab_size": len(tokenizer), "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2,
        "num_attention_heads": 2, "num_key_value_heads": 2, "max_position_embeddings": LONGEST, "bos_token_id": 2,
        "eos_token_id": 3, "pad_token_id": 0,
    } | more  # fmt: skip


def _saved(kind, config, place):
    torch.manual_seed(0)
    model = kind(config)
    for weight in model.parameters():
        if weight.ndim >= 2:
            torch.nn.init.normal_(weight, std=0.3)
    model.save_pretrained(place)


def llava(place):
    from transformers import CLIPImageProcessorPil, LlavaConfig, LlavaForConditionalGeneration, LlavaProcessor

    tokenizer = _tokenizer(["<image>"])
    eye = {
        "model_type": "clip_vision_model", "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2,
        "num_attention_heads": 2, "image_size": 16, "patch_size": 8, "projection_dim": 16,
    }  # fmt: skip
    config = LlavaConfig(
        vision_config=eye, text_config={"model_type": "llama", **_text(tokenizer)}, vision_feature_layer=-1,
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"), image_seq_length=4,
    )  # fmt: skip
    _saved(LlavaForConditionalGeneration, config, place)
    pictures = CLIPImageProcessorPil(size={"shortest_edge": 16}, crop_size={"height": 16, "width": 16})
    LlavaProcessor(
        pictures, tokenizer, patch_size=8, vision_feature_select_strategy="default", num_additional_image_tokens=1,
        chat_template=CHAT.replace("MARK", "<image>"),
    ).save_pretrained(place)  # fmt: skip


def smolvlm(place):
    """As the published folders are: their processor is one that reads films too."""
    from transformers import Idefics3Processor, SmolVLMConfig, SmolVLMForConditionalGeneration, SmolVLMImageProcessorPil

    places = [f"<row_{row}_col_{column}>" for row in (1, 2) for column in (1, 2)]
    tokenizer = _tokenizer(["<image>", "<fake_token_around_image>", "<global-img>", "<end_of_utterance>", *places])
    eye = {
        "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "image_size": 16,
        "patch_size": 4,
    }  # fmt: skip
    config = SmolVLMConfig(
        vision_config=eye, text_config={"model_type": "llama", **_text(tokenizer)}, scale_factor=2, pad_token_id=0,
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
    )  # fmt: skip
    _saved(SmolVLMForConditionalGeneration, config, place)
    pictures = SmolVLMImageProcessorPil(size={"longest_edge": 32}, max_image_size={"longest_edge": 16})
    chat = CHAT.replace("MARK", "<image>")
    Idefics3Processor(pictures, tokenizer, image_seq_len=4, chat_template=chat).save_pretrained(place)
    held = json.loads((Path(place) / "processor_config.json").read_text())
    (Path(place) / "processor_config.json").write_text(json.dumps(held | {"processor_class": "SmolVLMProcessor"}))


def _qwen(place, config_class, model_class, eye):
    from transformers import Qwen2VLImageProcessorPil

    marks = ["<|image_pad|>", "<|video_pad|>", "<|vision_start|>", "<|vision_end|>"]
    tokenizer = _tokenizer(marks)
    names = ("image_token_id", "video_token_id", "vision_start_token_id", "vision_end_token_id")
    ids = {name: tokenizer.convert_tokens_to_ids(mark) for name, mark in zip(names, marks, strict=True)}
    rope = {"rope_type": "default", "mrope_section": [2, 3, 3], "rope_theta": 10000.0}
    config = config_class(vision_config=eye, text_config=_text(tokenizer, rope_parameters=rope), **ids)
    _saved(model_class, config, place)
    size = {"shortest_edge": 64, "longest_edge": 1024}
    Qwen2VLImageProcessorPil(patch_size=4, merge_size=2, temporal_patch_size=2, size=size).save_pretrained(place)
    tokenizer.save_pretrained(place)
    chat = CHAT.replace("MARK", "<|vision_start|><|image_pad|><|vision_end|>")
    (Path(place) / "chat_template.jinja").write_text(chat)


def qwen2_vl(place):
    from transformers import Qwen2VLConfig, Qwen2VLForConditionalGeneration

    eye = {
        "depth": 2, "embed_dim": 16, "hidden_size": 32, "num_heads": 2, "mlp_ratio": 2, "patch_size": 4,
        "spatial_merge_size": 2, "temporal_patch_size": 2,
    }  # fmt: skip
    _qwen(place, Qwen2VLConfig, Qwen2VLForConditionalGeneration, eye)


def qwen2_5_vl(place):
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

    eye = {
        "depth": 2, "hidden_size": 16, "intermediate_size": 32, "out_hidden_size": 32, "num_heads": 2, "patch_size": 4,
        "spatial_merge_size": 2, "temporal_patch_size": 2, "window_size": 16, "fullatt_block_indexes": [1],
    }  # fmt: skip
    _qwen(place, Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration, eye)


KINDS = {"llava": llava, "smolvlm": smolvlm, "qwen2-vl": qwen2_vl, "qwen2.5-vl": qwen2_5_vl}

"""Tiny models of the Hugging Face library from their configurations, and clips as a user has them."""

import json
import shutil

import torch
from tests.docs.files import example

from aitia.data.subjects import Network
from aitia.nn.language import word_tokenizer
from aitia.worlds.clips import SAID

WORDS = sorted({word for noun, verbs in SAID.values() for text in (noun, *verbs) for word in text.split()} | {
    "the", "because"
})  # fmt: skip


def clips(folder):
    """The example of the system: `events.csv`, `fresh.csv` and `clips/`, in the folder."""
    found = example("ireason", folder)
    for name in ("events.csv", "fresh.csv"):
        shutil.copy(found.files.parent / name, folder / name)
    if not (folder / "clips").exists():
        shutil.copytree(found.files.parent / "clips", folder / "clips")
        shutil.copy(folder / "events.csv", folder / "clips" / "events.csv")
    return folder


def _drawn(make, folder):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        make().save_pretrained(folder)
    settings = {"do_normalize": True, "image_mean": [0.5] * 3, "image_std": [0.25] * 3,
                "size": {"height": 16, "width": 16}}  # fmt: skip
    (folder / "preprocessor_config.json").write_text(json.dumps(settings), encoding="utf-8")
    return folder


SMALL = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}


def detector(folder):
    """A YOLOS with five object queries and three classes."""
    from transformers import YolosConfig, YolosForObjectDetection

    config = YolosConfig(**SMALL, image_size=[16, 16], patch_size=8, num_detection_tokens=5,
                         id2label={0: "dog", 1: "towel", 2: "lamp"})  # fmt: skip
    return _drawn(lambda: YolosForObjectDetection(config), folder)


def vit(folder):
    """A ViT with four patches."""
    from transformers import ViTConfig, ViTModel

    return _drawn(lambda: ViTModel(ViTConfig(**SMALL, image_size=16, patch_size=8)), folder)


def captioner(folder):
    """An encoder of pictures with a decoder of words."""
    from transformers import BertConfig, BertLMHeadModel, VisionEncoderDecoderModel, ViTConfig, ViTModel

    tokenizer = word_tokenizer(WORDS)

    def make():
        text = BertConfig(**SMALL, vocab_size=len(tokenizer), is_decoder=True, add_cross_attention=True)
        model = VisionEncoderDecoderModel(
            encoder=ViTModel(ViTConfig(**SMALL, image_size=16, patch_size=8)), decoder=BertLMHeadModel(text)
        )
        for config in (model.config, model.generation_config):
            config.decoder_start_token_id = tokenizer.cls_token_id
            config.pad_token_id, config.eos_token_id = tokenizer.pad_token_id, tokenizer.sep_token_id
        return model

    _drawn(make, folder)
    tokenizer.save_pretrained(folder)
    return folder


def encoder(folder):
    """A BERT over whole words."""
    from transformers import BertConfig, BertModel

    tokenizer = word_tokenizer(WORDS)
    _drawn(lambda: BertModel(BertConfig(**SMALL, vocab_size=len(tokenizer))), folder)
    tokenizer.save_pretrained(folder)
    return folder


def language_model(folder):
    """A causal model over whole words."""
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = word_tokenizer(WORDS)
    tokenizer.eos_token = "[SEP]"
    config = LlamaConfig(**SMALL, vocab_size=len(tokenizer), num_key_value_heads=2, max_position_embeddings=64,
                         pad_token_id=tokenizer.pad_token_id)  # fmt: skip
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def network(folder):
    return Network.of(folder)

"""What the user of the page of this system has."""

import json
import shutil

import torch
from tests.docs.files import example

from aitia.nn.language import word_tokenizer
from aitia.worlds.push import CONNECTIVES, THINGS


def owned(folder):
    found = example("vqa-causal", folder)
    for name in ("pushes.csv", "fresh.csv"):
        if not (folder / name).exists():
            shutil.copy(found.files.parent / name, folder / name)
    if not (folder / "pictures").exists():
        shutil.copytree(found.files.parent / "pictures", folder / "pictures")
    clip(folder / "my-clip")
    return {}


def clip(folder):
    """A model of the CLIP kind from its configuration, with a tokenizer of words, as transformers saves it."""
    from transformers import CLIPConfig, CLIPModel

    words = sorted({word for text in (*THINGS, *CONNECTIVES, "and with beside") for word in text.split()})
    tokenizer = word_tokenizer(words)
    tokenizer.eos_token = "[SEP]"
    tower = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    ids = {"eos_token_id": tokenizer.eos_token_id, "bos_token_id": None, "pad_token_id": tokenizer.pad_token_id}
    text = {**tower, "vocab_size": len(tokenizer), "max_position_embeddings": 12, **ids}
    vision = {**tower, "image_size": 16, "patch_size": 8}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=16)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    settings = {"do_center_crop": False, "do_normalize": True, "image_mean": [0.5] * 3, "image_std": [0.25] * 3,
                "size": {"height": 16, "width": 16}}  # fmt: skip
    (folder / "preprocessor_config.json").write_text(json.dumps(settings), encoding="utf-8")
    return folder

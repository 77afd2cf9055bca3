"""Pictures of shapes, and a classifier of them in a folder of its own."""

import json
from pathlib import Path

import numpy as np
import torch

from aitia.data.table import Table
from aitia.files import write_whole
from aitia.nn.quiet import without_bars
from aitia.system import Example
from aitia.worlds import ShapesWorld
from aitia.worlds.shapes import SHAPES

__all__ = ["write"]

SIDE = 16


def write(folder: Path, seed: int) -> Example:
    """48 pictures with their shapes, 12 without, and a residual network of random weights that says every class."""
    from transformers import ResNetConfig, ResNetForImageClassification

    from aitia.nn.vision import load_classifier

    world = ShapesWorld()
    sample = world.sample(60, seed=seed, env="balanced")
    pictures = world.render(sample, size=SIDE)
    shapes = [SHAPES[int(k)] for k in sample["shape"]]
    config = ResNetConfig(
        embedding_size=6, hidden_sizes=[6, 8], depths=[1, 1], layer_type="basic", num_labels=len(SHAPES),
        id2label=dict(enumerate(SHAPES)),
    )  # fmt: skip
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = ResNetForImageClassification(config).eval()
    settings = {"size": {"shortest_edge": SIDE}, "image_mean": [0.5] * 3, "image_std": [0.2] * 3}
    with without_bars():
        model.save_pretrained(folder / "network")
    write_whole(folder / "network" / "preprocessor_config.json", json.dumps(settings))
    images = load_classifier(folder / "network").prepare(pictures)
    with torch.no_grad():  # random weights say one class of all: shift and stretch the logits, so that they say each
        last = model.classifier[-1]
        logits = model(images).logits
        last.weight *= (1 / logits.std(dim=0))[:, None]
        last.bias.copy_((last.bias - logits.mean(dim=0)) / logits.std(dim=0))
    with without_bars():
        model.save_pretrained(folder / "network")
    rows = Table.of({"image": pictures, "shape": shapes}, kinds={"shape": "label"})
    seen, fresh = rows.take(np.arange(48)), rows.take(np.arange(48, 60)).drop(["shape"])
    for name, part in (("pictures", seen), ("fresh", fresh)):
        (folder / name).mkdir(parents=True, exist_ok=True)
        part.write(folder / name, "rows", range(len(part)))
    return Example(
        folder / "pictures",
        roles={"label": "shape"},
        subjects={"model": folder / "network"},
        options={"which": "all", "images": 16, "layers": ("classifier.*", "resnet.encoder.stages.1.*")},
        do="do(graph=absent)",
        other="do(graph=only)",
        rows=folder / "fresh",
        outcome="shape",
    )

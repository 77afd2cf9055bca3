"""Clusters on the features of a network that was given: an image model by folder, or a torch module."""

import json
import shutil
from functools import partial

import numpy as np
import pytest
import torch
from tests.commands import command
from torch import nn

import aitia
from aitia.data.table import Table
from aitia.errors import DataError, FormatError, RunError
from aitia.nn.backbones import ImageBackbone, load_backbone, of_module
from aitia.systems.gedi import Gedi

transformers = pytest.importorskip("transformers")
small = partial(Gedi, clusters=2, steps=4, hidden=8, batch=16, walk=2, buffer=20, draw_walk=2)


def bars(n, seed=0, side=8):
    """Upright and lying bars, and which is which."""
    rng = np.random.default_rng(seed)
    kind = np.arange(n) % 2
    y, x = np.mgrid[0:side, 0:side]
    along = np.where(kind[:, None, None] == 0, x, y)
    lit = np.abs(along - rng.integers(1, side - 2, (n, 1, 1)) - 0.5) < 1
    return np.repeat((200 * lit).astype(np.uint8)[..., None], 3, axis=3), kind


def resnet(folder, channels=3):
    torch.manual_seed(0)
    config = transformers.ResNetConfig(
        num_channels=channels, embedding_size=8, hidden_sizes=[8, 12], depths=[1, 1], layer_type="basic", num_labels=3
    )
    model = transformers.ResNetForImageClassification(config).eval()
    model.save_pretrained(folder)
    settings = {"image_mean": [0.4] * channels, "image_std": [0.5] * channels, "size": {"shortest_edge": 16}}
    (folder / "preprocessor_config.json").write_text(json.dumps(settings), encoding="utf-8")
    return model


def vit(folder):
    torch.manual_seed(0)
    config = transformers.ViTConfig(
        hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16, image_size=16, patch_size=8
    )
    transformers.ViTForImageClassification(config).save_pretrained(folder)


class Means(nn.Module):
    """Grey pictures to how much columns differ in their means, and rows."""

    def __init__(self):
        super().__init__()
        self.filter = nn.Conv2d(1, 1, 1)
        self.drop = nn.Dropout(0.5)
        with torch.no_grad():
            self.filter.weight.fill_(1.0)
            self.filter.bias.zero_()

    def forward(self, x):
        seen = self.drop(self.filter(x))[:, 0]
        return torch.stack([seen.mean(1).std(1), seen.mean(2).std(1)], 1)


# -- what a backbone gives ---------------------------------------------------------------------------------------------


def test_a_folder_of_a_classifier_gives_the_states_below_its_head_of_scaled_pictures(tmp_path):
    model, found = resnet(tmp_path / "resnet"), load_backbone(tmp_path / "resnet")
    x = torch.rand(3, 1, 8, 8, generator=torch.Generator().manual_seed(1)) * 2 - 1
    large = nn.functional.interpolate(((x + 1) / 2).expand(-1, 3, -1, -1), (16, 16), mode="bilinear")
    with torch.no_grad():
        own = model.resnet((large - 0.4) / 0.5).last_hidden_state.mean((2, 3))
    assert torch.allclose(found.features(x), own, atol=1e-6)
    assert not any(p.requires_grad for p in found.model.parameters())
    assert not found.model.training


def test_tokens_are_told_by_their_mean_and_do_not_depend_on_what_no_file_holds(tmp_path):
    vit(tmp_path / "vit")
    x = torch.rand(2, 3, 16, 16) * 2 - 1
    one, two = (load_backbone(tmp_path / "vit").features(x) for _ in range(2))
    assert one.shape == (2, 8)
    assert torch.equal(one, two)  # a pooler that is not in the file would be drawn anew


def test_a_module_is_copied_and_gradients_reach_the_pixels():
    module = Means().train()
    found = of_module(module)
    x = torch.rand(4, 3, 8, 8).requires_grad_()
    found.features(x).sum().backward()
    assert x.grad.abs().sum() > 0
    assert module.training
    assert module.filter.weight.requires_grad
    assert module.filter.weight.grad is None


def test_what_is_no_backbone_is_refused(tmp_path):
    config = transformers.BertConfig(hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8)
    transformers.BertModel(config).save_pretrained(tmp_path / "bert")
    with pytest.raises(FormatError, match="holds a BertModel, which reads more than pictures"):
        load_backbone(tmp_path / "bert")
    resnet(tmp_path / "resnet")
    weights = tmp_path / "resnet" / "model.safetensors"
    weights.rename(weights.with_name("pytorch_model.bin"))
    with pytest.raises(FormatError, match="holds no safetensors"):
        load_backbone(tmp_path / "resnet")
    with pytest.raises(FormatError, match="and this one gives \\(3, 4\\)"):
        ImageBackbone(Odd()).features(torch.zeros(2, 3, 8, 8))


class Odd(nn.Module):
    def forward(self, x):
        return x.new_zeros(3, 4)


# -- clusters on it ----------------------------------------------------------------------------------------------------


def test_clusters_draws_and_energies_stand_on_the_features(tmp_path):
    resnet(tmp_path / "resnet")
    images, _ = bars(60)
    rows = Table.of({"image": images}, kinds={"image": "picture"})
    model = small().fit(rows, backbone=tmp_path / "resnet")
    assert model._net.body[0].normalized_shape == (12,)
    assert not any("resnet" in name or "embedder" in name for name in model._net.state_dict())
    answer = model.predict(rows.take([0, 1]))
    assert np.isfinite(answer.column("energy")).all()
    drawn = model.predict({"cluster": ["c0", "c1"]}, seed=1)
    assert drawn.pictures("image").shape == (2, 8, 8, 3)
    model.save_pretrained(tmp_path / "saved")
    again = aitia.load(tmp_path / "saved")
    assert np.array_equal(again.predict(rows.take([0, 1])).column("energy"), answer.column("energy"))
    moved = shutil.move(tmp_path / "resnet", tmp_path / "moved")
    with pytest.raises(RunError, match="say where that one is"):
        aitia.load(tmp_path / "saved").predict(rows.take([0]))
    there = aitia.load(tmp_path / "saved", backbone=moved).predict(rows.take([0, 1]))
    assert np.array_equal(there.column("energy"), answer.column("energy"))


def test_features_that_tell_the_kinds_apart_make_clusters_that_the_same_training_finds_from_them():
    images, kind = bars(200, seed=3)
    rows = Table.of({"image": images}, kinds={"image": "picture"})
    options = {"clusters": 2, "steps": 150, "batch": 64, "generative": 0.0, "turn": 0.0, "zoom": 0.0, "shift": 0.0}
    found = Gedi(**options).fit(rows, backbone=Means()).predict(rows).labels("cluster")
    first = found[0]
    right = np.mean([(label == first) == (k == kind[0]) for label, k in zip(found, kind, strict=True)])
    assert max(right, 1 - right) >= 0.9


def test_rows_of_numbers_take_no_backbone():
    with pytest.raises(DataError, match="a backbone reads pictures, and these rows are numbers"):
        small().fit(np.random.default_rng(0).normal(size=(40, 3)), backbone=Means())


def test_the_command_takes_a_folder(tmp_path):
    from aitia.data.reading.pictures import write_pictures

    resnet(tmp_path / "resnet")
    write_pictures(bars(40)[0], tmp_path / "pictures", [f"{k:02}.png" for k in range(40)])
    told = command(
        "run", "gedi", "--data", tmp_path / "pictures", "--backbone", tmp_path / "resnet", "--clusters", 2,
        "--steps", 3, "--batch", 16, "--walk", 2, "--buffer", 20, "--out", tmp_path / "run",
    )  # fmt: skip
    assert "clusters" in told
    assert aitia.load(tmp_path / "run").subjects["backbone"].hash

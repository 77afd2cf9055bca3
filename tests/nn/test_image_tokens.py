"""Codes of images: the nearest patch, its inverse, and the VQ model of diffusers from its folder."""

import numpy as np
import pytest

from aitia.errors import DataError, OptionError
from aitia.nn.image_tokens import DiffusersVQ, PatchVQ


def images(n=60, size=6, seed=0, levels=2):
    patches = np.random.default_rng(1).integers(0, 256, (levels, 2, 2, 3), dtype=np.uint8)
    which = np.random.default_rng(seed).integers(0, levels, (n, size // 2, size // 2))
    whole = patches[which].transpose(0, 1, 3, 2, 4, 5).reshape(n, size, size, 3)
    return which.reshape(n, -1), whole


def test_patches_of_a_codebook_come_back():
    which, pictures = images(levels=8)
    vq = PatchVQ(2, 8).fit(pictures)
    codes = vq.encode(pictures)
    assert vq.shape == (3, 3)
    assert np.array_equal(vq.decode(codes), pictures)
    pairs = {(int(a), int(b)) for a, b in zip(which.ravel(), codes.ravel(), strict=True)}
    assert len(pairs) == 8


def test_a_patch_gets_the_nearest_code():
    pictures = np.random.default_rng(2).integers(0, 256, (50, 4, 4, 3), dtype=np.uint8)
    vq = PatchVQ(2, 5).fit(pictures)
    book = vq._network().state_dict()["book"].numpy()
    first = pictures[0, :2, :2].reshape(-1).astype(float)
    assert vq.encode(pictures)[0, 0] == np.argmin(((book - first) ** 2).sum(axis=1))


def test_it_is_saved_and_read_again(tmp_path):
    _, pictures = images(levels=8)
    vq = PatchVQ(2, 8).fit(pictures)
    vq.save_pretrained(tmp_path)
    again = PatchVQ.from_pretrained(tmp_path)
    assert np.array_equal(again.encode(pictures), vq.encode(pictures))
    assert again.shape == vq.shape


def test_a_folder_of_diffusers_is_read(tmp_path):
    import torch
    from diffusers import VQModel

    torch.manual_seed(0)
    sizes = {"block_out_channels": (8, 8), "down_block_types": ("DownEncoderBlock2D",) * 2, "norm_num_groups": 4}
    more = {"up_block_types": ("UpDecoderBlock2D",) * 2, "latent_channels": 3, "num_vq_embeddings": 16}
    model = VQModel(**sizes, **more)
    model.save_pretrained(tmp_path)
    vq = DiffusersVQ.load(tmp_path, 8)
    pictures = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 3), dtype=np.uint8)
    codes = vq.encode(pictures)
    assert (vq.codes, vq.shape, codes.shape) == (16, (4, 4), (3, 16))
    with torch.no_grad():
        pixels = torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 127.5 - 1
        whole = model.eval()(pixels).sample
    wanted = ((whole + 1) * 127.5).round().clamp(0, 255).permute(0, 2, 3, 1).to(torch.uint8).numpy()
    assert np.abs(vq.decode(codes).astype(int) - wanted.astype(int)).max() <= 1
    with pytest.raises(OptionError, match="multiple of 2 pixels"):
        DiffusersVQ(model, 7)


def test_bad_images_are_refused():
    _, pictures = images(levels=8)
    vq = PatchVQ(2, 8).fit(pictures)
    with pytest.raises(DataError, match="6 by 6 pixels here, got 8 by 8"):
        vq.encode(np.zeros((1, 8, 8, 3), dtype=np.uint8))
    with pytest.raises(DataError, match="no whole number of patches"):
        PatchVQ(4, 8).fit(pictures)
    with pytest.raises(DataError, match="make no 9 codes"):
        PatchVQ(2, 9).fit(pictures)
    with pytest.raises(DataError, match="codes are 0 to 7, got 0 to 8"):
        vq.decode(np.array([[8] + [0] * 8]))
    with pytest.raises(DataError, match="bytes"):
        vq.encode(pictures.astype(float))
    with pytest.raises(OptionError, match="has not been fitted"):
        PatchVQ().decode(np.zeros((1, 0), dtype=int))

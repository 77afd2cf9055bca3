"""Pictures that are diffused in the latents of an autoencoder of diffusers."""

import shutil

import numpy as np
import pytest
import torch
from tests.systems.causal_diffae.trained import image_set, small

from aitia.data.subjects import Network
from aitia.errors import DataError, FormatError, OptionError, RunError
from aitia.nn.pixels import from_bytes
from aitia.system import load
from aitia.systems.causal_diffae.codec import PIXELS, open_codec

diffusers = pytest.importorskip("diffusers")


def autoencoder(folder, **more):
    """Of 4 channels at half of the size."""
    torch.manual_seed(0)
    options = {"block_out_channels": (8, 8), "norm_num_groups": 4, "latent_channels": 4, "scaling_factor": 0.7,
               "shift_factor": 0.1, "down_block_types": ("DownEncoderBlock2D",) * 2,
               "up_block_types": ("UpDecoderBlock2D",) * 2}  # fmt: skip
    made = diffusers.AutoencoderKL(**{**options, **more}).eval()
    made.save_pretrained(folder)
    return made


def rows_of(n, side=16):
    few = image_set(n, 0)
    images = few.pictures("image")
    times = side // images.shape[1]
    return few.with_columns({"image": images.repeat(times, 1).repeat(times, 2)}, kinds={"image": "picture"})


def test_latents_are_scaled_as_the_folder_says_and_decoded_back(tmp_path):
    made, found = autoencoder(tmp_path / "vae"), open_codec(Network.of(tmp_path / "vae"))
    x = from_bytes(np.array(rows_of(3).pictures("image")))
    with torch.no_grad():
        plain = made.encode(x).latent_dist.mode()
        own = made.decode(plain).sample.clamp(-1, 1)
    assert found.encode(x).shape == (3, 4, 8, 8)
    assert torch.allclose(found.encode(x), (plain - 0.1) * 0.7, atol=1e-6)
    assert torch.allclose(found.decode(found.encode(x)), own, atol=1e-5)
    assert (found.channels, found.factor) == (4, 2)
    assert PIXELS.encode(x) is x
    assert open_codec(None) is PIXELS


def test_counterfactuals_are_drawn_in_latents_and_the_autoencoder_is_not_kept(tmp_path):
    made = autoencoder(tmp_path / "vae")
    rows = rows_of(20)
    model = small(steps=3).fit(rows, vae=tmp_path / "vae")
    assert model._net.shape == (4, 8, 8)
    assert model._net.unet.config.in_channels == 4
    assert not any("decoder" in name for name in model._net.state_dict())
    few = rows.take([0, 1])
    noise = model.abduct(few)
    assert noise.parts["noise"].shape == (2, 4, 8, 8)
    moved = model.do(height=0.5).solve(noise)
    assert moved.pictures("image").shape == (2, 16, 16, 3)
    # an inversion is told by its decoded pictures, and the bound by what comes back of the picture itself
    again = from_bytes(np.array(model.solve(noise).pictures("image")))
    with torch.no_grad():
        known = made.decode(made.encode(from_bytes(np.array(few.pictures("image")))).latent_dist.mode()).sample
    error = (again - known.clamp(-1, 1)).abs().flatten(1).mean(1) / 2
    assert np.allclose(model.inversion(few).column("error"), error, atol=0.01)
    assert model.predict({"height": [0.4], "length": [0.5]}).pictures("image").shape == (1, 16, 16, 3)
    model.save_pretrained(tmp_path / "saved")
    assert load(tmp_path / "saved").solve(noise) == model.solve(noise)
    shutil.move(tmp_path / "vae", tmp_path / "moved")
    with pytest.raises(RunError, match="say where that one is"):
        load(tmp_path / "saved").abduct(few)
    assert load(tmp_path / "saved", vae=tmp_path / "moved").solve(noise) == model.solve(noise)


def test_pictures_and_autoencoders_that_do_not_fit_are_refused(tmp_path):
    autoencoder(tmp_path / "vae")
    with pytest.raises(DataError, match="latents are 4x4: a UNet of 2 levels takes sides"):
        small().fit(rows_of(20, 8), vae=tmp_path / "vae")
    odd = np.zeros((20, 15, 15, 3), np.uint8)
    odd[::2] = 200
    with pytest.raises(DataError, match="pictures are 15x15: this autoencoder takes sides that are multiples of 2"):
        small().fit(rows_of(20).with_columns({"image": odd}, kinds={"image": "picture"}), vae=tmp_path / "vae")
    autoencoder(tmp_path / "grey", in_channels=1, out_channels=1)
    with pytest.raises(OptionError, match="takes pictures of 1 channels: it takes 3"):
        small().fit(rows_of(20), vae=tmp_path / "grey")
    with pytest.raises(OptionError, match="is a Linear: pictures are encoded by an AutoencoderKL"):
        small().fit(rows_of(20), vae=torch.nn.Linear(2, 2))
    diffusers.VQModel(block_out_channels=(8,), norm_num_groups=4).save_pretrained(tmp_path / "vq")
    with pytest.raises(FormatError, match="holds a VQModel: pictures are encoded by an AutoencoderKL"):
        small().fit(rows_of(20), vae=tmp_path / "vq")
    weights = next((tmp_path / "vae").glob("*.safetensors"))
    weights.rename(weights.with_suffix(".bin"))
    with pytest.raises(FormatError, match="holds no safetensors"):
        small().fit(rows_of(20), vae=tmp_path / "vae")
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "notes.txt").write_text("no model", encoding="utf-8")
    with pytest.raises(FormatError, match=r"holds no config\.json"):
        small().fit(rows_of(20), vae=tmp_path / "empty")


def test_a_unet_of_pixels_does_not_draw_latents(tmp_path):
    from tests.systems.causal_diffae.test_refused import ddpm

    autoencoder(tmp_path / "vae")
    ddpm(tmp_path / "ddpm")
    with pytest.raises(OptionError, match="with a vae, in 4 channels of its latents"):
        small().fit(rows_of(20), vae=tmp_path / "vae", unet=tmp_path / "ddpm")

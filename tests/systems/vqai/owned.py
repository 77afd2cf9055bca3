"""What the user of the page of this system has."""

import shutil

import torch
from tests.docs.files import example


def owned(folder):
    found = example("vqai", folder)
    for name in ("pairs.csv", "fresh.csv"):
        if not (folder / name).exists():
            shutil.copy(found.files.parent / name, folder / name)
    if not (folder / "pictures").exists():
        shutil.copytree(found.files.parent / "pictures", folder / "pictures")
    if not (folder / "my-editor").exists():
        pix2pix(folder / "my-editor")
    return {}


def pix2pix(folder, side=16):
    """A tiny InstructPix2Pix of diffusers' own classes, with random weights, as a folder."""
    import diffusers

    from aitia.nn.text_to_image import PainterConfig, small_text_to_image

    words = ("what", "if", "it", "were", "noon", "light", "angle", "shadow", "position", "length")
    painter = small_text_to_image(words, PainterConfig(size=8, channels=(8, 16), width=16, layers=1, longest=24))
    text = painter.library
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        unet = diffusers.UNet2DConditionModel(
            sample_size=side // 2, in_channels=8, out_channels=4, block_out_channels=(8, 16), layers_per_block=1,
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"), cross_attention_dim=16, attention_head_dim=2,
            up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"), norm_num_groups=8,
        )  # fmt: skip
        vae = diffusers.AutoencoderKL(
            block_out_channels=(8, 8), down_block_types=("DownEncoderBlock2D",) * 2, norm_num_groups=8,
            up_block_types=("UpDecoderBlock2D",) * 2, latent_channels=4, sample_size=side,
        )  # fmt: skip
    made = diffusers.StableDiffusionInstructPix2PixPipeline(
        vae=vae, text_encoder=text.text_encoder, tokenizer=text.tokenizer, unet=unet,
        scheduler=diffusers.DDIMScheduler(), safety_checker=None, feature_extractor=None,
        requires_safety_checker=False,
    )  # fmt: skip
    made.set_progress_bar_config(disable=True)
    made.save_pretrained(folder, safe_serialization=True)
    return folder

"""A tiny model from text to pictures, of the very classes of a Stable Diffusion, trained in minutes on one core.

    L = E || target(x, e, t) - denoiser(a_t x + s_t e, t, text) ||^2,    text = "" with probability `empty`      (1)

CLIPTextModel and UNet2DConditionModel are trained together from random weights, in pixels: there is no VAE. The result
is a `StableDiffusionPipeline`, saved and opened as any other, with a tokenizer of CLIP's kind in which each word of the
captions is one token. What is kept are means of the weights over the last updates (`mean`).

Sources:
    Rombach and others, High-resolution image synthesis with latent diffusion models, CVPR 2022 (the networks); Ho and
    Salimans, Classifier-free diffusion guidance, 2022 (empty prompts). Sizes and training are ours.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from aitia.errors import DataError, MissingExtraError, OptionError
from aitia.nn.diffusion import Schedule
from aitia.nn.pipelines import ImagePipeline
from aitia.nn.pixels import from_bytes

__all__ = ["PainterConfig", "clip_tokenizer", "fit_text_to_image", "small_text_to_image"]

START, END = "<|startoftext|>", "<|endoftext|>"


@dataclass(frozen=True)
class PainterConfig:
    """Sizes and training of a tiny text-to-image model.

    Args:
        size: Pixels on a side, even.
        channels: Of the two levels of the UNet, multiples of 8.
        width: Of the text encoder.
        layers: Of the text encoder.
        longest: Tokens of a prompt, with start and end.
        noise_steps: Of the diffusion.
        updates: Of the training.
        batch: Pictures an update.
        rate: Peak learning rate; a tenth of the updates, 100 at most, warm up, then it falls as a cosine.
        empty: Share of the prompts that are replaced by the empty one.
        mean: Of the moving mean of the weights.
        seed: Of weights, batches and noise.

    Raises:
        OptionError: If a number is out of range.
    """

    size: int = 16
    channels: tuple[int, int] = (16, 32)
    width: int = 64
    layers: int = 3
    longest: int = 10
    noise_steps: int = 200
    updates: int = 1500
    batch: int = 32
    rate: float = 2e-3
    empty: float = 0.12
    mean: float = 0.99
    seed: int = 0

    def __post_init__(self) -> None:
        if self.size < 8 or self.size % 2:
            raise OptionError(f"size is an even number of pixels from 8 on, got {self.size}")
        if len(self.channels) != 2 or any(count < 8 or count % 8 for count in self.channels):
            raise OptionError(f"channels are two multiples of 8, got {self.channels}")
        for name in ("width", "layers", "longest", "noise_steps", "updates", "batch"):
            if getattr(self, name) < 1:
                raise OptionError(f"{name} is 1 or more, got {getattr(self, name)}")
        if self.width % 4 or not 0 <= self.empty < 1 or not 0 <= self.mean < 1 or not self.rate > 0:
            raise OptionError(
                f"width is a multiple of 4, empty and mean are shares below 1, rate is positive; got {self.width}, "
                f"{self.empty}, {self.mean}, {self.rate}"
            )


def clip_tokenizer(words: Sequence[str], longest: int) -> Any:
    """A tokenizer of CLIP in which each of these words is one token; others fall into letters, or are the end token.

    Args:
        words: Of small letters.
        longest: Tokens of a prompt, with start and end.

    Raises:
        OptionError: If a word is not of small letters, or the words cannot all be whole: byte-pair merges of one would
            always break another.
        MissingExtraError: If transformers is not installed.
    """
    try:
        from transformers import CLIPTokenizer
    except ImportError as error:
        raise MissingExtraError("CLIP needs transformers: pip install 'aitia[vision,language]'") from error
    known = sorted(set(words))
    if odd := [word for word in known if not (word.isascii() and word.isalpha() and word.islower())]:
        raise OptionError(f"words are of the letters a to z, got {odd[0]!r}")
    merges: list[tuple[str, str]] = []
    for word in _breaking_first(known):
        letters = [*word[:-1], f"{word[-1]}</w>"]
        merges += [("".join(letters[:k]), letters[k]) for k in range(1, len(letters))]
    merges = list(dict.fromkeys(merges))
    alphabet = sorted({letter for word in known for letter in (*word[:-1], f"{word[-1]}</w>")})
    tokens = list(dict.fromkeys([*alphabet, *("".join(merge) for merge in merges), START, END]))
    made = CLIPTokenizer(vocab={t: k for k, t in enumerate(tokens)}, merges=merges, model_max_length=longest)
    if broken := [word for word in known if len(made(word).input_ids) != 3]:
        raise OptionError(f"{broken[0]!r} cannot be one token beside the other words: say it otherwise")
    return made


def _breaking_first(words: Sequence[str]) -> list[str]:
    """The words in an order in which the first pair of letters of none comes early inside of another one.

    Byte-pair merges go by rank: were "ri" of "ring" before "tr" of "triangle", the triangle would be cut.
    """
    left, order = list(words), []
    while left:
        free = [w for w in left if not any(w[:2] in u[1:] for u in left if u != w and u[:2] != w[:2])] or left
        order.append(free[0])
        left.remove(free[0])
    return order


def small_text_to_image(words: Sequence[str], config: PainterConfig | None = None) -> ImagePipeline:
    """The model with random weights.

    Args:
        words: Of the captions.
        config: Sizes.

    Raises:
        OptionError: As `clip_tokenizer`.
        MissingExtraError: If diffusers or transformers is not installed.
    """
    try:
        from diffusers import DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
        from transformers import CLIPTextConfig, CLIPTextModel
    except ImportError as error:
        raise MissingExtraError(
            "this needs diffusers and transformers: pip install 'aitia[vision,language]'"
        ) from error
    config = config or PainterConfig()
    tokenizer = clip_tokenizer(words, config.longest)
    vocabulary = tokenizer.get_vocab()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        text = CLIPTextModel(
            CLIPTextConfig(
                vocab_size=len(vocabulary),
                hidden_size=config.width,
                intermediate_size=config.width,
                num_hidden_layers=config.layers,
                num_attention_heads=4,
                max_position_embeddings=config.longest,
                bos_token_id=vocabulary[START],
                eos_token_id=vocabulary[END],
                pad_token_id=vocabulary[END],
            )
        )
        unet = UNet2DConditionModel(
            sample_size=config.size,
            in_channels=3,
            out_channels=3,
            block_out_channels=config.channels,
            layers_per_block=1,
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
            cross_attention_dim=config.width,
            attention_head_dim=2,  # to diffusers the number of heads
            norm_num_groups=8,
        )
    kept = Schedule.cosine(config.noise_steps).a.double() ** 2
    before = torch.cat([kept.new_ones(1), kept[:-1]])
    scheduler = DDIMScheduler(
        num_train_timesteps=config.noise_steps,
        trained_betas=[round(float(beta), 9) for beta in 1 - kept / before],
        prediction_type="v_prediction",
        timestep_spacing="trailing",
        clip_sample=False,
        steps_offset=1,
    )
    library = StableDiffusionPipeline(
        vae=None,
        text_encoder=text,
        tokenizer=tokenizer,
        unet=unet,
        scheduler=scheduler,
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    library.set_progress_bar_config(disable=True)
    return ImagePipeline(library, "the small text-to-image model")


def fit_text_to_image(
    pipeline: ImagePipeline,
    images: NDArray[np.uint8],
    captions: Sequence[str],
    config: PainterConfig | None = None,
) -> ImagePipeline:
    """Trains denoiser and text encoder by (1), in place; the pipeline comes back in evaluation mode.

    Args:
        pipeline: Of `small_text_to_image`.
        images: Bytes (n, size, size, 3).
        captions: One a picture.
        config: The training.

    Raises:
        DataError: If pictures and captions do not match, or are of another size than the denoiser's.
    """
    config = config or PainterConfig()
    if len(images) != len(captions) or not len(images):
        raise DataError(f"{len(images)} pictures have {len(captions)} captions: one each, and one at least")
    x = pipeline.encode(from_bytes(images))
    if x.shape[2:] != pipeline.noise(1, 0).shape[2:]:
        raise DataError(
            f"pictures are {tuple(x.shape[2:])} here, the model draws {tuple(pipeline.noise(1, 0).shape[2:])}"
        )
    tokens, ids = _tokens(pipeline, captions)
    encoder: Any = pipeline.library.text_encoder
    trained = nn.ModuleList([pipeline.denoiser, encoder])
    parameters = list(trained.parameters())
    optimizer = torch.optim.AdamW(parameters, lr=config.rate)
    warm = max(1, min(100, config.updates // 10))
    means = [parameter.detach().clone() for parameter in parameters]
    random = torch.Generator().manual_seed(config.seed + 1)
    trained.train()
    for update in range(config.updates):
        share = (update - warm) / max(1, config.updates - warm)
        rate = (update + 1) / warm if update < warm else 0.5 * (1 + math.cos(math.pi * share))
        for group in optimizer.param_groups:
            group["lr"] = config.rate * rate
        rows = torch.randint(len(x), (config.batch,), generator=random)
        said = tokens[ids[rows]].clone()
        said[torch.rand(config.batch, generator=random) < config.empty] = tokens[-1]
        t = torch.randint(len(pipeline.schedule), (config.batch,), generator=random)
        noise = torch.randn(x[rows].shape, generator=random)
        states = encoder(said).last_hidden_state
        found = pipeline.denoiser(pipeline.schedule.noised(x[rows], noise, t), t, encoder_hidden_states=states).sample
        loss = (found - pipeline.schedule.target(x[rows], noise, t)).square().mean()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        # An early mean forgets fast, or short trainings would average their random start in.
        kept = min(config.mean, (update + 1) / (update + 21))
        for mean, parameter in zip(means, parameters, strict=True):
            mean.lerp_(parameter.detach(), 1 - kept)
    with torch.no_grad():
        for mean, parameter in zip(means, parameters, strict=True):
            parameter.copy_(mean)
    pipeline.eval()
    return pipeline


def _tokens(pipeline: ImagePipeline, captions: Sequence[str]) -> tuple[Tensor, Tensor]:
    """The tokens of each different caption, and the empty one last; and which of them each picture has.

    Raises:
        DataError: If a caption has more tokens than the encoder reads.
    """
    tokenizer = pipeline.library.tokenizer
    different = sorted(set(captions))
    longest = tokenizer.model_max_length
    made = tokenizer([*different, ""])["input_ids"]
    if long := [text for text, each in zip(different, made, strict=False) if len(each) > longest]:
        raise DataError(f"the caption {long[0]!r} has more than the {longest} tokens that the text encoder reads")
    padded = tokenizer([*different, ""], padding="max_length", max_length=longest, return_tensors="pt")["input_ids"]
    number = {text: k for k, text in enumerate(different)}
    return padded, torch.tensor([number[text] for text in captions])

"""Pipelines of diffusers that edit: any whose call takes a picture and words, driven by its own code.

InstructPix2Pix, picture-to-picture pipelines and editing transformers all say what they take in the arguments of
their call; one without a picture among them is refused. Only safetensors are read, and no code of a folder is run; see
`aitia.nn.pipeline_folders`. What is told is words, or, of a UNet that takes noise and picture side by side, states in
their place that an adapter learned to say.
"""

import inspect
from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from aitia.data.subjects import Network
from aitia.engine import Progress
from aitia.errors import OptionError, RunError
from aitia.guard import guarded
from aitia.nn.diffusion import Schedule
from aitia.nn.pipeline_folders import load_library_pipeline
from aitia.systems.vqai.config import VqaiConfig

__all__ = ["PipelineEditor", "in_states", "in_words", "open_editor"]

Pictures = NDArray[np.uint8]
Told = Mapping[str, Any]
"""What a row tells a pipeline, as arguments of its call."""
_WEIGHTS = {"guidance_scale": "guidance", "image_guidance_scale": "picture_guidance"}
"""Arguments of a call, and the options that they are."""
_ENCODED = 8
"""Pictures that are made latents at once."""


class PipelineEditor:
    """Draws pictures from pictures and words.

    Args:
        library: The pipeline of diffusers.
        source: Where it came from, for messages.

    Raises:
        OptionError: If its call takes no picture, or no words.
    """

    def __init__(self, library: Any, source: str) -> None:
        self.library, self.source = library, source
        self.takes = frozenset(inspect.signature(type(library).__call__).parameters)
        kind = type(library).__name__
        for name, what in (("image", "a picture"), ("prompt", "words")):
            if name not in self.takes:
                raise OptionError(
                    f"{source} is a {kind}, whose call does not take {what}: give a pipeline that edits, such as "
                    "InstructPix2Pix, or save this one as AutoPipelineForImage2Image.from_pipe(...) does"
                )

    @property
    def side(self) -> int:
        """Pixels on a side of what it draws."""
        parts = self.library.components
        denoiser = parts.get("unet") or parts.get("transformer")
        size = getattr(getattr(denoiser, "config", None), "sample_size", None)
        factor = int(getattr(self.library, "vae_scale_factor", 8))
        if size is None:
            raise RunError(f"{self.source} does not say its size: put sample_size into the config.json of its denoiser")
        return int(size if isinstance(size, int) else size[0]) * factor

    # -- what an adapter needs -----------------------------------------------------------------------------------------

    def check_states(self) -> None:
        """Refuses a pipeline that no states can guide.

        Raises:
            OptionError: Says why, and what guides it.
        """
        if why := self._why_no_states():
            raise OptionError(
                f"{self.source} is a {type(self.library).__name__}, {why}: no latent guides it. Take answer or "
                "question as the guide (--guide answer), or give an InstructPix2Pix"
            )
        Schedule.of(self.library.scheduler)

    def _why_no_states(self) -> str:
        parts = {name: part for name, part in self.library.components.items() if part is not None}
        if "unet" not in parts:
            other = parts.get("transformer")
            return "which has no UNet" if other is None else f"which draws with a {type(other).__name__}"
        if not {"prompt_embeds", "negative_prompt_embeds"} <= self.takes:
            return "whose call takes no prompt_embeds"
        if lacking := [name for name in ("vae", "text_encoder", "tokenizer", "scheduler") if name not in parts]:
            return f"which has no {lacking[0]}"
        if "mask_image" in self.takes:
            return "whose UNet takes a mask beside the picture"
        channels, latent = int(parts["unet"].config.in_channels), int(parts["vae"].config.latent_channels)
        if channels != 2 * latent or not hasattr(self.library, "prepare_image_latents"):
            return f"whose UNet takes {channels} channels, not {latent} of noise and {latent} of the picture"
        if "pooled_prompt_embeds" in self.takes or parts["unet"].config.get("addition_embed_type"):
            return "whose UNet takes a pooled text beside the states"
        return ""

    @torch.no_grad()
    def nothing(self, tokens: int) -> Tensor:
        """(tokens, width) what an empty prompt says, its first positions."""
        tokenizer, encoder = self.library.tokenizer, self.library.text_encoder
        options = {"padding": "max_length", "max_length": tokenizer.model_max_length, "truncation": True}
        ids = tokenizer("", return_tensors="pt", **options).input_ids
        said = encoder(ids.to(encoder.device))[0][0].float().cpu()
        return cast(Tensor, said[torch.arange(tokens) % len(said)])

    @torch.no_grad()
    def latents(
        self, before: Pictures, after: Pictures, config: VqaiConfig, progress: Progress | None
    ) -> tuple[Tensor, Tensor]:
        """Pictures (n, side, side, 3) as the UNet sees them: those before as it is shown them, those after as it draws.

        Both are the pipeline's own reading of a picture, (n, channels, height, width), the mean of what its VAE says.
        """
        self._place(config)
        found: tuple[list[Tensor], list[Tensor]] = ([], [])
        for start in range(0, len(before), _ENCODED):
            with guarded(self.source, "cannot read a picture", RunError):
                for latents, pictures in zip(found, (before, after), strict=True):
                    latents.append(self._latents(pictures[start : start + _ENCODED]))
            if progress is not None:
                progress("latents of pictures", min(start + _ENCODED, len(before)), len(before))
        return torch.cat(found[0]), torch.cat(found[1]) * float(self.library.vae.config.scaling_factor)

    def _latents(self, pictures: Pictures) -> Tensor:
        from PIL import Image

        vae = self.library.vae
        pixels = self.library.image_processor.preprocess([Image.fromarray(picture) for picture in pictures])
        made = self.library.prepare_image_latents(pixels, len(pictures), 1, vae.dtype, vae.device, False)
        return cast(Tensor, made.float().cpu())

    # -- drawing -------------------------------------------------------------------------------------------------------

    def _place(self, config: VqaiConfig) -> None:
        if config.device == "auto" and torch.cuda.is_available():
            self.library.to("cuda")

    def drawn(self, pictures: Pictures, told: Sequence[Told], config: VqaiConfig, seed: int) -> Pictures:
        """(n, side, side, 3) of (n, side, side, 3); each row has noise of its own that its neighbours do not change.

        Args:
            pictures: What is changed.
            told: Of each row, as of `in_words` or `in_states`.
            config: Weights and steps.
            seed: Of the noise.

        Raises:
            RunError: If the pipeline cannot draw them; says why.
        """
        from PIL import Image

        found = []
        weights = {name: getattr(config, option) for name, option in _WEIGHTS.items() if name in self.takes}
        self.library.set_progress_bar_config(disable=True)
        self._place(config)
        for row, (picture, said) in enumerate(zip(pictures, told, strict=True)):
            chance = torch.Generator().manual_seed(seed * 100_003 + row)
            with guarded(self.source, "cannot edit a picture", RunError), torch.no_grad():
                made = self.library(
                    **said, image=Image.fromarray(picture), num_inference_steps=config.draw_steps,
                    generator=chance, output_type="np", **weights,
                ).images[0]  # fmt: skip
            found.append(np.round(np.clip(made, 0, 1) * 255).astype(np.uint8))
        return np.stack(found)


def in_words(texts: Sequence[str]) -> list[Told]:
    """What rows tell in words."""
    return [{"prompt": text} for text in texts]


def in_states(said: Tensor, null: Tensor) -> list[Told]:
    """What rows tell in states (n, tokens, width), and in those (tokens, width) that say nothing."""
    return [{"prompt_embeds": one[None], "negative_prompt_embeds": null[None]} for one in said]


def open_editor(network: Network) -> PipelineEditor:
    """The pipeline of a folder, or of a repository of the Hub; an opened one as it is.

    Raises:
        FormatError: If it is none, something is missing, or its weights are a pickle.
        OptionError: If it takes no picture.
        RunError: If it is another one than that of the hash.
    """
    opened = network.opened
    if opened is not None:
        return PipelineEditor(getattr(opened, "library", opened), network.id)
    return PipelineEditor(load_library_pipeline(network.where()), network.id)

"""Pipelines of diffusers that edit: any whose call takes a picture and words, driven by its own code.

InstructPix2Pix, picture-to-picture pipelines and editing transformers all say what they take in the arguments of
their call; one without a picture among them is refused. Only safetensors are read, and no code of a folder is run; see
`aitia.nn.pipeline_folders`.
"""

import inspect
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from aitia.data.subjects import Network
from aitia.errors import OptionError, RunError
from aitia.guard import guarded
from aitia.nn.pipeline_folders import load_library_pipeline
from aitia.systems.vqai.config import VqaiConfig

__all__ = ["PipelineEditor", "open_editor"]

Pictures = NDArray[np.uint8]
_WEIGHTS = {"guidance_scale": "guidance", "image_guidance_scale": "picture_guidance"}
"""Arguments of a call, and the options that they are."""


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

    def drawn(self, pictures: Pictures, words: Sequence[str], config: VqaiConfig, seed: int) -> Pictures:
        """(n, side, side, 3) of (n, side, side, 3); each row has noise of its own that its neighbours do not change.

        Raises:
            RunError: If the pipeline cannot draw them; says why.
        """
        from PIL import Image

        found = []
        weights = {name: getattr(config, option) for name, option in _WEIGHTS.items() if name in self.takes}
        self.library.set_progress_bar_config(disable=True)
        if config.device == "auto" and torch.cuda.is_available():
            self.library.to("cuda")
        for row, (picture, text) in enumerate(zip(pictures, words, strict=True)):
            chance = torch.Generator().manual_seed(seed * 100_003 + row)
            with guarded(self.source, "cannot edit a picture", RunError), torch.no_grad():
                made = self.library(
                    prompt=text, image=Image.fromarray(picture), num_inference_steps=config.draw_steps,
                    generator=chance, output_type="np", **weights,
                ).images[0]  # fmt: skip
            found.append(np.round(np.clip(made, 0, 1) * 255).astype(np.uint8))
        return np.stack(found)


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

"""What is diffused in place of pictures: their pixels, or latents of an autoencoder that was given and stays fixed."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from aitia.data.subjects import Network, Subject
from aitia.errors import DataError, FormatError, MissingExtraError, OptionError
from aitia.guard import guarded, read_json
from aitia.nn.announced import check_model_folder
from aitia.saving import model_folder

__all__ = ["PIXELS", "Codec", "open_codec"]

_AT_ONCE = 64


class Codec:
    """From pictures to what is diffused, and back.

    Args:
        autoencoder: An `AutoencoderKL` of diffusers; None diffuses pixels.
    """

    def __init__(self, autoencoder: Any = None) -> None:
        self.autoencoder = autoencoder
        self.channels: int = 3 if autoencoder is None else int(autoencoder.config.latent_channels)
        self.factor: int = 1 if autoencoder is None else 2 ** (len(autoencoder.config.block_out_channels) - 1)

    @torch.no_grad()
    def encode(self, x: Tensor) -> Tensor:
        """(n, channels, height, width) of pictures (n, 3, ...) of -1 to 1; of latents their mean.

        Raises:
            DataError: If the sides of a picture are no multiples of what the autoencoder scales them by.
        """
        if self.autoencoder is None:
            return x
        if x.shape[2] % self.factor or x.shape[3] % self.factor:
            raise DataError(
                f"pictures are {x.shape[3]}x{x.shape[2]}: this autoencoder takes sides that are multiples of "
                f"{self.factor}; scale them (--size)"
            )
        settings = self.autoencoder.config
        parts = [self.autoencoder.encode(part).latent_dist.mode() for part in torch.split(x, _AT_ONCE)]
        found: Tensor = (torch.cat(parts) - (settings.get("shift_factor") or 0.0)) * settings.scaling_factor
        return found

    @torch.no_grad()
    def decode(self, latents: Tensor) -> Tensor:
        """Pictures (n, 3, ...) of -1 to 1."""
        if self.autoencoder is None or not len(latents):
            return latents.clamp(-1, 1)
        settings = self.autoencoder.config
        plain = latents / settings.scaling_factor + (settings.get("shift_factor") or 0.0)
        parts = [self.autoencoder.decode(part).sample for part in torch.split(plain, _AT_ONCE)]
        return torch.cat(parts).clamp(-1, 1)


PIXELS = Codec()


def open_codec(subject: Subject | None) -> Codec:
    """The autoencoder of a folder that its `save_pretrained` wrote, such as `vae/` of a pipeline; None gives pixels.

    Raises:
        OptionError: If the module that was given is no `AutoencoderKL`.
        FormatError: If a folder holds none, or its weights are no safetensors.
        MissingExtraError: If diffusers is not installed.
    """
    if subject is None:
        return PIXELS
    try:
        from diffusers import AutoencoderKL
    except ImportError as error:
        raise MissingExtraError("this needs diffusers: pip install 'aitia[vision]'") from error
    found = subject.opened if isinstance(subject, Network) else None
    if found is None:
        folder = model_folder(subject.where())
        _check(folder)
        with guarded(folder, "holds no AutoencoderKL"):
            found = AutoencoderKL.from_pretrained(folder, use_safetensors=True, trust_remote_code=False)
    if not isinstance(found, AutoencoderKL):
        raise OptionError(f"{subject.id} is a {type(found).__name__}: pictures are encoded by an AutoencoderKL")
    if (found.config.in_channels, found.config.out_channels) != (3, 3):
        raise OptionError(f"{subject.id} takes pictures of {found.config.in_channels} channels: it takes 3")
    return Codec(found.float().eval())


def _check(folder: Path) -> None:
    config = folder / "config.json"
    if not config.is_file():
        raise FormatError(f"{folder} holds no config.json: give the folder of the autoencoder, as vae/ of a pipeline")
    name = read_json(config, dict).get("_class_name")
    if name != "AutoencoderKL":
        raise FormatError(f"{folder} holds a {str(name)[:40]}: pictures are encoded by an AutoencoderKL")
    if not any(folder.glob("*.safetensors")):
        raise FormatError(f"{folder} holds no safetensors: save the autoencoder with save_pretrained")
    check_model_folder(folder)

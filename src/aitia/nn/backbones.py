"""Networks that turn pictures into features: models of the Hugging Face library, or any torch module. They stay fixed.

Gradients go through them to the pixels, so that what stands on the features can be followed uphill in the picture.
"""

import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from aitia.errors import FormatError, MissingExtraError
from aitia.guard import guarded
from aitia.nn.announced import check_model_folder
from aitia.nn.hugging_face import from_hugging_face
from aitia.nn.vision import _settings, _size  # private, as the evidence of others hashes that file
from aitia.saving import model_folder

__all__ = ["ImageBackbone", "load_backbone", "of_module"]


@dataclass(frozen=True, eq=False)
class ImageBackbone:
    """A network with the way it wants pictures.

    Args:
        model: In evaluation mode, its weights without gradients.
        size: Side to which pictures are scaled; None takes them as they are.
        mean: Taken off each channel of values from 0 to 1.
        sd: Divides each channel.
    """

    model: nn.Module
    size: int | None = None
    mean: tuple[float, ...] = (0.0, 0.0, 0.0)
    sd: tuple[float, ...] = (1.0, 1.0, 1.0)

    def features(self, x: Tensor) -> Tensor:
        """(n, features) of (n, 1 or 3, height, width) of -1 to 1: the last states, maps and tokens by their mean.

        Raises:
            FormatError: If the network gives something else.
        """
        seen, channels = (x + 1) / 2, len(self.mean)
        if x.shape[1] != channels:
            seen = seen.expand(-1, channels, -1, -1) if x.shape[1] == 1 else seen.mean(1, keepdim=True)
        if self.size is not None and tuple(x.shape[2:]) != (self.size, self.size):
            seen = interpolate(seen, (self.size, self.size), mode="bilinear", align_corners=False)
        mean, sd = (seen.new_tensor(values).reshape(1, -1, 1, 1) for values in (self.mean, self.sd))
        said: Any = self.model.to(x.device)((seen - mean) / sd)
        found = next(
            (part for name in ("last_hidden_state", "logits") if (part := getattr(said, name, None)) is not None), said
        )
        if not isinstance(found, Tensor) or len(found) != len(x) or found.ndim not in (2, 3, 4):
            told = tuple(found.shape) if isinstance(found, Tensor) else type(found).__name__
            raise FormatError(f"a backbone gives a row, tokens or maps of each picture, and this one gives {told}")
        if found.ndim == 2:
            return found
        return found.mean(1) if found.ndim == 3 else found.mean((2, 3))

    def state_dict(self) -> dict[str, Any]:
        """Of the model, as a torch module has it: by these numbers a system knows it again."""
        return dict(self.model.state_dict())


def of_module(module: nn.Module) -> ImageBackbone:
    """A bare module as a backbone; it takes values from 0 to 1 with as many channels as its first convolution.

    The module itself stays as it was: the backbone is a copy.
    """
    first = next((part for part in module.modules() if isinstance(part, nn.Conv2d)), None)
    channels = 3 if first is None else first.in_channels
    return ImageBackbone(_fixed(copy.deepcopy(module)), None, (0.0,) * channels, (1.0,) * channels)


def load_backbone(source: str | Path) -> ImageBackbone:
    """An image model of the Hugging Face library without its head: a folder, or a repository of the Hub.

    Args:
        source: A folder with `config.json` and safetensors, or `owner/name`.

    Raises:
        FormatError: If there is no such folder or repository, its weights are no safetensors, or it reads no pictures.
        MissingExtraError: If transformers is not installed.
    """
    try:
        from transformers import AutoModel
    except ImportError as error:
        raise MissingExtraError("Hugging Face models need `pip install 'aitia[language]'`") from error
    folder = model_folder(source)
    if not any(folder.glob("*.safetensors")):
        raise FormatError(f"{folder} holds no safetensors: save the model with save_pretrained")
    check_model_folder(folder)
    with guarded(folder, "holds no image model"):
        model: Any = from_hugging_face(AutoModel, folder, use_safetensors=True, dtype=torch.float32)
    if getattr(model, "main_input_name", "") != "pixel_values":
        raise FormatError(
            f"{folder} holds a {type(model).__name__}, which reads more than pictures: give an image model"
        )
    settings = _settings(folder)
    channels = int(getattr(model.config, "num_channels", 3))
    mean, sd = (
        tuple(float(v) for v in settings.get(name) or [plain] * channels)
        if settings.get("do_normalize", True)
        else (plain,) * channels
        for name, plain in (("image_mean", 0.0), ("image_std", 1.0))
    )
    size = _size(settings) if settings.get("do_resize", True) else None
    return ImageBackbone(_fixed(model), size or getattr(model.config, "image_size", None), mean, sd)


def _fixed(model: nn.Module) -> nn.Module:
    return model.eval().requires_grad_(False)

"""Folders of models of the CLIP kind, and pictures as they want them.

Anything counts that has `get_image_features`: CLIP, SigLIP, FLAVA, ALIGN, CLIPSeg's kin. Pictures are scaled, cut and
centred as `preprocessor_config.json` says.
"""

import inspect
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from aitia.errors import FormatError, MissingExtraError
from aitia.guard import guarded, read_json
from aitia.nn.announced import check_model_folder
from aitia.nn.hugging_face import from_hugging_face

__all__ = ["features_of", "open_clip_folder", "picture_side", "picture_tensor"]

PICTURES, TEXTS = "get_image_features", "get_text_features"


def open_clip_folder(folder: Path, *, texts: bool) -> tuple[Any, Mapping[str, Any]]:
    """The model of a folder, in evaluation mode, and what its `preprocessor_config.json` says.

    Args:
        folder: As `save_pretrained` of transformers writes it.
        texts: Whether it needs a tower for texts too.

    Raises:
        FormatError: If there is no such model, it lacks a tower, or its weights are a pickle.
        MissingExtraError: If transformers is not installed.
    """
    try:
        from transformers import AutoConfig, AutoModel
    except ImportError as error:
        raise MissingExtraError("models of the CLIP kind need `pip install 'aitia[language]'`") from error
    if not any(folder.glob("*.safetensors")):
        raise FormatError(f"{folder} holds no safetensors: save the model with save_pretrained")
    check_model_folder(folder)
    towers = "a tower for pictures and one for texts" if texts else "a tower for pictures"
    with guarded(folder, "holds no model of the CLIP kind"):
        config: Any = from_hugging_face(AutoConfig, folder)
        if _vision(config) is None or (texts and not hasattr(config, "text_config")):
            raise FormatError(
                f"{folder} holds a {config.model_type}, which has not {towers}: give one of the CLIP kind"
            )
        model: Any = from_hugging_face(AutoModel, folder, use_safetensors=True, dtype=torch.float32)
    for name in (PICTURES, TEXTS) if texts else (PICTURES,):
        if not callable(getattr(model, name, None)):
            raise FormatError(f"{folder} holds a {config.model_type}, which has no {name}: give one of the CLIP kind")
    if "spatial_shapes" in inspect.signature(model.get_image_features).parameters:
        raise FormatError(f"{folder} holds a {config.model_type} that reads pictures of any shape: give one of squares")
    path = folder / "preprocessor_config.json"
    return model.eval(), read_json(path, dict) if path.is_file() else {}


def picture_side(settings: Mapping[str, Any], config: Any) -> int:
    """Pixels of the squares that a model reads."""
    for name in ("crop_size", "size"):
        found = settings.get(name)
        if isinstance(found, Mapping):
            found = found.get("height") or found.get("shortest_edge")
        if found:
            return int(found)
    return int(_vision(config).image_size)


def picture_tensor(pictures: Sequence[NDArray[np.uint8]], settings: Mapping[str, Any], side: int) -> Tensor:
    """(n, 3, side, side) of pictures of bytes, as the settings say."""
    if not len(pictures):
        return torch.zeros(0, 3, side, side)
    cut = bool(settings.get("do_center_crop", False))
    pixels = np.stack([_fitted(picture, side, cut) for picture in pictures]).astype(np.float32) / 255
    if settings.get("do_normalize", bool(settings)):
        mean, sd = (np.array(settings.get(name) or [0.5] * 3, np.float32) for name in ("image_mean", "image_std"))
        pixels = (pixels - mean) / sd
    return torch.from_numpy(pixels.transpose(0, 3, 1, 2).copy())


def features_of(found: Any) -> Tensor:
    """(n, width): features, which newer versions of transformers give inside of an output; of FLAVA those of the first
    token.
    """
    codes: Tensor = found if isinstance(found, Tensor) else found.pooler_output
    return codes if codes.ndim == 2 else codes[:, 0]


def _vision(config: Any) -> Any:
    """The configuration of the tower of pictures; None where there is none."""
    return getattr(config, "vision_config", None) or getattr(config, "image_config", None)


def _fitted(picture: NDArray[np.uint8], side: int, cut: bool) -> NDArray[np.uint8]:
    """A square of this side: the middle of the picture, or all of it."""
    from PIL import Image

    image = Image.fromarray(picture)
    if not cut:
        return np.asarray(image.resize((side, side), Image.Resampling.BICUBIC))
    share = side / min(image.size)
    wide, high = (max(side, round(share * length)) for length in image.size)
    image = image.resize((wide, high), Image.Resampling.BICUBIC)
    left, top = (wide - side) // 2, (high - side) // 2
    return np.asarray(image.crop((left, top, left + side, top + side)))

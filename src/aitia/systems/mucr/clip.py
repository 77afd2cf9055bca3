"""The tower for pictures of a model of the CLIP kind, whose cosines are the similarity of real pictures.

It has seen which texts go with a picture, and no pair of cause and effect: a baseline, as the pixel rule is.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from aitia.data.subjects import Network
from aitia.errors import FormatError, MissingExtraError
from aitia.guard import guarded, read_json
from aitia.nn.announced import check_model_folder
from aitia.nn.hugging_face import from_hugging_face
from aitia.saving import model_folder
from aitia.systems.mucr.pictures import Cell, pixels_of

__all__ = ["ClipTower", "open_tower"]


class ClipTower(nn.Module):
    """`get_image_features` of a model, with the way it wants pictures.

    Args:
        model: It.
        settings: What `preprocessor_config.json` says.
    """

    def __init__(self, model: nn.Module, settings: Mapping[str, Any]) -> None:
        super().__init__()
        self.model, self.settings = model, dict(settings)
        config: Any = model.config
        size = self.settings.get("crop_size") or self.settings.get("size") or config.vision_config.image_size
        if isinstance(size, Mapping):
            size = size.get("height") or size["shortest_edge"]
        self.side = int(size)

    def prepared(self, cells: Sequence[Cell]) -> Tensor:
        """(n, 3, side, side)."""
        pixels = np.stack([self._fitted(cell) for cell in cells]).astype(np.float32) / 255
        if self.settings.get("do_normalize", bool(self.settings)):
            for name, apply in (("image_mean", np.subtract), ("image_std", np.divide)):
                pixels = apply(pixels, np.array(self.settings.get(name) or [0.5] * 3, np.float32))
        return torch.from_numpy(pixels.transpose(0, 3, 1, 2).copy())

    def forward(self, pictures: Tensor) -> Tensor:
        """(n, width)."""
        found = self.model.get_image_features(pixel_values=pictures)  # type: ignore[operator]
        codes: Tensor = found if isinstance(found, Tensor) else found.pooler_output
        return codes

    def _fitted(self, cell: Cell) -> Any:
        """The middle of the picture, where the model wants it cut, or all of it."""
        from PIL import Image

        image, side = Image.fromarray(pixels_of(cell)), self.side
        if self.settings.get("do_center_crop", False):
            from PIL import ImageOps

            return np.asarray(ImageOps.fit(image, (side, side), Image.Resampling.BICUBIC))
        return np.asarray(image.resize((side, side), Image.Resampling.BICUBIC))


def open_tower(network: Network) -> ClipTower:
    """The tower of a folder or an id.

    Raises:
        FormatError: If there is no such model, it has no tower for pictures, or its weights are a pickle.
        MissingExtraError: If transformers is not installed.
    """
    try:
        from transformers import AutoConfig, AutoModel
    except ImportError as error:
        raise MissingExtraError("models of the CLIP kind need `pip install 'aitia[language]'`") from error
    if network.opened is not None:
        raise FormatError(f"{network.id} is no folder: give that of a model of the CLIP kind")
    folder = model_folder(network.where())
    if not any(folder.glob("*.safetensors")):
        raise FormatError(f"{folder} holds no safetensors: save the model with save_pretrained")
    check_model_folder(folder)
    with guarded(folder, "holds no model of the CLIP kind"):
        config: Any = from_hugging_face(AutoConfig, folder)
        if not hasattr(config, "vision_config"):
            raise FormatError(f"{folder} holds a {config.model_type}, which has no tower for pictures, as CLIP has")
        model = from_hugging_face(AutoModel, folder, use_safetensors=True, dtype=torch.float32)
    if not callable(getattr(model, "get_image_features", None)):
        raise FormatError(f"{folder} holds a {config.model_type}, which has no get_image_features, as CLIP has")
    path = folder / "preprocessor_config.json"
    settings: Mapping[str, Any] = read_json(path, dict) if path.is_file() else {}
    return ClipTower(model.eval(), settings)

"""The tower for pictures of a model of the CLIP kind, whose cosines are the similarity of real pictures.

It has seen which texts go with a picture, and no pair of cause and effect: a baseline, as the pixel rule is.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor, nn

from aitia.data.subjects import Network
from aitia.errors import FormatError
from aitia.nn.clip_folders import features_of, open_clip_folder, picture_side, picture_tensor
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
        self.side = picture_side(self.settings, model.config)

    def prepared(self, cells: Sequence[Cell]) -> Tensor:
        """(n, 3, side, side)."""
        return picture_tensor([pixels_of(cell) for cell in cells], self.settings, self.side)

    def forward(self, pictures: Tensor) -> Tensor:
        """(n, width)."""
        return features_of(self.model.get_image_features(pixel_values=pictures))  # type: ignore[operator]


def open_tower(network: Network) -> ClipTower:
    """The tower of a folder or an id.

    Raises:
        FormatError: If there is no such model, it has no tower for pictures, or its weights are a pickle.
        MissingExtraError: If transformers is not installed.
    """
    if network.opened is not None:
        raise FormatError(f"{network.id} is no folder: give that of a model of the CLIP kind")
    return ClipTower(*open_clip_folder(model_folder(network.where()), texts=False))

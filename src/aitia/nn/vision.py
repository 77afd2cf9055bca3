"""Image classifiers of the Hugging Face library, by id or folder, with images prepared as each was trained on."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from aitia.data.table import Table
from aitia.errors import DataError, FormatError, MissingExtraError
from aitia.guard import guarded, read_json
from aitia.nn.announced import check_model_folder
from aitia.nn.hugging_face import from_hugging_face
from aitia.saving import model_folder

__all__ = ["ImageClassifier", "load_classifier"]


@dataclass(frozen=True, eq=False)
class ImageClassifier:
    """A classifier with its classes and the way it wants images.

    Args:
        model: In evaluation mode; from tensors of `prepare` to logits.
        labels: Of the classes.
        size: Side of an image; None takes images as they are.
        mean: Taken off each channel of values from 0 to 1.
        sd: Divides each channel.
    """

    model: nn.Module
    labels: tuple[str, ...]
    size: int | None = None
    mean: tuple[float, ...] = (0.0,)
    sd: tuple[float, ...] = (1.0,)

    def prepare(self, images: NDArray[np.uint8]) -> Tensor:
        """(n, channels, size, size): scaled to a square, centred and divided; one channel where `mean` has one.

        Args:
            images: Bytes (n, height, width, 3).

        Raises:
            DataError: If they are no images of bytes.
        """
        table = Table.of({"image": np.asarray(images)}, kinds={"image": "picture"})
        pixels = table.pictures("image", self.size).astype(np.float32) / 255
        if len(self.mean) == 1:
            pixels = pixels.mean(axis=3, keepdims=True)
        scaled = (pixels - np.array(self.mean, np.float32)) / np.array(self.sd, np.float32)
        return torch.from_numpy(scaled.transpose(0, 3, 1, 2).copy())

    def state_dict(self) -> dict[str, Any]:
        """Of the model, as a torch module has it: by these numbers a system knows it again."""
        return dict(self.model.state_dict())

    def number(self, label: str) -> int:
        """The class of this label.

        Raises:
            DataError: If there is none; names the nearest.
        """
        import difflib

        if label not in self.labels:
            close = difflib.get_close_matches(label, self.labels, n=1)
            raise DataError(f"the model has no class {label!r}.{f' Did you mean {close[0]!r}?' if close else ''}")
        return self.labels.index(label)


def load_classifier(source: str | Path) -> ImageClassifier:
    """Reads a classifier: a folder with `config.json` and `model.safetensors`, or a repository of the Hub.

    Args:
        source: A folder, or `owner/name`.

    Raises:
        FormatError: If there is no such folder or repository, it holds no image classifier, or its weights are pickled.
        MissingExtraError: If transformers is not installed.
    """
    try:
        from transformers import AutoModelForImageClassification
    except ImportError as error:
        raise MissingExtraError("Hugging Face models need `pip install 'aitia[language]'`") from error
    folder = model_folder(source)
    if not any(folder.glob("*.safetensors")):
        pickled = sorted(path.name for end in ("bin", "pt", "pth") for path in folder.glob(f"*.{end}"))
        told = f"only {pickled[0]}, and loading a pickle can run any program" if pickled else "no weights"
        raise FormatError(f"{folder} holds {told}: save the model as safetensors")
    check_model_folder(folder)
    with guarded(folder, "holds no image classifier"):
        model = from_hugging_face(AutoModelForImageClassification, folder, use_safetensors=True, dtype=torch.float32)
    config: Any = model.config
    labels = tuple(str(config.id2label[k]) for k in range(config.num_labels))
    settings = _settings(folder)
    channels = int(getattr(config, "num_channels", 3))
    mean, sd = (
        tuple(float(v) for v in settings.get(name) or [plain] * channels)
        if settings.get("do_normalize", True)
        else (plain,) * channels
        for name, plain in (("image_mean", 0.0), ("image_std", 1.0))
    )
    size = _size(settings) if settings.get("do_resize", True) else None
    return ImageClassifier(model.eval(), labels, size or getattr(config, "image_size", None), mean, sd)


def _settings(folder: Path) -> Mapping[str, Any]:
    path = folder / "preprocessor_config.json"
    if not path.is_file():
        return {}
    settings: Mapping[str, Any] = read_json(path, dict)
    return settings


def _size(settings: Mapping[str, Any]) -> int | None:
    size = settings.get("size")
    if isinstance(size, Mapping):
        size = size.get("shortest_edge") or size.get("height")
    return int(size) if size else None

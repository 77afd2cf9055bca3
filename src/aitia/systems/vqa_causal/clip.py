"""Models of the CLIP kind, from a folder or an id of the Hugging Face library.

Anything counts that has `get_image_features` and `get_text_features`: CLIP, SigLIP, FLAVA, ALIGN, CLIPSeg's kin.
Pictures are scaled, cut and centred as `preprocessor_config.json` says; a text that is longer than the model reads is
cut, and told.
"""

import copy
import inspect
import json
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from aitia.data.subjects import Network
from aitia.errors import FormatError, MissingExtraError, RunError
from aitia.files import write_whole
from aitia.guard import guarded, read_json
from aitia.nn.announced import check_model_folder
from aitia.nn.hugging_face import from_hugging_face
from aitia.saving import model_folder
from aitia.systems.vqa_causal.small import SETTINGS, read_small

__all__ = ["ClipTowers", "open_clip", "with_low_rank"]

LONGEST = 77
"""Tokens that are read of a text where the model does not say."""


class ClipTowers(nn.Module):
    """A model of two towers with its tokenizer and the way it wants pictures.

    Args:
        model: With `get_image_features` and `get_text_features`.
        tokenizer: Of its texts.
        settings: What `preprocessor_config.json` says.
    """

    def __init__(self, model: nn.Module, tokenizer: Any, settings: Mapping[str, Any]) -> None:
        super().__init__()
        self.model, self.tokenizer, self.settings = model, tokenizer, dict(settings)
        config: Any = model.config
        self.side = int(_side(self.settings) or _vision(config).image_size)
        self.longest = int(getattr(config.text_config, "max_position_embeddings", LONGEST))
        self.model_type = str(getattr(config, "model_type", ""))

    @property
    def scale(self) -> Tensor:
        """The logarithm of the factor of cosines."""
        found = getattr(self.model, "logit_scale", None)
        return found if isinstance(found, Tensor) else torch.log(torch.tensor(20.0))

    def prepare_pictures(self, pictures: Sequence[NDArray[np.uint8]]) -> Tensor:
        """(n, 3, side, side) of pictures of bytes."""
        if not len(pictures):
            return torch.zeros(0, 3, self.side, self.side)
        cut = bool(self.settings.get("do_center_crop", False))
        pixels = np.stack([_fitted(picture, self.side, cut) for picture in pictures]).astype(np.float32) / 255
        if self.settings.get("do_normalize", bool(self.settings)):
            mean, sd = (
                np.array(self.settings.get(name) or [0.5] * 3, np.float32) for name in ("image_mean", "image_std")
            )
            pixels = (pixels - mean) / sd
        return torch.from_numpy(pixels.transpose(0, 3, 1, 2).copy())

    def prepare_texts(self, texts: Sequence[str]) -> Tensor:
        """(n, 2, tokens) ids, and where there are any."""
        whole = "siglip" in self.model_type  # trained on texts that are filled up
        held = self.tokenizer(
            list(texts), padding="max_length" if whole else True, truncation=True, max_length=self.longest,
            return_tensors="pt", return_attention_mask=True,
        )  # fmt: skip
        return torch.stack([held["input_ids"], held["attention_mask"]], dim=1)

    def cut(self, texts: Sequence[str]) -> list[bool]:
        """For each text whether its end is not read."""
        return [len(ids) > self.longest for ids in self.tokenizer(list(texts))["input_ids"]]

    def picture_codes(self, pictures: Tensor) -> Tensor:
        """(n, width)."""
        return _codes(self.model.get_image_features(pixel_values=pictures))  # type: ignore[operator]

    def text_codes(self, ids: Tensor) -> Tensor:
        """(n, width)."""
        more = {} if "siglip" in self.model_type else {"attention_mask": ids[:, 1]}
        return _codes(self.model.get_text_features(input_ids=ids[:, 0], **more))  # type: ignore[operator]

    def save(self, folder: Path) -> None:
        """As a folder that transformers opens."""
        self.model.save_pretrained(folder)  # type: ignore[operator]
        self.tokenizer.save_pretrained(folder)
        write_whole(folder / "preprocessor_config.json", json.dumps(self.settings, indent=2), RunError)


def open_clip(network: Network) -> nn.Module:
    """The towers of a subject: a folder or an id, or towers that are given themselves, of which a copy is made.

    Raises:
        FormatError: If there is no such model, it has not both towers, or its weights are a pickle.
        RunError: If it is another one than that of the hash.
        MissingExtraError: If transformers is not installed.
    """
    if network.opened is not None:
        if not all(callable(getattr(network.opened, name, None)) for name in ("picture_codes", "text_codes")):
            raise FormatError(f"{network.id} has no picture_codes and text_codes: give the folder of a CLIP model")
        return cast(nn.Module, copy.deepcopy(network.opened))
    return read_clip(network.where())


def read_clip(source: str | Path) -> nn.Module:
    """The towers of a folder or an id, be they small or of the CLIP kind; see `open_clip`."""
    try:
        from transformers import AutoConfig, AutoModel, AutoTokenizer
    except ImportError as error:
        raise MissingExtraError("models of the CLIP kind need `pip install 'aitia[language]'`") from error
    folder = model_folder(source)
    if not any(folder.glob("*.safetensors")):
        raise FormatError(f"{folder} holds no safetensors: save the model with save_pretrained")
    if (folder / SETTINGS).is_file():
        return read_small(folder)
    check_model_folder(folder)
    with guarded(folder, "holds no model of the CLIP kind"):
        config: Any = from_hugging_face(AutoConfig, folder)
        if not hasattr(config, "text_config") or _vision(config) is None:
            raise FormatError(
                f"{folder} holds a {config.model_type}, which has not a tower for pictures and one for texts: give a "
                "model of the CLIP kind"
            )
        model = from_hugging_face(AutoModel, folder, use_safetensors=True, dtype=torch.float32)
        tokenizer = from_hugging_face(AutoTokenizer, folder)
    for name in ("get_image_features", "get_text_features"):
        if not callable(getattr(model, name, None)):
            raise FormatError(f"{folder} holds a {config.model_type}, which has no {name}: give one of the CLIP kind")
    if "spatial_shapes" in inspect.signature(model.get_image_features).parameters:
        raise FormatError(f"{folder} holds a {config.model_type} that reads pictures of any shape: give one of squares")
    path = folder / "preprocessor_config.json"
    settings: Mapping[str, Any] = read_json(path, dict) if path.is_file() else {}
    return ClipTowers(model.eval(), tokenizer, settings)


def with_low_rank(towers: ClipTowers, rank: int, seed: int) -> Any:
    """Gives the attention of both towers updates of this rank, in place, all other weights held; what takes them in.

    Source:
        Hu et al., LoRA: Low-rank adaptation of large language models, ICLR 2022.
    """
    from peft import LoraConfig, get_peft_model

    names = {name.rpartition(".")[2] for name, _ in towers.model.named_modules()}
    parts = [name for name in ("q_proj", "v_proj", "query", "value") if name in names]
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # names in transformers that peft still uses
        torch.manual_seed(seed)
        held = get_peft_model(towers.model, LoraConfig(r=rank, lora_alpha=rank, target_modules=parts or None))

    def take_in() -> None:
        towers.model = held.merge_and_unload()

    return take_in


def _codes(found: Any) -> Tensor:
    """Features, which newer versions of transformers give inside of an output; of FLAVA those of the first token."""
    codes: Tensor = found if isinstance(found, Tensor) else found.pooler_output
    return codes if codes.ndim == 2 else codes[:, 0]


def _vision(config: Any) -> Any:
    """The configuration of the tower of pictures; None where there is none."""
    return getattr(config, "vision_config", None) or getattr(config, "image_config", None)


def _side(settings: Mapping[str, Any]) -> int | None:
    for name in ("crop_size", "size"):
        found = settings.get(name)
        if isinstance(found, Mapping):
            found = found.get("height") or found.get("shortest_edge")
        if found:
            return int(found)
    return None


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

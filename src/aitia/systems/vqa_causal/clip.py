"""Models of the CLIP kind, from a folder or an id of the Hugging Face library.

Anything counts that has `get_image_features` and `get_text_features` (`aitia.nn.clip_folders`). A text that is longer
than the model reads is cut, and told.
"""

import copy
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
from aitia.errors import FormatError, RunError
from aitia.files import write_whole
from aitia.guard import guarded
from aitia.nn.clip_folders import features_of, open_clip_folder, picture_side, picture_tensor
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
        self.side = picture_side(self.settings, config)
        self.longest = int(getattr(config.text_config, "max_position_embeddings", LONGEST))
        self.model_type = str(getattr(config, "model_type", ""))

    @property
    def scale(self) -> Tensor:
        """The logarithm of the factor of cosines."""
        found = getattr(self.model, "logit_scale", None)
        return found if isinstance(found, Tensor) else torch.log(torch.tensor(20.0))

    def prepare_pictures(self, pictures: Sequence[NDArray[np.uint8]]) -> Tensor:
        """(n, 3, side, side) of pictures of bytes."""
        return picture_tensor(pictures, self.settings, self.side)

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
        return features_of(self.model.get_image_features(pixel_values=pictures))  # type: ignore[operator]

    def text_codes(self, ids: Tensor) -> Tensor:
        """(n, width)."""
        more = {} if "siglip" in self.model_type else {"attention_mask": ids[:, 1]}
        return features_of(self.model.get_text_features(input_ids=ids[:, 0], **more))  # type: ignore[operator]

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
    folder = model_folder(source)
    if (folder / SETTINGS).is_file() and any(folder.glob("*.safetensors")):
        return read_small(folder)
    model, settings = open_clip_folder(folder, texts=True)
    from transformers import AutoTokenizer

    with guarded(folder, "holds no tokenizer of a model of the CLIP kind"):
        tokenizer = from_hugging_face(AutoTokenizer, folder)
    return ClipTowers(model, tokenizer, settings)


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

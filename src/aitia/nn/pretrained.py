"""Fitted models as folders: `config.json` beside `model.safetensors`, as the Hugging Face Hub lays them out."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from torch import nn

from aitia.errors import FormatError, OptionError, RunError
from aitia.files import write_whole
from aitia.nn.weights import load_into, read_weights, write_weights
from aitia.version import __version__

__all__ = ["Pretrained", "fitted", "model_folder"]


class Pretrained:
    """Something fitted that can be saved and read again. A subclass gives the three parts below."""

    def _options(self) -> dict[str, Any]:
        """All that `_rebuild` needs, as JSON values: the options, and what was learnt that is no weight."""
        raise NotImplementedError

    @classmethod
    def _rebuild(cls, options: Mapping[str, Any]) -> Self:
        """The model of these options, its weights still to be filled in."""
        raise NotImplementedError

    def _network(self) -> nn.Module:
        """The module with the weights.

        Raises:
            OptionError: If the model has not been fitted.
        """
        raise NotImplementedError

    def save_pretrained(self, folder: str | Path) -> None:
        """Writes `config.json` and `model.safetensors`; a full disk leaves the old files as they were.

        Raises:
            OptionError: If the model has not been fitted.
            RunError: If the folder cannot be written.
        """
        folder = Path(folder)
        network = self._network()
        config = {"class": type(self).__name__, "aitia_version": __version__, "options": self._options()}
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunError(f"{folder} cannot be made: {error.strerror}") from error
        write_weights(folder / "model.safetensors", network.state_dict(), {})
        write_whole(folder / "config.json", json.dumps(config, indent=2, ensure_ascii=False) + "\n", RunError)

    @classmethod
    def from_pretrained(cls, source: str | Path) -> Self:
        """Reads what `save_pretrained` wrote, from a folder or from a repository on the Hub (`owner/name`).

        Raises:
            FormatError: If there is no such folder, a file is damaged, or it holds another model.
        """
        folder = model_folder(source)
        try:
            config = json.loads((folder / "config.json").read_text())
            name, options = config["class"], config["options"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise FormatError(f"{folder / 'config.json'} is missing or damaged ({error})") from error
        if name != cls.__name__:
            raise FormatError(f"{folder} holds a {name}, not a {cls.__name__}")
        model = cls._rebuild(options)
        tensors, _ = read_weights(folder / "model.safetensors")
        load_into(model._network(), tensors, folder / "model.safetensors")
        return model


def fitted(network: nn.Module | None, model: object) -> nn.Module:
    """The network of a fitted model.

    Raises:
        OptionError: If it has not been fitted.
    """
    if network is None:
        raise OptionError(f"this {type(model).__name__} has not been fitted: call fit first")
    return network


def model_folder(source: str | Path) -> Path:
    """The folder of a fitted model: the one given, or that of a repository on the Hub (`owner/name`), fetched.

    Raises:
        FormatError: If there is none.
    """
    folder = Path(source)
    if folder.is_dir():
        return folder
    if str(source).count("/") != 1 or str(source).startswith((".", "/")):
        raise FormatError(f"there is no folder {source}")
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled

    try:
        return Path(snapshot_download(str(source)))
    except (HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled, OSError) as error:
        raise FormatError(f"there is no folder {source}, and the Hub did not give one of that name: {error}") from error

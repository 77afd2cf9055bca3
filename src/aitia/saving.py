"""Fitted things as folders: `config.json` beside `model.safetensors`, as the Hugging Face Hub lays them out. No pickle.

`SavedArrays` is for what is fitted with numpy; what is a torch module is an `aitia.nn.pretrained.Pretrained`.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from aitia.errors import FormatError, MissingExtraError, RunError
from aitia.files import write_whole
from aitia.guard import guarded, read_json
from aitia.version import __version__

__all__ = [
    "Saved",
    "SavedArrays",
    "made",
    "model_folder",
    "need_safetensors",
    "read_config",
    "read_record",
    "write_config",
]

Arrays = Mapping[str, NDArray[Any]]


class Saved:
    """Something that says more of itself in `config.json` than its options; a `System` gives the two parts."""

    def _record(self) -> dict[str, Any]:
        """What `config.json` says beside the options, as JSON values."""
        return {}

    def _recall(self, record: Mapping[str, Any]) -> None:
        """Takes up what `_record` said."""

    def save_pretrained(self, folder: str | Path) -> None:
        """Writes `config.json` and `model.safetensors`."""
        raise NotImplementedError

    @classmethod
    def from_pretrained(cls, source: str | Path) -> Self:
        """Reads what `save_pretrained` wrote."""
        raise NotImplementedError


class SavedArrays(Saved):
    """Something fitted whose state is options and arrays. A subclass gives the two parts below."""

    def _state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Options and findings as JSON values, and arrays by name.

        Raises:
            OptionError: If nothing has been fitted.
        """
        raise NotImplementedError

    @classmethod
    def _restored(cls, options: Mapping[str, Any], arrays: Arrays) -> Self:
        """What had this state; a missing entry may raise KeyError."""
        raise NotImplementedError

    def save_pretrained(self, folder: str | Path) -> None:
        """Writes `config.json` and `model.safetensors`; a full disk leaves the old files as they were.

        Raises:
            OptionError: If nothing has been fitted.
            RunError: If the folder cannot be written.
            MissingExtraError: If safetensors is not installed.
        """
        need_safetensors()
        from safetensors.numpy import save

        options, arrays = self._state()
        plain = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
        folder = made(folder)
        write_whole(folder / "model.safetensors", save(plain), RunError)
        write_config(folder, type(self).__name__, options, self._record())

    @classmethod
    def from_pretrained(cls, source: str | Path) -> Self:
        """Reads what `save_pretrained` wrote, from a folder or from a repository on the Hub (`owner/name`).

        Raises:
            FormatError: If there is no such folder, a file is damaged, or it holds something else.
            MissingExtraError: If safetensors is not installed.
        """
        need_safetensors()
        from safetensors.numpy import load_file

        folder = model_folder(source)
        options = read_config(folder, cls.__name__)
        path = folder / "model.safetensors"
        if not path.is_file():
            raise FormatError(f"there is no file {path}")
        with guarded(path, "is damaged or no safetensors file (save it again)"):
            arrays = load_file(path)
        with guarded(folder, f"holds no whole {cls.__name__} (fit it again, with this version)"):
            model = cls._restored(options, arrays)
            model._recall(read_record(folder))
        return model


def made(folder: str | Path) -> Path:
    """The folder, made where it was not there.

    Raises:
        RunError: If it cannot be made.
    """
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(f"{folder} cannot be made: {error.strerror}") from error
    return folder


def write_config(folder: Path, name: str, options: Mapping[str, Any], record: Mapping[str, Any] | None = None) -> None:
    """Writes `config.json` of the class `name`, with what else it says of itself.

    Raises:
        RunError: If it cannot be written.
    """
    config = {"class": name, "aitia_version": __version__, **(record or {}), "options": dict(options)}
    write_whole(folder / "config.json", json.dumps(config, indent=2, ensure_ascii=False) + "\n", RunError)


def read_config(folder: Path, name: str) -> dict[str, Any]:
    """The options in `config.json`.

    Raises:
        FormatError: If it is missing or damaged, or of another class than `name`.
    """
    config = read_json(folder / "config.json", dict)
    with guarded(folder / "config.json", "is damaged"):
        found, options = config["class"], dict(config["options"])
    if found != name:
        raise FormatError(f"{folder} holds a {found}, not a {name}")
    return options


def read_record(folder: Path) -> dict[str, Any]:
    """All of `config.json` but the options: what a saved system says of itself.

    Raises:
        FormatError: If it is missing or damaged.
    """
    config: dict[str, Any] = read_json(folder / "config.json", dict)
    config.pop("options", None)
    return config


def model_folder(source: str | Path) -> Path:
    """The folder of something fitted: the one given, or that of a repository on the Hub (`owner/name`), fetched.

    Raises:
        FormatError: If there is none.
    """
    folder = Path(source)
    if folder.is_dir():
        return folder
    if str(source).count("/") != 1 or str(source).startswith((".", "/")):
        raise FormatError(f"there is no folder {source}")
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled
    except ImportError as error:
        raise FormatError(f"there is no folder {source}, and to look on the Hub takes huggingface_hub") from error

    try:
        return Path(snapshot_download(str(source)))
    except (HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled, OSError) as error:
        raise FormatError(f"there is no folder {source}, and the Hub did not give one of that name: {error}") from error


def need_safetensors() -> None:
    """Before any work whose result is to be saved.

    Raises:
        MissingExtraError: If it is not installed.
    """
    from importlib.util import find_spec

    if find_spec("safetensors") is None:
        raise MissingExtraError("to save and load takes safetensors, which is not installed: pip install 'aitia[nets]'")

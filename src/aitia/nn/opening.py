"""Opens the network that a system is given: a language model, an image classifier, or any torch module.

A `Network` (`aitia.data.subjects`) is a name with a hash. What it names is one of

    an opened thing        a torch module, a `LanguageModel`, an `ImageClassifier`: taken as it is
    package.module:name    a module, or what gives one when it is called without arguments
    a folder, owner/name   of the Hugging Face library: `config.json` beside safetensors

No pickle is read, and no code of a repository is run.
"""

from importlib import import_module
from typing import Any

import torch
from torch import nn

from aitia.data.subjects import Network, Subject
from aitia.errors import FormatError, MissingExtraError, OptionError
from aitia.guard import guarded, read_json
from aitia.nn.announced import check_model_folder
from aitia.nn.hugging_face import from_hugging_face
from aitia.nn.language import LanguageModel, Task, load_language_model
from aitia.nn.vision import ImageClassifier, load_classifier
from aitia.saving import model_folder

__all__ = ["open_classifier", "open_language_model", "open_module"]


def open_language_model(network: Subject, task: Task = "causal", *, longest: int | None = None) -> LanguageModel:
    """A language model with its tokenizer; one that is given opened is the very object.

    Args:
        network: The subject.
        task: Which head, where it is loaded; see `load_language_model`.
        longest: Tokens at most, where it is loaded.

    Raises:
        OptionError: If it is a torch module without a tokenizer.
        FormatError: If there is no such model, or its weights are a pickle.
        RunError: If it is another one than that of the hash.
    """
    found = _opened(network)
    if found is None:
        return load_language_model(network.where(), task, revision=network.revision or None, longest=longest)
    if not isinstance(found, LanguageModel):
        raise OptionError(
            f"{network.id} has no tokenizer: give the folder of the model, or a LanguageModel of it and its tokenizer"
        )
    return found


def open_classifier(network: Subject) -> ImageClassifier:
    """An image classifier with the way it wants pictures, where that is known.

    A bare module takes values from 0 to 1 with as many channels as its first convolution; its classes have no names.

    Raises:
        FormatError: If there is no such model, or its weights are a pickle.
        RunError: If it is another one than that of the hash.
    """
    found = _opened(network)
    if isinstance(found, ImageClassifier):
        return found
    if found is None:
        return load_classifier(_fetched(network))
    module = _module(found, network)
    first = next((part for part in module.modules() if isinstance(part, nn.Conv2d)), None)
    channels = 3 if first is None else first.in_channels
    return ImageClassifier(module, (), None, (0.0,) * channels, (1.0,) * channels)


def open_module(network: Subject) -> nn.Module:
    """A torch module. One of the Hugging Face library is of the class that its `config.json` names, in evaluation mode.

    Raises:
        FormatError: If there is no such model, its weights are a pickle, or it is of no class of the library.
        RunError: If it is another one than that of the hash.
        MissingExtraError: If transformers is not installed.
    """
    found = _opened(network)
    if found is not None:
        return _module(found, network)
    try:
        import transformers
    except ImportError as error:
        raise MissingExtraError("Hugging Face models need `pip install 'aitia[language]'`") from error
    folder = model_folder(_fetched(network))
    if not any(folder.glob("*.safetensors")):
        raise FormatError(f"{folder} holds no safetensors: save the model with save_pretrained")
    check_model_folder(folder)
    with guarded(folder, "holds no model of the Hugging Face library"):
        named = (read_json(folder / "config.json", dict).get("architectures") or ["AutoModel"])[0]
        kind = getattr(transformers, str(named))
        model: nn.Module = from_hugging_face(kind, folder, use_safetensors=True, dtype=torch.float32)
        return model.eval()


def _opened(network: Subject) -> Any:
    """What was given opened, or what a place in the code gives; None for a folder or a repository."""
    if not isinstance(network, Network):
        raise OptionError(f"{network.id} is a {network.kind}: it answers, and only a network can be opened")
    if network.opened is not None:
        return network.opened
    place, colon, name = network.id.partition(":")
    if not colon or not all(part.isidentifier() for part in (*place.split("."), *name.split("."))):
        return None
    try:
        found: Any = import_module(place)
        for part in name.split("."):
            found = getattr(found, part)
        if isinstance(found, type) or (callable(found) and not callable(getattr(found, "state_dict", None))):
            found = found()
            module = getattr(found, "model", found)
            if isinstance(module, nn.Module):
                module.eval()
    except (ImportError, AttributeError, TypeError) as error:
        raise FormatError(
            f"{network.id} gives no network ({error}): name a module, or what gives one when it is called"
        ) from error
    if not callable(getattr(found, "state_dict", None)):
        raise FormatError(f"{network.id} is a {type(found).__name__}, not a torch module")
    if network.hash:
        Network.of(found).check(network.to_json())
    return found


def _module(found: Any, network: Subject) -> nn.Module:
    module = found if isinstance(found, nn.Module) else getattr(found, "model", None)
    if not isinstance(module, nn.Module):
        raise FormatError(f"{network.id} is a {type(found).__name__}, not a torch module")
    return module


def _fetched(network: Subject) -> str:
    """The folder of a model; a repository at its revision is fetched."""
    if not network.revision:
        return network.where()
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled

    try:
        return str(snapshot_download(network.id, revision=network.revision))
    except (HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled, OSError) as error:
        raise FormatError(f"the Hub did not give {network.id}@{network.revision}: {error}") from error

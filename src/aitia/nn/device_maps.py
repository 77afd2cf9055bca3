"""Models that do not fit on one device: which part works where, and where a run of them starts.

Parts are placed by accelerate. One whose device is `disk` is read from the model's files each time that it runs, and
one on `cpu` beside a graphics card is sent there each time; neither has weights between runs.
"""

from collections.abc import Mapping
from difflib import get_close_matches
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from aitia.errors import InterventionError, MissingExtraError, OptionError
from aitia.guard import read_json

__all__ = ["check_device_map", "first_device", "held_weight", "read_device_map"]

_SPREAD = ("auto", "balanced", "sequential")


def read_device_map(given: str | Mapping[str, str | int], device: str = "auto") -> str | dict[str, str | int]:
    """A device map as transformers takes it.

    Args:
        given: `auto`, `balanced`, `sequential`, a JSON file, or from names of modules to devices.
        device: The one device that was asked for beside it, which has to be `auto`.

    Raises:
        OptionError: If it is none of these, or a device was asked for too.
        FormatError: If the file cannot be read.
        MissingExtraError: If accelerate is not installed.
    """
    if find_spec("accelerate") is None:
        raise MissingExtraError("a device map needs accelerate, which is not installed: pip install 'aitia[nets]'")
    if device != "auto":
        raise OptionError(f"a device map says where each part works, and device {device!r} where all do: leave one out")
    if isinstance(given, str) and given in _SPREAD:
        return given
    if isinstance(given, str) and not given.endswith(".json"):
        raise OptionError(f"device_map is {', '.join(_SPREAD)}, or a JSON file of module: device, got {given!r}")
    found: Mapping[Any, Any] = read_json(Path(given), dict) if isinstance(given, str) else given
    for name, place in found.items():
        known = isinstance(place, int) and not isinstance(place, bool)
        if not isinstance(name, str) or not (known or isinstance(place, str)):
            raise OptionError(f"a device map is from names of modules to devices, cpu or disk, got {name!r}: {place!r}")
    if not found:
        raise OptionError("the device map is empty: name a device for each part")
    return dict(found)


def check_device_map(given: str | Mapping[str, str | int], model: nn.Module) -> None:
    """Refuses a map of parts that a model has not, which would be passed over.

    Raises:
        OptionError: If it names one; says the nearest.
    """
    modules = dict(model.named_modules())
    for name in [] if isinstance(given, str) else given:
        if name not in modules:
            close = get_close_matches(name, modules, n=1)
            hint = f", did you mean {close[0]!r}?" if close else ""
            raise OptionError(f"the device map names {name!r}, which is no module of this {type(model).__name__}{hint}")


def first_device(model: nn.Module) -> torch.device:
    """Where a run starts: of a model in parts, where the embeddings work."""
    table = getattr(model, "get_input_embeddings", lambda: None)()
    for module in (table, model):
        hook = getattr(module, "_hf_hook", None)
        if (place := getattr(hook, "execution_device", None)) is not None:
            return torch.device(place if not isinstance(place, int) else f"cuda:{place}")
    return next(model.parameters()).device


def held_weight(model: nn.Module, name: str, weight: Tensor) -> Tensor:
    """The numbers of a weight, wherever they are.

    Raises:
        InterventionError: If they are not to be had.
    """
    if not weight.is_meta:
        return weight
    owner, _, leaf = name.rpartition(".")
    kept = getattr(getattr(model.get_submodule(owner), "_hf_hook", None), "weights_map", None)
    if kept is None:
        raise InterventionError(f"the weight {name} is nowhere: the model was made without its numbers")
    found: Tensor = kept[leaf]
    return found

"""Weights as files: safetensors, whole or not at all, and a load that names the first leaf that does not fit."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from aitia.errors import AitiaError, FormatError, RunError
from aitia.files import write_whole
from aitia.guard import guarded, parse_json

__all__ = ["fingerprint", "load_into", "read_weights", "write_weights"]

_KEY = "aitia"


def write_weights(
    path: Path, tensors: Mapping[str, torch.Tensor], metadata: Mapping[str, Any], error: type[AitiaError] = RunError
) -> None:
    """Writes tensors and JSON metadata as one safetensors file; a full disk leaves the old file as it was."""
    from safetensors.torch import save

    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    text = {_KEY: json.dumps(metadata, sort_keys=True)}  # one entry: safetensors writes several in random order
    write_whole(path, save(plain, metadata=text), error)


def read_weights(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """What `write_weights` wrote.

    Raises:
        FormatError: If there is no such file, or it is cut off or no safetensors file.
    """
    from safetensors import safe_open

    if not path.is_file():
        raise FormatError(f"there is no file {path}")
    with guarded(path, "is damaged or no safetensors file (save it again)"), safe_open(path, framework="pt") as file:
        metadata = parse_json((file.metadata() or {}).get(_KEY, "{}"), f"what {path} says of itself", dict)
        return {name: file.get_tensor(name) for name in file.keys()}, metadata  # noqa: SIM118  # not a mapping


def load_into(module: nn.Module, tensors: Mapping[str, torch.Tensor], source: object) -> None:
    """Copies the tensors into the module's leaves.

    Raises:
        FormatError: If the tensors are another model's; names the first leaf that does not fit, and both shapes or
            types: numbers with a point are never made of whole ones.
    """
    leaves = module.state_dict()
    for name, leaf in leaves.items():
        if name not in tensors:
            raise FormatError(f"{source} holds another model: it lacks {name}, here of shape {tuple(leaf.shape)}")
        if tensors[name].shape != leaf.shape:
            raise FormatError(
                f"{source} holds another model: {name} has shape {tuple(tensors[name].shape)} there, "
                f"{tuple(leaf.shape)} here"
            )
        if tensors[name].is_floating_point() != leaf.is_floating_point():
            raise FormatError(
                f"{source} holds another model: {name} is of {tensors[name].dtype} there, of {leaf.dtype} here"
            )
    if extra := [name for name in tensors if name not in leaves]:
        raise FormatError(
            f"{source} holds another model: {extra[0]} {tuple(tensors[extra[0]].shape)} is not in this one"
        )
    module.load_state_dict(dict(tensors))


def fingerprint(module: nn.Module) -> str:
    """SHA-256 over names, types, shapes and bytes of a module's leaves: the same where it computes the same."""
    digest = hashlib.sha256()
    for name, leaf in sorted(module.state_dict().items()):
        digest.update(f"{name} {leaf.dtype} {tuple(leaf.shape)}".encode())
        digest.update(leaf.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()

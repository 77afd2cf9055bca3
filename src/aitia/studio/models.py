"""The networks that may be opened here: folders in `models/`, and below what whoever started the studio named.

A page gives a name of this list and nothing else: no path, and no id that would be fetched. A folder counts by what it
holds, its weights in safetensors or GGUF. Weights that are pickles and folders that ask for code of their own are left
out here, and refused by every reader that is called.
"""

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from aitia.errors import FormatError

__all__ = ["Model", "ModelKind", "Models"]

ModelKind = Literal["language", "pictures", "features"]
DEPTH, FOLDERS = 3, 2000
"""How far below a folder is looked, and how many folders at most."""
_FEATURES = ("cfg.json", "sae_weights.safetensors")
_WEIGHTS = (".safetensors", ".gguf")


@dataclass(frozen=True)
class Model:
    """A network that may be opened.

    Args:
        name: As a command in the studio's folder names it.
        path: Where it is.
        kind: A language model, a pipeline that draws pictures from words, or a sparse autoencoder of features.
    """

    name: str
    path: Path
    kind: ModelKind


class Models:
    """The networks of a studio.

    Args:
        folder: Of the workspace; its part `models` is looked through.
        allowed: Further folders: a model each, or folders that hold some.
    """

    def __init__(self, folder: Path, allowed: Sequence[Path] = ()) -> None:
        self.folder, self.own = folder, folder / "models"
        self.allowed = tuple(path.expanduser().resolve() for path in allowed)

    def all(self) -> list[Model]:
        """What there is now, by name."""
        found = {}
        for base in (self.own, *self.allowed):
            for path in _folders(base):
                kind = _kind(path, base)
                name = str(path.relative_to(self.folder)) if base == self.own else str(path)
                if kind is not None:
                    found[name] = Model(name, path, kind)
        return [found[name] for name in sorted(found)]

    def of(self, name: str, *kinds: ModelKind) -> Model:
        """The network of this name, of one of these kinds.

        Raises:
            FormatError: If it is none of those that may be opened here; says how one comes to be.
        """
        for model in self.all():
            if model.name == name and (not kinds or model.kind in kinds):
                return model
        raise FormatError(
            f"{name[:80]!r} is no model that may be opened here: put its folder into {self.own}, or start the studio "
            "with --models FOLDER"
        )


def _folders(base: Path) -> Iterator[Path]:
    """A folder and those below it; hidden ones and links are passed by."""
    if not base.is_dir() or base.is_symlink():
        return
    for seen, (place, inner, _) in enumerate(os.walk(base, followlinks=False)):
        if seen >= FOLDERS:
            return
        path = Path(place)
        depth = len(path.relative_to(base).parts)
        inner[:] = sorted(name for name in inner if not name.startswith("."))
        if depth >= DEPTH:
            inner.clear()
        yield path
        if (path / "config.json").is_file() or (path / "model_index.json").is_file():
            inner.clear()  # its parts are no models by themselves


def _kind(path: Path, base: Path) -> ModelKind | None:
    """What a folder holds; None where it is no network, or a file of it lies outside of what was allowed."""
    with suppress(OSError):
        files = [file for file in sorted(path.iterdir()) if file.is_file()]
        if not all(file.resolve().is_relative_to(base.resolve()) for file in files):
            return None
        names = [file.name for file in files]
        if all(name in names for name in _FEATURES):
            return "features"
        if "model_index.json" in names:
            return "pictures"
        weights = any(name.endswith(_WEIGHTS) for name in names)
        if weights and ("config.json" not in names or _plain(path / "config.json")):
            gguf = sum(name.endswith(".gguf") for name in names)
            return "language" if "config.json" in names or gguf == 1 else None
    return None


def _plain(config: Path) -> bool:
    """Whether a model says that it is a causal one and brings no code of its own."""
    with suppress(OSError, ValueError, RecursionError):
        told = json.loads(config.read_text(encoding="utf-8"))
        if isinstance(told, dict) and "auto_map" not in told:
            kinds = told.get("architectures") or []
            return any("ForCausalLM" in str(kind) or "LMHeadModel" in str(kind) for kind in kinds)
    return False

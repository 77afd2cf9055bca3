"""Small models that several parts begin with: trained once, and kept for other arms, controls, replays and tests.

A model is known by what makes it: the world that it read, all sizes of its training, the seed, the hash of the code
that trains it and the versions of packages. Who asks is no part of that: claims and tests that ask for the same have
the same, and a claim that asks something else of it trains nothing anew. A model lies as a folder in
`$XDG_CACHE_HOME/aitia/models` or `~/.cache/aitia/models`: safetensors and JSON, never a pickle. The folder may be
deleted at any time; the oldest models leave it by themselves. Where it cannot be written, the model is trained anew.
"""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from aitia.errors import FormatError, RunError
from aitia.evidence.remembered import remembered_hash
from aitia.runs import versions

__all__ = ["KEPT", "trained_once"]

KEPT = 60
"""Models that stay in the cache."""
Model = TypeVar("Model")


def trained_once(
    code: str,
    world: str,
    config: Mapping[str, Any],
    seed: int,
    *,
    train: Callable[[], Model],
    save: Callable[[Model, Path], None],
    read: Callable[[Path], Model],
) -> Model:
    """The model of a world, sizes and a seed; the first who asks trains it.

    What is given is always what was read, so that who trained it and who comes later have the same.

    Args:
        code: The module that makes what is read and trains on it, such as `aitia.systems.sift.beginning`; its syntax
            and that of all it imports is hashed (see `source`).
        world: What it read.
        config: All that the training depends on beside the code, as JSON values.
        seed: Of the training.
        train: Makes it.
        save: Writes it into a folder that is there and empty.
        read: Reads what `save` wrote.
    """
    home = _home()
    if home is None:
        return train()
    of = [world, config, seed, remembered_hash(code), {**versions(), "transformers": _transformers()}]
    folder = home / hashlib.sha256(json.dumps(of, sort_keys=True).encode()).hexdigest()[:32]
    if folder.is_dir():
        try:
            found = read(folder)
            os.utime(folder)
            return found
        except (FormatError, RunError, OSError):  # damaged, or taken away meanwhile
            shutil.rmtree(folder, ignore_errors=True)
    found = train()
    with tempfile.TemporaryDirectory(dir=home) as place:
        new = Path(place) / "model"
        new.mkdir()
        try:
            save(found, new)
            found = read(new)
            new.rename(folder)
        except (RunError, OSError):  # no room, or another process was first
            pass
    _forget(home)
    return found


def _home() -> Path | None:
    """Where models are kept; None where nothing can be written."""
    try:
        home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "aitia" / "models"
        home.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):
        return None
    return home if os.access(home, os.W_OK) else None


def _forget(home: Path) -> None:
    """Deletes what was not asked for longest."""
    try:
        held = sorted((path for path in sorted(home.iterdir()) if path.is_dir()), key=lambda path: path.stat().st_mtime)
    except OSError:
        return
    for path in held[:-KEPT]:
        shutil.rmtree(path, ignore_errors=True)


def _transformers() -> str:
    from importlib import metadata

    try:
        return metadata.version("transformers")
    except metadata.PackageNotFoundError:
        return ""

"""Trained models that tests only read: kept as files, so that a run of the tests trains none of them.

A system whose tests need one has `tests/systems/<slug>/trained.py` with a function `build()`, which trains it; models
that several systems begin with stand in `tests/pictures/<name>/trained.py`, which has `read(folder)` as well. What
`save_pretrained` writes of it lies beside in `trained_model/` (safetensors and JSON, never a pickle), with
`source.json`: the hash of the code that trained it (see `aitia.evidence.source`) and the versions.

    python -m tests.trained [slug ...]      trains those that are missing or stale, or those named   (make fixtures)
    python -m tests.trained --check         trains all of them anew and compares; stale is an error  (make verify)

Where the code has changed since, the model is stale: a test that reads it warns, and reads it all the same.
"""

import argparse
import importlib
import json
import math
import os
import shutil
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
SOURCE = HERE.parent / "src" / "aitia"
FILES = ("config.json", "model.safetensors", "source.json")
ROOMS = ("systems", "pictures")
LARGEST, ALL = 1_500_000, 20_000_000
"""Bytes of one model, and of all of them."""
NEAR = 1e-3
"""How far a model that is trained anew may be from the one kept, relative to the length of each tensor. On one machine
the bytes are the same; elsewhere other kernels sum in another order, which grows over hundreds of steps."""


def slugs() -> list[str]:
    """The folders that keep a model, of systems and of what systems share."""
    return sorted(path.parent.name for room in ROOMS for path in (HERE / room).glob("*/trained.py"))


def place(slug: str) -> Path:
    """Where the model is kept."""
    return HERE / _room(slug) / slug / "trained_model"


def _room(slug: str) -> str:
    return next((room for room in ROOMS[1:] if (HERE / room / slug / "trained.py").is_file()), ROOMS[0])


def _module(slug: str) -> str:
    """Whose code trains it."""
    return f"tests.{_room(slug)}.{slug}.trained"


@cache
def source_hash(slug: str) -> str:
    """Of the function that trains, and of all that it rests on."""
    from aitia.evidence.source import syntax_hash

    return syntax_hash(_module(slug), {"aitia": SOURCE, "tests": HERE})


def is_stale(slug: str) -> bool:
    """Whether the code has changed since, or there is no model at all."""
    path = place(slug) / "source.json"
    return not path.is_file() or json.loads(path.read_text())["source"] != source_hash(slug)


@cache
def read(slug: str) -> Any:
    """The model, as it is kept; with a warning where it is stale."""
    from aitia.system import load

    if is_stale(slug):
        told = f"the trained model of {slug} is stale: the code has changed since; `make fixtures` trains it anew"
        warnings.warn(told, stacklevel=2)
    reader = load if _room(slug) == "systems" else importlib.import_module(_module(slug)).read
    return reader(place(slug))


def build(slug: str, folder: Path) -> None:
    """Trains the model on one thread, and writes it."""
    import torch

    from aitia.runs import versions

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        importlib.import_module(_module(slug)).build().save_pretrained(folder)
    finally:
        torch.set_num_threads(threads)
    told = {"source": source_hash(slug), "made_by": versions()}
    (folder / "source.json").write_text(json.dumps(told, indent=2) + "\n")
    if odd := odd_files(slug, folder):
        raise ValueError(f"{slug}: a trained model is {', '.join(FILES)}, and not {', '.join(odd)}")
    if (size := weight(folder)) > LARGEST:
        raise ValueError(
            f"{slug}: a trained model has {LARGEST} bytes at most, this one has {size}: train a smaller one"
        )


def odd_files(slug: str, folder: Path) -> list[str]:
    """What does not belong to a model, or is missing; one that is shared may have folders, as a pipeline has."""
    names = {path.name for path in folder.rglob("*") if path.is_file()}
    if _room(slug) == "systems":
        return sorted(names ^ set(FILES))
    return sorted(name for name in names if not name.endswith((".json", ".safetensors")))


def weight(folder: Path) -> int:
    """Bytes of a kept model."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def differences(kept: Path, anew: Path) -> list[str]:
    """In words, where a model that was trained anew is another; versions of packages count for nothing."""
    names = [{path.relative_to(f).as_posix() for path in f.rglob("*") if path.is_file()} for f in (kept, anew)]
    if odd := sorted((names[0] ^ names[1]) - {"source.json"}):
        return [f"{odd[0]} is in one of them only"]
    found: list[str] = []
    for name in sorted(names[0] - {"source.json"}):
        if name.endswith(".json"):
            one, two = (_plain(json.loads((f / name).read_text())) for f in (kept, anew))
            found += _unlike(name, one, two)
        else:
            found += _apart(name, kept / name, anew / name)
    return found


def _plain(config: Any) -> Any:
    """Without the versions that wrote it."""
    if not isinstance(config, Mapping):
        return config
    return {name: value for name, value in config.items() if not name.endswith("_version")}


def _apart(name: str, kept: Path, anew: Path) -> Iterator[str]:
    from safetensors.numpy import load_file

    old, new = load_file(kept), load_file(anew)
    if old.keys() != new.keys() or any(old[leaf].shape != new[leaf].shape for leaf in old):
        yield f"{name} holds other tensors"
        return
    for leaf, tensor in old.items():
        length = math.sqrt(float((tensor.astype(float) ** 2).sum()))
        apart = math.sqrt(float(((tensor.astype(float) - new[leaf].astype(float)) ** 2).sum()))
        if apart > NEAR * length:
            yield f"{leaf} is {apart / length if length else apart:.1e} away"


def _unlike(where: str, one: Any, two: Any) -> Iterator[str]:
    if isinstance(one, Mapping) and isinstance(two, Mapping) and one.keys() == two.keys():
        for name in one:
            yield from _unlike(f"{where}: {name}", one[name], two[name])
    elif isinstance(one, list) and isinstance(two, list) and len(one) == len(two):
        for k, (a, b) in enumerate(zip(one, two, strict=True)):
            yield from _unlike(f"{where} {k}", a, b)
    elif isinstance(one, float) and isinstance(two, float):
        if not math.isclose(one, two, rel_tol=NEAR, abs_tol=NEAR):
            yield f"{where} was {one}, is {two}"
    elif one != two:
        yield f"{where} was {one!r}, is {two!r}"


def write(slug: str) -> None:
    """Trains the model and keeps it; the old one stays where that fails, and where the new one is the same."""
    with tempfile.TemporaryDirectory() as folder:
        build(slug, Path(folder) / "new")
        if place(slug).is_dir() and not differences(place(slug), Path(folder) / "new"):
            shutil.move(Path(folder) / "new" / "source.json", place(slug) / "source.json")
            return
        shutil.rmtree(place(slug), ignore_errors=True)
        shutil.move(Path(folder) / "new", place(slug))
    if (size := sum(weight(place(other)) for other in slugs() if place(other).is_dir())) > ALL:
        raise ValueError(f"all trained models have {ALL} bytes at most, now {size}")


def check(slug: str) -> list[str]:
    """What is wrong with the model that is kept, after it has been trained anew."""
    if not place(slug).is_dir():
        return ["there is none: `make fixtures` trains it"]
    stale = ["it is stale: `make fixtures` trains it anew"] if is_stale(slug) else []
    with tempfile.TemporaryDirectory() as folder:
        build(slug, Path(folder) / "new")
        return stale + differences(place(slug), Path(folder) / "new")


def main(arguments: Sequence[str]) -> int:
    """Writes or checks; 1 where something is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.trained", description="Trained models that tests read.")
    parser.add_argument("slugs", nargs="*", help="folders of tests/systems; all that are missing or stale if absent")
    parser.add_argument("--check", action="store_true", help="train them anew and compare")
    options = parser.parse_args(arguments)
    if unknown := sorted(set(options.slugs) - set(slugs())):
        parser.error(f"no tests/systems/{unknown[0]}/trained.py; there are {', '.join(slugs())}")
    wrong = 0
    for slug in options.slugs or [slug for slug in slugs() if options.check or is_stale(slug)]:
        start = time.perf_counter()
        found = check(slug) if options.check else write(slug) or []
        wrong += bool(found)
        told = "; ".join(found) or ("as it was" if options.check else f"{weight(place(slug)) / 1e6:.2f} MB")
        print(f"{slug}: {told} ({time.perf_counter() - start:.0f} s)", flush=True)
    return int(wrong > 0)


if __name__ == "__main__":
    for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(_name, "1")
    sys.exit(main(sys.argv[1:]))

"""Folders of diffusers pipelines: what they announce is checked before anything is read, and nothing in them is run.

A pipeline folder has `model_index.json`, which names the class of the pipeline and of each of its parts, and a folder
for each part: `unet/` or `transformer/`, `vae/`, `text_encoder/`, `tokenizer/`, `scheduler/`.
"""

import difflib
import importlib
import warnings
from pathlib import Path
from typing import Any

from aitia.errors import FormatError, MissingExtraError, join_names
from aitia.guard import guarded, read_json
from aitia.nn.announced import check_model_folder
from aitia.nn.quiet import without_bars
from aitia.saving import model_folder

__all__ = ["check_pipeline_folder", "load_library_pipeline"]

UNUSED = ("safety_checker", "feature_extractor", "image_encoder")
"""Parts that draw nothing: the safety checker, and what prepares pictures for it or for picture prompts."""
_LIBRARIES = ("diffusers", "transformers")
_WEIGHTLESS = ("Tokenizer", "Scheduler", "Processor", "Extractor", "TokenizersBackend", "PreTrainedTokenizerFast")
_PICKLES = ("bin", "pt", "pth", "ckpt", "pkl", "msgpack")


def load_library_pipeline(source: str | Path) -> Any:
    """The pipeline of a folder, or of a repository of the Hub, as the class of diffusers that its index names.

    The safety checker is left out, with a warning: it blackens pictures, so that what is measured would be its verdict.

    Raises:
        FormatError: As `check_pipeline_folder`, or if a part cannot be loaded.
        MissingExtraError: If diffusers or transformers is not installed.
    """
    try:
        import diffusers
        import transformers  # noqa: F401  # its classes are parts of pipelines
    except ImportError as error:
        raise MissingExtraError(
            "pipelines that draw pictures need diffusers and transformers: pip install 'aitia[vision,language]'"
        ) from error
    folder = model_folder(source)
    parts = check_pipeline_folder(folder)
    if "safety_checker" in parts:
        told = f"the safety checker of {folder} is left out: pictures are given as the model draws them"
        warnings.warn(told, stacklevel=2)
    index = read_json(folder / "model_index.json", dict)
    absent: dict[str, Any] = {name: None for name, value in index.items() if value == [None, None]}
    absent |= {name: None for name in UNUSED if name in index}
    shown = diffusers.utils.logging.is_progress_bar_enabled()
    diffusers.utils.logging.disable_progress_bar()
    if "safety_checker" in parts:
        absent["requires_safety_checker"] = False
    try:
        with without_bars(), guarded(folder, "cannot be loaded as a pipeline of diffusers"):
            kind = getattr(diffusers, index["_class_name"])
            options = {"use_safetensors": True, **_variant(folder, parts), **absent}
            pipeline = kind.from_pretrained(folder, trust_remote_code=False, **options)
    finally:
        if shown:
            diffusers.utils.logging.enable_progress_bar()
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def check_pipeline_folder(folder: Path) -> dict[str, tuple[str, str]]:
    """The parts of a pipeline folder, as name -> (library, class), each of them there and safe to read.

    Raises:
        FormatError: If there is no index, a class is unknown or would be code of its own, a part or a file is missing,
            weights are a pickle, or a configuration announces more than its weights can hold. Each says the mend.
    """
    import diffusers

    place = folder / "model_index.json"
    if not place.is_file():
        part = " (it looks like one part of a pipeline)" if (folder / "config.json").is_file() else ""
        raise FormatError(
            f"{folder} holds no model_index.json{part}: give the folder that the pipeline's save_pretrained wrote"
        )
    index = read_json(place, dict)
    name = index.get("_class_name")
    if not isinstance(name, str):
        raise FormatError(
            f"{place} names the pipeline {str(name)[:60]}, which is code of its own and never run: give one of a class "
            "of diffusers"
        )
    kind = getattr(diffusers, name, None)
    if not (isinstance(kind, type) and issubclass(kind, diffusers.DiffusionPipeline)):
        raise FormatError(f"{place} names the pipeline {name!r}, which diffusers {diffusers.__version__} has not")
    parts: dict[str, tuple[str, str]] = {}
    for part, value in index.items():
        if not isinstance(value, list) or value == [None, None]:
            continue
        if len(value) != 2 or not all(isinstance(each, str) for each in value):
            raise FormatError(f"{place} is damaged: {part} is [library, class], got {str(value)[:60]}")
        if part not in UNUSED:
            _check_class(place, part, *value)
            _check_part(folder / part, part, value[1])
        parts[part] = (value[0], value[1])
    return parts


def _check_class(place: Path, part: str, library: str, name: str) -> None:
    if library not in _LIBRARIES:
        raise FormatError(
            f"{place}: {part} is of {library!r}, code outside of {join_names(_LIBRARIES)} that is never run: save the "
            "pipeline with a part of these libraries"
        )
    module = importlib.import_module(library)
    if not isinstance(getattr(module, name, None), type):
        close = difflib.get_close_matches(name, dir(module), n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise FormatError(f"{place}: {part} is of the class {name!r}, which {library} has not.{hint}")


def _check_part(folder: Path, part: str, kind: str) -> None:
    if not folder.is_dir():
        raise FormatError(f"{folder.parent} lacks the folder {part}/ that model_index.json names: save it whole again")
    if "Scheduler" in kind and not (folder / "scheduler_config.json").is_file():
        raise FormatError(f"{folder} lacks scheduler_config.json: save the pipeline whole again")
    if any(word in kind for word in _WEIGHTLESS):
        return
    if not (folder / "config.json").is_file():
        raise FormatError(f"{folder} lacks config.json: save the pipeline whole again")
    for index in sorted(folder.glob("*.safetensors.index*.json")):
        named = read_json(index, dict).get("weight_map", {})
        lacking = sorted({str(file) for file in named.values() if not (folder / str(file)).is_file()})
        if lacking:
            raise FormatError(f"{folder} lacks {lacking[0]}, which {index.name} names: save the pipeline whole again")
    if not any(folder.glob("*.safetensors")):
        pickled = sorted(path.name for end in _PICKLES for path in folder.glob(f"*.{end}"))
        if not pickled:
            raise FormatError(f"{folder} holds no weights: save the pipeline whole again")
        raise FormatError(
            f"{folder / pickled[0]} is a pickle, and loading one can run any program: where you trust it, convert it "
            "once with DiffusionPipeline.from_pretrained(FOLDER).save_pretrained(NEW, safe_serialization=True)"
        )
    check_model_folder(folder)


def _variant(folder: Path, parts: dict[str, tuple[str, str]]) -> dict[str, str]:
    """Of weights such as `model.fp16.safetensors`, where no part has others.

    Raises:
        FormatError: If the parts have different ones only.
    """
    found: dict[str, None] = {}
    for part in parts:
        files = [] if part in UNUSED else [path.name for path in sorted((folder / part).glob("*.safetensors"))]
        middle = {name.split(".")[1] if name.count(".") > 1 else "" for name in files}
        if middle and "" not in middle:
            found |= dict.fromkeys(sorted(middle))
    if len(found) > 1:
        raise FormatError(f"{folder} holds weights of the variants {join_names(sorted(found))}: save it with one")
    return {"variant": next(iter(found))} if found else {}

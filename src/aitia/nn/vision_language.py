"""Models that read pictures and text and write text, with the way in which each wants them, from folders and the Hub.

A processor turns texts with pictures into what its model reads. Those of models that read films too ask for
torchvision, which takes films apart; here they are made without that part, so that pictures need pillow alone.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from aitia.errors import FormatError, InterventionError, MissingExtraError, OptionError
from aitia.guard import guarded, read_json
from aitia.nn.announced import check_model_folder
from aitia.nn.hugging_face import folder_or_name, from_hugging_face

__all__ = ["VisionLanguageModel", "is_vision_language", "load_vision_language_model"]

_DTYPES = {"float32": "float32", "bfloat16": "bfloat16", "bf16": "bfloat16", "float16": "float16", "auto": "auto"}
_NAMING = ("processor_config.json", "preprocessor_config.json", "tokenizer_config.json")
"""Files that say which processor a model has."""
_ALIKE = {"SmolVLMProcessor": "Idefics3Processor"}
"""Processors that show pictures as another one does, and ask for a package that only films need (num2words)."""


class VisionLanguageModel:
    """A model in evaluation mode and its processor.

    Args:
        model: That takes `input_ids` and what its processor makes of pictures.
        processor: With a tokenizer, and an `image_token` that stands for a picture in a text.
        name: What it is called in messages.
    """

    def __init__(self, model: nn.Module, processor: Any, name: str = "model") -> None:
        self.model, self.processor, self.name = model.eval().requires_grad_(False), processor, name
        self.tokenizer: Any = processor.tokenizer
        self.tokenizer.padding_side = "left"
        if self.tokenizer.pad_token_id is None:
            self.tokenizer.pad_token = self.tokenizer.eos_token or self.tokenizer.unk_token

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.model.parameters()).device

    @property
    def longest(self) -> int:
        """Tokens at most, those of pictures counted."""
        config: Any = cast(Any, self.model).config.get_text_config()
        return int(getattr(config, "max_position_embeddings", None) or self.tokenizer.model_max_length)

    @property
    def picture_token(self) -> str:
        """What stands for a picture in a text."""
        return str(self.processor.image_token)

    @property
    def template(self) -> str | None:
        """How a conversation is written for it; None where nobody says."""
        found = getattr(self.processor, "chat_template", None) or getattr(self.tokenizer, "chat_template", None)
        return found if isinstance(found, str) or found is None else found.get("default")

    def text(self, said: str, pictures: int, system: str = "") -> str:
        """A question as the model reads it, with a mark for each picture before the words.

        Raises:
            FormatError: If its template takes no such conversation.
        """
        if self.template is None:
            before = f"{system}\n\n" if system else ""
            return before + self.picture_token * pictures + ("\n" if pictures and said else "") + said
        parts: list[dict[str, str]] = [{"type": "image"}] * pictures
        turns = [{"role": "user", "content": [*parts, {"type": "text", "text": said}]}]
        if system:
            turns.insert(0, {"role": "system", "content": [{"type": "text", "text": system}]})
        with guarded(f"the chat template of {self.name}", "does not take the question"):
            shown = self.tokenizer.apply_chat_template(
                turns, chat_template=self.template, tokenize=False, add_generation_prompt=True
            )
        if shown.count(self.picture_token) != pictures:
            raise FormatError(
                f"the chat template of {self.name} shows {shown.count(self.picture_token)} of {pictures} pictures: "
                "save the processor of this model beside it"
            )
        return str(shown)

    def inputs(self, texts: Sequence[str], pictures: Sequence[Sequence[Any]]) -> dict[str, Tensor]:
        """What the model reads: ids padded on the left, and what it takes of the pictures.

        Args:
            texts: That `text` gave.
            pictures: Of pillow, those of each text; all texts have some, or none has.

        Raises:
            FormatError: If the processor fails.
        """
        begin = self.tokenizer.bos_token
        marked = bool(begin) and all(text.startswith(begin) for text in texts)
        given: dict[str, Any] = {"text": list(texts), "padding": True, "return_tensors": "pt"}
        if any(pictures):
            given["images"] = [list(several) for several in pictures]
        with guarded(f"the processor of {self.name}", "fails"):
            found = dict(self.processor(**given, add_special_tokens=not marked))
        end, ids = self.tokenizer.eos_token_id, found["input_ids"]
        if end is not None and ids.shape[1] > 1 and bool((ids[:, -1] == end).all()) and self._ends(texts):
            found = {name: value[:, :-1] if value.shape == ids.shape else value for name, value in found.items()}
        kind = next(self.model.parameters()).dtype
        return {
            name: value.to(self.device, kind if value.is_floating_point() else None) for name, value in found.items()
        }

    def _ends(self, texts: Sequence[str]) -> bool:
        """Whether the tokenizer put the end of a sequence where no text has it."""
        return not any(text.rstrip().endswith(str(self.tokenizer.eos_token)) for text in texts)


def is_vision_language(source: str | Path, revision: str | None = None) -> bool:
    """Whether a folder, or a repository of the Hub, holds a model that reads pictures and writes text."""
    path = Path(source).expanduser()
    if path.is_file() or (path.is_dir() and not (path / "config.json").is_file()):
        return False
    try:
        from transformers import AutoConfig
        from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES
    except ImportError as error:
        raise MissingExtraError(
            "this needs transformers, which is not installed: pip install 'aitia[language]'"
        ) from error
    if path.is_dir():
        held = read_json(path / "config.json", dict)
    else:
        with guarded(source, "cannot be loaded as a language model"):
            held = from_hugging_face(AutoConfig, folder_or_name(source), revision=revision).to_dict()
    known = held.get("model_type") in MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES
    return known and isinstance(held.get("vision_config"), dict)


def load_vision_language_model(
    source: str | Path, *, revision: str | None = None, dtype: str = "float32", device: str = "auto"
) -> VisionLanguageModel:
    """A model and its processor, from a folder or by an id of the Hub.

    Args:
        source: A folder that holds the model and its processor, or `owner/name`.
        revision: Of the Hub's repository.
        dtype: `float32`, `bfloat16` (`bf16`), `float16`, or `auto` for that of the weights.
        device: `cpu`, `cuda`, `mps`, or `auto` for the fastest there is.

    Raises:
        FormatError: If there is no such model or processor, a file of it is damaged, its weights are a pickle, or it
            asks for code of its own.
        OptionError: If the type or device is unknown.
        InterventionError: If it writes with a decoder apart, which answers otherwise.
        MissingExtraError: If a package that its processor takes is not installed.
    """
    from transformers import AutoModelForImageTextToText

    if dtype not in _DTYPES:
        raise OptionError(f"dtype is one of {', '.join(_DTYPES)}, got {dtype!r}")
    kind = _DTYPES[dtype]
    name = folder_or_name(source)
    folder = Path(name)
    if folder.is_dir():
        if not any(folder.glob("*.safetensors")):
            raise FormatError(f"{folder} holds no safetensors: save the model with save_pretrained")
        check_model_folder(folder)
    processor = _processor(name, revision)
    with guarded(source, "cannot be loaded as a vision-language model"):
        model = from_hugging_face(
            AutoModelForImageTextToText, name, revision=revision, use_safetensors=True,
            dtype=kind if kind == "auto" else getattr(torch, kind),
        )  # fmt: skip
    if getattr(model.config, "is_encoder_decoder", False):
        raise InterventionError(f"{source} has an encoder of texts: give a vision-language model that reads on")
    try:
        model.to(_device(device))
    except (RuntimeError, AssertionError) as error:
        raise OptionError(f"device is auto, cpu, cuda or mps, and here {device!r} does not work: {error}") from error
    return VisionLanguageModel(model, processor, str(source))


def _processor(name: str, revision: str | None) -> Any:
    """The processor of a model, for pictures alone, with pillow.

    Raises:
        FormatError: If it has none, or one that takes no pictures.
        MissingExtraError: If a package that it takes is not installed.
    """
    import transformers
    from transformers import AutoConfig
    from transformers.models.auto.processing_auto import PROCESSOR_MAPPING
    from transformers.utils import cached_file

    lacking = f"{name} holds no processor of pictures: save that of this model there, with processor.save_pretrained"
    said: str | None = None
    with guarded(f"the processor of {name}"):
        for file in _NAMING:
            place = cached_file(name, file, revision=revision, _raise_exceptions_for_missing_entries=False)
            if said is None and place is not None:
                said = read_json(place, dict).get("processor_class")
        config = from_hugging_face(AutoConfig, name, revision=revision)
        named = getattr(transformers, _ALIKE.get(str(said), str(said)), None)
        if named is None and type(config) in PROCESSOR_MAPPING:
            named = PROCESSOR_MAPPING[type(config)]
            named = getattr(transformers, _ALIKE.get(named.__name__, named.__name__))
    if named is None:
        raise FormatError(lacking)
    try:
        with guarded(f"the processor of {name}", "cannot be loaded"):
            found = from_hugging_face(_for_pictures(named), name, revision=revision, backend="pil")
    except FormatError as error:
        if isinstance(error.__cause__, ImportError):
            told = " ".join(str(error.__cause__).split())[:200]
            raise MissingExtraError(f"the processor of {name} needs a package that is not installed: {told}") from error
        if Path(name).is_dir() and not any((Path(name) / file).is_file() for file in _NAMING[:2]):
            raise FormatError(lacking) from error
        raise
    if not isinstance(getattr(found, "image_token", None), str) or not hasattr(found, "tokenizer"):
        raise FormatError(f"the processor of {name} ({named.__name__}) marks no picture in a text: give another model")
    return found


def _for_pictures(kind: type) -> type:
    """A kind of processor without its part for films."""
    whole: Any = kind
    films = [name for name in whole.get_attributes() if "video" in name]

    def get_attributes(cls: type) -> list[str]:
        return [name for name in whole.get_attributes() if name not in films]

    def arguments(cls: type, *given: Any, **more: Any) -> list[Any]:
        found = list(whole._get_arguments_from_pretrained.__func__(cls, *given, **more))
        for name in films:
            found.insert(whole.get_attributes().index(name), None)
        return found

    held: dict[str, Any] = {
        "get_attributes": classmethod(get_attributes),
        "_get_arguments_from_pretrained": classmethod(arguments),
    }
    return type(kind.__name__, (kind,), held)


def _device(device: str) -> str:
    if device != "auto":
        return device
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"

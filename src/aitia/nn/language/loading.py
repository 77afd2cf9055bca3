"""Language models from folders and from the Hub; no pickle is read."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from aitia.errors import FormatError, MissingExtraError, OptionError
from aitia.guard import guarded
from aitia.nn.announced import check_gguf, check_model_folder
from aitia.nn.hugging_face import folder_or_name, from_hugging_face, load_tokenizer
from aitia.nn.language.model import LanguageModel

__all__ = ["Task", "load_language_model"]

Task = Literal["masked", "encoder", "causal", "classifier", "seq2seq"]

_CLASSES: Mapping[Task, str] = {
    "masked": "AutoModelForMaskedLM",
    "encoder": "AutoModel",
    "causal": "AutoModelForCausalLM",
    "classifier": "AutoModelForSequenceClassification",
    "seq2seq": "AutoModelForSeq2SeqLM",
}


def load_language_model(
    source: str | Path,
    task: Task = "encoder",
    *,
    revision: str | None = None,
    longest: int | None = None,
    **options: Any,
) -> LanguageModel:
    """A model and its tokenizer, from a folder or by an id of the Hub.

    Args:
        source: Such as `bert-base-cased`, `owner/name`, or a folder that `save_pretrained` wrote.
        task: Which head: `masked`, `encoder` (none), `causal`, `classifier` or `seq2seq`.
        revision: Of the Hub's repository.
        longest: Tokens at most.
        options: Further ones of `from_pretrained`, such as `dtype` or `gguf_file`.

    Raises:
        FormatError: If there is no such model, it has no tokenizer, a file of it is damaged, its weights are a pickle,
            or it asks for code of its own.
        OptionError: If the task is unknown.
        MissingExtraError: If transformers is not installed.
    """
    try:
        import transformers
    except ImportError as error:
        raise MissingExtraError(
            "this needs transformers, which is not installed: pip install 'aitia[language]'"
        ) from error
    if task not in _CLASSES:
        raise OptionError(f"task is one of {', '.join(_CLASSES)}, got {task!r}")
    name = _checked_source(source, options)
    kept = {key: options[key] for key in ("gguf_file",) if key in options}
    tokenizer = load_tokenizer(name, revision=revision, **kept)
    with guarded(source, "cannot be loaded as a language model"):
        # A pickle can run any program when it is read, so only safetensors are.
        given = {"revision": revision, "use_safetensors": True, **options}
        if "gguf_file" in options:
            del given["use_safetensors"]
        model = from_hugging_face(getattr(transformers, _CLASSES[task]), name, **given)
    return LanguageModel(model, tokenizer, longest)


def _checked_source(source: str | Path, options: Mapping[str, Any]) -> str:
    name = folder_or_name(source)
    folder = Path(name)
    if folder.is_dir():
        pickles = sorted(folder.glob("*.bin")) + sorted(folder.glob("*.pt")) + sorted(folder.glob("*.pth"))
        if pickles and not any(folder.glob("*.safetensors")) and "gguf_file" not in options:
            raise FormatError(
                f"{pickles[0]} is a pickle, which can run any program when it is read: save the model anew with "
                "save_pretrained, as safetensors"
            )
        if "gguf_file" in options:
            check_gguf(folder / str(options["gguf_file"]))
        else:
            check_model_folder(folder)
    return name

"""Models of the Hugging Face library are opened here, and none runs code of its own."""

from pathlib import Path
from typing import Any

from aitia.errors import AitiaError, FormatError
from aitia.guard import guarded
from aitia.nn.quiet import without_bars

__all__ = ["folder_or_name", "from_hugging_face", "load_tokenizer"]

_VOCABULARIES = (
    *("tokenizer.json", "tokenizer.*.json", "vocab*", "merges.txt", "tekken.json", "*.model", "*.spm", "*.tiktoken"),
    *("*.bpe", "*.codes"),
)
"""Names of the files that hold the words of a tokenizer."""


def folder_or_name(source: str | Path) -> str:
    """The folder that is meant, or an id of the Hub. What can only be a path is refused before the Hub is asked.

    Raises:
        FormatError: If there is no such folder, or it is a file.
    """
    text, path = str(source), Path(source).expanduser()
    if path.is_dir():
        return str(path)
    if path.is_file():
        raise FormatError(f"{text} is a file: give the folder that holds it")
    first, slash, _ = text.partition("/")
    if text.startswith((".", "/", "~")) or text.count("/") > 1 or "\\" in text:
        raise FormatError(f"there is no folder {text}")
    if slash and Path(first).is_dir():
        raise FormatError(
            f"there is no folder {text}, and {first} is one here: for {text} of the Hub, run from another folder"
        )
    return text


def load_tokenizer(source: str | Path, **options: Any) -> Any:
    """The tokenizer of a folder, or of a repository of the Hub.

    Args:
        source: A folder, or an id of the Hub.
        options: Of `from_pretrained`, such as `revision` or `gguf_file`.

    Raises:
        FormatError: If there is no such folder, it holds no tokenizer, or one that cannot be read or needs code of its
            own.
    """
    from transformers import AutoTokenizer

    name = folder_or_name(source)
    bare = Path(name).is_dir() and "gguf_file" not in options
    bare = bare and not any(any(Path(name).glob(pattern)) for pattern in _VOCABULARIES)
    lacking = (
        f"{name} holds no tokenizer (tokenizer.json, or a vocabulary): save the one of this model there, with "
        "tokenizer.save_pretrained"
    )
    if bare and not (Path(name) / "tokenizer_config.json").is_file():
        raise FormatError(lacking)
    with guarded(f"the tokenizer of {name}", "cannot be loaded"):
        try:
            found = from_hugging_face(AutoTokenizer, name, **options)
        except Exception as error:
            if bare and not isinstance(error, AitiaError):
                raise FormatError(lacking) from error
            raise
    # One that reads bytes has no file of words; another one would be made, of no word at all.
    if bare and found.vocab_files_names:
        raise FormatError(lacking)
    return found


def from_hugging_face(kind: Any, source: str | Path, **options: Any) -> Any:
    """What `kind.from_pretrained(source)` gives, of a class that the library itself has.

    A folder can name Python files that stand beside its weights (`auto_map`). Left to itself the library asks on the
    terminal whether to run them; here they are never run.

    Args:
        kind: A class of transformers, such as `AutoModel` or `AutoTokenizer`.
        source: A folder, or an id of the Hub.
        options: Further ones of `from_pretrained`.

    Raises:
        FormatError: If it needs code of its own.
        Exception: Whatever the library raises where the files are missing or damaged.
    """
    try:
        with without_bars():
            return kind.from_pretrained(source, **{**options, "trust_remote_code": False})
    except ValueError as error:
        if "trust_remote_code" not in str(error):
            raise
        raise FormatError(
            f"{source} cannot be loaded: it asks for code of its own (auto_map), which is never run: give a model of a "
            "type that transformers itself has, or open this one in Python and give the module"
        ) from error

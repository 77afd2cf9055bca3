"""Models of the Hugging Face library are opened here, and none runs code of its own."""

from pathlib import Path
from typing import Any

from aitia.errors import FormatError
from aitia.nn.quiet import without_bars

__all__ = ["from_hugging_face"]


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

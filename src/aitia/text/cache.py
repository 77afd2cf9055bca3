"""Answers on disk, a file each under the hash of what was asked, so that nothing is paid for twice.

A file is there whole or not at all, so a cache may be shared by commands that run at once and is sound after any kill.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from aitia.errors import FormatError, RunError
from aitia.files import write_whole
from aitia.guard import guarded, read_json
from aitia.text.answer import Answer

__all__ = ["AnswerCache", "answers_kept", "kept_folder", "key_of", "read_answer"]

_KEPT: ContextVar[Path | None] = ContextVar("answers_kept", default=None)


def key_of(parts: Sequence[Any]) -> str:
    """SHA-256 of JSON values: model, revision, messages and parameters."""
    packed = json.dumps(list(parts), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(packed.encode(errors="surrogatepass")).hexdigest()


def read_answer(place: Path) -> Answer:
    """The answer in a file of a cache.

    Raises:
        FormatError: If it is damaged.
    """
    try:
        with guarded(place, "is damaged"):
            held = Answer.from_json(read_json(place, dict)["answer"])
    except FormatError as error:
        told = str(error) if str(place) in str(error) else f"{place}: {error}"
        raise FormatError(f"{told}: remove it, and it is asked again") from error
    return held


@contextmanager
def answers_kept(folder: str | Path) -> Iterator[None]:
    """Models on disk and at endpoints that are opened meanwhile, without a cache of their own, keep answers there."""
    token = _KEPT.set(Path(folder))
    try:
        yield
    finally:
        _KEPT.reset(token)


def kept_folder() -> Path | None:
    """The folder of `answers_kept`; None where nobody said one."""
    return _KEPT.get()


class AnswerCache:
    """A folder of answers.

    Args:
        folder: Made where it is missing.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     cache = AnswerCache(folder)
        ...     cache.put("ab12", Answer("yes", output_tokens=1), ["any model", "is it?"])
        ...     cache.get("ab12").text, cache.get("ff")
        ('yes', None)
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    def get(self, key: str) -> Answer | None:
        """The answer, if it is there.

        Raises:
            FormatError: If its file is damaged.
        """
        place = self._place(key)
        if not place.is_file():
            return None
        return read_answer(place)

    def put(self, key: str, answer: Answer, asked: Sequence[Any]) -> None:
        """Keeps an answer, and what was asked for whoever looks.

        Raises:
            RunError: If it cannot be written.
        """
        place = self._place(key)
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunError(f"the cache {self.folder} cannot be written: {error.strerror}") from error
        record = {"asked": list(asked), "answer": answer.to_json()}
        write_whole(place, json.dumps(record), RunError)

    def _place(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}.json"

"""The network that is open for patches while somebody waits: one at a time, asked by one at a time."""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from aitia.errors import FormatError, RunError
from aitia.studio.models import Model

if TYPE_CHECKING:
    from aitia.nn.causal_language import CausalLanguageModel

__all__ = ["LARGEST", "Networks"]

Answer = TypeVar("Answer")
LARGEST = 8 << 30
"""Bytes of files from which on a model is left to the command line, whose process ends with the question."""


class Networks:
    """Keeps the language model that was asked last, until its files change or another one is asked."""

    def __init__(self) -> None:
        self._held: tuple[Any, CausalLanguageModel] | None = None
        self._lock = threading.Lock()

    def asked(self, model: Model, fingerprint: str, question: "Callable[[CausalLanguageModel], Answer]") -> Answer:
        """What a model answers.

        Args:
            model: One that may be opened.
            fingerprint: Of the model that the trace was made with.
            question: Asked with the model for itself alone.

        Raises:
            FormatError: If it is too large to be kept open here, or cannot be read.
            RunError: If its weights are not those of the trace.
        """
        from aitia.nn.causal_language import load_causal_language_model

        files = [(p.name, p.stat().st_size, p.stat().st_mtime_ns) for p in sorted(model.path.iterdir()) if p.is_file()]
        if (size := sum(bytes_ for _, bytes_, _ in files)) > LARGEST:
            raise FormatError(
                f"{model.name} has {size >> 30} GB, more than {LARGEST >> 30} that are kept open here: copy the "
                "command and give it where there is room"
            )
        key = (model.path, tuple(files))
        with self._lock:
            if self._held is None or self._held[0] != key:
                self._held = None  # the old one goes before the new one comes
                self._held = (key, load_causal_language_model(model.path))
            language = self._held[1]
            if language.fingerprint != fingerprint:
                raise RunError(f"the weights of {model.name} have changed since this trace: trace it again")
            return question(language)

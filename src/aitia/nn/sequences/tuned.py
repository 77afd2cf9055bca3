"""Something fitted that tunes a language model: a copy of one that was given, whole or by low-rank updates.

Low-rank updates are kept without the weights that they are of: these are read again where they came from.
"""

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

from aitia.data.subjects import Subject
from aitia.errors import OptionError
from aitia.nn.opening import open_language_model
from aitia.nn.sequences.causality import check_causal
from aitia.nn.sequences.low_rank import read_low_rank, without_low_rank, write_low_rank
from aitia.nn.sequences.model import SequenceModel
from aitia.nn.sequences.prefill import check_reads_on
from aitia.nn.sequences.saving import KeepsModels
from aitia.nn.sequences.vocabulary import Vocabulary
from aitia.saving import model_folder

__all__ = ["UPDATES", "KeepsTuned", "TunesGiven", "copied_decoder"]

UPDATES = "updates"
"""Folder of the low-rank updates."""


def copied_decoder(named: Subject, longest: int | None = None, *, reads_on: bool = True) -> SequenceModel:
    """The causal language model that was given, as a copy: it is tuned, and theirs stays.

    Args:
        named: The model.
        longest: Tokens at most; None or 0 takes what it bears.
        reads_on: Whether it is to write or to rank after a prompt, and not to give states alone.

    Raises:
        OptionError: If its tokens see those behind them, as in an encoder, or it is to read on and keeps nothing of
            what it has read, as a state space.
    """
    held = open_language_model(named, "causal")
    network = copy.deepcopy(held.model)
    if isinstance(held, SequenceModel):
        found = SequenceModel(network, held.vocabulary, held.visibility, longest or held.longest)
    else:
        found = SequenceModel(network, Vocabulary(held.tokenizer), longest=longest)
    check_causal(found, named.id)
    if reads_on:
        check_reads_on(found)
    return found


class TunesGiven:
    """A system with the option `lora` and the subject `model`, of which it may learn low-rank updates alone."""

    config: Any
    subjects: Mapping[str, Any]

    def _copied(self, named: Subject) -> SequenceModel:
        """A copy of the model that was given."""
        return copied_decoder(named)

    @property
    def _on_another(self) -> bool:
        """Whether what was learnt are low-rank updates of a model that was given."""
        return bool(self.config.lora) and "model" in self.subjects

    def _with_updates(self, folder: Path) -> SequenceModel:
        """A copy of the model that was given under the updates below a folder.

        Raises:
            FormatError: If there are none, or they are of another model.
        """
        model = self._copied(self.subjects["model"])
        read_low_rank(model, folder / UPDATES, self.config.lora)
        return model


class KeepsTuned(TunesGiven, KeepsModels):
    """The same with one model, which may be one of its own. A subclass gives `part`, `_options` and `_rebuild`."""

    part: ClassVar[str]
    """Folder of the model where all of it is kept."""
    _model: SequenceModel | None = None
    _kept: Path | None = None

    def export(self, folder: str | Path) -> None:
        """Saves the model as a folder that transformers reads; low-rank updates are added to its weights.

        Raises:
            OptionError: If nothing is fitted.
            RunError: If the folder cannot be written.
        """
        without_low_rank(self._fitted()).save(folder)

    def save_pretrained(self, folder: str | Path) -> None:
        """Writes the model, or its low-rank updates alone where it is somebody else's."""
        super().save_pretrained(folder)
        if self._on_another:
            write_low_rank(self._fitted(), Path(folder) / UPDATES)

    @classmethod
    def from_pretrained(cls, source: str | Path) -> Self:
        """Reads what `save_pretrained` wrote; a model under low-rank updates is opened when it is first asked."""
        folder = model_folder(source)
        found = super().from_pretrained(folder)
        if found._on_another:
            found._kept = folder
        return found

    def _models(self) -> Mapping[str, SequenceModel]:
        model = self._fitted()
        return {} if self._on_another else {self.part: without_low_rank(model)}

    def _take(self, models: Mapping[str, SequenceModel]) -> None:
        self._model = models.get(self.part)

    def _fitted(self) -> SequenceModel:
        """The model.

        Raises:
            OptionError: If nothing is fitted.
        """
        if self._model is None and self._kept is not None:
            self._model = self._with_updates(self._kept)
        if self._model is None:
            raise OptionError(f"this {type(self).__name__} has not been fitted: call fit first")
        return self._model

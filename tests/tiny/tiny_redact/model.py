from dataclasses import dataclass

import numpy as np

from aitia.saving import SavedArrays
from aitia.system import Edits, Target, Targets

from .card import CARD


@dataclass(frozen=True)
class RedactConfig:
    """Options."""


class TinyRedact(SavedArrays, Edits):
    """Writes a word in the place of each span."""

    card = CARD
    Config = RedactConfig

    def _fit(self, given, run):
        pass

    @property
    def targets(self):
        return Targets([Target("word", ("good", "bad"))])

    def _edit(self, given):
        if "word" not in self.held:
            return given.data
        word = str(self.held["word"].value)
        told = []
        for text, spans in zip(given.texts("text"), given.table.spans(given.column("spans")), strict=True):
            for start, stop, _ in sorted(spans, reverse=True):
                text = text[:start] + word + text[stop:]
            told.append(text)
        return given.data.with_known({given.column("text"): told}, {given.column("text"): "text"})

    def _state(self):
        return {}, {"none": np.zeros(1)}

    @classmethod
    def _restored(cls, options, arrays):
        return cls()

"""Reports as sentences and tokens."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aitia.nn.sequences import Vocabulary

__all__ = ["ReportTokens", "common_words", "sentences"]

_WORD = re.compile(r"\w+(?:[-'’.,]\w+)*|[^\w\s]")
_END = re.compile(r"(?<=[.;!?])\s+|\n+")


def sentences(report: str) -> list[str]:
    """A report cut behind marks that end a sentence, and at ends of lines.

    Example:
        >>> sentences("Heart is normal. Nodule of 1.5 cm; no effusion .")
        ['Heart is normal.', 'Nodule of 1.5 cm;', 'no effusion .']
    """
    return [part for part in (piece.strip() for piece in _END.split(report)) if part]


def common_words(reports: Iterable[str], most: int) -> list[str]:
    """The commonest words and marks of reports, sorted."""
    counts = Counter(word for report in reports for word in _WORD.findall(report))
    return sorted(sorted(counts, key=lambda word: (-counts[word], word))[:most])


@dataclass(frozen=True)
class ReportTokens:
    """From a report to ids and back.

    Args:
        vocabulary: Of the model.
        whole: Whether its tokens are whole words and marks, apart by white space, as in the small model.
    """

    vocabulary: Vocabulary
    whole: bool

    def encode(self, report: str) -> list[NDArray[np.int64]]:
        """The ids of each sentence."""
        return [self._ids(part, first=k == 0) for k, part in enumerate(sentences(report))]

    def decode(self, ids: Sequence[int] | NDArray[np.int64]) -> str:
        """The text of ids."""
        return self.vocabulary.decode(ids).strip()

    def _ids(self, sentence: str, *, first: bool) -> NDArray[np.int64]:
        if self.whole:
            return self.vocabulary.encode(" ".join(_WORD.findall(sentence)))
        return self.vocabulary.encode(sentence if first else f" {sentence}")

"""Prompts: an instruction if wanted, labelled sentences as demonstrations, and the sentence that is asked about.

    ### Instruction : label every span of the sentence with its type .
    ### Options : person , place
    ### Sentence : SENTENCE
    ### Response : ANSWER            k times, and once with the answer open

Each piece is made into tokens by itself, so that the loss stands on tokens and is never looked for in text.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from aitia.errors import DataError
from aitia.nn.sequences import Example, objectives
from aitia.systems.sift.answers import Answers
from aitia.systems.sift.config import Strategy
from aitia.systems.sift.sentences import Sentence, Span

__all__ = ["TEMPLATE", "Prompts"]

TEMPLATE = "### Instruction : label every span of the sentence with its type . Options , Sentence Response none : ;"
"""Words that a prompt holds beside the sentences and types."""


@dataclass(frozen=True)
class Prompts:
    """Lays sentences out as prompts.

    Args:
        answers: Writes the answers.
        instruction: Whether the task and its types stand first.
        longest: Tokens of a prompt with its answer at most.
    """

    answers: Answers
    instruction: bool
    longest: int

    def example(
        self,
        sentence: Sentence,
        spans: Sequence[Span],
        shown: Sequence[tuple[Sentence, Sequence[Span]]],
        strategy: Strategy,
    ) -> Example:
        """A sequence to learn from.

        Args:
            sentence: That is asked about.
            spans: Its spans.
            shown: Demonstrations before it.
            strategy: Which tokens carry loss.

        Raises:
            DataError: If the sentence does not fit without any demonstration; names its row.
        """
        answer = self.answers.write(sentence, spans)
        pieces = self._pieces(sentence, shown, len(answer), strategy == "multi")
        pieces.append((answer, True))
        if strategy == "vanilla":
            # The very first token is said from nothing, and so by no model.
            joined = np.array([token for ids, _ in pieces for token in ids])
            return objectives.full_language(joined)
        return objectives.responses(pieces)

    def check(self, sentence: Sentence, spans: Sequence[Span]) -> None:
        """Refuses a sentence that could not be learnt.

        Raises:
            DataError: If it does not fit with its answer without any demonstration; names its row.
        """
        self._pieces(sentence, [], len(self.answers.write(sentence, spans)), False)

    def prompt(self, sentence: Sentence, shown: Sequence[tuple[Sentence, Sequence[Span]]], room: int) -> list[int]:
        """Ids up to the open answer, with room for so many tokens.

        Raises:
            DataError: If the sentence does not fit without any demonstration; names its row.
        """
        return [token for ids, _ in self._pieces(sentence, shown, room, False) for token in ids]

    def shown(self, sentence: Sentence, shown: Sequence[tuple[Sentence, Sequence[Span]]], room: int) -> int:
        """How many of the demonstrations fit."""
        fixed = len(self._head()) + len(self._asked(sentence)) + room
        kept = 0
        for held, spans in reversed(shown):
            fixed += len(self._asked(held)) + len(self.answers.write(held, spans))
            if fixed > self.longest:
                break
            kept += 1
        return kept

    def _pieces(
        self, sentence: Sentence, shown: Sequence[tuple[Sentence, Sequence[Span]]], room: int, counts: bool
    ) -> list[tuple[list[int], bool]]:
        needed = len(self._head()) + len(self._asked(sentence)) + room
        if needed > self.longest:
            place = "" if sentence.row is None else f"row {sentence.row}: "
            raise DataError(
                f"{place}the sentence {sentence.text[:40]!r} needs {needed} tokens with its answer, {self.longest} "
                "fit: cut it, or raise longest"
            )
        kept = self.shown(sentence, shown, room)
        pieces = [(self._head(), False)]
        for held, spans in shown[len(shown) - kept :]:
            pieces += [(self._asked(held), False), (self.answers.write(held, spans), counts)]
        return [*pieces, (self._asked(sentence), False)]

    def _head(self) -> list[int]:
        if not self.instruction:
            return []
        encode = self.answers.vocabulary.encode
        options = " , ".join(self.answers.types)
        said = "### Instruction : label every span of the sentence with its type .\n"
        return [*encode(said).tolist(), *encode(f"### Options : {options}\n").tolist()]

    def _asked(self, sentence: Sentence) -> list[int]:
        encode = self.answers.vocabulary.encode
        return [*encode("### Sentence :").tolist(), *sentence.ids, *encode("\n### Response :").tolist()]

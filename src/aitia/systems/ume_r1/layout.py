"""How an item stands before the model, and what the model writes of it.

    pictures words instruction <disc_emb> ask        <think> reasoning </think> <answer> answer <gen_emb>
    ------------------ prompt ---------------        ------------------- written -----------------------

An embedding is the state at its marker, read as an input token: never the state that wrote it.
"""

from collections.abc import Sequence
from typing import NamedTuple

from aitia.errors import FormatError
from aitia.nn.sequences import Vocabulary
from aitia.systems.ume_r1.items import HERE, Item

__all__ = ["FILLER", "MARKERS", "Layout", "Written"]

DISC, GEN, PICTURE, THINK, THOUGHT, ANSWER, FILLER = MARKERS = (
    "<disc_emb>", "<gen_emb>", "<picture>", "<think>", "</think>", "<answer>", "<filler>",
)  # fmt: skip


class Written(NamedTuple):
    """What was written of an item.

    Args:
        reasoning: Between the tags; all that there is where they are not closed.
        answer: After them.
        finished: Whether the tags stand in their order and the marker ends them.
        ids: All of it, without the marker.
    """

    reasoning: str
    answer: str
    finished: bool
    ids: tuple[int, ...]


class Layout:
    """Lays items out as tokens, and reads what was written.

    Args:
        vocabulary: Of the model, with the markers.
        ask: Words before what is written.

    Raises:
        FormatError: If the vocabulary lacks a marker.
    """

    def __init__(self, vocabulary: Vocabulary, ask: str = "") -> None:
        self.vocabulary = vocabulary
        if lacks := [name for name in MARKERS if name not in vocabulary.markers]:
            raise FormatError(f"the tokenizer lacks {', '.join(lacks)}: fit the model, which adds them and trains them")
        held = vocabulary.markers
        self.disc, self.gen, self.picture, self.filler = held[DISC], held[GEN], held[PICTURE], held[FILLER]
        self.think, self.thought, self.answer = held[THINK], held[THOUGHT], held[ANSWER]
        self._known: dict[str, list[int]] = {}
        self._ask = self._ids(ask)

    def prompt(self, item: Item) -> list[int]:
        """Up to where the model writes."""
        pictures = [[self.picture, *self.vocabulary.image[list(codes)].tolist()] for codes in item.pictures]
        found: list[int] = []
        pieces = item.text.split(HERE)
        if len(pieces) == 1:
            pieces, found = [item.text], [token for picture in pictures for token in picture]
            pictures = []
        for k, piece in enumerate(pieces):
            found += self._ids(piece)
            found += pictures[k] if k < len(pictures) else []
        return [*found, *self._ids(item.instruction), self.disc, *self._ask]

    def bare(self, item: Item) -> list[int]:
        """Up to the marker of the embedding of one pass."""
        prompt = self.prompt(item)
        return prompt[: len(prompt) - len(self._ask)]

    def opened(self, reasoning: str | Sequence[int]) -> list[int]:
        """What is written up to the answer, with this reasoning, as words or ids."""
        ids = self._ids(reasoning) if isinstance(reasoning, str) else [*reasoning]
        return [self.think, *ids, self.thought, self.answer]

    def said(self, reasoning: str, answer: str, *, filler: bool = False) -> list[int]:
        """All that is to be written of an item, the marker included.

        Args:
            reasoning: Its words.
            answer: The same in short.
            filler: Whether as many tokens that say nothing stand in the place of the reasoning.
        """
        ids = self._ids(reasoning)
        return [*self.opened([self.filler] * len(ids) if filler else ids), *self._ids(answer), self.gen]

    def thoughts(self, reasoning: str) -> int:
        """How many tokens a reasoning is."""
        return len(self._ids(reasoning))

    def read(self, ids: Sequence[int], most: int) -> Written:
        """What was written, without its marker; what is as long as `most` was cut.

        Args:
            ids: As `write` gives them.
            most: Tokens that might be written.
        """
        ids = tuple(ids)
        tags = [(k, token) for k, token in enumerate(ids) if token in self._tags]
        right = [token for _, token in tags] == [self.think, self.thought, self.answer]
        right = right and tags[0][0] == 0 and tags[2][0] == tags[1][0] + 1
        if right:
            reasoning, answer = ids[1 : tags[1][0]], ids[tags[2][0] + 1 :]
        else:
            last = max((k for k, token in tags), default=-1)
            reasoning, answer = ids[: last + 1], ids[last + 1 :]
        finished = right and len(ids) < most and bool(answer)
        return Written(self._text(reasoning), self._text(answer), finished, ids)

    @property
    def _tags(self) -> set[int]:
        return {self.think, self.thought, self.answer, self.gen, self.disc, self.picture}

    def _text(self, ids: Sequence[int]) -> str:
        return self.vocabulary.decode([k for k in ids if k not in self._tags]).strip() if ids else ""

    def _ids(self, text: str) -> list[int]:
        if text not in self._known:  # instructions and answers come again and again
            self._known[text] = [int(k) for k in self.vocabulary.encode(text)] if text else []
        return self._known[text]

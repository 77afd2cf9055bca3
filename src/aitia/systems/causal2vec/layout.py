"""Texts laid out on tokens: what stands where in front of the decoder, and what the encoder reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from aitia.errors import DataError
from aitia.nn.language import LanguageModel
from aitia.nn.sequences import SequenceModel
from aitia.systems.causal2vec.arms import Reading

__all__ = ["Laid", "Layout"]


@dataclass(frozen=True)
class Laid:
    """One text on tokens.

    Args:
        ids: That the decoder reads; at `slot` any id.
        begin: Place of the first token whose state may count: of the text, or of its second copy.
        slot: Place of the contextual token; `begin` where there is none.
        read: Ids that the encoder reads.
        cut: Tokens of the text that the decoder had no room for.
        unread: Tokens that the encoder had no room for.
    """

    ids: tuple[int, ...] = ()
    begin: int = 0
    slot: int = 0
    read: tuple[int, ...] = ()
    cut: int = 0
    unread: int = 0

    @property
    def length(self) -> int:
        """Tokens of the longer of the two sequences."""
        return max(len(self.ids), len(self.read))


class Layout:
    """Lays texts out for one arm.

    Args:
        reading: What the arm does.
        model: The decoder; None where there is none.
        encoder: The encoder; None where there is none.
    """

    def __init__(self, reading: Reading, model: SequenceModel | None, encoder: LanguageModel | None) -> None:
        self.reading, self.model, self.encoder = reading, model, encoder
        self.front = [] if model is None else _front(model.vocabulary.tokenizer)

    def laid(self, texts: Sequence[str], instructions: Sequence[str] | None = None) -> list[Laid]:
        """Texts on tokens. The end follows the last token that there is room for.

        Args:
            texts: One a row.
            instructions: What stands before each; the encoder does not read it.

        Raises:
            DataError: If a text is empty, or an instruction leaves no room for its text; names the row.
        """
        for row, text in enumerate(texts):
            if not isinstance(text, str) or not text.strip():
                raise DataError(f"the text of row {row} is empty: drop the row")
        told = [""] * len(texts) if instructions is None else list(instructions)
        read = self._read(texts) if self.reading.encodes else [((), 0)] * len(texts)
        if not self.reading.decodes or self.model is None:
            return [Laid(read=ids, unread=lost) for ids, lost in read]
        ids = _ids(self.model.vocabulary.tokenizer, texts)
        before = _ids(self.model.vocabulary.tokenizer, told) if any(told) else [[]] * len(texts)
        return [self._decoded(row, ids[row], before[row], *read[row]) for row in range(len(texts))]

    def tensors(self, rows: Sequence[Laid]) -> tuple[Tensor, ...]:
        """What the embedder takes: ids, present, begin, slot of the decoder, then ids and present of the encoder."""
        found: list[Tensor] = []
        if self.reading.decodes and self.model is not None:
            found += _padded([row.ids for row in rows], self.model.vocabulary.pad)
            found += [torch.tensor([row.begin for row in rows]), torch.tensor([row.slot for row in rows])]
        if self.reading.encodes and self.encoder is not None:
            found += _padded([row.read for row in rows], self.encoder.tokenizer.pad_token_id)
        return tuple(found)

    def _decoded(self, row: int, ids: list[int], before: list[int], read: tuple[int, ...], unread: int) -> Laid:
        assert self.model is not None
        end, longest = self.model.vocabulary.end, self.model.longest
        head = [*self.front, *before]
        copies = 2 if self.reading.repeated else 1
        room = (longest - len(head) - self.reading.slot) // copies - 1
        if room < 1:
            raise DataError(
                f"the instruction of row {row} has {len(before)} tokens, the model takes {longest}: shorten it"
            )
        text = ids[:room]
        slot = len(head)
        held = [*head, end, *text, end] if self.reading.slot else [*head, *[*text, end] * copies]
        begin = slot + 1 if self.reading.slot else slot + (len(text) + 1) * (copies - 1)
        return Laid(tuple(held), begin, slot if self.reading.slot else begin, read, len(ids) - len(text), unread)

    def _read(self, texts: Sequence[str]) -> list[tuple[tuple[int, ...], int]]:
        assert self.encoder is not None
        tokenizer, longest = self.encoder.tokenizer, self.encoder.longest
        whole: list[list[int]] = tokenizer(list(texts), verbose=False)["input_ids"]
        found = []
        for text, ids in zip(texts, whole, strict=True):
            lost = max(len(ids) - longest, 0)
            kept = tokenizer(text, truncation=True, max_length=longest)["input_ids"] if lost else ids
            found.append((tuple(kept), lost))
        return found


def _ids(tokenizer: Any, texts: Sequence[str]) -> list[list[int]]:
    found: list[list[int]] = tokenizer(list(texts), add_special_tokens=False, verbose=False)["input_ids"]
    return found


def _front(tokenizer: Any) -> list[int]:
    """What the tokenizer puts before every text, such as the begin of a sequence: a model is used to have it first."""
    bare, whole = _ids(tokenizer, ["a"])[0], tokenizer("a")["input_ids"]
    for start in range(len(whole) - len(bare) + 1):
        if whole[start : start + len(bare)] == bare:
            return list(whole[:start])
    return []


def _padded(rows: Sequence[Sequence[int]], pad: int) -> list[Tensor]:
    lengths = torch.tensor([len(row) for row in rows])
    found = torch.full((len(rows), int(lengths.max())), pad)
    for place, row in enumerate(rows):
        found[place, : len(row)] = torch.tensor(row)
    return [found, torch.arange(found.shape[1]) < lengths[:, None]]

"""Embeddings of items: in one pass, or after what is written of them; one forward over the whole sequence for each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import normalize

from aitia.errors import DataError
from aitia.nn.language import last_states
from aitia.nn.sequences import SequenceModel, write
from aitia.nn.sequences.retrieval import state_at
from aitia.systems.ume_r1.items import Item
from aitia.systems.ume_r1.layout import Layout, Written

__all__ = ["Embedder", "check_room", "states_at", "together"]

Vectors = NDArray[np.float64]
AT_ONCE = 128
"""Sequences that are read or written at once."""


@dataclass(frozen=True)
class Embedder:
    """A model that embeds.

    Args:
        model: The model.
        layout: Of its sequences.
        most: Tokens that are written at most.
    """

    model: SequenceModel
    layout: Layout
    most: int

    def in_one_pass(self, items: Sequence[Item]) -> Vectors:
        """(n, width) of unit length, the states at the marker of the embedding of one pass."""
        return states_at(self.model, [self.layout.bare(item) for item in items], self.layout.disc)

    def written(
        self,
        items: Sequence[Item],
        *,
        reasoning: str | None = None,
        temperature: float = 0.0,
        seed: int = 0,
    ) -> list[Written]:
        """What the model writes of items: all of it, or what is missing behind what is known of an item.

        Args:
            items: With what is known of them.
            reasoning: Put in the place of the reasoning of all: words, `absent` or `filler`.
            temperature: 0 takes the likeliest token.
            seed: Of the draws; the same item may be drawn differently at another place.
        """
        thoughts: list[list[int] | None] = [self._given(item, reasoning) for item in items]
        if reasoning == "filler":
            # As many tokens as the model would have written by itself, or as are given.
            own = self.written(items, temperature=temperature, seed=seed)
            counts = [len(self.layout.opened(held.reasoning)) - 3 for held in own]
            thoughts = [[self.layout.filler] * count for count in counts]
        answers = [item.answer if reasoning is None else None for item in items]
        begun = [[] if thought is None else self.layout.opened(thought) for thought in thoughts]
        found: list[Written | None] = [None] * len(items)
        for row, (item, answer) in enumerate(zip(items, answers, strict=True)):
            if answer is not None and item.reasoning is not None:
                ids = self.layout.said(item.reasoning, answer)[:-1]
                found[row] = self.layout.read(ids, len(ids) + 1)
        rows = [row for row, held in enumerate(found) if held is None]
        prompts = [[*self.layout.prompt(items[row]), *begun[row]] for row in rows]
        for start in range(0, len(rows), AT_ONCE):
            part = slice(start, start + AT_ONCE)
            check_room(self.model, prompts[part], self.most)
            said = write(
                self.model, prompts[part], most=self.most, ends=[self.layout.gen], temperature=temperature,
                seed=seed + start,
            )  # fmt: skip
            for row, ids in zip(rows[part], said, strict=True):
                cut = len(ids) >= self.most
                whole = [*begun[row], *ids]
                read = self.layout.read(whole, len(whole) if cut else len(whole) + 1)
                if (answer := answers[row]) is not None and read.finished:
                    whole = self.layout.said(read.reasoning, answer)[:-1]
                    read = self.layout.read(whole, len(whole) + 1)
                found[row] = read
        return [held for held in found if held is not None]

    def after(self, items: Sequence[Item], written: Sequence[Written]) -> Vectors:
        """(n, width) of unit length, the states at the marker behind what was written.

        Where the marker was never written it is put behind what there is; `Written.finished` tells where.
        """
        rows = [[*self.layout.prompt(i), *w.ids, self.layout.gen] for i, w in zip(items, written, strict=True)]
        return states_at(self.model, rows, self.layout.gen)

    def _given(self, item: Item, reasoning: str | None) -> list[int] | None:
        words = item.reasoning if reasoning is None else "" if reasoning == "absent" else reasoning
        return None if words is None else self.layout.opened(words)[1:-2]


@torch.no_grad()
def states_at(model: SequenceModel, rows: Sequence[Sequence[int]], marker: int) -> Vectors:
    """(n, width) the state of the last layer at the last marker of each sequence, of unit length."""
    found: list[Any] = [None] * len(rows)
    order = sorted(range(len(rows)), key=lambda row: len(rows[row]))
    for start in range(0, len(order), AT_ONCE):
        some = order[start : start + AT_ONCE]
        check_room(model, [rows[row] for row in some], 0)
        ids, present = together([rows[row] for row in some], model.vocabulary.pad)
        ids, present = ids.to(model.device), present.to(model.device)
        states = last_states(model.model, {"input_ids": ids, "attention_mask": present.long(), "use_cache": False})  # type: ignore[dict-item]
        vectors = normalize(state_at(states, ids, marker).double(), dim=-1).cpu().numpy()
        for row, vector in zip(some, vectors, strict=True):
            found[row] = vector
    return np.array(found, dtype=np.float64).reshape(len(rows), -1)


def together(rows: Sequence[Sequence[int]], pad: int) -> tuple[Tensor, Tensor]:
    """(rows, n) ids, padded on the right, and where there is a token."""
    lengths = torch.tensor([len(row) for row in rows])
    ids = torch.full((len(rows), int(lengths.max())), pad)
    for k, row in enumerate(rows):
        ids[k, : len(row)] = torch.as_tensor(list(row))
    return ids, torch.arange(ids.shape[1]) < lengths[:, None]


def check_room(model: SequenceModel, rows: Sequence[Sequence[int]], most: int) -> None:
    """Whether sequences fit, with so many tokens behind them.

    Raises:
        DataError: If one does not; says how long it is.
    """
    longest = max(map(len, rows), default=0)
    if longest + most > model.longest:
        behind = f" and {most} that may be written" if most else ""
        raise DataError(
            f"a sequence has {longest} tokens{behind}, the model takes {model.longest}: shorten the words, scale the "
            "pictures down, or raise longest"
        )

"""The cold start: two contrastive losses and the words, of batches in which rows of one task stand together.

    loss = contrast(state at <disc_emb>) + contrast(state at <gen_emb>) + w mean -log p of what is written          (1)

What is written is given, so that one forward over each sequence has all three.

Source:
    Lan et al., UME-R1, ICLR 2026, section 3.2; equal weights are ours, the source does not say.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from aitia.engine import Progress
from aitia.nn.sequences import SequenceModel
from aitia.nn.sequences.retrieval import in_chunks, retrieval_loss, state_at
from aitia.systems.ume_r1.config import UmeR1Config
from aitia.systems.ume_r1.embedding import together
from aitia.systems.ume_r1.items import Item
from aitia.systems.ume_r1.layout import Layout
from aitia.train import TrainConfig, train

__all__ = ["PairBatches", "PairLoss", "Sequences", "cold_start"]

Numbers = NDArray[np.int64]
Sequences = Sequence[tuple[Sequence[int], int]]
"""Ids, and how many of the first are the prompt, on which no loss stands."""


def cold_start(
    model: SequenceModel,
    layout: Layout,
    pairs: Sequence[tuple[Item, Item]],
    meanings: Numbers,
    tasks: Numbers,
    config: UmeR1Config,
    *,
    checkpoint: Path | None = None,
    progress: Progress | None = None,
) -> tuple[Mapping[str, float], ...]:
    """Trains a model in place on pairs of a query and its target, with all that is to be said of them; the losses."""
    sides: list[list[tuple[Sequence[int], int]]] = [[], []]
    for pair in pairs:
        for side, item in zip(sides, pair, strict=True):
            if not config.generative:
                bare = layout.bare(item)
                side.append((bare, len(bare)))
                continue
            prompt = layout.prompt(item)
            said = layout.said(item.reasoning or "", item.answer or "", filler=config.thought == "filler")
            side.append(([*prompt, *said], len(prompt)))
    batches = PairBatches(
        sides[0], sides[1], meanings, tasks, config.batch, config.together, model.vocabulary.pad, config.seed
    )
    training = TrainConfig(
        steps=config.steps, learning_rate=config.learning_rate, betas=(0.9, 0.95), weight_decay=0.01,
        schedule="one-cycle", clip=1.0, seed=config.seed, device=config.device,
    )  # fmt: skip
    loss = PairLoss(model, layout, config.losses, config.temperature, config.words_weight, config.chunk)
    history = train(loss, batches, training, progress=progress, what="cold start", checkpoint=checkpoint)
    model.model.eval()
    return tuple(history.losses)


@dataclass
class PairBatches:
    """Pairs of a step: blocks of rows of one task each, tasks as often as they have rows.

    Args:
        queries: Of each row.
        targets: Of each row.
        meanings: (n,) numbers; rows of one mean the same.
        tasks: (n,) numbers.
        size: Pairs of a step, over all processes.
        block: Pairs of one task that stand together.
        pad: Id of padding.
        seed: Of the draws.
    """

    queries: Sequences
    targets: Sequences
    meanings: Numbers
    tasks: Numbers
    size: int
    block: int
    pad: int
    seed: int = 0
    _rows: list[Numbers] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._rows = [np.flatnonzero(self.tasks == task) for task in np.unique(self.tasks)]

    def __call__(self, step: int, rank: int, ranks: int, /) -> tuple[Tensor, ...]:
        """(2n, tokens) ids, present and written, the queries before the targets, and (n,) the meanings."""
        rows = self.rows(step)[rank::ranks]
        held = [side[row] for side in (self.queries, self.targets) for row in rows]
        ids, present = together([ids for ids, _ in held], self.pad)
        begins = torch.tensor([begin for _, begin in held])
        written = present & (torch.arange(ids.shape[1]) >= begins[:, None])
        return ids, present, written, torch.from_numpy(self.meanings[rows])

    def rows(self, step: int) -> Numbers:
        """(size,) the rows of a step."""
        random = np.random.default_rng([self.seed, step])
        shares = np.array([len(rows) for rows in self._rows], dtype=np.float64)
        found: list[Numbers] = []
        while (left := self.size - sum(map(len, found))) > 0:
            rows = self._rows[int(random.choice(len(shares), p=shares / shares.sum()))]
            count = min(left, self.block)
            found.append(random.choice(rows, count, replace=count > len(rows)))
        return np.concatenate(found)


class PairLoss(nn.Module):
    """(1), or some of its parts; returns each beside `loss`.

    Args:
        model: That is trained.
        layout: Of its sequences.
        losses: Which of `disc`, `gen` and `language`.
        temperature: Divides the cosines.
        words_weight: Of the language loss.
        chunk: Pairs whose states are held at once; 0 for all.
    """

    def __init__(
        self,
        model: SequenceModel,
        layout: Layout,
        losses: Sequence[str],
        temperature: float = 0.05,
        words_weight: float = 1.0,
        chunk: int = 0,
    ) -> None:
        super().__init__()
        self.network, self._layout, self._losses = model.model, layout, tuple(losses)
        self._temperature, self._weight, self._chunk = temperature, words_weight, chunk

    def forward(self, ids: Tensor, present: Tensor, written: Tensor, meanings: Tensor) -> dict[str, Tensor]:
        """Of what `PairBatches` gives."""
        found = in_chunks(self._encode, (ids, present, written), 2 * self._chunk or len(ids))
        width = (found.shape[1] - 2) // 2
        disc, gen, lost, count = torch.split(found, [width, width, 1, 1], dim=1)
        parts: dict[str, Tensor] = {}
        for name, states in (("disc", disc), ("gen", gen)):
            if name in self._losses:
                queries, targets = states.chunk(2)
                parts[name] = retrieval_loss(queries, targets, temperature=self._temperature, same=meanings)
        if "language" in self._losses:
            parts["language"] = lost.sum() / count.sum()
        loss = sum(self._weight * part if name == "language" else part for name, part in parts.items())
        return {"loss": cast(Tensor, loss), **parts}

    def _encode(self, ids: Tensor, present: Tensor, written: Tensor) -> Tensor:
        """(n, 2 width + 2) both embeddings, -log p of what is written, and how many tokens that is."""
        network = cast(Any, self.network)
        found = network(input_ids=ids, attention_mask=present.long(), use_cache=False, output_hidden_states=True)
        states = found.hidden_states[-1]
        disc = state_at(states, ids, self._layout.disc)
        counts = written[:, 1:]
        gen, lost = torch.zeros_like(disc), torch.zeros_like(disc[:, :1])
        if counts.any():
            gen = state_at(states, ids, self._layout.gen)
            each = torch.zeros(counts.shape, device=ids.device)
            each[counts] = cross_entropy(found.logits[:, :-1][counts].float(), ids[:, 1:][counts], reduction="none")
            lost = each.sum(dim=1, keepdim=True).to(disc.dtype)
        return torch.cat([disc, gen, lost, counts.sum(dim=1, keepdim=True).to(disc.dtype)], dim=1)

"""Prompts read once: their states are kept, and what follows is read on top of them.

A prompt whose tokens see each other has to be read in one piece, with its mask; what is written after it is causal.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor

from aitia.errors import DataError, OptionError
from aitia.nn.sequences.model import SequenceModel
from aitia.nn.sequences.visibility import places

__all__ = ["Prefilled", "check_reads_on", "prefill"]


@dataclass
class Prefilled:
    """Prompts that a model has read.

    Args:
        cache: Of the model; (rows) prompts.
        present: (rows, n) where there is a token, padded on the left.
        logits: (rows, vocabulary) of the next token after each prompt.
    """

    cache: Any
    present: Tensor
    logits: Tensor

    def rows(self, which: Sequence[int]) -> "Prefilled":
        """These rows, each as often as it is named; the cache is used up."""
        index = torch.tensor(list(which), device=self.present.device)
        self.cache.batch_select_indices(index)
        return Prefilled(self.cache, self.present[index], self.logits[index])

    def read_on(self, model: SequenceModel, ids: Tensor, present: Tensor | None = None) -> Tensor:
        """(rows, m, vocabulary) logits after each of the tokens that follow; they are read causally and kept.

        Args:
            model: That read the prompts.
            ids: (rows, m) what follows, padded on the right.
            present: (rows, m) where there is a token; everywhere if None.
        """
        more = torch.ones_like(ids, dtype=torch.bool) if present is None else present
        joined = torch.cat([self.present, more], dim=1)
        where = places(joined)[:, -ids.shape[1] :]
        found = model.model(
            input_ids=ids, attention_mask=joined.long(), position_ids=where, past_key_values=self.cache, use_cache=True
        )
        self.cache, self.present = found.past_key_values, joined
        return cast(Tensor, found.logits)


@torch.no_grad()
def prefill(model: SequenceModel, prompts: Sequence[Sequence[int]]) -> Prefilled:
    """Reads prompts; under `prefix` visibility each is seen both ways.

    Raises:
        DataError: If a prompt is empty or longer than the model takes; names the row and its length.
        OptionError: If the model keeps no keys and values; names its class.
    """
    lengths = [len(prompt) for prompt in prompts]
    for row, length in enumerate(lengths):
        if not 0 < length <= model.longest:
            why = "is empty" if not length else f"has {length} tokens, the model takes {model.longest}: cut it"
            raise DataError(f"the prompt of row {row} {why}")
    most = max(lengths)
    ids = torch.full((len(prompts), most), model.vocabulary.pad)
    for row, prompt in enumerate(prompts):
        ids[row, most - lengths[row] :] = torch.as_tensor(list(prompt))
    held = torch.tensor(lengths)
    present = torch.arange(most) >= most - held[:, None]
    ids, present = ids.to(model.device), present.to(model.device)
    found = model.model(
        input_ids=ids,
        attention_mask=model.mask(present, held.to(model.device)),
        position_ids=places(present),
        use_cache=True,
        logits_to_keep=1,
    )
    if getattr(found, "past_key_values", None) is None:
        raise OptionError(
            f"{type(model.model).__name__} keeps no keys and values of what it has read, as state spaces do not, so "
            "that nothing can be written or ranked after a prompt here: take a model with attention"
        )
    return Prefilled(found.past_key_values, present, found.logits[:, -1])


def check_reads_on(model: SequenceModel) -> None:
    """Checks before a training that what a decoder has read can be kept, without which it will write nothing.

    Raises:
        OptionError: If it keeps no keys and values, as a state space; names its class.
    """
    was = model.model.training
    model.model.eval()
    try:
        prefill(model, [[0, 1]])
    finally:
        model.model.train(was)

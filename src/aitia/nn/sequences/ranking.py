"""What a model says of options: their log-probabilities after a prompt, which it reads once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from aitia.errors import DataError
from aitia.nn.sequences.model import SequenceModel
from aitia.nn.sequences.prefill import prefill

__all__ = ["OptionScores", "option_log_probabilities", "token_log_probabilities"]


@dataclass(frozen=True)
class OptionScores:
    """Of the options of one prompt.

    Args:
        total: (options,) log-probability of each in nats, all its tokens.
        mean: (options,) the same for a token. Options of different lengths can change places between the two.
    """

    total: NDArray[np.float64]
    mean: NDArray[np.float64]


@torch.no_grad()
def option_log_probabilities(
    model: SequenceModel,
    prompts: Sequence[Sequence[int]],
    options: Sequence[Sequence[Sequence[int]]],
    *,
    tokens: int = 16_384,
) -> list[OptionScores]:
    """log p(option | prompt) of every option of every prompt.

    Prompts are read once, in batches of like length, and their options on top of what was kept of them; an option of
    one token needs no second look.

    Args:
        model: Causal, or with prefix visibility, or one with an encoder, which reads the prompt.
        prompts: Ids of each.
        options: Ids of each option of each prompt.
        tokens: Of a batch at most, padding and all options counted; less memory takes longer.

    Raises:
        DataError: If a prompt has no option, one has no token or two are the same (names the row), or a text is longer
            than the model takes.
    """
    _check(model, prompts, options)
    found: list[OptionScores | None] = [None] * len(prompts)
    order = np.argsort([len(prompt) for prompt in prompts], kind="stable")
    batch: list[int] = []
    size = 0
    for row in map(int, order):
        cost = len(options[row]) * (len(prompts[row]) + max(map(len, options[row])))
        if batch and size + cost > tokens:
            _score(model, batch, prompts, options, found)
            batch, size = [], 0
        batch.append(row)
        size += cost
    if batch:
        _score(model, batch, prompts, options, found)
    return [scores for scores in found if scores is not None]


@torch.no_grad()
def token_log_probabilities(
    model: SequenceModel, prompts: Sequence[Sequence[int]], answers: Sequence[Sequence[int]]
) -> list[NDArray[np.float64]]:
    """For each answer the log-probability of each of its tokens, in one pass over prompt and answer.

    Args:
        model: A decoder.
        prompts: Ids before each answer.
        answers: Ids.
    """
    rows = [[*prompt, *answer] for prompt, answer in zip(prompts, answers, strict=True)]
    lengths = torch.tensor([len(row) for row in rows])
    ids = torch.full((len(rows), int(lengths.max())), model.vocabulary.pad)
    for k, row in enumerate(rows):
        ids[k, : len(row)] = torch.as_tensor(row)
    present = torch.arange(ids.shape[1]) < lengths[:, None]
    logits = model.logits(ids.to(model.device), present.to(model.device))[:, :-1].float().log_softmax(dim=-1)
    said = logits.gather(2, ids[:, 1:, None].to(model.device))[..., 0].double().cpu().numpy()
    return [said[k, len(p) - 1 : len(p) - 1 + len(a)] for k, (p, a) in enumerate(zip(prompts, answers, strict=True))]


def _score(
    model: SequenceModel,
    batch: Sequence[int],
    prompts: Sequence[Sequence[int]],
    options: Sequence[Sequence[Sequence[int]]],
    found: list[OptionScores | None],
) -> None:
    flat = [option for row in batch for option in options[row]]
    owner = [k for k, row in enumerate(batch) for _ in options[row]]
    lengths = torch.tensor([len(option) for option in flat])
    ids = torch.full((len(flat), int(lengths.max())), model.vocabulary.pad)
    for k, option in enumerate(flat):
        ids[k, : len(option)] = torch.as_tensor(list(option))
    ids = ids.to(model.device)
    present = (torch.arange(ids.shape[1]) < lengths[:, None]).to(model.device)
    said = (
        _encoded(model, batch, prompts, owner, ids)
        if model.has_encoder
        else _decoded(model, batch, prompts, owner, ids, present)
    )
    each = said.masked_fill(~present, 0.0).sum(dim=1).cpu().numpy()
    counts = lengths.numpy()
    start = 0
    for row in batch:
        stop = start + len(options[row])
        total = each[start:stop].astype(np.float64)
        found[row] = OptionScores(total, total / counts[start:stop])
        start = stop


def _decoded(
    model: SequenceModel,
    batch: Sequence[int],
    prompts: Sequence[Sequence[int]],
    owner: Sequence[int],
    ids: Tensor,
    present: Tensor,
) -> Tensor:
    """(options, tokens) log-probability of each token."""
    held = prefill(model, [prompts[row] for row in batch])
    first = held.logits.float().log_softmax(dim=-1)[torch.tensor(owner, device=ids.device)]
    said = [first.gather(1, ids[:, :1])]
    if ids.shape[1] > 1:
        logits = held.rows(owner).read_on(model, ids[:, :-1], present[:, :-1])
        said.append(logits.float().log_softmax(dim=-1).gather(2, ids[:, 1:, None])[..., 0])
    return torch.cat(said, dim=1)


def _encoded(
    model: SequenceModel, batch: Sequence[int], prompts: Sequence[Sequence[int]], owner: Sequence[int], ids: Tensor
) -> Tensor:
    from transformers.modeling_outputs import BaseModelOutput

    lengths = torch.tensor([len(prompts[row]) for row in batch])
    read = torch.full((len(batch), int(lengths.max())), model.vocabulary.pad)
    for k, row in enumerate(batch):
        read[k, : len(prompts[row])] = torch.as_tensor(list(prompts[row]))
    there = (torch.arange(read.shape[1]) < lengths[:, None]).long().to(model.device)
    network = cast(Any, model.model)
    states = network.get_encoder()(input_ids=read.to(model.device), attention_mask=there).last_hidden_state
    index = torch.tensor(owner, device=model.device)
    begin = torch.full_like(ids[:, :1], int(network.config.decoder_start_token_id))
    logits: Tensor = network(
        encoder_outputs=BaseModelOutput(last_hidden_state=states[index]),
        attention_mask=there[index],
        decoder_input_ids=torch.cat([begin, ids[:, :-1]], dim=1),
        use_cache=False,
    ).logits
    return logits.float().log_softmax(dim=-1).gather(2, ids[..., None])[..., 0]


def _check(model: SequenceModel, prompts: Sequence[Sequence[int]], options: Sequence[Sequence[Sequence[int]]]) -> None:
    if len(prompts) != len(options):
        raise DataError(f"there are {len(prompts)} prompts and options of {len(options)}")
    for row, held in enumerate(options):
        if not held or any(not len(option) for option in held):
            raise DataError(f"row {row} has an option without tokens, or no option: give at least one word each")
        if len({tuple(option) for option in held}) < len(held):
            raise DataError(f"two options of row {row} are the same: leave one out")
        length = len(prompts[row]) + max(map(len, held))
        if length > model.longest:
            raise DataError(f"row {row} has {length} tokens with its longest option, the model takes {model.longest}")

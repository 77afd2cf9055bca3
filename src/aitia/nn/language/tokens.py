"""Texts as tensors of tokens: batches, targets to be written, and masks to be filled."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from aitia.errors import DataError

__all__ = ["by_length", "mask_tokens", "target_batch", "token_batch"]


def token_batch(
    tokenizer: Any, texts: Sequence[str], longest: int = 512, side: Literal["left", "right"] = "right"
) -> dict[str, Tensor]:
    """`input_ids` and `attention_mask`, (rows, tokens), padded to the longest of the batch and cut at `longest`.

    Args:
        tokenizer: Makes the tokens.
        texts: One a row.
        longest: Tokens at most.
        side: On which side short rows are padded; a model that writes on wants the left one.

    Raises:
        DataError: If a text is no string or is empty; names the row.
    """
    for row, text in enumerate(texts):
        if not isinstance(text, str):
            raise DataError(f"row {row} is {text!r}, not a text")
        if not text.strip():
            raise DataError(f"the text of row {row} is empty: drop the row")
    made = tokenizer(
        list(texts), padding=True, truncation=True, max_length=longest, return_tensors="pt", padding_side=side
    )
    return {"input_ids": made["input_ids"], "attention_mask": made["attention_mask"]}


def target_batch(
    tokenizer: Any, prompts: Sequence[str], targets: Sequence[str], longest: int = 512
) -> dict[str, Tensor]:
    """Prompts with what is to be written after them, for teaching a causal model, (rows, tokens) each.

    The target begins with a space where the tokenizer makes one part of a word, and ends with the end of sequence.

    Args:
        tokenizer: Makes the tokens; it has an end of sequence.
        prompts: One a row.
        targets: One a row.
        longest: Tokens at most, prompt and target together.

    Returns:
        `input_ids` and `attention_mask`, padded on the right; `labels`, -100 outside the target; `content`, whether a
        token is of the target's text.

    Raises:
        DataError: If a row has no text, or has more tokens than `longest`; names it.
    """
    for what, texts in (("prompt", prompts), ("target", targets)):
        if empty := [row for row, text in enumerate(texts) if not isinstance(text, str) or not text.strip()]:
            raise DataError(f"the {what} of row {empty[0]} is empty: drop the row")
    first = [ids[:-1] if ids[-1] == tokenizer.eos_token_id else ids for ids in tokenizer(list(prompts))["input_ids"]]
    second = tokenizer([f" {text.strip()}" for text in targets], add_special_tokens=False)["input_ids"]
    lengths = [len(a) + len(b) + 1 for a, b in zip(first, second, strict=True)]
    if (most := max(lengths)) > longest:
        raise DataError(f"row {lengths.index(most)} has {most} tokens, at most {longest} fit: cut or drop it")
    ids = torch.full((len(lengths), most), tokenizer.pad_token_id)
    labels = torch.full_like(ids, -100)
    content = torch.zeros_like(ids, dtype=torch.bool)
    for row, (a, b) in enumerate(zip(first, second, strict=True)):
        ids[row, : lengths[row]] = torch.tensor([*a, *b, tokenizer.eos_token_id])
        labels[row, len(a) : lengths[row]] = ids[row, len(a) : lengths[row]]
        content[row, len(a) : lengths[row] - 1] = True
    mask = torch.arange(most) < torch.tensor(lengths)[:, None]
    return {"input_ids": ids, "attention_mask": mask.long(), "labels": labels, "content": content}


def by_length(texts: Sequence[str], size: int) -> Iterator[list[int]]:
    """Rows in batches of texts of like length, so that little is padded."""
    order = np.argsort([len(text) for text in texts], kind="stable")
    for start in range(0, len(order), size):
        yield [int(row) for row in order[start : start + size]]


def mask_tokens(
    batch: Mapping[str, Tensor], tokenizer: Any, probability: float, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Inputs and labels of masked language modelling: of the tokens drawn, 80 % are masked, 10 % random, 10 % kept.

    Args:
        batch: `input_ids` and `attention_mask`.
        tokenizer: Whose mask and special tokens count.
        probability: That a token is drawn.
        generator: Draws them.

    Returns:
        `input_ids` with masks, and labels that are -100 where nothing is to be predicted. At least one token is drawn.

    Source:
        Devlin, Chang, Lee and Toutanova, BERT, NAACL 2019, section 3.1.
    """
    ids, mask = batch["input_ids"], batch["attention_mask"]
    plain = mask.bool() & ~torch.isin(ids, torch.tensor(tokenizer.all_special_ids, device=ids.device))
    number = torch.rand(ids.shape, generator=generator, device=generator.device).to(ids.device)
    drawn = plain & (number < probability)
    if not drawn.any() and plain.any():
        drawn.view(-1)[int((number.view(-1) + (~plain.view(-1)) * 2).argmin())] = True
    labels = torch.where(drawn, ids, torch.full_like(ids, -100))
    fate = torch.rand(ids.shape, generator=generator, device=generator.device).to(ids.device)
    other = torch.randint(len(tokenizer), ids.shape, generator=generator, device=generator.device).to(ids.device)
    masked = torch.where(drawn & (fate < 0.8), torch.full_like(ids, tokenizer.mask_token_id), ids)
    return torch.where(drawn & (fate >= 0.9), other, masked), labels

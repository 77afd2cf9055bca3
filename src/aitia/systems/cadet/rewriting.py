"""Texts written again with latents set, and what the model says of what it wrote."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from aitia.systems.cadet.network import CadetNetwork, chunks, pick_words
from aitia.systems.cadet.parts import Parts

__all__ = ["RewrittenTexts", "drawn_again", "written"]

Values = NDArray[np.float64]


@dataclass(frozen=True)
class RewrittenTexts:
    """Texts as the model writes them under an intervention, and what it says of them.

    Args:
        texts: (n,) under the intervention.
        probability: P(second class) of these texts, read again, (n,).
        label: Their class.
        reconstruction: (n,) as the model writes the texts with nothing done.
        reconstruction_probability: P(second class) of those, (n,). The effect of the intervention by the model's own
            account is `probability - reconstruction_probability`.
    """

    texts: NDArray[Any]
    probability: Values
    label: NDArray[Any]
    reconstruction: NDArray[Any]
    reconstruction_probability: Values


def written(
    net: CadetNetwork, parts: Parts, ids: Tensor, mask: Tensor, held: Mapping[str, int]
) -> tuple[NDArray[Any], Values]:
    """The texts with the categories of these latents set, the others their most likely, and P(second class) of each.

    Args:
        net: The network.
        parts: Its tokenizer.
        ids: (n, tokens).
        mask: (n, tokens).
        held: Category of `style` and of `topic`, where they are set.
    """
    texts: list[str] = []
    said: list[Tensor] = []
    with torch.no_grad():
        for rows in chunks(len(ids)):
            fact = net.infer(net.see(ids[rows], mask[rows]), sample=False)
            t, s = (
                given if name not in held else nn.functional.one_hot(
                    torch.full((len(given),), held[name]), given.shape[1]
                ).to(given.dtype)
                for name, given in (("topic", fact.t), ("style", fact.s))
            )  # fmt: skip
            words, there = pick_words(net.words(net.code(fact.m, fact.u, t, s)), parts.end, sample=False)
            said.append(net.label_logits(net.see_words(words, there.long())).softmax(-1)[:, 1])
            texts += _decoded(parts, words.argmax(-1), there)
    made = np.empty(len(texts), dtype=object)
    made[:] = texts
    return made, torch.cat(said).double().numpy()


def drawn_again(net: CadetNetwork, parts: Parts, ids: Tensor, mask: Tensor, seed: int) -> Values:
    """P(second class) of the texts as they are written from a draw of their latents, with nothing set, (n,)."""
    said: list[Tensor] = []
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for rows in chunks(len(ids)):
            fact = net.infer(net.see(ids[rows], mask[rows]), sample=True)
            words, there = pick_words(net.words(net.code(fact.m, fact.u, fact.t, fact.s)), parts.end, sample=False)
            said.append(net.label_logits(net.see_words(words, there.long())).softmax(-1)[:, 1])
    return np.asarray(torch.cat(said).double().numpy())


def _decoded(parts: Parts, ids: Tensor, there: Tensor) -> Iterable[str]:
    for row, mask in zip(ids, there, strict=True):
        text: str = parts.tokenizer.decode(row[mask].tolist(), skip_special_tokens=True)
        yield text

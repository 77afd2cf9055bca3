"""What a model writes after prompts, token by token, under a rule of what may stand where."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from aitia.errors import DataError, OptionError
from aitia.nn.sequences.model import SequenceModel
from aitia.nn.sequences.prefill import prefill

__all__ = ["Allowed", "Gap", "fill", "write"]

Allowed = Callable[[int, Sequence[int]], NDArray[np.bool_]]
"""For a row and what was written for it so far: (vocabulary,) which ids may come next."""


@torch.no_grad()
def write(
    model: SequenceModel,
    prompts: Sequence[Sequence[int]],
    *,
    most: int = 64,
    ends: Sequence[int] | None = None,
    allowed: Allowed | None = None,
    temperature: float = 0.0,
    top_p: float = 1.0,
    seed: int = 0,
) -> list[list[int]]:
    """Ids that a decoder writes after each prompt, without the one that ends it.

    Sentinels are never written unless a rule allows them: a model that learnt from masked documents is fond of them.

    Args:
        model: Causal, or with prefix visibility.
        prompts: Ids of each.
        most: Tokens at most.
        ends: Ids at which a row ends; None takes the end of a sequence.
        allowed: Which ids may come next; None allows all but sentinels.
        temperature: Divides the logits; 0 takes the likeliest token.
        top_p: Draws from the likeliest tokens that make up this probability.
        seed: Of the draws; each row has its own stream, so that a row is written alike in any batch.

    Raises:
        DataError: If a prompt is empty or too long, or a rule allows nothing.
        OptionError: If a number is out of range.
    """
    if temperature < 0 or not 0 < top_p <= 1 or most < 1:
        raise OptionError(
            f"temperature is from 0 on, top_p in (0, 1] and most from 1 on, got {temperature}, {top_p}, {most}"
        )
    if model.has_encoder:
        raise OptionError("a model with an encoder writes by `generate`")
    stops = {model.vocabulary.end} if ends is None else {int(k) for k in ends}
    open_to_all = np.ones(len(model.vocabulary), dtype=bool)
    open_to_all[model.vocabulary.mask] = False
    open_to_all[sorted(stops)] = True
    streams = [np.random.default_rng([seed, row]) for row in range(len(prompts))]
    written: list[list[int]] = [[] for _ in prompts]
    room = min(most, model.longest - max(map(len, prompts)))
    if room < 1:
        raise DataError(
            f"a prompt of {max(map(len, prompts))} tokens leaves no room to write, the model takes {model.longest}"
        )
    held = prefill(model, prompts)
    logits, alive = held.logits, list(range(len(prompts)))
    for step in range(room):
        chosen = []
        for k, row in enumerate(alive):
            may = open_to_all if allowed is None else allowed(row, written[row])
            if not may.any():
                raise DataError(f"nothing may follow what was written for row {row}: the rule allows no token")
            scores = logits[k, : len(may)].double().cpu().numpy()
            chosen.append(_draw(np.where(may, scores, -np.inf), temperature, top_p, streams[row]))
        going = [k for k, token in enumerate(chosen) if token not in stops]
        for k in going:
            written[alive[k]].append(chosen[k])
        if not going or step == room - 1:
            break
        if len(going) < len(alive):
            held = held.rows(going)
            alive = [alive[k] for k in going]
        ids = torch.tensor([[chosen[k]] for k in going], device=model.device)
        logits = held.read_on(model, ids)[:, -1]
    return written


@dataclass(frozen=True)
class Gap:
    """What may stand at a sentinel.

    Args:
        may: (vocabulary,) which ids; None allows all that is no sentinel.
        length: How many tokens; None leaves it to the model.
        options: The rows of ids of which one stands there; empty for any.
    """

    may: NDArray[np.bool_] | None = None
    length: int | None = None
    options: Sequence[Sequence[int]] = ()

    def most(self, otherwise: int) -> int:
        """Tokens that it takes at most, with the one that ends it."""
        if self.options:
            return 1 + max(map(len, self.options))
        return otherwise if self.length is None else self.length + 1

    def allowed(self, so_far: Sequence[int], ends: Sequence[int], plain: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """(vocabulary,) what may come next, the ends among it where it may be over.

        Args:
            so_far: What was written.
            ends: Ids that end it.
            plain: What may stand where nothing else is said.
        """
        if self.options:
            begun = [option for option in self.options if list(option[: len(so_far)]) == list(so_far)]
            found = np.zeros_like(plain)
            found[[option[len(so_far)] for option in begun if len(option) > len(so_far)]] = True
            found[list(ends)] = any(len(option) == len(so_far) for option in begun)
            return found
        found = (plain if self.may is None else self.may).copy()
        over = self.length is None or len(so_far) >= self.length
        if self.length is not None and over:
            found[:] = False
        found[list(ends)] = over
        return found


def fill(
    model: SequenceModel,
    texts: Sequence[Sequence[int]],
    *,
    most: int = 64,
    gaps: Sequence[Sequence[Gap]] | None = None,
    temperature: float = 0.0,
    top_p: float = 1.0,
    seed: int = 0,
) -> list[list[list[int]]]:
    """What stands at each sentinel of each text, in order, from a model that learnt by `causal_masking`.

    Args:
        model: Causal.
        texts: Ids, with `<mask:0>`, `<mask:1>`, ... in order where something is to be filled in.
        most: Tokens a gap at most.
        gaps: Of each text, what may stand at each sentinel; None allows all that is no sentinel.
        temperature: As for `write`.
        top_p: As for `write`.
        seed: Of the draws.

    Raises:
        DataError: If the sentinels are not there in order, or the text with its gaps is too long.
    """
    vocabulary = model.vocabulary
    asked = [[int(k) for k in text if k in set(vocabulary.mask.tolist())] for text in texts]
    for row, held in enumerate(asked):
        if not held or held != vocabulary.mask[: len(held)].tolist():
            raise DataError(f"text {row} is to hold <mask:0>, <mask:1>, ... in order, each once")
    plain = np.ones(len(vocabulary), dtype=bool)
    plain[vocabulary.mask] = False
    plain[vocabulary.end] = False
    prompts, found = [list(text) for text in texts], [list[list[int]]() for _ in texts]
    for k in range(max(map(len, asked), default=0)):
        rows = [row for row, held in enumerate(asked) if len(held) > k]
        behind = {row: asked[row][k + 1] if k + 1 < len(asked[row]) else vocabulary.end for row in rows}
        for row in rows:
            prompts[row].append(asked[row][k])
        own = [Gap() if gaps is None else gaps[row][k] for row in rows]

        def rule(at: int, so_far: Sequence[int], rows: list[int] = rows, own: list[Gap] = own,
                 behind: Mapping[int, int] = behind) -> NDArray[np.bool_]:  # fmt: skip
            return own[at].allowed(so_far, [behind[rows[at]]], plain)

        wanted = max(gap.most(most) for gap in own)
        written = write(model, [prompts[row] for row in rows], most=wanted, ends=sorted({*behind.values()}),
                        allowed=rule, temperature=temperature, top_p=top_p, seed=seed + k)  # fmt: skip
        for row, ids in zip(rows, written, strict=True):
            found[row].append(ids)
            prompts[row] += ids
    return found


def _draw(scores: NDArray[np.float64], temperature: float, top_p: float, random: np.random.Generator) -> int:
    if temperature == 0:
        return int(scores.argmax())
    scaled = (scores - scores.max()) / temperature
    p = np.exp(scaled)
    p /= p.sum()
    if top_p < 1:
        order = np.argsort(-p, kind="stable")
        kept = order[: int(np.searchsorted(np.cumsum(p[order]), top_p)) + 1]
        inside = np.zeros_like(p)
        inside[kept] = p[kept]
        p = inside / inside.sum()
    return int(random.choice(len(p), p=p))

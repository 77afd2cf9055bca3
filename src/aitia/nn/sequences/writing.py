"""What a model writes after prompts, token by token, under a rule of what may stand where."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from aitia.errors import DataError, OptionError
from aitia.nn.sequences.model import SequenceModel
from aitia.nn.sequences.prefill import prefill

__all__ = ["Allowed", "fill", "write"]

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


def fill(
    model: SequenceModel,
    text: Sequence[int],
    *,
    most: int = 64,
    kinds: Sequence[NDArray[np.bool_]] | None = None,
    lengths: Sequence[int | None] | None = None,
    temperature: float = 0.0,
    top_p: float = 1.0,
    seed: int = 0,
) -> list[list[int]]:
    """What stands at each sentinel of a text, in order, from a model that learnt by `causal_masking`.

    Args:
        model: Causal.
        text: Ids, with `<mask:0>`, `<mask:1>`, ... in order where something is to be filled in.
        most: Tokens a gap at most.
        kinds: (vocabulary,) for each gap which ids may stand there; None allows all that is no sentinel.
        lengths: For each gap how many tokens stand there; None leaves it to the model.
        temperature: As for `write`.
        top_p: As for `write`.
        seed: Of the draws.

    Raises:
        DataError: If the sentinels are not there in order, or the text with its gaps is too long.
    """
    vocabulary = model.vocabulary
    gaps = [int(k) for k in text if k in set(vocabulary.mask.tolist())]
    if not gaps or gaps != vocabulary.mask[: len(gaps)].tolist():
        raise DataError("a text to be filled holds <mask:0>, <mask:1>, ... in order, each once")
    plain = np.ones(len(vocabulary), dtype=bool)
    plain[vocabulary.mask] = False
    prompt, found = list(text), []
    for k, gap in enumerate(gaps):
        behind = int(gaps[k + 1]) if k + 1 < len(gaps) else vocabulary.end
        length = lengths[k] if lengths is not None else None
        may = plain.copy() if kinds is None else kinds[k].copy()
        may[vocabulary.end] = False
        prompt.append(gap)

        def rule(_: int, so_far: Sequence[int], may: NDArray[np.bool_] = may, end: int = behind,
                 length: int | None = length) -> NDArray[np.bool_]:  # fmt: skip
            allowed = may.copy()
            if length is not None and len(so_far) >= length:
                allowed[:] = False
            allowed[end] = length is None or len(so_far) >= length
            return allowed

        wanted = most if length is None else length + 1
        own = write(model, [prompt], most=wanted, ends=[behind], allowed=rule,
                    temperature=temperature, top_p=top_p, seed=seed + k)[0]  # fmt: skip
        found.append(own)
        prompt += own
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

"""What stands in the holes of pages, by each objective.

causal masking   <page> ... <mask:0> ... <mask:0>, then what fills it, up to the end: both sides are seen
causal           <page> ..., then what fills it, up to a tag: what stands behind the hole is not seen
masked           <page> ... as many hidden tokens as it has ..., one after the other from the left: both sides
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray

from aitia.errors import OptionError
from aitia.nn.sequences import Gap, SequenceModel, fill, token_log_probabilities, write
from aitia.systems.cm3.config import Objective
from aitia.systems.cm3.layout import Asked

__all__ = ["fill_pages", "span_scores"]

Ids = NDArray[np.int64]
AT_ONCE = 64
"""Pages that are read at once."""


def fill_pages(
    model: SequenceModel, objective: Objective, pages: Sequence[Asked], *, most: int, temperature: float, seed: int
) -> list[list[list[int]]]:
    """Ids for each hole of each page.

    Args:
        model: Of pages.
        objective: By which it learnt.
        pages: With at least one hole each.
        most: Tokens of a text at most.
        temperature: 0 takes the likeliest token.
        seed: Of the draws.

    Raises:
        DataError: If a page leaves no room for what is asked; see `write`.
        OptionError: If a masked model is asked for a text of unknown length.
    """
    found: list[list[list[int]]] = []
    for start in range(0, len(pages), AT_ONCE):
        part = pages[start : start + AT_ONCE]
        if objective == "causal masking":
            found += fill(model, [page.ids for page in part], gaps=[page.gaps for page in part], most=most,
                          temperature=temperature, seed=seed + start)  # fmt: skip
        elif objective == "causal":
            found += _from_the_left(model, part, most, temperature, seed + start)
        else:
            found += [_hidden(model, page, temperature, seed + start + k) for k, page in enumerate(part)]
    return found


def span_scores(
    model: SequenceModel,
    objective: Objective,
    pages: Sequence[Ids],
    spans: Sequence[tuple[int, int]],
    *,
    left: bool = False,
) -> list[NDArray[np.float64]]:
    """log p of each token of a span of each page, given what stands around it and the tokens before.

    Args:
        model: Of pages.
        objective: By which it learnt; `causal` sees the left side alone.
        pages: Ids of each, without the end.
        spans: First place and the one behind the last, from 1 on.
        left: Whether causal masking is shown what stands before alone, as a page that goes on.
    """
    found: list[NDArray[np.float64]] = []
    for start in range(0, len(pages), AT_ONCE):
        part = [(np.asarray(ids), a, b) for ids, (a, b) in
                zip(pages[start : start + AT_ONCE], spans[start : start + AT_ONCE], strict=True)]  # fmt: skip
        answers = [ids[a:b].tolist() for ids, a, b in part]
        if objective == "masked":
            found += _hidden_scores(model, part)
        elif objective == "causal" or left:
            found += token_log_probabilities(model, [ids[:a].tolist() for ids, a, _ in part], answers)
        else:
            sign = int(model.vocabulary.mask[0])
            asked = [[*ids[:a].tolist(), sign, *ids[b:].tolist(), sign] for ids, a, b in part]
            found += token_log_probabilities(model, asked, answers)
    return found


def _from_the_left(
    model: SequenceModel, pages: Sequence[Asked], most: int, temperature: float, seed: int
) -> list[list[list[int]]]:
    """Each hole is written after what stands before it, the holes before it filled."""
    vocabulary = model.vocabulary
    ends = [*vocabulary.markers.values(), vocabulary.end]
    plain = vocabulary.of_kind("text")
    found: list[list[list[int]]] = [[] for _ in pages]
    for number in range(max(len(page.gaps) for page in pages)):
        rows = [k for k, page in enumerate(pages) if len(page.gaps) > number]
        prompts = [_before(pages[k], number, found[k], vocabulary.mask) for k in rows]
        gaps = [pages[k].gaps[number] for k in rows]

        def rule(at: int, so_far: Sequence[int], gaps: list[Gap] = gaps) -> NDArray[np.bool_]:
            return gaps[at].allowed(so_far, ends, plain)

        written = write(model, prompts, most=max(gap.most(most) for gap in gaps), ends=ends, allowed=rule,
                        temperature=temperature, seed=seed + number)  # fmt: skip
        for k, ids in zip(rows, written, strict=True):
            found[k].append(ids)
    return found


def _before(page: Asked, number: int, filled: Sequence[Sequence[int]], mask: Ids) -> list[int]:
    """What stands before a hole, the holes before it filled."""
    signs = {int(sign): k for k, sign in enumerate(mask)}
    found: list[int] = []
    for token in page.ids:
        hole = signs.get(token)
        if hole == number:
            break
        found += [token] if hole is None else filled[hole]
    return found


@torch.no_grad()
def _hidden(model: SequenceModel, page: Asked, temperature: float, seed: int) -> list[list[int]]:
    """Hidden tokens are said one after the other; of options each is scored whole."""
    vocabulary, random = model.vocabulary, np.random.default_rng(seed)
    found: list[list[int]] = []
    for number, gap in enumerate(page.gaps):
        if gap.options:
            tried = [_placed(page, number, [*found, list(option)], vocabulary) for option in gap.options]
            scores = _hidden_scores(model, tried)
            found.append(list(gap.options[int(np.argmax([score.sum() for score in scores]))]))
            continue
        if gap.length is None:
            raise OptionError("a masked model has to know how long a text is: ask one that learnt by causal masking")
        ids, start, stop = _placed(page, number, [*found, [int(vocabulary.mask[0])] * gap.length], vocabulary)
        for place in range(start, stop):
            read = torch.from_numpy(np.append(ids, vocabulary.end))[None].to(model.device)
            logits = model.logits(read)[0, place].double().cpu().numpy()
            logits[~(vocabulary.of_kind("text") if gap.may is None else gap.may)] = -np.inf
            ids[place] = _chosen(logits, temperature, random)
        found.append(ids[start:stop].tolist())
    return found


def _placed(page: Asked, number: int, filled: Sequence[Sequence[int]], vocabulary: object) -> tuple[Ids, int, int]:
    """The page with its holes up to this one filled and later ones hidden by one token, and where this one is."""
    mask: Ids = vocabulary.mask  # type: ignore[attr-defined]
    signs = {int(sign): k for k, sign in enumerate(mask)}
    found: list[int] = []
    span = (0, 0)
    for token in page.ids:
        hole = signs.get(token)
        piece = [token] if hole is None else list(filled[hole]) if hole < len(filled) else [int(mask[0])]
        span = (len(found), len(found) + len(piece)) if hole == number else span
        found += piece
    return np.array(found), *span


@torch.no_grad()
def _hidden_scores(model: SequenceModel, part: Sequence[tuple[Ids, int, int]]) -> list[NDArray[np.float64]]:
    """For each span log p of each token, the ones before it said and it and those behind it hidden."""
    vocabulary = model.vocabulary
    rows = [(k, place) for k, (_, a, b) in enumerate(part) for place in range(a, b)]
    most = max(len(ids) for ids, _, _ in part) + 1
    read = torch.full((len(rows), most), vocabulary.pad)
    present = torch.zeros((len(rows), most), dtype=torch.bool)
    for line, (k, place) in enumerate(rows):
        ids, _, stop = part[k]
        shown = np.append(ids, vocabulary.end)
        shown[place:stop] = vocabulary.mask[0]
        read[line, : len(shown)] = torch.from_numpy(shown)
        present[line, : len(shown)] = True
    said = np.empty(len(rows))
    for start in range(0, len(rows), 4 * AT_ONCE):
        here = slice(start, start + 4 * AT_ONCE)
        logits = model.logits(read[here].to(model.device), present[here].to(model.device)).float().log_softmax(dim=-1)
        for line, (k, place) in enumerate(rows[here]):
            said[start + line] = float(logits[line, place, int(part[k][0][place])])
    starts = np.cumsum([0, *(b - a for _, a, b in part)])
    return [said[i:j] for i, j in pairwise(starts)]


def _chosen(logits: NDArray[np.float64], temperature: float, random: np.random.Generator) -> int:
    if not temperature:
        return int(logits.argmax())
    p = np.exp((logits - logits.max()) / temperature)
    return int(random.choice(len(p), p=p / p.sum()))

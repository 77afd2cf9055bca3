"""Part (c) of the claim: CEBaB, reviews and edits of them by people, which its user names with `aitia data add`."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from aitia.data.reviews import ASPECTS, CEBAB, Review, has_reviews, reviews, seen
from aitia.evidence import ClaimContext, Row, row
from aitia.nn.language import last_states
from aitia.nn.packaged import SENTENCE_ENCODER, packaged_encoder
from aitia.nn.text_encoders import StateEncoder, text_encoder
from aitia.nn.text_heads import TextHead
from aitia.systems.faithful_matching import MATCHERS, FaithfulMatchingConfig, Matching
from aitia.systems.faithful_matching.config import CF, MCF, MM, M, Rank
from aitia.systems.faithful_matching.explainer_errors import EffectPairs
from aitia.systems.faithful_matching.text_edits import TextEdits
from aitia.train import RowBatches, TrainConfig, train

__all__ = ["ERROR", "RATIO", "aspects_dealt", "part_c"]

NEEDS = (
    f"Not run here: needs CEBaB, cebab_train.csv and cebab_dev.csv, as `aitia data add {CEBAB} FOLDER`, and "
    f"{SENTENCE_ENCODER}."
)
STARS = ("1", "2", "3", "4", "5")
RATED, POOL, SEEDS = 1200, 1400, 7
"""Reviews of which a seed draws the ratings that are trained on, and those that matches are taken from."""
LONGEST, TOP, EPOCHS, BATCH = 64, 2, 3, 16
"""Tokens of a review; layers of the encoder that are tuned to ratings, in how many epochs and rows a step."""
K = 10
BY_CONCEPTS: tuple[Rank, ...] = ((CF, MCF, 1.0), (M, MCF, 1.0), (M, MM, 2.0))
"""Only what has another concept is pushed away: a text's own edit need not be nearer than a match of the same."""
OPTIONS: dict[str, Any] = {
    "frozen": True, "longest": LONGEST, "steps": 100, "smoothing": 0.5, "ranks": BY_CONCEPTS,
}  # fmt: skip
ERROR = f"CEBaB: L2 error of matching, K={K}"
RATIO = "CEBaB: L2 error, causal / better of CONEXP and S-learner"
OURS, PUBLISHED, UNTRAINED = "causal", f"causal without smoothing, K={K}", f"embedding, K={K}"
WITHOUT = ("conexp", "s-learner")
RIVALS = (
    *(f"{name}, K={K}" for name in MATCHERS[2:]),
    UNTRAINED,
    PUBLISHED,
)
Values = NDArray[np.float64]


def part_c(context: ClaimContext) -> list[Row]:
    """The rows; without values where nobody has named the reviews, or without the encoder."""
    if not _is_there():
        return [row("c", ERROR, [], note=NEEDS), row("c", RATIO, [], note=NEEDS)]
    found = context.over_seeds("c", _errors, SEEDS)
    arms = {name: [f[name] for f in found] for name in found[0] if name != OURS}
    note = (
        f"{len(_asked())} edits by people; {RATED} ratings, {POOL} reviews in the pool; all matchers with the same "
        "smoothing."
    )
    return [
        row("c", ERROR, [f[OURS] for f in found], direction="lower", baselines=arms,
            ahead_of=dict.fromkeys(RIVALS, 0.0), note=note),
        row("c", RATIO, [_ratio(f) for f in found], direction="lower", kind="ratio", bar=1.0,
            against="better of CONEXP and S-learner",
            baselines={UNTRAINED: [_ratio(f, UNTRAINED) for f in found]}, ahead_of={UNTRAINED: 0.0}),
    ]  # fmt: skip


def aspects_dealt(seed: int) -> dict[str, float]:
    """The same where the aspects of the pool are dealt out anew among its reviews, each by itself."""
    if not _is_there():
        return {}
    found = _errors(seed, dealt=True)
    return {ERROR: found[OURS], RATIO: _ratio(found)}


def _is_there() -> bool:
    return has_reviews() and packaged_encoder() is not None


def _ratio(found: Mapping[str, float], name: str = OURS) -> float:
    return found[name] / min(found[other] for other in WITHOUT)


# -- the reviews -------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _originals() -> tuple[Review, ...]:
    """The first original of each group of the training file."""
    found: dict[str, Review] = {}
    for review in reviews("train"):
        if review["is_original"] == "1":
            found.setdefault(review["original_id"], review)
    return tuple(found.values())


@lru_cache(maxsize=1)
def _asked() -> EffectPairs:
    """Originals of the development file and their edits of one aspect in which most readers see that it changed."""
    asked, rows = reviews("dev"), []
    first = {review["original_id"]: review for review in asked if review["is_original"] == "1"}
    for edit in asked:
        original, aspect = first.get(edit["original_id"]), edit["edit_type"]
        if original is None or edit["is_original"] == "1" or aspect not in ASPECTS:
            continue
        start, end = seen(original, aspect), seen(edit, aspect)
        if start and end and start != end and original["description"] != edit["description"]:
            rows.append((original["description"], edit["description"], aspect, start, end, edit["original_id"]))
    return EffectPairs(*zip(*rows, strict=True))


# -- what is explained -------------------------------------------------------------------------------------------------


def _place() -> Path:
    """The folder of the packaged encoder."""
    return cast(Path, packaged_encoder())


@lru_cache(maxsize=1)
def _below() -> tuple[dict[str, int], Tensor, Tensor]:
    """By text its row; states before the layers that are tuned, (n, tokens, width), and the mask."""
    pairs = _asked()
    texts = [*(review["description"] for review in _originals()), *pairs.texts, *pairs.counterfactuals]
    row_of = {text: k for k, text in enumerate(dict.fromkeys(texts))}
    encoder = cast(StateEncoder, text_encoder(_place(), [], longest=LONGEST))
    base = cast(Any, encoder.base)
    base.encoder.layer = base.encoder.layer[:-TOP]
    ids, mask = encoder.tokens(list(row_of))
    states = torch.zeros(*ids.shape, base.config.hidden_size)
    with torch.no_grad():
        for rows in torch.split(torch.argsort(mask.sum(1), stable=True), 64):
            longest = int(mask[rows].sum(1).max())
            inputs = {"input_ids": ids[rows, :longest], "attention_mask": mask[rows, :longest]}
            states[rows, :longest] = last_states(base, inputs)
    return row_of, states, mask


class TunedEncoder(nn.Module):
    """The packaged encoder with its last layers tuned to ratings, and a linear head on their mean state.

    Args:
        rows: Of `_below`, to train on.
        ratings: Codes from 0, (n,).
        seed: Of the head and the batches.
    """

    def __init__(self, rows: Tensor, ratings: Tensor, seed: int) -> None:
        super().__init__()
        base = cast(Any, cast(StateEncoder, text_encoder(_place(), [])).base)
        self.layers = nn.ModuleList(base.encoder.layer[-TOP:])
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.head = TextHead(base.config.hidden_size, len(STARS))
        _, states, mask = _below()
        batches = RowBatches((states[rows], mask[rows], ratings), BATCH, seed)
        steps = max(len(rows) * EPOCHS // BATCH, 1)
        config = TrainConfig(
            steps=steps, learning_rate=3e-4, schedule="one-cycle", clip=1.0, seed=seed, device="cpu"
        )  # fmt: skip
        train(self, batches, config)
        self.eval()

    def forward(self, states: Tensor, mask: Tensor, ratings: Tensor) -> Tensor:
        """The loss of a batch."""
        return cross_entropy(self.scores(states, mask), ratings)

    def scores(self, states: Tensor, mask: Tensor) -> Tensor:
        """(n, ratings)."""
        longest = int(mask.sum(1).max())
        states, mask = states[:, :longest], mask[:, :longest]
        hidden = (1 - mask[:, None, None].float()) * torch.finfo(torch.float32).min
        for layer in self.layers:
            states = layer(states, attention_mask=hidden)
        scores: Tensor = self.head(states, mask)
        return scores


@lru_cache(maxsize=1)
def _said(seed: int) -> dict[str, Values]:
    """What the tuned encoder of a seed says of each text that anybody may ask it about."""
    row_of, states, mask = _below()
    rated = [review for review in _originals() if review["review_majority"] in STARS]
    rng = np.random.default_rng([seed, 20])
    drawn = [rated[k] for k in rng.choice(len(rated), min(RATED, len(rated)), replace=False)]
    ratings = torch.tensor([STARS.index(review["review_majority"]) for review in drawn])
    model = TunedEncoder(torch.tensor([row_of[review["description"]] for review in drawn]), ratings, seed)
    shares = torch.zeros(len(row_of), len(STARS), dtype=torch.float64)
    with torch.no_grad():
        for rows in torch.split(torch.argsort(mask.sum(1), stable=True), 64):
            shares[rows] = model.scores(states[rows], mask[rows]).double().softmax(-1)
    return dict(zip(row_of, shares.numpy(), strict=True))


# -- how it is explained -----------------------------------------------------------------------------------------------


def _errors(seed: int, *, dealt: bool = False) -> dict[str, float]:
    """The L2 error of ours and of every arm."""
    said = _said(seed)
    originals, rng = _originals(), np.random.default_rng([seed, 21])
    pool = [originals[k] for k in sorted(rng.choice(len(originals), min(POOL, len(originals)), replace=False))]
    place = {review["original_id"]: k for k, review in enumerate(pool)}
    edits = [review for review in reviews("train") if review["is_original"] != "1" and review["original_id"] in place]
    labels = _labels(pool)
    if dealt:
        labels = {name: [values[k] for k in rng.permutation(len(values))] for name, values in labels.items()}
    written = TextEdits(
        [edit["description"] for edit in edits], [place[edit["original_id"]] for edit in edits], _labels(edits)
    )
    model = Matching(FaithfulMatchingConfig(encoder=str(_place()), seed=seed, device="cpu", **OPTIONS))
    model.fit([review["description"] for review in pool], labels, edits=written, groups=list(place))

    def ask(texts: list[str]) -> Values:
        return np.stack([said[text] for text in texts])

    errors = model.evaluate(_asked(), ask, (*MATCHERS, *WITHOUT), k=K, seed=seed)
    found = {name if name in (OURS, *WITHOUT) else f"{name}, K={K}": errors.error(name) for name in errors.said}
    model.config = replace(model.config, smoothing=0.0)
    return {**found, PUBLISHED: model.evaluate(_asked(), ask, (OURS,), k=K, seed=seed).error(OURS)}


def _labels(rows: Sequence[Review]) -> dict[str, list[str | None]]:
    return {aspect: [seen(review, aspect) for review in rows] for aspect in ASPECTS}

"""Part (e) of the claim: questions that people answered about reviews, where the favourite answer to each moves.

CEBaB has reviews of restaurants, edits of them by people, and what most of five readers saw of food, service, ambiance
and noise. An aspect is a question, Negative, unknown or Positive its answer, as in VQA-CP: of the rows drawn for the
training, 80 % of those of an aspect have its favourite answer, and another in the OOD test. A review and its edits are
in one split only. A text is read by a sentence encoder that ships in a package and is not trained.

The network and its dropout are those of five that ERM is right with most often iid, on seed 1000; numbers of rows are
what the rarest answer allows. Bars are those of (a).
"""

from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from aitia.data.reviews import ASPECTS, CEBAB, SEEN, has_reviews, reviews, seen
from aitia.data.table import Table
from aitia.evidence import ClaimContext, Row, row
from aitia.nn.packaged import SENTENCE_ENCODER, packaged_encoder
from aitia.nn.text_encoders import text_encoder
from aitia.systems.causal_info_min.study import (
    CONTINUED,
    DIVIDED,
    OURS,
    PRODUCT,
    SPLITS,
    accuracy,
    divided,
    frequencies,
    gain,
    trained,
)

__all__ = ["answers_dealt", "part_e", "without_favourites"]

NEEDS = (
    f"Not run here: needs CEBaB, cebab_train.csv and cebab_dev.csv, as `aitia data add {CEBAB} FOLDER`, and "
    f"{SENTENCE_ENCODER}."
)
FAVOURITE, SEEDS, LONGEST = 0.8, 7, 64
SHARES = {"train": 0.6, "validation": 0.15, "test": 0.25}
"""Of the reviews with their edits."""
EACH = {"train": 850, "validation": 200, "test": 350}
"""Rows of an aspect."""
STEPS, BRANCH_STEPS = 400, 400
ARMS: dict[str, dict[str, Any]] = {
    CONTINUED: {"variant": "plain"},
    PRODUCT: {"variant": "product"},
    OURS: {},
    "TE-D adjusted, weights 1 / p_bias": {"weighting": "inverse"},
    "TE-D adjusted, no weights": {"weighting": "none"},
}
OOD, GAIN, LOST = "reviews, {}: accuracy OOD", "reviews, {} - {}: OOD accuracy", "reviews, {} - {}: iid accuracy"
GAP = "reviews, bias-only head of {}: accuracy iid - OOD"
Codes = NDArray[np.int64]


def part_e(context: ClaimContext) -> list[Row]:
    """The rows; without values where nobody has named the reviews, or without the encoder."""
    gained, lost = GAIN.format(OURS, CONTINUED), LOST.format(CONTINUED, OURS)
    if not _is_there():
        return [row("e", name, [], note=NEEDS) for name in (OOD.format(OURS), gained, lost, GAP.format(OURS))]
    found = context.over_seeds("reviews", _reviews, SEEDS)
    others = [name for name in found[0]["accuracy"] if name != OURS]
    gap = {
        name: [r["accuracy"][name]["iid"] - r["accuracy"][name]["OOD"] for r in found] for name in ("ERM", CONTINUED)
    }
    note = f"{4 * EACH['train']} rows, of which {FAVOURITE:.0%} have the favourite answer; {4 * EACH['test']} asked."
    return [
        row("e", OOD.format(OURS), accuracy(found, OURS, "OOD"), note=note,
            baselines={name: accuracy(found, name, "OOD") for name in others},
            ahead_of=dict.fromkeys((CONTINUED, "ERM", PRODUCT, DIVIDED), 0.0)),
        row("e", gained, gain(found, OURS, CONTINUED, "OOD"), bar=0.03, kind="difference", against=CONTINUED),
        row("e", lost, gain(found, CONTINUED, OURS, "iid"), direction="lower", bar=0.05, kind="difference",
            against=CONTINUED),
        row("e", GAP.format(OURS), [r["bias"]["iid"] - r["bias"]["OOD"] for r in found], baselines=gap,
            ahead_of=dict.fromkeys(gap, 0.0)),
    ]  # fmt: skip


def answers_dealt(seed: int) -> dict[str, float]:
    """Accuracy where the answers of the training are dealt out anew among the rows of each aspect.

    It does not stand against the gain: what a prior alone has taught can be taken out as well.
    """
    if not _is_there():
        return {}
    study = _Study(seed, train="dealt")
    return {OOD.format(OURS): float(_trained(study, seed, (OURS,))[OURS].evaluate(study.splits)["OOD"])}


def without_favourites(seed: int) -> dict[str, float]:
    """What is gained, and known of a bias, where the training had none; the mean of three draws."""
    if not _is_there():
        return {}
    gained, gap = [], []
    for k in range(3):
        study = _Study(seed + 100 * k, train="even")
        models = _trained(study, seed, (CONTINUED, OURS))
        ours, base = (models[name].evaluate(study.splits)["OOD"] for name in (OURS, CONTINUED))
        bias = _of_bias(models[OURS], study)
        gained.append(ours - base)
        gap.append(bias["iid"] - bias["OOD"])
    return {GAIN.format(OURS, CONTINUED): float(np.mean(gained)), GAP.format(OURS): float(np.mean(gap))}


def _is_there() -> bool:
    return has_reviews() and packaged_encoder() is not None


# -- the reviews -------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _read() -> tuple[NDArray[np.str_], Codes, NDArray[np.float32]]:
    """By text: its review, what is seen of each aspect, -1 where nobody agrees, (n, aspects), and its code."""
    rows = {review["description"]: review for split in ("train", "dev") for review in reviews(split)}
    told = [[seen(review, aspect) for aspect in ASPECTS] for review in rows.values()]
    answers = np.array([[-1 if value is None else SEEN.index(value) for value in each] for each in told])
    codes = text_encoder(cast(Path, packaged_encoder()), [], longest=LONGEST).codes(list(rows)).numpy()
    codes = codes - codes.mean(axis=0)
    codes /= codes.std()
    return np.array([review["original_id"] for review in rows.values()]), answers, codes


class ByAspect(nn.Module):
    """The code of a text, in a place of its own for each question, to a feature of 64 numbers."""

    def __init__(self, width: int) -> None:
        super().__init__()
        first, second = nn.Linear(len(ASPECTS) * width, 128), nn.Linear(128, 64)
        self.net = nn.Sequential(nn.Dropout(0.5), first, nn.GELU(), nn.Dropout(0.3), second)

    def forward(self, question: Tensor, text: Tensor) -> Tensor:
        """(n, 64)."""
        feature: Tensor = self.net((question[:, :, None] * text[:, None, :]).flatten(1))
        return feature


class _Study:
    """Rows of one seed; see `study.Study`."""

    answers: tuple[str, ...] = SEEN
    inputs: tuple[str, ...] = ("question", "text")

    def __init__(self, seed: int, *, train: Literal["biased", "dealt", "even"] = "biased") -> None:
        groups, told, codes = _read()
        self._rng = rng = np.random.default_rng([seed, 30])
        self._told, self._codes = told, codes
        names = rng.permutation(np.unique(groups))
        ends = np.cumsum([round(share * len(names)) for share in SHARES.values()])
        place = dict(zip(SHARES, np.split(names, ends[:-1]), strict=True))
        inside = {name: np.isin(groups, found) for name, found in place.items()}
        favourite = rng.integers(len(SEEN), size=len(ASPECTS))
        moved = (favourite + rng.integers(1, len(SEEN), size=len(ASPECTS))) % len(SEEN)
        learnt = None if train == "even" else favourite
        drawn = {
            "train": self._drawn(inside["train"], EACH["train"], learnt),
            "validation": self._drawn(inside["validation"], EACH["validation"], learnt),
            "held": self._drawn(inside["validation"], EACH["validation"], None),
            "iid": self._drawn(inside["test"], EACH["test"], favourite),
            "OOD": self._drawn(inside["test"], EACH["test"], moved),
            "balanced": self._drawn(inside["test"], EACH["test"], None),
        }
        if train == "dealt":
            _, aspect, answer = drawn["train"]
            for k in range(len(ASPECTS)):
                answer[aspect == k] = rng.permutation(answer[aspect == k])
        self.truth = {name: drawn[name][2] for name in SPLITS}
        self.asked = {name: drawn[name][1] for name in SPLITS}
        self.learnt = drawn["train"][1:]
        self.expert = frequencies(*self.learnt, len(SEEN), self.learnt[0])
        self.splits = {name: self._table(drawn[name]) for name in SPLITS}
        self.parts = {
            "train": self._table(drawn["train"]),
            "validation": self._table(drawn["validation"]),
            "balanced": self._table(drawn["held"]),
        }

    def network(self) -> nn.Module:
        """Untrained."""
        return ByAspect(self._codes.shape[1])

    def _drawn(self, inside: NDArray[np.bool_], each: int, favourite: Codes | None) -> tuple[Codes, Codes, Codes]:
        """Texts, aspects and answers: of an aspect so many, of which a share has the favourite, or all alike."""
        found = []
        for aspect in range(len(ASPECTS)):
            for answer in range(len(SEEN)):
                share = 1 / len(SEEN)
                if favourite is not None:
                    share = FAVOURITE if favourite[aspect] == answer else (1 - FAVOURITE) / (len(SEEN) - 1)
                there = np.flatnonzero(inside & (self._told[:, aspect] == answer))
                texts = self._rng.choice(there, min(round(share * each), len(there)), replace=False)
                found.append(np.stack([texts, np.full(len(texts), aspect), np.full(len(texts), answer)]))
        text, aspects, answers = np.concatenate(found, axis=1)
        return text, aspects, answers

    def _table(self, drawn: tuple[Codes, Codes, Codes]) -> Table:
        text, aspect, answer = drawn
        columns = {
            "question": np.eye(len(ASPECTS))[aspect],
            "text": self._codes[text],
            "answer": [SEEN[k] for k in answer],
        }
        return Table.of(columns, kinds={"question": "number", "text": "number", "answer": "label"})


# -- one seed ----------------------------------------------------------------------------------------------------------


def _trained(study: _Study, seed: int, arms: tuple[str, ...] = tuple(ARMS)) -> dict[str, Any]:
    return trained(study, seed, {name: ARMS[name] for name in arms}, steps=STEPS, branch_steps=BRANCH_STEPS)


def _reviews(seed: int) -> dict[str, Any]:
    study = _Study(seed)
    models = _trained(study, seed)
    found: dict[str, Any] = {"accuracy": {name: model.evaluate(study.splits) for name, model in models.items()}}
    found["accuracy"][DIVIDED] = divided(study, models[CONTINUED], study.learnt)
    found["bias"] = _of_bias(models[OURS], study)
    return found


def _of_bias(model: Any, study: _Study) -> dict[str, float]:
    """Accuracy of the bias-only head."""
    said = {name: model.bias(rows).argmax(axis=1) for name, rows in study.splits.items()}
    return {name: float((said[name] == study.truth[name]).mean()) for name in SPLITS}

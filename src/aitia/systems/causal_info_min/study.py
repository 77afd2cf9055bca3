"""What every part of the claim trains: ERM, and arms that begin with its weights and take as many updates."""

from collections.abc import Mapping, Sequence
from statistics import harmonic_mean
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from aitia.data.table import Table
from aitia.systems.causal_info_min.model import CausalInfoMin

__all__ = ["CONTINUED", "DIVIDED", "OURS", "PRODUCT", "SPLITS", "Study", "divided", "frequencies", "joined", "trained"]

SPLITS = ("iid", "OOD", "balanced")
OURS, CONTINUED = "TE-D adjusted", "ERM continued"
PRODUCT, DIVIDED = "product with a question-only expert", "prior of the question divided out"
Values = NDArray[np.float64]
Codes = NDArray[np.int64]


class Study(Protocol):
    """Questions of one seed.

    `parts` are the rows of `train`, `validation` and `balanced`, with which weights are chosen; `splits` those of each
    of `SPLITS`; `truth` the answers to these, as codes; `asked` which question they and `train` ask; `answers` the
    words; `inputs` the columns that the network takes.
    """

    parts: dict[str, Table]
    splits: dict[str, Table]
    truth: dict[str, Codes]
    asked: dict[str, Codes]
    answers: tuple[str, ...]
    inputs: tuple[str, ...]
    expert: Values

    def network(self) -> nn.Module:
        """From the inputs to a feature, untrained."""
        ...


def trained(study: Study, seed: int, arms: Mapping[str, Mapping[str, Any]], **options: Any) -> dict[str, CausalInfoMin]:
    """ERM with each loss that the arms have, and the arms."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        start = study.network()
    options = {"seed": seed, "vocabulary": study.answers, **options}
    parts = joined(study.parts)
    biased = {
        loss: CausalInfoMin(variant="plain", loss=loss, **options).debias(start, parts, inputs=study.inputs)
        for loss in dict.fromkeys(arm.get("loss", "softmax") for arm in arms.values())
    }
    models = {"ERM" if loss == "softmax" else f"ERM, {loss} loss": model for loss, model in biased.items()}
    given = joined(study.parts, study.expert)
    for name, arm in arms.items():
        network = biased[arm.get("loss", "softmax")].network
        models[name] = CausalInfoMin(**options, **arm).debias(network, given, inputs=study.inputs)
    return models


def joined(parts: Mapping[str, Table], expert: Values | None = None) -> Table:
    """The rows of these splits one after another; an expert stands beside the first of them."""
    first = next(iter(parts.values()))
    columns: dict[str, Any] = {
        name: np.concatenate([part.labels(name) for part in parts.values()]) for name in first.names
    }
    columns["split"] = [name for name, part in parts.items() for _ in range(part.n)]
    if expert is not None:
        columns["expert"] = np.concatenate([expert, np.zeros((len(columns["split"]) - len(expert), expert.shape[1]))])
    kinds = {name: "label" if name in ("answer", "split") else "number" for name in columns}
    return Table.of(columns, kinds=kinds)


def frequencies(asked: Codes, answers: Codes, words: int, of: Codes, before: float = 1e-3) -> Values:
    """Shares of the answers to each question, for the questions `of`; `before` is the count of each before any came."""
    table = np.full((int(max(asked.max(), of.max())) + 1, words), before)
    np.add.at(table, (asked, answers), 1)
    shares: Values = (table / table.sum(axis=1, keepdims=True))[of]
    return shares


def divided(study: Study, model: CausalInfoMin, learnt: tuple[Codes, Codes]) -> dict[str, float]:
    """Accuracy of a model's answers after the prior of their question: by the rule of Bayes those of an even one.

    Args:
        study: The questions.
        model: Trained on its rows.
        learnt: Questions and answers of these.
    """
    found = {}
    for name in SPLITS:
        prior = frequencies(*learnt, len(study.answers), study.asked[name], before=1.0)  # none is divided by near zero
        answers = (model.predict_proba(study.splits[name]) / prior).argmax(axis=1)
        found[name] = float((answers == study.truth[name]).mean())
    return found


def gain(results: Sequence[Mapping[str, Any]], arm: str, base: str, split: str) -> list[float]:
    """By how much an arm is right more often than another, a number a seed."""
    return [a - b for a, b in zip(accuracy(results, arm, split), accuracy(results, base, split), strict=True)]


def accuracy(results: Sequence[Mapping[str, Any]], arm: str, split: str) -> list[float]:
    """One number a seed; `harmonic` is the harmonic mean of iid and OOD."""
    found = [r["accuracy"][arm] for r in results]
    if split == "harmonic":
        return [float(harmonic_mean([f["iid"], f["OOD"]])) for f in found]
    return [float(f[split]) for f in found]

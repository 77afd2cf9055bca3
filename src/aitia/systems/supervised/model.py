"""The supervised ceiling: regress the true variables themselves, to see how much of them the rows show.

Continuous variables are standardised and have a squared error, angles are sine and cosine, categories have a
cross-entropy. What no regression can read off the rows no other method of the suite can be blamed for.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cross_entropy

from aitia.data.base import Data
from aitia.errors import DataError
from aitia.nn.observation import Encoder, Scale
from aitia.representations.method import Assumption, Representation
from aitia.representations.networks import Network
from aitia.representations.rows import Rows, label_kind, seen_of
from aitia.runs import RunStore
from aitia.system import Given, Predicts
from aitia.systems.supervised.card import CARD
from aitia.systems.supervised.config import SupervisedConfig

__all__ = ["Supervised"]

Values = NDArray[np.float64]


class Supervised(Representation, Predicts):
    """A regression of every label on the observation. Assumes labels.

    `encode` gives a column for each continuous label, sine and cosine of each angle, and the logits of each category
    but the first, in the order of `columns`; `predict` gives the labels themselves. `latents` is not looked at.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> x = rng.normal(size=(300, 4))
        >>> rows = {"a": x[:, 0], "b": x[:, 1], "height": x[:, 0], "turn": x[:, 1]}
        >>> Supervised(steps=5).fit(rows, truth=["height"], angle=["turn"]).columns
        ('height', 'sin turn', 'cos turn')
    """

    card = CARD
    assumes: ClassVar[tuple[Assumption, ...]] = ("labels",)
    Config = SupervisedConfig
    config: SupervisedConfig
    _targets: Mapping[str, dict[str, Any]] = {}

    @property
    def columns(self) -> tuple[str, ...]:
        """What each column of the codes stands for."""
        named: list[str] = []
        for name, target in self._targets.items():
            if target["kind"] == "continuous":
                named.append(name)
            elif target["kind"] == "angle":
                named += [f"sin {name}", f"cos {name}"]
            else:
                named += [f"{name} is {category}" for category in target["categories"][1:]]
        return tuple(named)

    def _learn_from(self, data: Rows) -> None:
        assert data.labels is not None
        targets: dict[str, dict[str, Any]] = {}
        for name in data.labels.names:
            values, kind = data.labels.column(name), label_kind(data, name)
            if data.labels.missing(name):
                row = int(np.argwhere(np.isnan(values))[0][0])
                raise DataError(f"label {name!r} of {data.source} is missing in row {row}: drop or fill it")
            if np.ptp(values) == 0:
                raise DataError(f"label {name!r} of {data.source} is constant: there is nothing to learn about it")
            if data.frames is None and values.ndim > 1:
                raise DataError(f"label {name!r} has shape {values.shape}, one number a row is needed")
            target: dict[str, Any] = {"kind": kind, "by frame": values.ndim > 1}
            if kind == "continuous":
                target |= {"mean": float(values.mean()), "spread": float(values.std())}
            if kind == "categorical":
                target["categories"] = [str(category) for category in data.labels.categories(name)]
            targets[name] = target
        self._targets = targets

    def _tensors(self, data: Rows) -> tuple[Tensor, ...]:
        """The observations, then each label, (n,) or (n, frames)."""
        assert data.labels is not None
        labels = []
        for name in self._targets:
            values = data.labels.column(name)
            if data.frames is not None and values.ndim == 1:
                values = np.repeat(values[:, None], data.frames, axis=1)
            labels.append(torch.from_numpy(np.array(values)).float())
        return (*super()._tensors(data), *labels)

    def _names(self, codes: Values) -> tuple[str, ...]:
        return self.columns

    def _fit(self, given: Given, run: RunStore) -> None:
        super()._fit(given, run)
        there = tuple(name for name in self._targets if name in given.table)
        self.roles = {**self.roles, "truth": there}

    def _predict(self, given: Given, draws: int, seed: int) -> Data:
        """The labels: where a row has one it stays. Each draw is the same: the regression has no noise."""
        codes = self._encoded(Rows(seen_of(self._placed(given))).x)
        known, columns, at = given.table, {}, 0
        kinds = {"continuous": "number", "angle": "number", "categorical": "label"}
        for name, target in self._targets.items():
            size = _size(target)
            guess = _label_of(target, codes[..., at : at + size])
            at += size
            if guess.ndim > 1 and not target["by frame"]:  # a label of a clip: what most frames say, or their mean
                guess = _of_clip(target["kind"], guess)
            if name in known:
                cells, gone = known.labels(name), known.absent(name)
                there = cells if target["kind"] == "categorical" else known.column(name)
                guess = np.where(gone if guess.ndim == 1 else gone[:, None], guess, there)
            columns[name] = guess
        filled = given.data.with_known(columns, {name: kinds[self._targets[name]["kind"]] for name in columns})
        return filled.take(np.repeat(np.arange(len(given)), draws))

    def _build(self) -> Network:
        return _Regression(self._shape, self._targets, self.config.width, self.config.hidden)

    def _learnt(self) -> dict[str, Any]:
        return {"targets": self._targets}

    def _restore(self, learnt: Mapping[str, Any]) -> None:
        self._targets = {name: dict(target) for name, target in learnt["targets"].items()}


class _Regression(Network):
    def __init__(self, shape: tuple[int, ...], targets: Mapping[str, Mapping[str, Any]], width: int, hidden: int):
        super().__init__()
        self.targets = targets
        self.sizes = [_size(target) for target in targets.values()]
        self.scale = Scale(shape)
        self.encoder = Encoder(shape, sum(self.sizes), width, hidden)

    def learn_scale(self, x: Tensor, common: bool) -> None:
        """Of vectors."""
        self.scale.learn(x, common)

    def encode(self, x: Tensor) -> Tensor:
        """The predictions."""
        lead = x.shape[: x.ndim - len(self.scale.shape)]
        guesses: Tensor = self.encoder(self.scale(x))
        return guesses.reshape(*lead, -1)

    def forward(self, x: Tensor, *labels: Tensor) -> dict[str, Tensor]:
        """The mean over the labels of the error of each."""
        guesses = torch.split(self.encode(x).flatten(0, -2), self.sizes, dim=-1)
        errors = []
        for guess, label, target in zip(guesses, labels, self.targets.values(), strict=True):
            true = label.flatten()
            if target["kind"] == "continuous":
                errors.append((guess[:, 0] - (true - target["mean"]) / target["spread"]).square().mean())
            elif target["kind"] == "angle":
                errors.append((guess - torch.stack([torch.sin(true), torch.cos(true)], dim=1)).square().mean())
            else:
                logits = torch.cat([torch.zeros_like(guess[:, :1]), guess], dim=1)
                errors.append(cross_entropy(logits, true.long()))
        return {"loss": torch.stack(errors).mean()}


def _size(target: Mapping[str, Any]) -> int:
    """How many columns of the codes stand for a label."""
    return {"continuous": 1, "angle": 2}.get(target["kind"], len(target.get("categories", ())) - 1)


def _label_of(target: Mapping[str, Any], codes: Values) -> NDArray[Any]:
    """The label that codes (..., size) say, (...,)."""
    if target["kind"] == "continuous":
        return np.asarray(codes[..., 0] * target["spread"] + target["mean"])
    if target["kind"] == "angle":
        return np.asarray(np.arctan2(codes[..., 0], codes[..., 1]))
    logits = np.concatenate([np.zeros_like(codes[..., :1]), codes], axis=-1)
    named: NDArray[Any] = np.asarray(target["categories"])[logits.argmax(axis=-1)]
    return named


def _of_clip(kind: str, guess: NDArray[Any]) -> NDArray[Any]:
    """One label of each clip, (n,), from those of its frames, (n, frames)."""
    if kind == "continuous":
        return np.asarray(guess.mean(axis=1))
    if kind == "angle":
        return np.asarray(np.arctan2(np.sin(guess).mean(axis=1), np.cos(guess).mean(axis=1)))
    most = [names[counts.argmax()] for names, counts in (np.unique(row, return_counts=True) for row in guess)]
    return np.asarray(most)

"""The supervised ceiling: regress the true variables themselves, to see how much of them the observations show.

Continuous variables are standardised and have a squared error, angles are sine and cosine, categories have a
cross-entropy. What no regression can read off the observations no other method of the suite can be blamed for.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from aitia.errors import DataError
from aitia.nn.observation import Encoder, Scale
from aitia.systems.causalverse.method import Assumption, Method, Network
from aitia.systems.causalverse.observations import Observations, label_kind

__all__ = ["Supervised"]


class Supervised(Method):
    """A regression of every label on the observation. Assumes labels.

    `encode` gives a column for each continuous label, sine and cosine of each angle, and the logits of each category
    but the first, in the order of `columns`. `latents` is not looked at.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> x = rng.normal(size=(300, 4))
        >>> data = Observations.of(x, labels={"height": x[:, 0], "turn": x[:, 1]}, angles=("turn",))
        >>> Supervised(steps=5).fit(data).columns
        ('height', 'sin turn', 'cos turn')
    """

    name: ClassVar[str] = "supervised"
    assumes: ClassVar[tuple[Assumption, ...]] = ("labels",)

    def __init__(self, config: Any = None, **options: Any) -> None:
        super().__init__(config, **options)
        self._targets: dict[str, dict[str, Any]] = {}

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

    def _learn_from(self, data: Observations) -> None:
        assert data.labels is not None
        self._targets = {}
        for name in data.labels.names:
            values, kind = data.labels.column(name), label_kind(data, name)
            if data.labels.missing(name):
                row = int(np.argwhere(np.isnan(values))[0][0])
                raise DataError(f"label {name!r} of {data.source} is missing in row {row}: drop or fill it")
            if np.ptp(values) == 0:
                raise DataError(f"label {name!r} of {data.source} is constant: there is nothing to learn about it")
            if data.frames is None and values.ndim > 1:
                raise DataError(f"label {name!r} has shape {values.shape}, one number a row is needed")
            target: dict[str, Any] = {"kind": kind}
            if kind == "continuous":
                target |= {"mean": float(values.mean()), "spread": float(values.std())}
            if kind == "categorical":
                target["categories"] = [str(category) for category in data.labels.categories(name)]
            self._targets[name] = target

    def _tensors(self, data: Observations) -> tuple[Tensor, ...]:
        """The observations, then each label, (n,) or (n, frames)."""
        assert data.labels is not None
        labels = []
        for name in self._targets:
            values = data.labels.column(name)
            if data.frames is not None and values.ndim == 1:
                values = np.repeat(values[:, None], data.frames, axis=1)
            labels.append(torch.from_numpy(np.array(values)).float())
        return (*super()._tensors(data), *labels)

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
        self.sizes = [
            {"continuous": 1, "angle": 2}.get(t["kind"], len(t.get("categories", ())) - 1) for t in targets.values()
        ]
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

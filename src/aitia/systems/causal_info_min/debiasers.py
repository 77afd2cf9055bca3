"""What stands on the feature: one module a variant, from the feature to logits, with its own loss.

Letters: x the feature of the network that learns, x_0 that of the network as it came, x_c the confounder.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import cosine_similarity

from aitia.systems.causal_info_min.config import CausalInfoMinConfig
from aitia.systems.causal_info_min.dictionary import Dictionary
from aitia.systems.causal_info_min.information import InformationBottleneck, coding_rate
from aitia.systems.causal_info_min.losses import (
    answer_loss,
    contrast_loss,
    log_probabilities,
    rate_coefficient,
    row_weights,
)

__all__ = [
    "AdjustedTotalEffect",
    "Branch",
    "Debiaser",
    "Plain",
    "Product",
    "PublishedTotalEffect",
    "Said",
    "TreatmentEffect",
    "answer_head",
]


class Said(NamedTuple):
    """Log-probabilities of answers (n, answers), of the bias-only head and its x_c (n, columns) where there is one."""

    answers: Tensor
    bias: Tensor | None = None
    confounder: Tensor | None = None


def answer_head(features: int, answers: int, hidden: int | None) -> nn.Sequential:
    """Linear, GELU, LayerNorm, Linear; twice as wide inside as the feature unless told."""
    width = hidden or 2 * features
    return nn.Sequential(nn.Linear(features, width), nn.GELU(), nn.LayerNorm(width), nn.Linear(width, answers))


class Debiaser(nn.Module):
    """The contract of a variant."""

    def __init__(self, features: int, answers: int, config: CausalInfoMinConfig) -> None:
        super().__init__()
        self.features, self.answers, self.config = features, answers, config

    def forward(self, x: Tensor, x_0: Tensor) -> Said:
        """What is answered, of (n, features) each."""
        raise NotImplementedError

    def losses(self, x: Tensor, x_0: Tensor, target: Tensor, expert: Tensor) -> dict[str, Tensor]:
        """The loss and its parts.

        Args:
            x: (n, features).
            x_0: (n, features).
            target: (n, answers) scores.
            expert: (n, answers) log-probabilities of the expert of `product`; (n, 0) in other variants.
        """
        raise NotImplementedError

    def _answer(self, logits: Tensor) -> Tensor:
        return log_probabilities(logits, self.config.loss)

    def _loss(self, logits: Tensor, target: Tensor) -> Tensor:
        return answer_loss(logits, target, self.config.loss)


class Plain(Debiaser):
    """Empirical risk minimisation: a head on the feature."""

    def __init__(self, features: int, answers: int, config: CausalInfoMinConfig) -> None:
        super().__init__(features, answers, config)
        self.head = answer_head(features, answers, config.hidden)

    def forward(self, x: Tensor, x_0: Tensor) -> Said:
        """The head's answer."""
        return Said(self._answer(self.head(x)))

    def losses(self, x: Tensor, x_0: Tensor, target: Tensor, expert: Tensor) -> dict[str, Tensor]:
        """That of the answers."""
        return {"loss": self._loss(self.head(x), target).mean()}


class Product(Plain):
    """Trained in a product with an expert that knows the bias, and asked without it (Clark et al., EMNLP 2019)."""

    def losses(self, x: Tensor, x_0: Tensor, target: Tensor, expert: Tensor) -> dict[str, Tensor]:
        """That of the product, normalised."""
        return {"loss": self._loss(self.head(x).log_softmax(dim=-1) + expert, target).mean()}


class PublishedTotalEffect(Debiaser):
    """TE-D as published: the branch and the main head learn together, and a coding rate holds the branch down."""

    def __init__(self, features: int, answers: int, config: CausalInfoMinConfig) -> None:
        super().__init__(features, answers, config)
        size = config.width(features)
        self.narrow = nn.Sequential(
            nn.Linear(features, size), nn.GELU(), nn.Linear(size, size), nn.GELU(), nn.LayerNorm(size)
        )
        self.widen = nn.Linear(size, features)
        self.clean = nn.utils.parametrizations.weight_norm(nn.Linear(features, features), dim=-1)
        self.head = answer_head(features, answers, config.hidden)
        self.bias_head = answer_head(features, answers, config.hidden)
        self.register_buffer("updates", torch.zeros((), dtype=torch.int64))

    updates: Tensor

    def parts(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """x_c, the debiased feature, and the logits of both heads."""
        x_c = self.widen(self.narrow(x.detach()))
        d = torch.relu(self.clean(x - x_c))
        return x_c, d, self.head(d), self.bias_head(x_c)

    def forward(self, x: Tensor, x_0: Tensor) -> Said:
        """The answers of both heads."""
        x_c, _, main, bias = self.parts(x)
        return Said(self._answer(main), self._answer(bias), x_c)

    def losses(self, x: Tensor, x_0: Tensor, target: Tensor, expert: Tensor) -> dict[str, Tensor]:
        """Both heads, the coding rate and the contrast."""
        config, (x_c, d, main, bias) = self.config, self.parts(x)
        parts = {"main": self._loss(main, target).mean(), "bias": self._loss(bias, target).mean()}
        parts["rate"] = coding_rate(x_c, normalise=config.rate_normalise)
        counts = config.rate_steps is None or int(self.updates) < config.rate_steps
        coefficient = rate_coefficient(parts["bias"], parts["rate"], config.rate if counts else 0.0)
        parts["contrast"] = contrast_loss(x, d, x_c).mean()
        weight = 1.0 if config.contrast is None else config.contrast
        if self.training:
            self.updates += 1
        loss = parts["main"] + parts["bias"] + coefficient * parts["rate"] + weight * parts["contrast"]
        return {"loss": loss, **parts}


class Branch(Debiaser):
    """The bias-only branch of the adjusted TE-D: a noisy code of x_0, x_c from the code, a head on x_c."""

    def __init__(self, features: int, answers: int, config: CausalInfoMinConfig, kl_weight: float) -> None:
        super().__init__(features, answers, config)
        size = config.width(features)
        self.kl_weight = kl_weight
        self.narrow = InformationBottleneck(features, size, features)
        self.widen = nn.Linear(size, features)
        self.head = answer_head(features, answers, config.hidden)

    def forward(self, x: Tensor, x_0: Tensor) -> Said:
        """The branch's answer, which is the bias, and x_c."""
        x_c = self.widen(self.narrow(x_0)[0])
        bias = self._answer(self.head(x_c))
        return Said(bias, bias, x_c)

    def losses(self, x: Tensor, x_0: Tensor, target: Tensor, expert: Tensor) -> dict[str, Tensor]:
        """The answers, and the nats of the code at their weight."""
        code, nats = self.narrow(x_0)
        found = self._loss(self.head(self.widen(code)), target).mean()
        return {"loss": found + self.kl_weight * nats.mean(), "bias": found, "nats": nats.mean()}


class AdjustedTotalEffect(Debiaser):
    """TE-D as adjusted: the branch is trained before and stays; the rows that it answers by itself count less."""

    def __init__(self, features: int, answers: int, config: CausalInfoMinConfig, branch: Branch) -> None:
        super().__init__(features, answers, config)
        self.branch = branch.eval().requires_grad_(False)
        self.clean = nn.utils.parametrizations.weight_norm(nn.Linear(features, features), dim=-1)
        self.head = answer_head(features, answers, config.hidden)

    def train(self, mode: bool = True) -> "AdjustedTotalEffect":
        """The branch stays in evaluation mode: without noise."""
        super().train(mode)
        self.branch.eval()
        return self

    def forward(self, x: Tensor, x_0: Tensor) -> Said:
        """The main head's answer beside the branch's."""
        said = self.branch(x, x_0)
        d = torch.relu(self.clean(x - said.confounder))
        return Said(self._answer(self.head(d)), said.bias, said.confounder)

    def losses(self, x: Tensor, x_0: Tensor, target: Tensor, expert: Tensor) -> dict[str, Tensor]:
        """The weighted answers, and the contrast."""
        with torch.no_grad():
            said = self.branch(x, x_0)
        d = torch.relu(self.clean(x - said.confounder))
        weights = row_weights(target, said.bias.exp(), self.config.weighting)
        main = (weights * self._loss(self.head(d), target)).sum() / weights.sum().clamp(min=1e-6)
        contrast = contrast_loss(x, d, said.confounder).mean()
        weight = 1.0 if self.config.contrast is None else self.config.contrast
        return {"loss": main + weight * contrast, "main": main, "contrast": contrast}


class TreatmentEffect(Debiaser):
    """ATE-D: a head on a feature from which the dictionary's confounder is attenuated, to which it is added, or that a
    contrast keeps away from it.
    """

    def __init__(self, features: int, answers: int, config: CausalInfoMinConfig, dictionary: Dictionary) -> None:
        super().__init__(features, answers, config)
        self.dictionary = dictionary.requires_grad_(False)
        self.how = config.variant.rpartition("-")[2]
        size = dictionary.centroids.shape[1]
        self.map = nn.Linear(size, features) if self.how == "augment" else None
        self.head = answer_head(features * (2 if self.map else 1), answers, config.hidden)

    def forward(self, x: Tensor, x_0: Tensor) -> Said:
        """The head's answer; with `augment` sum_k P(z_k) f(x, z_k), over the dictionary."""
        if self.map is None:
            return Said(self._answer(self.head(self._attenuated(x))))
        entries = self.map(self.dictionary.centroids)
        pairs = torch.cat([x[:, None].expand(-1, len(entries), -1), entries.expand(len(x), -1, -1)], dim=-1)
        logits, shares = self.head(pairs), self.dictionary.shares
        if self.config.average == "logits":
            return Said(self._answer((shares[:, None] * logits).sum(dim=1)))
        return Said((self._answer(logits) + shares.log()[:, None]).logsumexp(dim=1))

    def losses(self, x: Tensor, x_0: Tensor, target: Tensor, expert: Tensor) -> dict[str, Tensor]:
        """That of the answers; with `augment` the entry is the one that is next to the row."""
        if self.map is not None:
            entry = self.map(self.dictionary.centroids[self.dictionary.nearest(x_0)])
            return {"loss": self._loss(self.head(torch.cat([x, entry], dim=-1)), target).mean()}
        main = self._loss(self.head(self._attenuated(x)), target).mean()
        if self.how == "attenuate":
            return {"loss": main}
        confounder = self.dictionary.decode(self.dictionary.encode(x))
        contrast = contrast_loss(x, x - confounder, confounder).mean()
        weight = 0.2 if self.config.contrast is None else self.config.contrast
        return {"loss": main + weight * contrast, "main": main, "contrast": contrast}

    def _attenuated(self, x: Tensor) -> Tensor:
        """x (1 - cos(W x, mean_k z_k)), or x itself in the contrastive variant."""
        if self.how != "attenuate":
            return x
        middle = self.dictionary.shares @ self.dictionary.centroids
        return x * (1 - cosine_similarity(self.dictionary.encode(x), middle, dim=-1))[:, None]

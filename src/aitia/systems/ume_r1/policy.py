"""Group-relative policy optimisation: a model learns from the rewards of what it wrote, against others of its own.

    A_i = (r_i - mean r) / sd r, over the G texts written for one prompt                                           (1)
    loss = -mean over tokens of min(w A, clip(w, 1 - low, 1 + high) A) + beta KL                                    (2)

with w the ratio of a token's probability to that at writing, and KL to a reference by r - log r - 1, r the ratio of the
reference's probability to ours. Rewards are any function of texts, so that the same one is given to trl for models that
need a GPU.

Source:
    Shao et al., DeepSeekMath, 2024, equations 3 and 4; Schulman, Approximating KL divergence, 2020, for the estimate.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from aitia.errors import DataError, OptionError
from aitia.nn.sequences.model import SequenceModel
from aitia.nn.sequences.writing import Allowed, write

__all__ = ["PolicyConfig", "PolicyLoss", "Reward", "Rollouts", "advantages", "policy_loss"]

Scale = Literal["group", "batch"]
SCALES: tuple[Scale, ...] = get_args(Scale)
Reward = Callable[[Sequence[int], Sequence[Sequence[int]]], NDArray[np.float64]]
"""For the numbers of prompts, and what was written for each: one number each, in groups of texts of one prompt."""


@dataclass(frozen=True)
class PolicyConfig:
    """How a policy is improved.

    Args:
        prompts: Of a step.
        group: Texts written for each prompt.
        most: Tokens of a text.
        temperature: At which they are drawn.
        low: Of the clip in (2).
        high: Of the clip in (2).
        beta: Of the KL in (2); 0 wants no reference.
        updates: Steps that use the same texts.
        scale: By whose sd rewards are divided: `group` as in (1), `batch` that of all texts of a step, so that a group
            whose texts are all but equally good moves little.
        seed: Of prompts and draws.

    Raises:
        OptionError: If a value is out of range.
    """

    prompts: int = 8
    group: int = 8
    most: int = 32
    temperature: float = 1.0
    low: float = 0.2
    high: float = 0.28
    beta: float = 0.04
    updates: int = 1
    scale: Scale = "group"
    seed: int = 0

    def __post_init__(self) -> None:
        if self.scale not in SCALES:
            raise OptionError(f"scale is one of {', '.join(SCALES)}, got {self.scale!r}")
        if min(self.prompts, self.most, self.updates) < 1 or self.group < 2:
            raise OptionError("prompts, most and updates are at least 1 and group at least 2")
        if not self.temperature > 0 or not 0 < self.low < 1 or not self.high > 0 or self.beta < 0:
            raise OptionError("temperature and high are positive, low is between 0 and 1, beta not negative")


def advantages(rewards: Tensor, scale: Scale = "group") -> Tensor:
    """(1): (prompts, group) of rewards of the same shape; 0 where all of a group are alike, which teaches nothing.

    Args:
        rewards: (prompts, group).
        scale: `group` divides by the sd of each group, `batch` by that of all centred rewards.
    """
    centred = rewards - rewards.mean(dim=1, keepdim=True)
    sd = (centred**2).mean(dim=1, keepdim=True).sqrt()
    if scale == "batch":
        sd = (centred**2).mean().sqrt().expand_as(sd)
    return torch.where(sd > 1e-8, centred / sd.clamp(min=1e-8), torch.zeros_like(centred))


def policy_loss(
    now: Tensor,
    then: Tensor,
    reference: Tensor | None,
    advantage: Tensor,
    written: Tensor,
    *,
    low: float = 0.2,
    high: float = 0.28,
    beta: float = 0.04,
) -> tuple[Tensor, Tensor]:
    """(2), and the KL in it.

    Args:
        now: (rows, tokens) log-probabilities.
        then: (rows, tokens) those at writing.
        reference: (rows, tokens) those of the reference; None for beta 0.
        advantage: (rows,).
        written: (rows, tokens) which tokens count.
        low: Of the clip.
        high: Of the clip.
        beta: Weight of the KL.
    """
    ratio = (now - then).exp()
    gain = torch.minimum(ratio * advantage[:, None], ratio.clamp(1 - low, 1 + high) * advantage[:, None])
    away = torch.zeros_like(now)
    if reference is not None:
        away = (reference - now).exp() - (reference - now) - 1
    weights = written.to(now.dtype)
    # Each text counts the same however long it is, as in the source.
    each = (weights * (beta * away - gain)).sum(dim=1) / weights.sum(dim=1).clamp(min=1)
    kl = (weights * away).sum() / weights.sum().clamp(min=1)
    return each.mean(), kl


@dataclass
class Rollouts:
    """Batches of what the model writes at each step, with its advantages: for `train`.

    A step is a function of the model and the step's number, so that a resumed training writes the same texts.

    Args:
        model: That is improved.
        prompts: Ids of all prompts.
        reward: Of what was written.
        config: How.
        reference: Log-probabilities under the model as it was, or None.
        ends: Ids that end a text; None takes the end of a sequence.
        allowed: Which ids may come next, by number of the prompt.

    Attributes:
        history: Mean reward of each step.
    """

    model: SequenceModel
    prompts: Sequence[Sequence[int]]
    reward: Reward
    config: PolicyConfig
    reference: SequenceModel | None = None
    ends: Sequence[int] | None = None
    allowed: Allowed | None = None
    history: list[float] = field(default_factory=list)
    _held: tuple[int, tuple[Tensor, ...]] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if not self.prompts:
            raise DataError("a policy is improved on prompts, and there are none")
        if self.config.beta and self.reference is None:
            raise OptionError("beta wants a reference: give the model as it was, or beta 0")

    def __call__(self, step: int, rank: int, ranks: int, /) -> tuple[Tensor, ...]:
        """ids, present, written, log-probabilities at writing and of the reference, advantages."""
        turn = step // self.config.updates
        if self._held is None or self._held[0] != turn:
            self._held = turn, self._written(turn, rank)
        return self._held[1]

    def _written(self, turn: int, rank: int) -> tuple[Tensor, ...]:
        config, model = self.config, self.model
        random = np.random.default_rng([config.seed, turn, rank])
        chosen = random.choice(len(self.prompts), config.prompts, replace=config.prompts > len(self.prompts))
        numbers = [int(row) for row in chosen for _ in range(config.group)]
        was = model.model.training
        model.model.eval()
        texts = write(
            model, [self.prompts[row] for row in numbers], most=config.most, ends=self.ends,
            allowed=self._rule(numbers),
            temperature=config.temperature, seed=int(random.integers(2**31)),
        )  # fmt: skip
        rewards = np.asarray(self.reward(numbers, texts), dtype=np.float64)
        if rewards.shape != (len(numbers),) or not np.isfinite(rewards).all():
            raise DataError(f"a reward is one finite number a text, got {rewards.shape} for {len(numbers)} texts")
        self.history.append(float(rewards.mean()))
        end = model.vocabulary.end if self.ends is None else int(self.ends[0])
        ids, present, written = _laid([self.prompts[row] for row in numbers], texts, end, config.most, model)
        with torch.no_grad():
            then = _said(model, ids, present)
            reference = then if self.reference is None else _said(self.reference, ids, present)
        model.model.train(was)
        relative = advantages(torch.from_numpy(rewards).float().reshape(-1, config.group), config.scale).reshape(-1)
        return ids, present, written, then, reference, relative

    def _rule(self, numbers: Sequence[int]) -> Allowed | None:
        rule = self.allowed
        return None if rule is None else lambda row, so_far: rule(numbers[row], so_far)


class PolicyLoss(nn.Module):
    """What `train` makes small, of the batches of `Rollouts`."""

    def __init__(self, model: SequenceModel, config: PolicyConfig) -> None:
        super().__init__()
        self.network, self._model, self._config = model.model, model, config

    def forward(
        self, ids: Tensor, present: Tensor, written: Tensor, then: Tensor, reference: Tensor, advantage: Tensor
    ) -> dict[str, Tensor]:
        """The loss of (2), and its KL."""
        config = self._config
        now = _said(self._model, ids, present)
        loss, kl = policy_loss(
            now, then, reference if config.beta else None, advantage, written,
            low=config.low, high=config.high, beta=config.beta,
        )  # fmt: skip
        return {"loss": loss, "kl": kl}


def _said(model: SequenceModel, ids: Tensor, present: Tensor) -> Tensor:
    """(rows, n - 1) log-probability of each token but the first."""
    logits = model.logits(ids, present)[:, :-1].float()
    return logits.log_softmax(dim=-1).gather(2, ids[:, 1:, None])[..., 0]


def _laid(
    prompts: Sequence[Sequence[int]], texts: Sequence[Sequence[int]], end: int, most: int, model: SequenceModel
) -> tuple[Tensor, Tensor, Tensor]:
    """ids and present, (rows, n), and which of the tokens but the first were written, (rows, n - 1)."""
    rows = [[*p, *t, *([end] if len(t) < most else [])] for p, t in zip(prompts, texts, strict=True)]
    lengths = torch.tensor([len(row) for row in rows])
    ids = torch.full((len(rows), int(lengths.max())), model.vocabulary.pad)
    for k, row in enumerate(rows):
        ids[k, : len(row)] = torch.as_tensor(row)
    present = torch.arange(ids.shape[1]) < lengths[:, None]
    begins = torch.tensor([len(prompt) for prompt in prompts])
    written = present & (torch.arange(ids.shape[1]) >= begins[:, None])
    return ids.to(model.device), present.to(model.device), written[:, 1:].to(model.device)

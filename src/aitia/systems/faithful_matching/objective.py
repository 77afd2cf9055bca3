"""The published losses of an embedding, and its training."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import normalize, softplus

from aitia.engine import Progress
from aitia.nn.text_encoders import TextEncoder
from aitia.systems.faithful_matching.config import RANKS, SETS, FaithfulMatchingConfig, Rank
from aitia.systems.faithful_matching.sets import MatchSets, SetBatches
from aitia.train import History, TrainConfig, train

__all__ = ["joint_loss", "rank_loss", "set_similarities", "train_embedding"]


def set_similarities(codes: Tensor, query: Tensor, members: Tensor, there: Tensor, temperature: float) -> Tensor:
    """(b, sets): log s(A) of the module.

    Args:
        codes: (n, d).
        query: (b,), which of them are x.
        members: (b, sets, draws), which are a.
        there: (b, sets, draws), which members count; at least one of each set.
        temperature: tau.
    """
    units = normalize(codes, dim=-1)
    # All cosines and then the few that count: gathering codes takes longer, most of all its gradient.
    cosine = (units.index_select(0, query) @ units.T).gather(1, members.flatten(1)).view(members.shape)
    return torch.logsumexp((cosine / temperature).masked_fill(~there, -torch.inf), dim=-1) - there.sum(-1).log()


def joint_loss(similarities: Tensor) -> Tensor:
    """(2), the mean over rows of (b, 4) log similarities in the order of `SETS`."""
    near = torch.logsumexp(similarities[:, :2], dim=1)
    return (torch.logsumexp(similarities, dim=1) - near).mean()


def rank_loss(similarities: Tensor, ranks: Sequence[Rank] = RANKS) -> Tensor:
    """(3), the mean over rows of (b, 4) log similarities in the order of `SETS`."""
    terms = [w * softplus(similarities[:, SETS.index(b)] - similarities[:, SETS.index(a)]) for a, b, w in ranks]
    return torch.stack(terms).sum(0).mean()


class _Objective(nn.Module):
    """The loss of a batch of sets."""

    def __init__(self, encoder: TextEncoder, config: FaithfulMatchingConfig) -> None:
        super().__init__()
        self.encoder, self.config = encoder, config

    def forward(self, ids: Tensor, mask: Tensor, query: Tensor, members: Tensor, there: Tensor) -> Tensor:
        codes = self.encoder(ids, mask)
        similarities = set_similarities(codes, query, members, there, self.config.temperature)
        return joint_loss(similarities) if self.config.loss == "joint" else rank_loss(similarities, self.config.ranks)


def train_embedding(
    encoder: TextEncoder,
    sets: MatchSets,
    ids: Tensor,
    mask: Tensor,
    treatment: str,
    config: FaithfulMatchingConfig,
    checkpoint: Path | None,
    progress: Progress | None,
) -> History:
    """Trains the embedding of a treatment in place.

    Args:
        encoder: What is trained.
        sets: Of all texts.
        ids: Of all texts, (n, tokens).
        mask: The same shape.
        treatment: Its name, for the progress.
        config: Options.
        checkpoint: Folder of the state of the training.
        progress: Told how far it is.
    """
    rows = np.random.default_rng([config.seed, 1]).permutation(sets.queries(config.edits_as_queries))
    held = int(len(rows) * config.validation)
    options = (config.queries, config.members, (config.seed, sets.treatment))
    objective = _Objective(encoder, config)
    validate: Callable[[], float] | None = None
    if held:
        fixed = SetBatches(sets, rows[:held], ids, mask, *options).drawn(
            rows[: min(held, 256)], np.random.default_rng(config.seed)
        )

        def validate() -> float:
            device = next(encoder.parameters()).device
            return float(objective(*(tensor.to(device) for tensor in fixed)))

    return train(
        objective,
        SetBatches(sets, rows[held:], ids, mask, *options),
        TrainConfig(
            steps=config.steps,
            learning_rate=config.learning_rate,
            schedule="cosine",
            clip=1.0,
            seed=config.seed,
            validate_every=max(min(100, config.steps // 4), 1),
            device=config.device,
        ),
        validate=validate,
        checkpoint=None if checkpoint is None else checkpoint / f"treatment-{sets.treatment}.safetensors",
        progress=progress,
        what=f"embedding for {treatment}",
    )

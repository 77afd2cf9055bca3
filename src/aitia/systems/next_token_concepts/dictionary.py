"""Sparse autoencoders of the states, trained here or read, and how well their features tell the concepts."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from aitia.engine import Progress
from aitia.errors import OptionError
from aitia.nn.sparse_autoencoders import SparseAutoencoder, SparseLoss, check_activations
from aitia.systems.next_token_concepts.config import NextTokenConceptsConfig
from aitia.systems.next_token_concepts.reading import Concept
from aitia.train import RowBatches, TrainConfig, train

__all__ = ["DictionaryScores", "score_dictionary", "score_features", "train_dictionary"]

Values = NDArray[np.float64]


@dataclass(frozen=True)
class DictionaryScores:
    """How good a sparse autoencoder is.

    Args:
        features: For each concept the feature whose correlation with the reference is largest on one half.
        correlations: Absolute Pearson correlation of that feature with the reference on the other half.
        unexplained: Squared error of the states over their variance, in states of unit variance: the MSE.
        active: Features of a state that are not 0, in the mean: L0.
        dead: Share of the features that are 0 in every state.
    """

    features: tuple[int, ...]
    correlations: tuple[float, ...]
    unexplained: float
    active: float
    dead: float

    @property
    def mean(self) -> float:
        """Of the correlations."""
        return float(np.mean(self.correlations))


def train_dictionary(
    states: Values,
    mean: Values,
    spread: Values,
    config: NextTokenConceptsConfig,
    *,
    checkpoint: Path | None = None,
    progress: Progress | None = None,
) -> SparseAutoencoder:
    """The autoencoder of the options, trained on states of unit variance; it takes states as they are.

    Args:
        states: (n, width), as they are.
        mean: (width,) what is taken off.
        spread: (width,) what is divided by.
        config: Options.
        checkpoint: File to resume from and to save to.
        progress: Told how far it is.

    Raises:
        OptionError: If the options ask for none, or do not fit the states.
    """
    if config.autoencoder == "none":
        raise OptionError("no autoencoder is asked for: say which kind (autoencoder)")
    x = torch.from_numpy((states - mean) / spread).float()
    width = x.shape[1]
    loss = SparseLoss(
        width,
        4 * width if config.features is None else config.features,
        config.autoencoder,
        sparsity=config.sparsity,
        k=config.k,
        steps=config.steps,
        rank=config.rank,
        low_rank=config.low_rank,
        seed=config.seed,
    )
    train(
        loss,
        RowBatches((x,), config.batch, config.seed),
        TrainConfig(
            config.steps,
            config.learning_rate,
            schedule="one-cycle",
            clip=1.0,
            seed=config.seed,
            device=config.device,
        ),
        checkpoint=checkpoint,
        progress=progress,
        what="sparse autoencoder",
    )
    return loss.cpu().finished().on_scale(torch.from_numpy(mean).float(), torch.from_numpy(spread).float())


@torch.no_grad()
def score_dictionary(
    autoencoder: SparseAutoencoder,
    states: Values,
    spread: Values,
    concepts: Sequence[Concept],
    references: Values,
    seed: int = 0,
) -> DictionaryScores:
    """How well single features tell what supervised references tell, and how well states come back.

    Args:
        autoencoder: Of states as they are.
        states: (n, width), as they are.
        spread: (width,) standard deviations of the units.
        concepts: On texts that the references were not fitted to.
        references: (n, concepts), such as the log-odds of the probes.
        seed: Of the halves.
    """
    x = torch.from_numpy(states).float()
    check_activations(x, autoencoder.width, "states")
    z = autoencoder.encode(x)
    error = ((autoencoder(x) - x) / torch.from_numpy(spread).float()).square().mean()
    scale = ((x - x.mean(dim=0)) / torch.from_numpy(spread).float()).square().mean()
    features, correlations = score_features(z.double().numpy(), concepts, references, seed)
    on = z != 0
    return DictionaryScores(
        features,
        correlations,
        float(error / scale.clamp(min=1e-12)),
        float(on.sum(dim=1).double().mean()),
        float((~on.any(dim=0)).double().mean()),
    )


def score_features(
    features: Values, concepts: Sequence[Concept], references: Values, seed: int = 0
) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """For each concept the feature nearest to its reference on one half of its texts, and how near on the other.

    Args:
        features: (n, features).
        concepts: On texts that the references were not fitted to; the two texts of a pair go together.
        references: (n, concepts).
        seed: Of the halves.
    """
    rng = np.random.default_rng([seed, 53])
    chosen, correlations = [], []
    for k, concept in enumerate(concepts):
        order = rng.permutation(len(concept.without) if concept.paired else len(concept.rows))
        halves = order[: len(order) // 2], order[len(order) // 2 :]
        if concept.paired:
            choose, score = (np.concatenate([concept.without[h], concept.with_it[h]]) for h in halves)
        else:
            choose, score = (concept.rows[h] for h in halves)
        best = int(np.argmax(np.abs(_correlations(features[choose], references[choose, k]))))
        chosen.append(best)
        correlations.append(float(np.abs(_correlations(features[score][:, [best]], references[score, k]))[0]))
    return tuple(chosen), tuple(correlations)


def _correlations(features: Values, reference: Values) -> Values:
    """Pearson's with each feature, (features,); 0 where one does not vary."""
    z, y = features - features.mean(axis=0), reference - reference.mean()
    size = np.linalg.norm(z, axis=0) * np.linalg.norm(y)
    told: Values = np.divide(z.T @ y, size, out=np.zeros(z.shape[1]), where=size > 1e-12)
    return told

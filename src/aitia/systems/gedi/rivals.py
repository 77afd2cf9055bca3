"""Rivals of the claim: clusters by balanced assignments without an energy, and spectral clusters.

Source:
    Caron et al., Unsupervised learning of visual features by contrasting cluster assignments, NeurIPS 2020: the codes q
    of one view, dealt out evenly by Sinkhorn's rounds and held fixed, are what the other view has to say.
"""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import log_softmax

from aitia.systems.gedi.config import GediConfig
from aitia.systems.gedi.network import Network
from aitia.systems.gedi.views import viewed
from aitia.train import RowBatches, TrainConfig, train

__all__ = ["balanced", "spectral", "swapped"]

_ROUNDS, _SHARPNESS = 3, 0.05
"""Of Sinkhorn, as published."""


@torch.no_grad()
def balanced(scores: Tensor) -> Tensor:
    """(n, K) shares, each row adding up to 1 and each column to nearly n / K."""
    q = (scores / _SHARPNESS - (scores / _SHARPNESS).max()).exp()
    for _ in range(_ROUNDS):
        q = q / q.sum(0, keepdim=True).clamp_min(1e-30) / q.shape[1]
        q = q / q.sum(1, keepdim=True).clamp_min(1e-30) / q.shape[0]
    return q * q.shape[0]


class _Swapped(nn.Module):
    def __init__(self, net: Network, config: GediConfig) -> None:
        super().__init__()
        self.net, self.config = net, config

    def forward(self, x: Tensor) -> Tensor:
        a, b = (self.net(viewed(x, self.config)) for _ in range(2))
        loss = x.new_zeros(())
        for told, asked in ((a, b), (b, a)):
            codes = balanced(told * self.net.temperature)
            loss = loss - (codes * log_softmax(asked, dim=1)).sum(1).mean() / 2
        return loss


def swapped(x: Tensor, config: GediConfig) -> Callable[[Tensor], NDArray[np.float64]]:
    """Trains the same network by swapped assignments; gives its logits of rows.

    Args:
        x: Rows in the units of the network.
        config: Of the network, the views and the updates; `head` is prototypes.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        net = Network(config, tuple(x.shape[1:]))
    plan = TrainConfig(
        steps=config.steps, learning_rate=config.learning_rate, schedule="cosine", clip=10.0, seed=config.seed,
        validate_every=config.steps, device="cpu",
    )  # fmt: skip
    train(_Swapped(net, config), RowBatches((x,), config.batch, config.seed), plan)

    def logits(rows: Tensor) -> NDArray[np.float64]:
        with torch.no_grad():
            found: NDArray[np.float64] = net.eval()(rows).double().numpy()
        return found

    return logits


def spectral(x: NDArray[np.float64], clusters: int, seed: int) -> NDArray[np.int64]:
    """Spectral clusters of rows by their ten nearest neighbours: of all rows at once, for it has no rule for others."""
    import warnings

    from sklearn.cluster import SpectralClustering

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the graph of neighbours falls into parts
        found: NDArray[np.int64] = SpectralClustering(
            clusters, affinity="nearest_neighbors", n_neighbors=10, random_state=seed, assign_labels="kmeans"
        ).fit_predict(x)
    return found

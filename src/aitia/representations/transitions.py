"""What the methods share whose latents are driven by their past: a VAE of clips with a transition prior, and its graph.

    loss = -E_q log N(x(t); decoder(z(t)), s^2) + initial KL(q | N(0, I)) on the first frames
           + transition E_q [ log q(z(t) | x(t)) - log p(z(t) | z(t-1), ..., z(t-lags)) ] on the rest

p is the prior of `representations.transition`. The influence of a latent on another is the Jacobian of the noise
that p reads off, mean of absolute values over frames; edges whose influence exceeds a threshold make the graph.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from aitia.errors import DataError, OptionError
from aitia.graph import Graph
from aitia.graph.lagged import lagged_name
from aitia.nn.gaussian import gaussian_kl
from aitia.nn.pretrained import fitted
from aitia.representations.config import TransitionConfig
from aitia.representations.method import Assumption, Decoding
from aitia.representations.networks import Network, VAENetwork
from aitia.representations.rows import Rows
from aitia.representations.transition import TransitionPrior
from aitia.system import Discovers

__all__ = ["Influence", "TransitionMethod", "TransitionNetwork", "influence_graph"]

Values = NDArray[np.float64]


class Influence(NamedTuple):
    """How far one spread of a latent moves another's noise, in units of that noise; rows are causes.

    Args:
        lagged: (lags, k, k); [lag - 1, i, j] is of latent i on latent j after `lag` frames.
        within: (k, k), of latent i on latent j in the same frame; zero where the method has no such edges.
    """

    lagged: NDArray[np.float64]
    within: NDArray[np.float64]


class TransitionMethod(Decoding, Discovers):
    """A VAE of clips with a transition prior."""

    assumes: ClassVar[tuple[Assumption, ...]] = ("time",)
    config: TransitionConfig
    _influence: Influence | None = None

    def _learn_from(self, data: Rows) -> None:
        if data.frames is not None and data.frames <= self.config.lags:
            raise DataError(
                f"{self.card.slug} with {self.config.lags} lags needs clips of more frames, got {data.frames}"
            )

    def _build(self) -> Network:
        return TransitionNetwork(self._shape, self.config)

    def _finish(self, data: Rows) -> None:
        self._influence = self._influence_of(self._encoded(data.x))

    def _learnt(self) -> dict[str, Any]:
        if self._influence is None:
            return {}
        return {"lagged": self._influence.lagged.tolist(), "within": self._influence.within.tolist()}

    def _restore(self, learnt: Mapping[str, Any]) -> None:
        if "lagged" in learnt:
            self._influence = Influence(np.array(learnt["lagged"]), np.array(learnt["within"]))

    def influence(self, *data: Any, **roles: Any) -> Influence:
        """The Jacobian of the transitions, mean of absolute values over the frames of these clips.

        Raises:
            OptionError: If the method has not been fitted.
            DataError: If the observations have another shape than those of the training, or the clips are too short.
        """
        fitted(self._net, self)
        return self._influence_of(self._encoded(self.rows(self.given(*data, **roles)).x))

    def _influence_of(self, codes: Values) -> Influence:
        net = fitted(self._net, self)
        assert isinstance(net, TransitionNetwork)
        z = torch.from_numpy(codes).float()
        with torch.no_grad():
            lagged, within = net.prior.jacobian(z)
        spread = z.flatten(0, 1).std(0)
        by_lag = (lagged.abs() * spread).mean((0, 1)).transpose(1, 2).double().numpy()
        size = self.config.latents
        now = np.zeros((size, size)) if within is None else (within.abs() * spread).mean((0, 1)).T.double().numpy()
        return Influence(by_lag, now)

    def graphs(self, rows: Any = None) -> dict[str, Graph]:
        """The edges whose influence is above the threshold, over these clips or those of the fit: z1[t-1] -> z2[t]."""
        fitted(self._net, self)
        found = self._influence if rows is None else self.influence(rows)
        assert found is not None
        return {"latents": influence_graph(found, self.config.threshold)}


class TransitionNetwork(VAENetwork):
    """The loss of a VAE of clips with a transition prior; with instantaneous edges for methods that have them."""

    instantaneous: ClassVar[bool] = False

    def __init__(self, shape: tuple[int, ...], config: TransitionConfig) -> None:
        super().__init__(shape, config)
        self.lags, self.transition = config.lags, config.transition
        self.prior = TransitionPrior(
            config.latents, config.lags, instantaneous=self.instantaneous, hidden=config.prior_hidden
        )

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """The loss of a batch of clips."""
        scaled, q = self.vae.posterior(x)
        initial = gaussian_kl(q.mean[:, : self.lags], q.log_variance[:, : self.lags]).sum(1)
        rest = (q.log_prob()[:, self.lags :] - self.prior.log_prob(q.z)).sum(1)
        kl = ((initial + self.transition * rest) / x.shape[1]).mean()
        return self.total(self.vae.error(scaled, q.z).mean(), kl, **self.penalties(q.z))

    def penalties(self, z: Tensor) -> dict[str, Tensor]:
        """What is added to the loss, by name."""
        return {}


def influence_graph(influence: Influence, threshold: float = 0.2, names: Sequence[str] | None = None) -> Graph:
    """The edges whose influence is above a threshold, with nodes such as `z1[t-1]`.

    Args:
        influence: Of the latents on each other.
        threshold: In units of the noise of the effect.
        names: Of the latents; None calls them z1, z2, ...

    Raises:
        OptionError: If the threshold is not positive, or the names are not one for each latent.
    """
    lagged, within = influence
    size = len(within)
    called = tuple(names or (f"z{i + 1}" for i in range(size)))
    if not threshold > 0 or len(called) != size:
        raise OptionError(
            f"threshold is positive and there is a name for each of {size} latents, got {threshold} "
            f"and {len(called)} names"
        )
    parts = [(0, within), *enumerate(lagged, start=1)]
    edges = [
        (lagged_name(called[i], lag), lagged_name(called[j], 0))
        for lag, part in parts
        for i, j in np.argwhere(part > threshold)
    ]
    nodes = [lagged_name(name, lag) for lag in range(len(lagged), -1, -1) for name in called]
    return Graph(edges, nodes)

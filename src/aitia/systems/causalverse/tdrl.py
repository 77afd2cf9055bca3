"""TDRL: latents of clips, each driven by its own noise given the frames before.

    loss = -E_q log N(x(t); decoder(z(t)), s^2) + initial KL(q | N(0, I)) on the first frames
           + transition E_q [ log q(z(t) | x(t)) - log p(z(t) | z(t-1), ..., z(t-lags)) ] on the rest

p is the transition prior of `aitia.nn.transition`: the noises that it reads off are to be independent. That singles the
latents out, up to order and a map of each, if the past modulates them enough; a linear process with Gaussian noise, or
frames that are independent, offer nothing.

Source:
    Yao, Chen and Zhang, Temporally disentangled representation learning, NeurIPS 2022.
"""

from collections.abc import Sequence
from dataclasses import dataclass
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
from aitia.nn.transition import TransitionPrior
from aitia.systems.causalverse.method import Assumption, Method, MethodConfig, Network
from aitia.systems.causalverse.observations import Observations
from aitia.systems.causalverse.vae import VAEConfig, VAENetwork

__all__ = ["TDRL", "Influence", "TDRLConfig", "TransitionNetwork"]


@dataclass(frozen=True)
class TDRLConfig(VAEConfig):
    """Options of `TDRL`.

    Args:
        lags: Frames before that a latent depends on.
        transition: Weight of the transition term, as a factor on `kl_weight`.
        prior_hidden: Width of the perceptrons of the transition prior.

    Raises:
        OptionError: If a value is out of range.
    """

    lags: int = 1
    transition: float = 1.0
    prior_hidden: int = 32

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.lags < 1 or self.prior_hidden < 1 or self.transition < 0:
            raise OptionError(
                "lags and prior_hidden are at least 1 and transition is not negative, got "
                f"{self.lags}, {self.prior_hidden} and {self.transition}"
            )


class Influence(NamedTuple):
    """How far one spread of a latent moves another's noise, in units of that noise; rows are causes.

    Args:
        lagged: (lags, k, k); [lag - 1, i, j] is of latent i on latent j after `lag` frames.
        within: (k, k), of latent i on latent j in the same frame; zero where the method has no such edges.
    """

    lagged: NDArray[np.float64]
    within: NDArray[np.float64]


class TDRL(Method):
    """A VAE of clips with a transition prior. Assumes time.

    Example:
        >>> x = np.random.default_rng(0).normal(size=(100, 6, 3))
        >>> model = TDRL(latents=2, steps=5).fit(x)
        >>> model.encode(x).shape, model.influence(x).lagged.shape
        ((100, 6, 2), (1, 2, 2))
    """

    name: ClassVar[str] = "tdrl"
    assumes: ClassVar[tuple[Assumption, ...]] = ("time",)
    config_class: ClassVar[type[MethodConfig]] = TDRLConfig
    config: TDRLConfig

    def _learn_from(self, data: Observations) -> None:
        if data.frames is not None and data.frames <= self.config.lags:
            raise DataError(f"{self.name} with {self.config.lags} lags needs clips of more frames, got {data.frames}")

    def _build(self) -> Network:
        return TransitionNetwork(self._shape, self.config)

    def influence(self, x: Any) -> Influence:
        """The Jacobian of the transitions, mean of absolute values over the frames of these clips.

        Raises:
            OptionError: If the method has not been fitted.
            DataError: As `encode`, or if the clips are too short.
        """
        net = fitted(self._net, self)
        assert isinstance(net, TransitionNetwork)
        z = torch.from_numpy(self.encode(x)).float()
        if z.ndim != 3:
            raise DataError(f"{self.name} reads its graph off clips, got single observations")
        with torch.no_grad():
            lagged, within = net.prior.jacobian(z)
        spread = z.flatten(0, 1).std(0)
        by_lag = (lagged.abs() * spread).mean((0, 1)).transpose(1, 2).double().numpy()
        size = self.config.latents
        now = np.zeros((size, size)) if within is None else (within.abs() * spread).mean((0, 1)).T.double().numpy()
        return Influence(by_lag, now)

    def graph(self, x: Any, threshold: float = 0.2, names: Sequence[str] | None = None) -> Graph:
        """The edges whose influence is above a threshold, with nodes such as `z1[t-1]`.

        Args:
            x: Clips.
            threshold: In units of the noise of the effect.
            names: Of the latents; None calls them z1, z2, ...

        Raises:
            OptionError: If the threshold is not positive, or the names are not one for each latent.
        """
        called = tuple(names or (f"z{i + 1}" for i in range(self.config.latents)))
        if not threshold > 0 or len(called) != self.config.latents:
            raise OptionError(
                f"threshold is positive and there is a name for each of {self.config.latents} latents, got {threshold} "
                f"and {len(called)} names"
            )
        lagged, within = self.influence(x)
        parts = [(0, within), *enumerate(lagged, start=1)]
        edges = [
            (lagged_name(called[i], lag), lagged_name(called[j], 0))
            for lag, part in parts
            for i, j in np.argwhere(part > threshold)
        ]
        nodes = [lagged_name(name, lag) for lag in range(self.config.lags, -1, -1) for name in called]
        return Graph(edges, nodes)


class TransitionNetwork(VAENetwork):
    """The loss of the module; with instantaneous edges for methods that have them."""

    instantaneous: ClassVar[bool] = False

    def __init__(self, shape: tuple[int, ...], config: TDRLConfig) -> None:
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

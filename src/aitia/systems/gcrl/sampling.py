"""Futures drawn from a fitted network: where s and z of each draw are from, and what follows from them."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from aitia.data.tracks import Tracks
from aitia.errors import DataError, OptionError, join_names
from aitia.nn.gaussian import draw
from aitia.nn.scenes import need_pairs, tensors
from aitia.systems.gcrl.answers import Latents, SampledForecast
from aitia.systems.gcrl.config import GCRLConfig
from aitia.systems.gcrl.network import Network
from aitia.systems.gcrl.references import pick
from aitia.systems.gcrl.track_vae import Gaussian

__all__ = ["Sampler"]

Values = NDArray[np.float64]
Source = Tracks | str | None
"""Scenes that s is read from, or the environment whose law it is drawn from; None reads it from the past."""


@dataclass(frozen=True, eq=False)
class Sampler:
    """Draws from (1).

    Args:
        net: Fitted.
        config: Options.
        environments: Labels, in the order of the network.
    """

    net: Network
    config: GCRLConfig
    environments: tuple[str, ...]

    def check(self, scenes: Tracks) -> None:
        """Refuses what the form does not take."""
        if self.config.form == "pair":
            need_pairs(scenes)

    def forecast(
        self,
        scenes: Tracks,
        references: Source,
        draws: int,
        *,
        paired: bool = False,
        s: ArrayLike | None = None,
        z: ArrayLike | None = None,
        seed: int = 0,
    ) -> SampledForecast:
        """See `GCRL.forecast`."""
        config, (n, agents) = self.config, scenes.tracks.shape[:2]
        s_set = None if s is None else _each(s, "s", (n, self.net.tracks.s_size))
        z_set = None if z is None else _each(z, "z", (n, agents, config.z_size))
        drawn: Values = np.empty((draws, n, agents, config.future, 2))
        for rows, source in self._sources(scenes, references, s_set is not None):
            held = tuple(None if values is None else values[rows] for values in (s_set, z_set))
            drawn[:, rows] = self._draws(scenes.take(rows), source, draws, paired, held, seed)
        mean = drawn.mean(0)
        return SampledForecast(mean, drawn, np.sqrt(((drawn - mean) ** 2).sum(-1).mean(0)))

    def _sources(self, scenes: Tracks, references: Source, s_is_set: bool) -> list[tuple[NDArray[np.int64], Source]]:
        """Rows of scenes, and what their s is from: of each environment its own law where nothing else says it."""
        every = np.arange(len(scenes))
        reads = self.config.style == "references" and self.config.latents != "none"
        if not reads or references is not None or s_is_set:
            return [(every, references)]
        if not set(scenes.environments) <= set(self.environments):
            raise OptionError(
                f"give reference scenes of the place, or a known environment: {join_names(self.environments)}"
            )
        return [(every[scenes.environment == label], label) for label in scenes.environments]

    def _draws(
        self, scenes: Tracks, references: Source, draws: int, paired: bool, held: tuple[Values | None, ...], seed: int
    ) -> Values:
        """Futures (draws, scenes, agents, future, 2), or one where there is no chance in them."""
        config, net, (s, z) = self.config, self.net, held
        tracks, present = tensors(scenes, net.device)
        with torch.no_grad(), torch.random.fork_rng():
            torch.manual_seed(seed)
            seen = net.tracks.see(tracks[..., : config.observed, :])
            if z is not None:
                z_draws = torch.from_numpy(z).float().expand(draws, *z.shape).to(net.device)
            else:
                law = net.tracks.z_of(seen, present)
                z_draws = law.mean[None] if config.latents == "none" else law.draws(draws)
            if s is not None:
                s_draws = torch.from_numpy(s).float().expand(draws, *s.shape).to(net.device)
            else:
                s_draws = self._s_draws(scenes, references, draws, paired)
            futures: Values = seen.home(net.tracks.ahead(z_draws, s_draws, seen)).double().cpu().numpy()
        return futures

    def _s_draws(self, scenes: Tracks, references: Source, draws: int, paired: bool) -> Tensor:
        """(draws, scenes, s_size)."""
        config, net, n = self.config, self.net, len(scenes)
        if config.latents == "none":
            return torch.zeros(1, n, 0, device=net.device)
        if references is None:
            return self.s_of(scenes).draws(draws)
        if isinstance(references, str):
            if references not in self.environments:
                raise OptionError(f"there is no environment {references!r}; known are {join_names(self.environments)}")
            weights = net.weights[self.environments.index(references)]
            return net.s_prior.sample((draws, n), weights)
        law = self.s_of(references)
        which = pick(scenes, references, draws, paired=paired, overlap=config.style == "past")
        return draw(law.mean[which], law.log_variance[which])

    def s_of(self, scenes: Tracks) -> Gaussian:
        """q(s) of the past of scenes, or of whole ones where s is read from references."""
        scenes.need_frames(self.config.observed, self.config.future if self.config.style == "references" else 0)
        self.check(scenes)
        return self.net.tracks.s_of(*tensors(scenes, self.net.device))

    def code(self, scenes: Tracks) -> Latents:
        """What the encoders say of scenes."""
        net = self.net
        with torch.no_grad():
            s = self.s_of(scenes)
            tracks, present = tensors(scenes)
            z = net.tracks.z_of(net.tracks.see(tracks[..., : self.config.observed, :]), present)
        spread = (torch.exp(0.5 * z.log_variance), torch.exp(0.5 * s.log_variance))
        return Latents(*(part.double().numpy() for part in (z.mean, s.mean, *spread)))


def _each(values: ArrayLike, name: str, shape: tuple[int, ...]) -> Values:
    """Values of a latent for every scene; given for every scene, or once for all."""
    given = np.asarray(values, dtype=np.float64)
    if given.shape not in (shape, shape[1:]) or not np.isfinite(given).all():
        raise DataError(f"{name} is finite numbers of shape {shape[1:]} or {shape}, got shape {given.shape}")
    return np.broadcast_to(given, shape).copy()

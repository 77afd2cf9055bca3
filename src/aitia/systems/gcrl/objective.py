"""The bound (2) and the two objectives beside it."""

from math import log, pi

import torch
from torch import Tensor, nn

from aitia.nn.motion import to_frame
from aitia.nn.scenes import scene_error
from aitia.systems.gcrl.config import GCRLConfig
from aitia.systems.gcrl.network import Network

__all__ = ["Objective", "weighted_bound"]


class Objective(nn.Module):
    """The loss of one of the three objectives: mean over the scenes of an environment, sum over environments."""

    def __init__(self, net: Network, config: GCRLConfig, *, first: int = 0, z_kl: bool = True) -> None:
        """The environments of a batch are those from number `first` on."""
        super().__init__()
        self.net, self.config, self.first, self.z_kl = net, config, first, z_kl

    def forward(self, tracks: Tensor, present: Tensor) -> dict[str, Tensor]:
        """tracks (environments, scenes, agents, frames, 2), present (environments, scenes, agents)."""
        config, net = self.config, self.net
        past, future = tracks[..., : config.observed, :], tracks[..., config.observed :, :]
        seen = net.tracks.see(past)
        true = to_frame(future, seen.frame)
        if config.latents == "none":
            code = net.tracks.z_of(seen, present).mean
            answer = net.tracks.ahead(code, code.new_zeros(*code.shape[:-2], 0), seen)
            error = scene_error(answer, true, present)
            return {"loss": error.mean(1).sum(), "error": error.mean()}
        shift = 1 if config.style == "references" else 0  # the next scene of the environment is the reference
        z, s = net.tracks.z_of(seen, present), net.tracks.s_of(tracks.roll(shift, 1), present.roll(shift, 1))
        count = config.latent_draws
        z_draws, s_draws = (law.draws(max(count, config.best_of)) for law in (z, s))
        by_label = net.label_logits[self.first : self.first + len(tracks), None].softmax(-1)
        weights = by_label if config.labels and config.latents == "causal" else None
        kl_z, kl_s = net.divergences(z, s, z_draws[:count], s_draws[:count], present, weights)
        rebuilt = _log_density(net.tracks.past(z_draws[:count], s_draws[:count]), seen.past, present, config.variance)
        bound = rebuilt - kl_s - (kl_z if self.z_kl else 0.0)
        parts = {"reconstruction": -rebuilt.mean(), "kl_s": kl_s.mean(), "kl_z": kl_z.mean()}
        if config.objective != "decoupled":
            answer = net.tracks.ahead(z_draws[:count], s_draws[:count], seen)
            likely = _log_density(answer, true, present, config.variance)
            parts["error"] = scene_error(answer, true, present).mean()
            whole = weighted_bound(likely, bound) if config.objective == "weighted" else (likely + bound).mean(0)
            return {"loss": -whole.mean(1).sum(), **parts}
        with torch.no_grad():  # the gradient of a least error is that of the draw that has it
            errors = scene_error(net.tracks.ahead(z_draws, s_draws, seen), true, present)
            best = errors.argmin(0, keepdim=True)
        z_best, s_best = _pick(z_draws, best), _pick(s_draws, best)
        error = scene_error(net.tracks.ahead(z_best, s_best, seen), true, present)[0]
        parts["error"] = error.mean()
        if config.prediction_weight is None:
            scale = present.sum(-1) * (config.future / (2 * config.variance))
        else:
            scale = torch.full_like(error, config.prediction_weight)
        return {"loss": (scale * error - bound.mean(0)).mean(1).sum(), **parts}


def weighted_bound(likely: Tensor, bound: Tensor) -> Tensor:
    """(2) of draws on the first axis, in log space.

    Args:
        likely: log p(y | z_i, s_i), (draws, ...).
        bound: What stands in the brackets of (2), (draws, ...).

    Returns:
        (...).
    """
    evidence = likely.logsumexp(0) - log(len(likely))
    return evidence + (likely.softmax(0) * bound).sum(0)


def _pick(draws: Tensor, best: Tensor) -> Tensor:
    """The draw of each scene, (1, ...)."""
    index = best.reshape(*best.shape, *[1] * (draws.ndim - best.ndim)).expand(1, *draws.shape[1:])
    return draws.gather(0, index)


def _log_density(mean: Tensor, true: Tensor, present: Tensor, variance: float) -> Tensor:
    """log N(true; mean, variance I) of each scene, over agents, frames and coordinates, (...)."""
    squares = (mean - true).square().sum((-1, -2)) * present
    coordinates = 2 * true.shape[-2] * present.sum(-1)
    return -0.5 * (squares.sum(-1) / variance + coordinates * log(2 * pi * variance))

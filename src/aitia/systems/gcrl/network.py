"""The parts of (1): encoders and decoders, the laws of z and s, and which part of the mixture each environment is."""

import torch
from torch import Tensor, nn

from aitia.nn.gaussian import gaussian_log_prob
from aitia.systems.gcrl.config import GCRLConfig, Update
from aitia.systems.gcrl.flow_prior import FlowMixture
from aitia.systems.gcrl.track_vae import Gaussian, TrackVAE

__all__ = ["Network"]


class Network(nn.Module):
    """The encoders and decoders, the laws of z and s, and which parts of the mixture each environment is."""

    def __init__(self, config: GCRLConfig, environments: int) -> None:
        super().__init__()
        c, causal = config, config.latents == "causal"
        looked = c.observed + (c.future if c.style == "references" else 0)
        s_size = 0 if c.latents == "none" else c.s_size
        self.tracks = TrackVAE(c.form, c.observed, c.future, looked, c.width, c.z_size, s_size, c.raw)
        self.by_label = c.labels
        components = c.components if causal else 1
        self.z_prior = FlowMixture(c.z_size, coupling=causal and c.coupling)
        self.s_prior = FlowMixture(s_size, components, learned=causal and c.learned, coupling=causal and c.coupling)
        self.label_logits = nn.Parameter(_first_guess(environments, components))
        self.register_buffer("weights", torch.zeros(environments, components))
        unused = [self.s_prior.logits] if causal and c.labels else [self.label_logits]
        if c.latents == "none":
            seen = [self.tracks.read_z, self.tracks.z_head, self.tracks.future_decoder]
            used = {id(p) for part in seen for p in part.parameters()}
            unused = [p for p in self.parameters() if id(p) not in used]
        for parameter in unused:
            parameter.requires_grad_(False)

    weights: Tensor

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.weights.device

    def choose(self, kept: list[int], shares: Tensor | None) -> None:
        """Leaves some environments, and adds one that begins with these shares of the components."""
        for name in ("label_logits", "weights"):
            old = getattr(self, name).data
            last = old.new_zeros(old.shape[1]) if shares is None else shares.clamp(min=1e-3).log()
            new = torch.cat([old[kept], last[None]])
            learned = self.label_logits.requires_grad
            setattr(self, name, nn.Parameter(new, learned) if name == "label_logits" else new)

    def updated(self, update: Update) -> list[nn.Parameter]:
        """What an adaptation trains."""
        if update == "all":
            return [p for p in self.parameters() if p.requires_grad]
        parts: list[nn.Module] = [
            self.tracks.read_s, self.tracks.s_head, self.tracks.past_decoder, self.tracks.future_decoder
        ]  # fmt: skip
        chosen = [p for part in parts for p in part.parameters()] + [self.label_logits]
        flow = "flow." if update == "style without flow" else None
        chosen += [p for name, p in self.s_prior.named_parameters() if flow is None or not name.startswith(flow)]
        return [p for p in chosen if p.requires_grad]

    def infer(self, tracks: Tensor, present: Tensor) -> tuple[Gaussian, Gaussian]:
        """q(z | past of the tracks) and q(s | tracks)."""
        seen = self.tracks.see(tracks[..., : self.tracks.observed, :])
        return self.tracks.z_of(seen, present), self.tracks.s_of(tracks, present)

    def shares(self, tracks: Tensor, present: Tensor) -> Tensor:
        """(scenes, components): from which component the s of each scene is likely to be."""
        shares: Tensor = self.s_prior.responsibilities(self.infer(tracks, present)[1].draws(20)).mean(0)
        return shares

    def divergences(
        self, z: Gaussian, s: Gaussian, z_draws: Tensor, s_draws: Tensor, present: Tensor, weights: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """log q - log p of draws, (draws, ...): of z over the agents that are there, and of s."""
        of_z = gaussian_log_prob(z_draws, z.mean, z.log_variance) - self.z_prior.log_prob(z_draws)
        of_s = gaussian_log_prob(s_draws, s.mean, s.log_variance) - self.s_prior.log_prob(s_draws, weights)
        return (of_z * present).sum(-1), of_s

    def look(self, tracks: Tensor, present: Tensor, env: Tensor) -> dict[str, float]:
        """Notes which part of the mixture each environment of these scenes is; gives nats of KL(q | p) of z and s.

        Args:
            tracks: (scenes, agents, frames, 2).
            present: (scenes, agents).
            env: (scenes,) numbers of environments; the first 500 scenes of each count.
        """
        numbers = sorted(set(env.tolist()))
        rows = torch.cat([torch.nonzero(env == e)[:500, 0] for e in numbers])
        tracks, present = tracks[rows], present[rows]
        z, s = self.infer(tracks, present)
        z_draws, s_draws, shares = z.draws(20), s.draws(20), self.shares(tracks, present)
        for e in numbers:
            own = shares[env[rows] == e].mean(0)
            self.weights[e] = self.label_logits[e].softmax(0) if self.by_label else own
        kl_z, kl_s = self.divergences(z, s, z_draws, s_draws, present, self.weights.mean(0))
        return {"z": float(kl_z.mean()), "s": float(kl_s.mean())}


def _first_guess(environments: int, components: int) -> Tensor:
    """Logits by which each environment has most of one component."""
    return 3.0 * torch.eye(components)[torch.arange(environments) % components]

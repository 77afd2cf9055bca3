"""Samplers: the law of a point given a vector z, learnt from sets of points. One interface, five networks.

    Gaussian    x = mean(z) + L(z) e, L triangular; by likelihood
    direct      x = g(z, e), by a distance between the set that is drawn and the set that is seen
    flow        x is an invertible map of normal noise that depends on z; by likelihood
    diffusion   the noise of x is taken away step by step, given z; by the error of the noise
    vae         x = g(z, e) + noise, by the bound on the likelihood given z

`loss(z, points)` is of sets; `draw(z, noise)` turns one vector of normal noise into one point, so that a point keeps
its noise when z becomes another. `sample` draws the noise.

Sources:
    Fishman and others, Generative Distribution Embeddings, 2025 (the settings).
    Dinh, Sohl-Dickstein and Bengio, Density estimation using Real NVP, ICLR 2017.
    Ho, Jain and Abbeel, Denoising diffusion probabilistic models, NeurIPS 2020, algorithms 1 and 2.
    Sohn, Lee and Yan, Learning structured output representation using deep conditional generative models, NIPS 2015.
"""

import math

import torch
from torch import Tensor, nn

from aitia.errors import OptionError
from aitia.nn.choices import Discrepancy
from aitia.nn.flows import CouplingFlow
from aitia.nn.gaussian import draw, gaussian_kl, gaussian_log_prob, standard_log_prob
from aitia.nn.layers import mlp
from aitia.systems.gde.transport import directions, mmd2, sinkhorn_divergence, sliced_w2

__all__ = [
    "DiffusionSampler",
    "DirectSampler",
    "FlowSampler",
    "GaussianSampler",
    "Sampler",
    "VaeSampler",
]

_ROWS = 50_000


class Sampler(nn.Module):
    """What the five have in common.

    Args:
        size: Numbers of a point.
        noise: Normal numbers that a point is made of.
    """

    def __init__(self, size: int, noise: int) -> None:
        super().__init__()
        self.size, self.noise = size, noise

    def loss(self, z: Tensor, points: Tensor) -> Tensor:
        """What is made small, (sets,), of z (sets, latents) and points (sets, n, size)."""
        raise NotImplementedError

    def draw(self, z: Tensor, noise: Tensor) -> Tensor:
        """Points (..., size) of z (..., latents) and noise (..., noise)."""
        raise NotImplementedError

    def sample(self, z: Tensor, n: int, generator: torch.Generator | None = None) -> Tensor:
        """n points of each z, without a gradient: (sets, n, size) of (sets, latents).

        Raises:
            OptionError: If n is less than 1.
        """
        if n < 1:
            raise OptionError(f"a sample has at least 1 point, got {n}")
        most = max(_ROWS // max(self.noise // 100, 1) // len(z), 1)
        parts = []
        with torch.no_grad():
            for begin in range(0, n, most):
                count = min(most, n - begin)
                noise = torch.randn(len(z), count, self.noise, generator=generator).to(z)
                parts.append(self.draw(z[:, None].expand(-1, count, -1), noise))
        return torch.cat(parts, 1)


class GaussianSampler(Sampler):
    """One Gaussian for each z, with any covariance: the simplest of them, and exact where populations are Gaussian.

    Args:
        size: Numbers of a point, and of the noise.
        latents: Numbers of z.
        width: Of the 2 hidden layers.
    """

    def __init__(self, size: int, latents: int, width: int = 64) -> None:
        super().__init__(size, size)
        self.net = mlp((latents, width, width, size + size * (size + 1) // 2), nn.SELU)
        self.register_buffer("below", torch.tril_indices(size, size), persistent=False)

    below: Tensor

    def _law(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Mean (..., size) and L (..., size, size), its diagonal at least 1e-3."""
        mean, parts = self.net(z).split([self.size, self.below.shape[1]], -1)
        lower = parts.new_zeros(*parts.shape[:-1], self.size, self.size)
        lower[..., self.below[0], self.below[1]] = parts
        diagonal = nn.functional.softplus(lower.diagonal(dim1=-2, dim2=-1)) + 1e-3
        return mean, lower.tril(-1) + torch.diag_embed(diagonal)

    def draw(self, z: Tensor, noise: Tensor) -> Tensor:
        """mean + L noise."""
        mean, lower = self._law(z)
        return mean + (lower @ noise[..., None])[..., 0]

    def loss(self, z: Tensor, points: Tensor) -> Tensor:
        """-log p(x | z) in nats."""
        mean, lower = self._law(z)
        apart = (points - mean[:, None]).transpose(1, 2)
        back = torch.linalg.solve_triangular(lower, apart, upper=False).transpose(1, 2)
        log_det = lower.diagonal(dim1=-2, dim2=-1).log().sum(-1)
        return log_det - standard_log_prob(back).mean(1)


class DirectSampler(Sampler):
    """x = g(z, e), trained by a distance between drawn and seen sets; see `transport`.

    Args:
        size: Numbers of a point.
        latents: Numbers of z, and of the noise.
        width: Of the 4 layers.
        discrepancy: Which distance.
        projections: Directions of the sliced one, new at each step.
    """

    def __init__(
        self, size: int, latents: int, width: int = 64, discrepancy: Discrepancy = "sliced", projections: int = 32
    ) -> None:
        super().__init__(size, latents)
        self.net = mlp((2 * latents, width, width, width, size), nn.SELU)
        self.discrepancy, self.projections = discrepancy, projections

    def draw(self, z: Tensor, noise: Tensor) -> Tensor:
        """g(z, noise)."""
        points: Tensor = self.net(torch.cat([z, noise], -1))
        return points

    def loss(self, z: Tensor, points: Tensor) -> Tensor:
        """The distance of as many drawn points from the seen ones."""
        noise = torch.randn(*points.shape[:2], self.noise, device=z.device)
        drawn = self.draw(z[:, None].expand(-1, points.shape[1], -1), noise)
        if self.discrepancy == "mmd":
            return mmd2(drawn, points)
        if self.discrepancy == "sinkhorn":
            return sinkhorn_divergence(drawn, points)
        return sliced_w2(drawn, points, directions(self.projections, self.size).to(z))


class FlowSampler(Sampler):
    """Affine couplings whose scales and shifts depend on z; a point of odd size gets a column of noise beside it.

    Args:
        size: Numbers of a point.
        latents: Numbers of z.
        width: Of the perceptrons.
        layers: Couplings.
    """

    def __init__(self, size: int, latents: int, width: int = 64, layers: int = 6) -> None:
        super().__init__(size, size + size % 2)
        self.flow = CouplingFlow(self.noise, layers, width, condition=latents)

    def draw(self, z: Tensor, noise: Tensor) -> Tensor:
        """The image of the noise."""
        points: Tensor = self.flow(noise, inverse=True, condition=z)[0]
        return points[..., : self.size]

    def loss(self, z: Tensor, points: Tensor) -> Tensor:
        """-log p(x | z) in nats; with a column of noise, of both together."""
        if self.noise > self.size:
            points = torch.cat([points, torch.randn_like(points[..., :1])], -1)
        back, log_det = self.flow(points, condition=z[:, None].expand(-1, points.shape[1], -1))
        likely: Tensor = standard_log_prob(back) + log_det
        return -likely.mean(1)


class DiffusionSampler(Sampler):
    """The noise of a point at step t is predicted from the noisy point, t and z.

    Args:
        size: Numbers of a point.
        latents: Numbers of z.
        width: Of the 4 layers.
        steps: Of the diffusion, 400 with variances from 1e-4 to 0.02 as in the source.
    """

    def __init__(self, size: int, latents: int, width: int = 64, steps: int = 400) -> None:
        super().__init__(size, size * steps)
        self.net = mlp((size + latents + 32, width, width, width, size), nn.SELU)
        self.steps = steps
        betas = torch.linspace(1e-4, 0.02, steps)
        self.register_buffer("betas", betas)
        self.register_buffer("kept", (1 - betas).cumprod(0))

    betas: Tensor
    kept: Tensor

    def _noise(self, x: Tensor, z: Tensor, t: Tensor) -> Tensor:
        rates = torch.exp(-torch.arange(16, device=x.device) * math.log(1000.0) / 15)
        angles = t[..., None] * rates
        told: Tensor = self.net(torch.cat([x, z, angles.sin(), angles.cos()], -1))
        return told

    def loss(self, z: Tensor, points: Tensor) -> Tensor:
        """Mean squared error of the noise."""
        t = torch.randint(self.steps, points.shape[:2], device=z.device)
        kept, noise = self.kept[t][..., None], torch.randn_like(points)
        noisy = kept.sqrt() * points + (1 - kept).sqrt() * noise
        told = self._noise(noisy, z[:, None].expand(-1, points.shape[1], -1), t.float())
        return (told - noise).square().mean((-1, -2))

    def draw(self, z: Tensor, noise: Tensor) -> Tensor:
        """Algorithm 2 of Ho and others; the noise of each step is a part of `noise`, (..., size steps)."""
        each = noise.reshape(*noise.shape[:-1], self.steps, self.size)
        x = each[..., 0, :]
        for k, t in enumerate(range(self.steps - 1, -1, -1), 1):
            told = self._noise(x, z, x.new_full(x.shape[:-1], float(t)))
            beta = self.betas[t]
            x = (x - beta / (1 - self.kept[t]).sqrt() * told) / (1 - beta).sqrt()
            if t:
                x = x + beta.sqrt() * each[..., k, :]
        return x


class VaeSampler(Sampler):
    """A variational autoencoder of points given z, with a learnt noise.

    Args:
        size: Numbers of a point.
        latents: Numbers of z, and of the latent of a point.
        width: Of the layers.
        kl_weight: Of the divergence; 1 is the bound.
    """

    def __init__(self, size: int, latents: int, width: int = 64, kl_weight: float = 1.0) -> None:
        super().__init__(size, latents + size)
        self.encoder = mlp((size + latents, width, width, 2 * latents), nn.SELU)
        self.decoder = mlp((2 * latents, width, width, size), nn.SELU)
        self.log_noise = nn.Parameter(torch.full((size,), -1.0))
        self.kl_weight = kl_weight

    def loss(self, z: Tensor, points: Tensor) -> Tensor:
        """-log p(x | e, z) + kl_weight KL(q(e | x, z) | p(e)) in nats."""
        z = z[:, None].expand(-1, points.shape[1], -1)
        mean, log_variance = self.encoder(torch.cat([points, z], -1)).chunk(2, -1)
        log_variance = log_variance.clamp(-12, 4)
        back = self.decoder(torch.cat([draw(mean, log_variance), z], -1))
        fits = gaussian_log_prob(points, back, 2 * self.log_noise.clamp(min=-5))
        bound: Tensor = fits - self.kl_weight * gaussian_kl(mean, log_variance)
        return -bound.mean(1)

    def draw(self, z: Tensor, noise: Tensor) -> Tensor:
        """The decoded part of the noise, with the rest of it around it."""
        inner, outer = noise[..., : -self.size], noise[..., -self.size :]
        points: Tensor = self.decoder(torch.cat([inner, z], -1)) + self.log_noise.clamp(min=-5).exp() * outer
        return points
